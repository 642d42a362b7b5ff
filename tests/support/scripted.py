"""A Claude Code transcript written by hand: prompts, tool calls and their results, in the client's own shapes."""

import json
from pathlib import Path
from typing import Any

SESSION = "5c217ed0-0000-4000-8000-000000000001"
FOLDER = "/home/dev/app"
REFUSED = "The user doesn't want to proceed"


class Transcript:
    """Each step is a second later than the one before; `write` puts it where the client would."""

    def __init__(self, session: str = SESSION, begin: int = 0) -> None:
        self.session, self.seconds, self.calls = session, begin, 0
        self.lines: list[dict[str, Any]] = []

    def _line(self, kind: str, **more: Any) -> None:
        self.seconds += 1
        stamp = f"2026-11-20T{4 + self.seconds // 3600:02}:{self.seconds // 60 % 60:02}:{self.seconds % 60:02}.000Z"
        self.lines.append(
            {
                "type": kind,
                "uuid": f"{self.session[:8]}-{len(self.lines)}",
                "timestamp": stamp,
                "sessionId": self.session,
                "cwd": FOLDER,
                "version": "2.1.328",
                "gitBranch": "main",
                **more,
            }
        )

    def prompt(self, text: str) -> None:
        self._line("user", message={"role": "user", "content": text})

    def answer(self, text: str) -> None:
        self._message([{"type": "text", "text": text}])

    def _message(self, content: list[dict[str, Any]]) -> None:
        number = len(self.lines)
        usage = {
            "input_tokens": 10,
            "output_tokens": 20,
            "cache_read_input_tokens": 0,
            "cache_creation_input_tokens": 0,
        }
        message = {
            "id": f"msg_{self.session[:8]}_{number}",
            "model": "claude-opus-4-8",
            "stop_reason": "end_turn",
            "usage": usage,
            "content": content,
        }
        self._line("assistant", message=message, requestId=f"req_{number}", requestedModel="claude-opus-4-8")

    def tool(
        self,
        name: str,
        given: dict[str, Any],
        output: str = "",
        told: Any = None,
        failed: bool = False,
        denied: bool = False,
    ) -> str:
        """A call with its result: `told` is the client's `toolUseResult`."""
        self.calls += 1
        call = f"toolu_{self.session[:8]}_{self.calls:03}"
        self._message([{"type": "tool_use", "id": call, "name": name, "input": given}])
        result = {"tool_use_id": call, "type": "tool_result", "content": output, "is_error": failed}
        more = {"toolDenialKind": "user"} if denied else {}
        message = {"role": "user", "content": [result]}
        self._line("user", message=message, toolUseResult=told if told is not None else output, **more)
        return call

    def bash(self, command: str, output: str = "", failed: bool = False) -> str:
        told = f"Error: {output}" if failed else {"stdout": output, "stderr": "", "interrupted": False}
        return self.tool("Bash", {"command": command}, output, told, failed)

    def text(self) -> str:
        return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in self.lines)

    def write(self, data: Path) -> Path:
        """Into `data`, a folder that holds `projects/`."""
        path = data / "projects" / "-home-dev-app" / f"{self.session}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text())
        return path


def todo(*items: tuple[str, str]) -> dict[str, Any]:
    listed = [{"content": text, "status": state, "activeForm": text} for text, state in items]
    return {"oldTodos": [], "newTodos": listed}


def working_day() -> Transcript:
    """A session in which everything that gives an observation happens once or twice."""
    day = Transcript()
    day.prompt("Add a counter to the app")
    day.tool("Read", {"file_path": f"{FOLDER}/app.py"}, "1\tprint(1)")
    day.tool("Grep", {"pattern": "counter"}, "no matches")
    day.bash("git log --oneline | head -3", "abc Start")
    day.tool(
        "AskUserQuestion",
        {"questions": []},
        'User has answered: "Which store?"="SQLite"',
        {"questions": [], "answers": {"Which store?": "SQLite"}},
    )
    day.tool(
        "ExitPlanMode",
        {"plan": "# Count\n1. write"},
        "User has approved your plan",
        {"plan": "# Count things\n1. write it", "isAgent": False},
    )
    day.tool("TodoWrite", {"todos": []}, "ok", todo(("Write counter", "in_progress"), ("Test it", "pending")))
    created = {"type": "create", "filePath": f"{FOLDER}/counter.py", "content": "n = 0\n", "structuredPatch": []}
    day.tool("Write", {"file_path": f"{FOLDER}/counter.py", "content": "n = 0\n"}, "File created", created)
    day.bash("uv run pytest -q", "E  boom\n1 failed, 2 passed in 0.1s", failed=True)
    patch = [{"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 2, "lines": ["-n = 0", "+n = 1", "+m = 2"]}]
    day.tool(
        "Edit",
        {"file_path": f"{FOLDER}/counter.py", "old_string": "0", "new_string": "1"},
        "updated",
        {"filePath": f"{FOLDER}/counter.py", "structuredPatch": patch},
    )
    day.bash("uv run pytest -q", "3 passed in 0.1s")
    day.bash("ruff check . && mypy", "Success: no issues found in 3 source files")
    day.tool("TodoWrite", {"todos": []}, "ok", todo(("Write counter", "completed"), ("Test it", "in_progress")))
    day.tool("TaskCreate", {"subject": "Document"}, "Task #1 created", {"task": {"id": "1", "subject": "Document it"}})
    changed = {"success": True, "taskId": "1", "statusChange": {"from": "pending", "to": "completed"}}
    day.tool("TaskUpdate", {"taskId": "1", "status": "completed"}, "Updated", changed)
    day.tool("ExitPlanMode", {"plan": "more"}, REFUSED, "Error: rejected", failed=True, denied=True)
    day.tool("Skill", {"skill": "commit"}, "ok")
    day.tool("mcp__github__create_issue", {"title": "x"}, "ok")
    day.tool("Agent", {"description": "look", "prompt": "look around", "subagent_type": "Explore"}, "seen")
    day.tool("Bash", {"command": "rm -rf build"}, REFUSED, "Error: denied", failed=True, denied=True)
    day.answer("The counter counts.")
    return day
