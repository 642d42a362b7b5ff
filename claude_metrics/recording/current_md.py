"""`<project>/.claude/CURRENT.md`: where the last session left off, for people and for the next session. Off by default.

The file begins with a line that names it as ours and holds a hash of the rest. One without that line, or changed by
anybody since, is never touched again. The state of an earlier session is moved to `.claude/archive/`. No link is
followed below the project's folder, and the new file takes its place in one step.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from claude_metrics import clock, files
from claude_metrics.config import Config
from claude_metrics.log import logger
from claude_metrics.text import UNSEEN

NAME, ARCHIVE, LIMIT_BYTES = "CURRENT.md", "archive", 1024 * 1024
_MARK = re.compile(rb"<!-- claude-metrics: session ([\w.:@+-]+), sha256 ([0-9a-f]{64}) -->\n")
SECTIONS = (
    ("Next steps", "next_steps"),
    ("Completed", "completed"),
    ("Decisions", "decisions"),
    ("Failed attempts", "failed_attempts"),
    ("Checks", "verification_results"),
    ("Files created", "files_created"),
    ("Files modified", "files_modified"),
    ("Investigated", "investigated"),
)
LISTED = 20
if sys.platform == "win32":  # no folder can be opened there, so no file is written: see `update`
    _FOLDER = _NO_LINK = _NO_WAIT = 0
else:
    _FOLDER, _NO_LINK, _NO_WAIT = os.O_RDONLY | os.O_DIRECTORY, os.O_NOFOLLOW, os.O_NONBLOCK


def wanted(settings: Config, project: str) -> bool:
    """Switched on for everything, or for this folder."""
    return settings.current_md or project in {
        os.path.normpath(Path(p).expanduser()) for p in settings.current_md_projects
    }


def update(connection: sqlite3.Connection, session_id: str, settings: Config) -> bool:
    """Write the file of the session's project when it is the project's last session. True when it was written."""
    row = connection.execute("select project_path from sessions where session_id = ?", (session_id,)).fetchone()
    project = os.path.normpath(row[0]) if row and row[0] and Path(row[0]).is_absolute() else None
    if (
        project is None
        or sys.platform == "win32"
        or not wanted(settings, project)
        or _latest(connection, row[0]) != session_id
    ):
        return False
    text = render(connection, session_id)
    try:
        with _folder(Path(project)) as folder:
            return _put(folder, session_id, text)
    except OSError as error:
        logger.warning("CURRENT.md was not written: %s", error.strerror)
        return False


def _latest(connection: sqlite3.Connection, project: str) -> str | None:
    row = connection.execute(
        "select session_id from sessions where project_path = ? order by end_time desc, session_id limit 1", (project,)
    ).fetchone()
    return row[0] if row else None


# -- the text ------------------------------------------------------------------------


def render(connection: sqlite3.Connection, session_id: str) -> str:
    """The session's summary as Markdown; what the conversation said stands on one line each."""
    cursor = connection.execute(
        """select s.title, s.start_time, s.end_time, s.status, s.git_branch, s.total_cost_usd, m.* from sessions s
        left join session_summaries m using (session_id) where s.session_id = ?""",
        (session_id,),
    )
    names = [column[0] for column in cursor.description]
    about: dict[str, Any] = dict(zip(names, cursor.fetchone(), strict=True))
    lines = [f"# {_line(about['title'] or 'Last session')}", ""]
    lines += [f"- Session {session_id}, {about['status']}, {about['start_time']} to {about['end_time']}"]
    if about["git_branch"]:
        lines.append(f"- Branch {_line(about['git_branch'])}")
    if about["total_cost_usd"] is not None:
        lines.append(f"- Cost ${about['total_cost_usd']:.2f}")
    lines += [f"- Plan: {about['plan_progress']}"] if about["plan_progress"] else []
    lines += ["", "## Request", "", _line(about["request"])] if about["request"] else []
    for title, column in SECTIONS:
        listed = json.loads(about[column] or "[]")
        lines += ["", f"## {title}", "", *(f"- {_line(text)}" for text in listed[:LISTED])] if listed else []
        lines += [f"- and {len(listed) - LISTED} more"] if len(listed) > LISTED else []
    return "\n".join(lines) + "\n"


def _line(text: str) -> str:
    """One line without control characters; nothing in it can open or close a comment."""
    return UNSEEN.sub(" ", text).replace("<!--", "<! --").replace("-->", "-- >").strip()[:500]


# -- the file ------------------------------------------------------------------------


@contextmanager
def _folder(project: Path) -> Iterator[int]:
    """`<project>/.claude` as a directory that no link leads to."""
    above = os.open(project, _FOLDER)
    try:
        folder = _below(above, ".claude")
    finally:
        os.close(above)
    try:
        yield folder
    finally:
        os.close(folder)


def _below(above: int, name: str) -> int:
    """The directory `name`, made if need be; a link of that name is an error."""
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=above)
    return os.open(name, _FOLDER | _NO_LINK, dir_fd=above)


def _put(folder: int, session_id: str, text: str) -> bool:
    """Put the text in place of what is ours; leave what is not."""
    body = text.encode("utf-8", "replace")
    head = f"<!-- claude-metrics: session {session_id}, sha256 {hashlib.sha256(body).hexdigest()} -->\n"
    new = head.encode() + body
    old = _read(folder)
    if old == new:
        return False
    owner = _owner(old) if old is not None else None
    if old is not None and owner is None:
        logger.info("CURRENT.md is not ours or was edited: left as it is")
        return False
    with files.replacing(NAME, folder=folder) as stream:
        stream.write(new)
        stream.flush()  # a full disk is noticed before the earlier state is moved away
        if owner is not None and owner != session_id:
            _archive(folder, owner)
    return True


def _read(folder: int) -> bytes | None:
    """The present file; None where there is none. A link or a device is read as something foreign."""
    try:
        file = os.open(NAME, os.O_RDONLY | _NO_LINK | _NO_WAIT, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError:
        return b""
    with os.fdopen(file, "rb") as reading:
        return reading.read(LIMIT_BYTES) if stat.S_ISREG(os.fstat(file).st_mode) else b""


def _owner(content: bytes) -> str | None:
    """The session whose state this file is, if it is as we wrote it."""
    mark = _MARK.match(content)
    if not mark or hashlib.sha256(content[mark.end() :]).hexdigest().encode() != mark[2]:
        return None
    return mark[1].decode()


def _archive(folder: int, session_id: str) -> None:
    """Move the state of an earlier session away, under the time it was written."""
    archive = _below(folder, ARCHIVE)
    try:
        written = clock.from_seconds(os.stat(NAME, dir_fd=folder, follow_symlinks=False).st_mtime)
        name = f"{written[:19].replace(':', '')}Z-{session_id[:8]}.md"
        os.rename(NAME, name, src_dir_fd=folder, dst_dir_fd=archive)
    finally:
        os.close(archive)
