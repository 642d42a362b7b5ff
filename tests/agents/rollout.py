"""Rollouts of Codex, line by line, as its client writes them."""

import json
from pathlib import Path

# All that is served and never written are the `utility` requests: a task's title, asked in a thread without a rollout.
A, B = "01a1f700-0000-7000-8000-00000000000a", "01a1f700-0000-7000-8000-00000000000b"


def usage(given: int, output: int, cached: int = 0) -> dict[str, int]:
    return {"input_tokens": given, "cached_input_tokens": cached, "output_tokens": output}


class Rollout:
    """A rollout as older clients wrote it: `meta`, then turns of answers with their running total."""

    def __init__(self, thread: str, **meta: object) -> None:
        self.thread, self.total, self.second = thread, [0, 0, 0], 0
        self.lines: list[str] = []
        self.add("session_meta", {"id": thread, "timestamp": self.stamp(), "cwd": "/p", **meta})

    def stamp(self) -> str:
        return f"2026-01-01T00:{self.second // 60:02}:{self.second % 60:02}.000Z"

    def add(self, kind: str, payload: dict) -> "Rollout":
        self.second += 1
        self.lines.append(json.dumps({"timestamp": self.stamp(), "type": kind, "payload": payload}))
        return self

    def turn(self, model: str = "gpt-5", turn_id: str | None = None) -> "Rollout":
        self.add("turn_context", {"model": model, "cwd": "/p", **({"turn_id": turn_id} if turn_id else {})})
        return self.add("event_msg", {"type": "user_message", "message": f"prompt {self.second}"})

    def answer(self, given: int, output: int) -> "Rollout":
        self.add("event_msg", {"type": "agent_message", "message": "done"})
        self.total = [self.total[0] + given, self.total[1] + output, 0]
        return self.count(usage(given, output))

    def count(self, last: dict[str, int]) -> "Rollout":
        total = usage(self.total[0], self.total[1])
        return self.add(
            "event_msg", {"type": "token_count", "info": {"total_token_usage": total, "last_token_usage": last}}
        )

    def write(self, folder: Path) -> Path:
        path = folder / "sessions" / "2026" / "01" / "01" / f"rollout-2026-01-01T00-00-00-{self.thread}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(self.lines) + "\n")
        return path
