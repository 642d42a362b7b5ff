"""Reduce captures of the real clients to what the tests need.

    python tests/captures/reduce.py SOURCE TARGET

SOURCE and TARGET hold `<agent>/<name>/` folders; `python -m tests.rig` makes such a SOURCE. Kept byte for byte
are all lines about usage, ids, times, tool calls and the clients' own totals; their order never changes. Cut are the
clients' own texts (system prompts, tool descriptions, instructions) and whatever names the machine that ran them.
"""

import json
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

MARK = " [trimmed]"
WIPED = "[instructions removed]"

CLAUDE_BULK = ("attachment", "api-request", "api-request-blob", "api-request-shape")
CLAUDE_HOOK_KEYS = ("at", "event", "stdin", "transcript_now", "claude_json_now")
CLAUDE_API_KEYS = ("at", "session", "thread", "request_id", "model", "stream", "answer")
CLAUDE_RESULT_KEYS = ("session_id", "subtype", "is_error", "num_turns", "total_cost_usd", "modelUsage")
AGENT_HOOK_KEYS = ("at", "event", "t", "via", "stdin", "payload", "transcript_now", "transcript_at_hook")
OPENCODE_EVENTS = ("plugin.init", "event:session.created", "event:session.idle", "event:session.updated", "dispose")

AGENT_FILES = {
    "gemini-cli": ("home/.gemini/projects.json", "home/.gemini/tmp"),
    "codex-cli": (
        "home/.codex/sessions",
        "home/.codex/archived_sessions",
        "home/.codex/history.jsonl",
        "home/.codex/session_index.jsonl",
    ),
    "opencode": ("home/.local/share/opencode/opencode.db", "home/.local/share/opencode/storage"),
}


def shorten(value: Any, longest: int = 80, items: int = 2) -> Any:
    """The same shape with long texts and long lists cut; keys stay, so a reader meets every field."""
    if isinstance(value, str):
        return value if len(value) <= longest or (value.endswith(MARK) and len(value) < 120) else value[:40] + MARK
    if isinstance(value, list):
        return [shorten(item, longest, items) for item in value[:items]]
    if isinstance(value, dict):
        return {key: shorten(item, longest, items) for key, item in value.items()}
    return value


def only(record: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: record[key] for key in keys if key in record}


# -- one record of each kind: None drops the line, the same object keeps its bytes ------------------------------------


def claude_line(record: dict[str, Any]) -> dict[str, Any]:
    if record.get("type") == "api-request-shape":
        return {**shorten(record), "shape": {}}
    if record.get("type") in CLAUDE_BULK:
        return shorten(record)
    return record


def codex_line(record: dict[str, Any]) -> dict[str, Any]:
    payload = record.get("payload") or {}
    if record.get("type") in ("world_state", "compacted"):
        return {**record, "payload": shorten(payload)}
    if payload.get("role") in ("developer", "system") and "content" in payload:
        return {**record, "payload": {**payload, "content": shorten(payload["content"])}}
    wiped = json.loads(json.dumps(record), object_hook=wipe_instructions)
    return record if wiped == record else wiped


def wipe_instructions(found: dict[str, Any]) -> dict[str, Any]:
    keys = ("base_instructions", "developer_instructions", "user_instructions")
    return {key: wiped(item) if key in keys else item for key, item in found.items()}


def wiped(text: Any) -> Any:
    """Instructions are a text, or an object with one."""
    if isinstance(text, dict) and "text" in text:
        return {**text, "text": WIPED}
    return WIPED if isinstance(text, str) else text


def gemini_line(record: dict[str, Any]) -> dict[str, Any]:
    """The context that the client puts before the first prompt is its own text."""
    if "<session_context>" in json.dumps(record):
        return json.loads(json.dumps(record), object_hook=cut_session_context)
    return record


