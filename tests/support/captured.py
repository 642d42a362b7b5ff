"""A recorded session, laid out in the test's home as its client left it."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.support.trees import copy_tree

CAPTURES = Path(__file__).parents[1] / "captures"
RECORDED_HOME = "/home/dev"
PATH_KEYS = ("transcript_path", "agent_transcript_path")

Json = dict[str, Any]


def names(agent: str = "claude-code") -> list[str]:
    """All captures of an agent, for parametrized tests: `claude-code/fork`, ..."""
    return sorted(f"{agent}/{path.name}" for path in (CAPTURES / agent).iterdir())


def read_lines(path: Path) -> list[Json]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@dataclass(frozen=True)
class Capture:
    folder: Path
    home: Path

    @property
    def claude_dir(self) -> Path:
        return self.home / ".claude"

    @cached_property
    def oracle(self) -> Json:
        """What Claude Code said and the API served (`tests/captures/README.md`)."""
        return json.loads((self.folder / "oracle.json").read_text())

    @cached_property
    def truth(self) -> Json:
        """The same of the other agents."""
        return json.loads((self.folder / "truth.json").read_text())

    @cached_property
    def api(self) -> list[Json]:
        return read_lines(self.folder / "api.jsonl")

    @cached_property
    def hooks(self) -> list[Json]:
        """Every recorded hook call, as in the file."""
        return read_lines(self.folder / "hooks.jsonl")

    @property
    def transcripts(self) -> list[Path]:
        return sorted(self.claude_dir.glob("projects/**/*.jsonl"))

    def payloads(self, event: str | None = None) -> list[Json]:
        """What the client sent to its hooks, with the transcript's path in this home; `cwd` stays as recorded."""
        calls = [call for call in self.hooks if event in (None, call["event"])]
        return [self.moved(call.get("stdin") or call.get("payload") or {}) for call in calls]

    def moved(self, payload: Json) -> Json:
        paths = {key: self.here(payload[key]) for key in PATH_KEYS if payload.get(key)}
        return {**payload, **paths}

    def here(self, path: str) -> str:
        return path.replace(RECORDED_HOME, str(self.home), 1)

    def lay_out(self) -> None:
        source, target = self.folder / "projects", self.claude_dir / "projects"
        if not source.exists():
            source, target = self.folder / "home", self.home
        if source.exists():
            copy_tree(source, target)


def as_stdin(payload: Json) -> bytes:
    """The bytes a client writes to a hook: one compact JSON object."""
    return json.dumps(payload, separators=(",", ":"), ensure_ascii=False).encode()
