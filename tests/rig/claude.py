"""Claude Code: runs a scenario's steps and says what the client itself recorded.

A scenario: `api` (see `claude_api.py`), `settings` (merged into ~/.claude/settings.json), `env`, `files`, and `steps`:

    {"print": "prompt", "args": [...]}   claude -p; "wait": false runs it in the background until the end,
                                         "kill_when": TEXT sends SIGKILL once a transcript holds that text
    {"tui": [STEP...], "args": [...]}    in tmux: {"type": "text"} {"key": "Enter"} {"wait": "regex", "s": 20}
                                         {"sleep": 1} {"signal": "TERM"}
    {"sh": "command run in the project"}

In all texts `{app}`, `{home}` and `{sid:NAME}` (a session id fixed for that name) are filled in.
"""

import json
import subprocess
import time
from pathlib import Path

from .api import Json, wait_until
from .claude_api import ClaudeApi, full_usage
from .rig import Rig, add_up, read_lines
from .terminal import Terminal

EVENTS = (
    "SessionStart", "UserPromptSubmit", "PreToolUse", "PostToolUse", "PostToolUseFailure", "Notification", "Stop",
    "StopFailure", "SubagentStart", "SubagentStop", "PreCompact", "PostCompact", "SessionEnd",
)  # fmt: skip
API_KEY = "rig-dummy-key-0000000000000000000000000000"
RUN_S = 120


def columns(usage: Json) -> Json:
    """The API's usage as columns of `token_usage`; `input_tokens` never includes cached ones here."""
    created = usage["cache_creation"]
    return {
        "input_tokens": usage["input_tokens"],
        "output_tokens": usage["output_tokens"],
        "cache_read_tokens": usage["cache_read_input_tokens"],
        "cache_creation_tokens": usage["cache_creation_input_tokens"],
        "cache_creation_1h_tokens": created["ephemeral_1h_input_tokens"],
    }


class ClaudeRig(Rig):
    agent = "claude-code"
    project_name = "app"

    @property
    def config_dir(self) -> Path:
        return self.home / ".claude"

    @property
    def state_file(self) -> Path:
        return self.home / ".claude.json"

    def configure(self) -> None:
        events = self.scenario.get("events", EVENTS)
        hook = [{"hooks": [{"type": "command", "command": self.recorder()}]}]
        settings = {"hooks": dict.fromkeys(events, hook), **self.filled(self.scenario.get("settings", {}))}
        self.write(".claude/settings.json", json.dumps(settings, indent=2) + "\n")
        project = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
        state = {
            "hasCompletedOnboarding": True,
            "theme": "dark",
            "numStartups": 3,
            "customApiKeyResponses": {"approved": [API_KEY[-20:]], "rejected": []},
            "projects": {str(self.project): project},
        }
        self.write(".claude.json", json.dumps(state))

    def client_env(self) -> dict[str, str]:
        switches = ("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "DISABLE_TELEMETRY", "DISABLE_AUTOUPDATER")
        own = {"ANTHROPIC_API_KEY": API_KEY, "ANTHROPIC_BASE_URL": self.api.url}
        return {**own, **dict.fromkeys(switches, "1"), "DISABLE_ERROR_REPORTING": "1"}

    def make_api(self) -> ClaudeApi:
        return ClaudeApi({"name": self.scenario["name"], **self.filled(self.scenario["api"])})

    # -- running -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        self.background: list[subprocess.Popen[bytes]] = []
        self.results: list[Json] = []
        with self.api:
            for step in self.filled(self.scenario["steps"]):
                self.step(step)
            self.join()

    def step(self, step: Json) -> None:
        if "print" in step:
            self.print_mode(step)
        elif "tui" in step:
            self.interactive(step)
        elif "sh" in step:
            self.command("bash", "-c", step["sh"])

    def print_mode(self, step: Json) -> None:
        out = self.log / f"out{len(self.results) + len(self.background)}.jsonl"
        folder = self.home / step.get("cwd", self.project_name)
        folder.mkdir(parents=True, exist_ok=True)
        argv = [self.client, "-p", step["print"], "--output-format", "stream-json", "--verbose", *step.get("args", [])]
        with out.open("wb") as file:
            streams = {"stdin": subprocess.DEVNULL, "stdout": file, "stderr": file}
            client = subprocess.Popen(argv, cwd=folder, env=self.env(), start_new_session=True, **streams)
        self.background.append(client)
        if "kill_when" in step:
            wait_until(lambda: self.has_answered(step["kill_when"]), 60, f"{step['kill_when']!r} in a transcript")
            client.kill()
        if step.get("wait", True):
            self.join()

    def has_answered(self, text: str) -> bool:
        """Whether the client has written an answer of the model that holds this text."""
        paths = self.config_dir.glob("projects/*/*.jsonl")
        lines = (line for path in paths for line in path.read_text().splitlines())
        return any(text in line and '"type":"assistant"' in line for line in lines)

    def join(self) -> None:
        for process in self.background:
            self.exit_codes.append(process.wait(RUN_S))
            out = self.log / f"out{len(self.results)}.jsonl"
            self.results.append(final_result(out.read_text()))
        self.background = []

    def interactive(self, step: Json) -> None:
        with Terminal([self.client, *step.get("args", [])], self.project, self.env(), self.log) as terminal:
            terminal.wait_for("\u276f|>\\s", 60)
            time.sleep(1)  # the prompt is drawn before it takes keys
            for do in step["tui"]:
                self.keys(terminal, do)
            self.exit_codes.append(terminal.wait_exit())
            self.results.append({})

    @staticmethod
    def keys(terminal: Terminal, do: Json) -> None:
        if "type" in do:
            terminal.type(do["type"])
        elif "key" in do:
            terminal.key(do["key"])
        elif "wait" in do:
            terminal.wait_for(do["wait"], do.get("s", 60))
        elif "signal" in do:
            terminal.signal(do["signal"])
        time.sleep(do.get("sleep", 0))

    # -- what happened -----------------------------------------------------------------------------------------------

    def requests(self) -> list[Json]:
        """Every answered request that was billed."""
        return [entry for entry in self.api.served if "error" not in entry["answer"]]

    def served(self, session: str | None = None) -> dict[str, dict[str, int]]:
        """Per model what the API reported (to one session)."""
        mine = [entry for entry in self.requests() if session in (None, entry["session"])]
        return add_up([(entry["model"], columns(full_usage(entry["answer"].get("usage")))) for entry in mine])

    def sessions(self) -> list[str]:
        """The sessions that made requests, in order."""
        return list(dict.fromkeys(entry["session"] for entry in self.requests()))

    def cost_state(self, session: str) -> Json | None:
        """The client's own totals: the last `cost-state` line of the session's transcript."""
        [path] = self.config_dir.glob(f"projects/*/{session}.jsonl")
        lines = [line for line in read_lines(path) if line.get("type") == "cost-state"]
        return lines[-1] if lines else None


def final_result(output: str) -> Json:
    """The last `result` event of `claude -p --output-format stream-json`."""
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    results = [line for line in lines if line.get("type") == "result"]
    return results[-1] if results else {}
