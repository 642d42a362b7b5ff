"""A made-up session of Claude Code, with which the doctor tests the whole way from the hook to the database."""

from __future__ import annotations

import json
from pathlib import Path

from claude_metrics import clock

MODEL = "claude-haiku-4-5"


def trial_transcript(folder: Path, session_id: str) -> Path:
    """A prompt and an answer, as the client writes them, in `<folder>/<session>.jsonl`."""
    import uuid  # 2 ms, and every command that looks for sessions loads this module

    common = {"sessionId": session_id, "cwd": str(folder), "version": "0", "timestamp": clock.now()}
    prompt = {"type": "user", "uuid": str(uuid.uuid4()), "message": {"role": "user", "content": "doctor"}}
    answer = {"type": "assistant", "uuid": str(uuid.uuid4()), "requestId": f"req_{uuid.uuid4().hex}"}
    lines = [{**prompt, **common}, {**answer, **common, "message": _message()}]
    path = folder / f"{session_id}.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def _message() -> dict[str, object]:
    import uuid

    return {
        "id": f"msg_{uuid.uuid4().hex}",
        "role": "assistant",
        "model": MODEL,
        "content": [],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