def cut_session_context(found: dict[str, Any]) -> dict[str, Any]:
    text = found.get("text")
    own = isinstance(text, str) and text.startswith("<session_context>")
    return {**found, "text": text[:60] + MARK} if own and text else found


def opencode_hook(record: dict[str, Any]) -> dict[str, Any] | None:
    return only(record, AGENT_HOOK_KEYS) if record["event"] in OPENCODE_EVENTS else None


def agent_hook(record: dict[str, Any]) -> dict[str, Any] | None:
    return None if record.get("phase") == "done" else only(record, AGENT_HOOK_KEYS)


LINES = {"claude-code": claude_line, "codex-cli": codex_line, "gemini-cli": gemini_line}

# -- files ------------------------------------------------------------------------------------------------------------


def rewrite(source: Path, target: Path, change: Any) -> None:
    """Copy a JSONL file line by line; unchanged and unreadable lines (a cut-off last one) keep their bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    out = [rewrite_line(line, change) for line in source.read_text().split("\n")]
    target.write_text("\n".join(line for line in out if line is not None))


def rewrite_line(line: str, change: Any) -> str | None:
    try:
        record = json.loads(line)
    except ValueError:
        return line
    changed = change(record)
    if changed is None:
        return None
    return line if changed is record else json.dumps(changed, ensure_ascii=False, separators=(",", ":"))


def reduce_oracle(source: Path, target: Path) -> None:
    oracle = json.loads(source.read_text())
    oracle.pop("claude_json_project", None)
    for run in oracle["runs"]:
        run["result"] = only(run.get("result") or {}, CLAUDE_RESULT_KEYS) or None
        run.pop("last_screen", None)
        run.pop("steps", None)
    target.write_text(json.dumps(oracle, indent=1, ensure_ascii=False) + "\n")


def copy_database(source: Path, target: Path) -> None:
    """A compact copy of OpenCode's database without its `event` log, which says everything a second time."""
    target.unlink(missing_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(source)) as given, closing(sqlite3.connect(target, isolation_level=None)) as db:
        given.backup(db)
        for statement in ("pragma journal_mode = delete", "delete from event", "delete from event_sequence"):
            db.execute(statement)
        db.execute("pragma page_size = 512")
        db.execute("vacuum")


def reduce_file(agent: str, source: Path, target: Path) -> None:
    if source.suffix == ".db":
        copy_database(source, target)
    elif source.suffix == ".jsonl" and agent in LINES:
        rewrite(source, target, LINES[agent])
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def reduce_tree(agent: str, source: Path, target: Path) -> None:
    for path in sorted([source] if source.is_file() else source.rglob("*")):
        if path.is_file():
            reduce_file(agent, path, target / path.relative_to(source))


def reduce_claude(source: Path, target: Path) -> None:
    reduce_tree("claude-code", source / "projects", target / "projects")
    rewrite(source / "hooks.jsonl", target / "hooks.jsonl", lambda record: only(record, CLAUDE_HOOK_KEYS))
    rewrite(source / "api.jsonl", target / "api.jsonl", claude_api)
    reduce_oracle(source / "oracle.json", target / "oracle.json")


def claude_api(record: dict[str, Any]) -> dict[str, Any] | None:
    return only(record, CLAUDE_API_KEYS) if "answer" in record else None


def reduce_agent(agent: str, source: Path, target: Path) -> None:
    for name in AGENT_FILES[agent]:
        if (source / name).exists():
            reduce_tree(agent, source / name, target / name)
    rewrite(source / "hooks.jsonl", target / "hooks.jsonl", opencode_hook if agent == "opencode" else agent_hook)
    shutil.copyfile(source / "truth.json", target / "truth.json")


def main(source: Path, target: Path) -> None:
    for folder in sorted(path for path in source.glob("*/*") if path.is_dir()):
        agent = folder.parent.name
        made = target / agent / folder.name
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir(parents=True)
        reduce_claude(folder, made) if agent == "claude-code" else reduce_agent(agent, folder, made)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
