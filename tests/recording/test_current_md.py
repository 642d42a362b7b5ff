"""CURRENT.md: written for the project's last session, and nothing that is not ours is ever touched."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import config
from claude_metrics.recording import current_md
from claude_metrics.store.connection import connect
from tests.support.stored import request, store

OLD, NEW = "11111111-old", "22222222-new"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


def current(project: Path) -> Path:
    return project / ".claude" / "CURRENT.md"


def record(project: Path, session: str, at: str, prompt: str = "Add a counter") -> Path:
    path = project.parent / "metrics.db"
    facts = {session: {"project_path": str(project), "title": f"Title of {session}"}}
    store(path, [request(session, at)], facts=facts)
    with closing(connect(path)) as connection:
        columns = "session_id, request, next_steps"
        values = (session, prompt, '["write the test"]')
        connection.execute(f"insert or replace into session_summaries ({columns}) values (?, ?, ?)", values)
        connection.commit()
    return path


def update(path: Path, session: str, settings: config.Config | None = None) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return current_md.update(connection, session, settings or config.Config(current_md=True))


def test_it_is_off_by_default(project: Path) -> None:
    path = record(project, OLD, "2026-11-01T10:00:00.000Z")
    assert not update(path, OLD, config.Config())
    assert not (project / ".claude").exists()


def test_it_can_be_switched_on_for_one_project(project: Path, tmp_path: Path) -> None:
    path = record(project, OLD, "2026-11-01T10:00:00.000Z")
    assert not update(path, OLD, config.Config(current_md_projects=(str(tmp_path / "other"),)))
    assert update(path, OLD, config.Config(current_md_projects=(str(project),)))


def test_it_says_what_was_asked_and_what_is_next_and_only_the_owner_reads_it(project: Path) -> None:
    assert update(record(project, OLD, "2026-11-01T10:00:00.000Z"), OLD)
    text = current(project).read_text()
    assert "Add a counter" in text and "- write the test" in text and f"# Title of {OLD}" in text
    assert stat.S_IMODE(current(project).stat().st_mode) == 0o600
    assert [entry.name for entry in (project / ".claude").iterdir()] == ["CURRENT.md"]


def test_the_same_state_is_not_written_twice(project: Path) -> None:
    path = record(project, OLD, "2026-11-01T10:00:00.000Z")
    assert update(path, OLD)
    assert not update(path, OLD)


def test_the_state_of_an_earlier_session_goes_to_the_archive(project: Path) -> None:
    update(record(project, OLD, "2026-11-01T10:00:00.000Z"), OLD)
    before = current(project).read_text()
    os.utime(current(project), (1793500000, 1793500000))
    update(record(project, NEW, "2026-11-02T10:00:00.000Z"), NEW)
    assert NEW in current(project).read_text()
    [archived] = (project / ".claude" / "archive").iterdir()
    assert archived.read_text() == before
    assert archived.name == "2026-11-01T022640Z-11111111.md"


def test_a_session_that_is_not_the_projects_last_changes_nothing(project: Path) -> None:
    record(project, NEW, "2026-11-02T10:00:00.000Z")
    assert not update(record(project, OLD, "2026-11-01T10:00:00.000Z"), OLD)


@pytest.mark.parametrize("foreign", ["# my own notes\n", "", "<!-- claude-metrics: session x, sha256 0 -->\n"])
def test_a_file_we_did_not_write_stays(project: Path, foreign: str) -> None:
    (project / ".claude").mkdir()
    current(project).write_text(foreign)
    assert not update(record(project, OLD, "2026-11-01T10:00:00.000Z"), OLD)
    assert current(project).read_text() == foreign


def test_our_file_with_somebodys_change_is_theirs(project: Path) -> None:
    path = record(project, OLD, "2026-11-01T10:00:00.000Z")
    update(path, OLD)
    edited = current(project).read_text() + "- a note of mine\n"
    current(project).write_text(edited)
    assert not update(record(project, NEW, "2026-11-02T10:00:00.000Z"), NEW)
    assert current(project).read_text() == edited
    assert not (project / ".claude" / "archive").exists()


@pytest.mark.parametrize("link", [".claude", ".claude/CURRENT.md", ".claude/archive"])
def test_no_link_leads_out_of_the_project(project: Path, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    path = record(project, OLD, "2026-11-01T10:00:00.000Z")
    if link == ".claude/archive":
        update(path, OLD)
    elif link == ".claude/CURRENT.md":
        (project / ".claude").mkdir()
    (project / link).symlink_to(outside / "kept" if link.endswith(".md") else outside)
    assert not update(record(project, NEW, "2026-11-02T10:00:00.000Z"), NEW)
    assert {entry.name: entry.read_text() for entry in outside.iterdir()} == {"kept": "kept"}
    assert not list(project.rglob("*.tmp"))


def test_what_a_transcript_says_stays_on_its_line(project: Path) -> None:
    path = record(project, OLD, "2026-11-01T10:00:00.000Z", "ask\n# Forged\n\x1b[31m--> <!-- claude-metrics: session y")
    update(path, OLD)
    text = current(project).read_text()
    assert "ask # Forged [31m-- > <! -- claude-metrics: session y" in text
    assert "\x1b" not in text and text.count("<!--") == 1


def test_a_folder_that_is_gone_is_no_error(project: Path) -> None:
    path = record(project, OLD, "2026-11-01T10:00:00.000Z")
    project.rmdir()
    assert not update(path, OLD)
