"""Pages made by our own commands, as files, from a recorded session and from a hostile one."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from claude_metrics.demo import run as demo
from tests.support.captured import CAPTURES, Capture
from tests.support.scripted import FOLDER, Transcript

RECORDED = "d191e17e"
SCRIPT = "<script>window.pwned=1</script>"
HOSTILE = (
    SCRIPT,
    "</script><script>window.pwned=2</script>",
    "--><img src=x onerror=window.pwned=3>",
    "<svg/onload=window.pwned=4>",
    "[click](javascript:window.pwned=5)",
    "<a href='javascript:window.pwned=6'>x</a>",
    "\x1b]8;;http://evil.example\x07link\x1b]8;;\x07\x1b[2J\x1b[31m",
    "\u202egnp.exe",
    "</title></style></textarea></template>" + SCRIPT,
    "{{constructor.constructor('window.pwned=7')()}}",
    "\\u003cscript\\u003ewindow.pwned=8",
)


def run(folder: Path, *arguments: object) -> None:
    """Our command line with `folder` as its home and a database there."""
    command = [sys.executable, "-m", "claude_metrics", *map(str, arguments), "--db-path", str(folder / "m.db")]
    home = os.environ | {"HOME": str(folder), "CLAUDE_METRICS_HOME": str(folder / "ours"), "TZ": "UTC"}
    done = subprocess.run(command, env=home, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stderr


def export(folder: Path, session: str) -> Path:
    page = folder / f"{session}.html"
    run(folder, "session", "export", session, "--format", "html", "--output", page, "--tz", "UTC")
    return page


def session_page(folder: Path) -> Path:
    """`print-basic`, with its two commits."""
    recorded(folder)
    return export(folder, RECORDED)


def report_page(folder: Path) -> Path:
    recorded(folder)
    run(folder, "report", "--html", folder / "report.html", "--tz", "UTC")
    return folder / "report.html"


def recorded(folder: Path) -> None:
    for name in ("print-basic", "subagent", "tui-exit"):
        Capture(CAPTURES / "claude-code" / name, folder / "home").lay_out()
    run(folder, "sync", "--path", folder / "home" / ".claude")


def hostile_page(folder: Path) -> Path:
    """A session in which every text that a page shows tries to be more than text."""
    bad = Transcript()
    for text in HOSTILE:
        bad.prompt(text)
        bad.tool(text, {"command": text, "file_path": text}, text)
        bad.tool("Read", {"file_path": f"{FOLDER}/{text}"}, text)
        bad.tool("TodoWrite", {"todos": []}, "", {"newTodos": [{"content": text, "status": "pending"}]})
        bad.tool("AskUserQuestion", {}, "", {"answers": {text: text}})
        bad.bash(f"pytest '{text}'", text, failed=True)
        bad.answer(text)
    bad.lines.append({"type": "custom-title", "customTitle": "".join(HOSTILE), "sessionId": bad.session})
    bad.write(folder / "data")
    run(folder, "sync", "--path", folder / "data")
    everything = "".join(HOSTILE)
    with closing(sqlite3.connect(folder / "m.db")) as connection:
        connection.execute("update sessions set project_name = ?1, git_branch = ?1, agent_version = ?1", (everything,))
        connection.execute("update token_usage set model = ?1", (everything,))
        connection.execute("update model_usages set model = ?1", (everything,))
        connection.execute(
            "insert into commits (repository, sha, session_id, message, committed_at, branch, reachable, attribution)"
            " values (?1, ?2, ?3, ?1, '2026-11-20T04:00:09.000Z', ?1, 1, ?1)",
            (everything, SCRIPT, bad.session),
        )
        connection.execute(
            "insert into facets (session_id, goal, outcome, friction, raw) values (?, ?2, ?2, ?2, ?2)",
            (bad.session, everything),
        )
        connection.commit()
    return export(folder, bad.session)


def demo_session(folder: Path) -> Path:
    """The bundled session with its repository, for pictures."""
    played = demo.lay_out(folder)
    run(folder, "sync", "--path", played.transcript.parents[2])
    return export(folder, played.session_id)
