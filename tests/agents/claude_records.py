"""Records of Claude Code, a transcript of them, and what a sync counts of it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from claude_metrics import paths

Json = dict[str, Any]
SESSION = "00001002-0000-4000-8000-000000001002"


def common(number: int, session: str) -> Json:
    stamp = f"2026-09-10T09:00:{number:02}.000Z"
    return {
        "uuid": f"u{number}",
        "timestamp": stamp,
        "sessionId": session,
        "cwd": "/home/dev/app",
        "version": "2.1.278",
    }


def prompt(number: int, session: str = SESSION) -> bytes:
    message = {"role": "user", "content": f"question {number}"}
    return json.dumps({"parentUuid": None, "type": "user", "message": message, **common(number, session)}).encode()


def answer(number: int, session: str = SESSION, request_id: str | None = "req", model: str = "claude-opus-4-8",
           usage: Json | None = None, message_id: str = "", **more: Any) -> bytes:  # fmt: skip
    """An answer of `100 x number` tokens in and `10 x number` out."""
    used = usage or {"input_tokens": 100 * number, "output_tokens": 10 * number}
    message = {"id": message_id or f"msg_{number}", "role": "assistant", "model": model, "stop_reason": "end_turn"}
    named = {"requestId": f"{request_id}_{message_id or number}"} if request_id else {}
    whole = {**message, "content": [{"type": "text", "text": "done"}], "usage": used}
    return json.dumps(
        {"parentUuid": "u", "message": whole, "type": "assistant", **named, **common(number, session), **more}
    ).encode()


def transcript(home: Path, *lines: bytes, name: str = SESSION, profile: str = ".claude") -> Path:
    path = home / profile / "projects" / "-home-dev-app" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(lines))
    return path


def rows(sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(paths.database_file())) as database:
        return [tuple(row) for row in database.execute(sql)]


def inputs(run_cli: Any) -> list[int]:
    """The input tokens of every request that a sync stores."""
    done = run_cli("sync")
    assert done.returncode == 0, done.stderr
    return [row[0] for row in rows("select input_tokens from token_usage order by timestamp, input_tokens")]
