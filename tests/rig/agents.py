"""What Gemini CLI, Codex CLI and OpenCode share: a scenario's `runs`, a `steps` API, plain totals.

    {"name", "about", "steps": [...see `StepsApi`...],
     "runs": [{"prompts": ["..."], "model": "...", "args": [...]},
              {"mode": "interactive", "prompts": [...], "done": ["text on the screen", null, ...], "end": "/quit",
               "meanwhile": {...a run in a second terminal, after the first prompt...}}]}

`end`: a command, "ctrl-c", "hang-up" (the terminal is closed) or a signal's name.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path

from .api import Json, StepsApi
from .rig import Rig, add_up
from .terminal import Terminal

RUN_S = 180
PAUSE_S = 1.5


class AgentRig(Rig):
    api_type: type[StepsApi]
    columns: Callable[[Json], Json]
    ready: str  # on the screen when the client takes input
    leave: str

    def argv(self, run: Json) -> list[str]:
        raise NotImplementedError

    @staticmethod
    def interactive(run: Json) -> bool:
        return run.get("mode") == "interactive"

    def make_api(self) -> StepsApi:
        return self.api_type(self.filled(self.scenario["steps"]))

    def run(self) -> None:
        with self.api:
            for run in self.filled(self.scenario["runs"]):
                self.play(run) if self.interactive(run) else self.once(run)

    def once(self, run: Json) -> None:
        done = self.command(*self.argv(run), timeout_s=RUN_S)
        (self.log / f"out{len(self.exit_codes)}.txt").write_text(done.stdout + done.stderr)
        self.exit_codes.append(done.returncode)

    def play(self, run: Json, folder: Path | None = None) -> None:
        with Terminal(self.argv(run), self.project, self.env(), folder or self.log) as terminal:
            self.wait_ready(terminal)
            for number, (prompt, done) in enumerate(zip(run["prompts"], run["done"], strict=True)):
                if number == 1 and "meanwhile" in run:
                    self.play(run["meanwhile"], self.second_log())
                terminal.type(prompt, 0.7)
                if done:
                    terminal.wait_for(re.escape(done), 90)
                time.sleep(PAUSE_S)
            self.end(terminal, run.get("end", self.leave))
            self.exit_codes.append(terminal.wait_exit(40))

    def second_log(self) -> Path:
        folder = self.log / "2"
        folder.mkdir()
        return folder

    def wait_ready(self, terminal: Terminal) -> None:
        terminal.wait_for(re.escape(self.ready), 60)
        time.sleep(PAUSE_S)

    @staticmethod
    def end(terminal: Terminal, how: str) -> None:
        if how == "ctrl-c":
            terminal.key("C-c")
            time.sleep(0.5)
            terminal.key("C-c")
        elif how == "hang-up":
            terminal.hang_up()
        elif how.isupper():
            terminal.signal(how)
        else:
            terminal.type(how, 0.7)

    def served(self, kinds: tuple[str, ...] = ("main", "subagent", "compaction")) -> dict[str, dict[str, int]]:
        """Per model what the API reported in requests that the client's own files can know of."""
        told = [entry for entry in self.api.served if entry["usage"] and entry["kind"] in kinds]
        return add_up([(entry["model"], type(self).columns(entry["usage"])) for entry in told])

    def tool_calls(self) -> list[Json]:
        return [call for entry in self.api.served for call in entry["calls"]]
