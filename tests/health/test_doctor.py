"""`claude-metrics doctor`: each fault is named, what is safe is mended, and nothing of the trial session stays."""

import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.agents import RECORDED
from claude_metrics.agents.claude import settings, trial
from claude_metrics.health import doctor, fire, hooks
from claude_metrics.health.check import Check
from claude_metrics.installer import install
from claude_metrics.lock import only_one
from claude_metrics.recording import spool, sync, worker
from claude_metrics.store import backup
from claude_metrics.store.version import LATEST
from tests.support.captured import Capture, as_stdin

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]
HOUR, DAY = 3_600, 86_400


def record() -> Path:
    db_path = paths.database_file()
    found, known = sync.look(db_path, RECORDED)
    assert sync.run(db_path, found, known).failed == 0
    return db_path


def examine(fix: bool = False, shoot: bool = False, hooks: bool = False) -> dict[str, doctor.Finding]:
    return {finding.check.name: finding for finding in doctor.examine(paths.database_file(), fix, shoot, hooks)}


def states(findings: dict[str, doctor.Finding], wanted: str) -> list[str]:
    return [name for name, finding in findings.items() if finding.check.state == wanted]


def sessions(db_path: Path) -> dict[str, tuple]:
    with closing(sqlite3.connect(db_path)) as db:
        return {row[0]: row[1:] for row in db.execute("select session_id, total_cost_usd, output_tokens from sessions")}


@pytest.fixture
def recorded(capture: Callable[[str], Capture]) -> Path:
    """A home with sessions, the hook in place, all of it recorded."""
    for name in ("print-basic", "fork", "tui-compact"):
        capture(name)
    install.install("claude")
    return record()


# -- all is well --------------------------------------------------------------------


def test_a_sound_home_passes_every_check(recorded: Path, run_cli: Cli) -> None:
    done = run_cli("doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.findall(r"(?m)^(warn|fail)", done.stdout) == []
    assert re.search(r"(?m)^ok +end to end claude +the hook took \d+ ms, the session was stored after", done.stdout)


def test_nothing_of_the_trial_session_stays(recorded: Path, home: Path, run_cli: Cli) -> None:
    before = dump(recorded)
    assert run_cli("doctor").returncode == 0
    assert dump(recorded) == before
    assert spool.pending(paths.spool_dir()) == [] and spool.failed(paths.spool_dir()) == []
    assert list(paths.data_dir().glob("doctor-*")) == []
    files = [path for path in home.rglob("*") if path.is_file() and path != paths.log_file()]
    assert [path for path in files if re.search(rb"doctor-[0-9a-f]{8}-", path.read_bytes())] == []


def dump(db_path: Path) -> list[str]:
    """All rows but the price list of the trial's model."""
    with closing(sqlite3.connect(db_path)) as db:
        return [line for line in db.iterdump() if trial.MODEL not in line]


def test_json_has_every_line(recorded: Path, run_cli: Cli) -> None:
    found = json.loads(run_cli("doctor", "--json").stdout)
    assert {"database", "hook claude", "interpreter", "end to end claude", "coverage"} <= {row["name"] for row in found}
    assert {row["state"] for row in found} == {"ok"}
    assert all(set(row) == {"name", "state", "text", "remedy", "mended", "trouble"} for row in found)


def test_an_empty_home_warns_and_makes_nothing(run_cli: Cli) -> None:
    done = run_cli("doctor")
    assert done.returncode == 0
    assert re.search(r"(?m)^warn +database +there is none yet", done.stdout)
    assert not paths.database_file().exists()


def test_a_check_that_fails_to_look_hides_no_other(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(here: object) -> Check:
        raise RuntimeError("oops")

    monkeypatch.setattr(doctor, "ORDER", (broken, *doctor.ORDER))
    found = examine()
    assert found["broken"].check.state == "fail" and "oops" in found["broken"].check.text
    assert found["database"].check.state == "ok"


# -- hooks --------------------------------------------------------------------------


def settings_file(home: Path) -> Path:
    return home / ".claude" / "settings.json"


def test_a_missing_hook_is_a_choice_not_a_failure(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    record()
    found = examine(fix=True)
    assert found["hook claude"].check.state == "warn" and "hook install" in found["hook claude"].check.remedy
    assert install.status("claude")[0].state == "absent"


def test_a_hook_whose_python_is_gone_fails_and_is_mended(recorded: Path, home: Path) -> None:
    text = settings_file(home).read_text()
    settings_file(home).write_text(text.replace(sys.executable, "/gone/bin/python3"))
    found = examine(shoot=True)
    assert "gone" in found["interpreter"].check.text and found["interpreter"].check.state == "fail"
    assert found["hook claude"].check.state == "warn"
    assert "outdated" in found["end to end claude"].check.text
    without = settings_file(home).read_text()
    assert not examine(fix=True)["hook claude"].mended
    assert settings_file(home).read_text() == without, "the agent's settings are changed only on request"
    found = examine(fix=True, shoot=True, hooks=True)
    assert found["hook claude"].mended and states(found, "fail") == states(found, "warn") == []
    assert settings_file(home).read_text() == text


def test_a_python_without_our_package_is_told(recorded: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python3"
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho 'ModuleNotFoundError: no claude_metrics' >&2; exit 1\n")
    python.chmod(0o700)
    monkeypatch.setattr(hooks, "installed", lambda agent: [[str(python), "x"]])
    assert "no claude_metrics" in examine()["interpreter"].check.text


def test_hooks_that_the_agent_switched_off_fail(recorded: Path, home: Path) -> None:
    value = json.loads(settings_file(home).read_text())
    settings_file(home).write_text(json.dumps({**value, "disableAllHooks": True}))
    assert examine()["hooks allowed"].check.state == "fail"


def test_a_settings_file_that_does_not_parse_fails_with_its_place(recorded: Path, home: Path) -> None:
    settings_file(home).write_text('{"hooks": ')
    check = examine(fix=True)["hook claude"].check
    assert check.state == "fail" and "settings.json" in check.text
    assert settings_file(home).read_text() == '{"hooks": '


def test_the_plugin_counts_as_a_hook(recorded: Path, home: Path) -> None:
    settings_file(home).write_text(json.dumps({"enabledPlugins": {"session-metrics@claude-metrics": True}}))
    assert examine()["hook claude"].check.state == "ok"


def test_a_short_time_limit_is_told(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(RECORDED["claude"].hook_limit_variable, "300")
    assert examine()["time limit claude"].check.state == "warn"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit('no good')", "no good"),
        ("print('{}')", "nothing was recorded"),
        ("while True: pass", "did not end"),
    ],
    ids=["fails", "records nothing", "hangs"],
)
def test_a_hook_that_does_not_work_fails_end_to_end(
    recorded: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, said: str
) -> None:
    file = tmp_path / "claude-metrics" / "hooks" / "session_end.py"
    file.parent.mkdir(parents=True)
    file.write_text(script)
    words = [sys.executable, "-I", "-S", str(file), "--agent", "claude", "--spool", str(paths.spool_dir())]
    monkeypatch.setattr(hooks, "installed", lambda agent: [words])
    monkeypatch.setattr(fire, "HOOK_S", 1.0)
    monkeypatch.setattr(fire, "RECORDED_S", 0.5)
    check = examine(shoot=True)["end to end claude"].check
    assert check.state == "fail" and said in check.text


# -- the database -------------------------------------------------------------------


def scramble(raw: bytes) -> bytes:
    changed = bytearray(raw)
    for start in range(8192, len(raw), 4096):
        changed[start : start + 300] = bytes((start // 4096 + place * 37) % 256 for place in range(300))
    return bytes(changed)


DAMAGE = {
    "scrambled": scramble,
    "truncated": lambda raw: raw[: len(raw) // 2],
    "cut in a page": lambda raw: raw[: len(raw) // 2 + 100],
    "header gone": lambda raw: bytes(100) + raw[100:],
    "not a database": lambda raw: b"this is no database\n" * 500,
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
@pytest.mark.parametrize("transcripts", ["on disk", "gone"])
def test_a_damaged_database_is_set_aside_and_rebuilt(
    recorded: Path, home: Path, damage: Callable[[bytes], bytes], transcripts: str
) -> None:
    """From what is on disk, and where that is gone from the daily copy."""
    assert backup.daily(recorded)
    right, broken = sessions(recorded), damage(recorded.read_bytes())
    recorded.write_bytes(broken)
    if transcripts == "gone":
        shutil.rmtree(home / ".claude" / "projects")
    assert examine()["database"].check.state == "fail"
    found = examine(fix=True)
    assert found["database"].check.state == "ok" and "set aside" in found["database"].mended
    assert sessions(recorded) == right
    [aside] = (paths.data_dir() / "backups").glob("damaged-*-metrics.db")
    assert aside.read_bytes() == broken
    assert stat.S_IMODE(recorded.stat().st_mode) == 0o600
    assert [path.name for path in recorded.parent.iterdir()] == ["metrics.db"]


def test_without_copy_and_transcripts_what_can_be_read_is_kept(recorded: Path, home: Path) -> None:
    right = sessions(recorded)
    damage_page_of(recorded, "tool_calls_session")
    shutil.rmtree(home / ".claude" / "projects")
    found = examine(fix=True)
    assert found["database"].check.state == "ok"
    kept = sessions(recorded)
    assert kept and kept.items() <= right.items()
    lost = re.search(r"(\d+) sessions? could not be read", found["database"].mended)
    assert len(right) - len(kept) == (int(lost[1]) if lost else 0)


def damage_page_of(db_path: Path, name: str) -> None:
    """Break the first page of a table or index."""
    with closing(sqlite3.connect(db_path)) as db:
        page = db.execute("select rootpage from sqlite_master where name = ?", (name,)).fetchone()[0]
        size = db.execute("pragma page_size").fetchone()[0]
    with db_path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * 64)


def test_a_newer_database_is_refused_and_left_alone(recorded: Path, run_cli: Cli) -> None:
    with closing(sqlite3.connect(recorded)) as db:
        db.execute(f"pragma user_version = {LATEST + 1}")
    before = recorded.read_bytes()
    done = run_cli("doctor", "--fix")
    assert done.returncode == 1
    assert re.search(r"(?m)^fail +database +it is of a newer claude-metrics", done.stdout)
    assert recorded.read_bytes() == before


def test_a_damaged_database_is_not_replaced_while_a_worker_records(recorded: Path) -> None:
    broken = b"nothing" * 999
    recorded.write_bytes(broken)
    with only_one(worker.lock_file(paths.spool_dir())) as first:
        assert first
        found = examine(fix=True)
    assert "recording just now" in found["database"].trouble
    assert recorded.read_bytes() == broken


def test_write_ahead_logging_is_told_to_the_reader(recorded: Path) -> None:
    with closing(sqlite3.connect(recorded)) as db:
        db.execute("pragma journal_mode = wal")
    found = examine()
    assert found["database"].check.state == "warn"
    assert found["reader"].check.state in ("warn", "fail") and "delete" in found["reader"].check.remedy
    assert recorded.stat().st_nlink == 1


# -- what waits, what is missing --------------------------------------------------------


def old_event(payload: dict) -> Path:
    path = spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    return path.rename(path.with_name(f"{time.time_ns() - HOUR * 10**9}-1-claude-end.json"))


def payload_of(found: Capture) -> dict:
    return next(p for p in found.payloads("SessionEnd") if Path(p["transcript_path"]).exists())


def test_an_event_left_waiting_is_told_and_recorded(recorded: Path, capture: Callable[[str], Capture]) -> None:
    payload = payload_of(capture("resume"))
    event = old_event(payload)
    assert "1 event waiting, the oldest for 1 hour" in examine()["spool"].check.text
    found = examine(fix=True)
    assert "1 event recorded" in found["spool"].mended
    assert found["spool"].check.state == "ok" and not event.exists()
    assert payload["session_id"] in sessions(recorded)


def test_failed_events_are_tried_again(recorded: Path, capture: Callable[[str], Capture]) -> None:
    payload = payload_of(capture("resume"))
    spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    spool.quarantine(spool.pending(paths.spool_dir())[0], "the disk was full")
    spool.submit(b"never a payload", "claude", paths.spool_dir())
    spool.quarantine(spool.pending(paths.spool_dir())[0], "no payload")
    assert "2 events set aside" in examine()["failed events"].check.text
    found = examine(fix=True)
    assert payload["session_id"] in sessions(recorded)
    assert "1 event set aside" in found["failed events"].check.text
    assert [path.read_bytes() for path in spool.failed(paths.spool_dir())] == [b"never a payload"]


def aged(found: Capture, days: float) -> None:
    for path in found.transcripts:
        os.utime(path, (time.time() - days * DAY,) * 2)


@pytest.mark.parametrize(
    ("days", "kept", "state", "said"),
    [(1, None, "warn", "after 30 days"), (25, None, "fail", "go within 7 days"), (25, 90, "warn", "after 90 days")],
    ids=["fresh", "soon deleted", "kept longer"],
)
def test_unrecorded_transcripts_that_the_agent_will_delete(
    recorded: Path, home: Path, capture: Callable[[str], Capture], days: float, kept: int | None, state: str, said: str
) -> None:
    if kept:
        value = json.loads(settings_file(home).read_text())
        settings_file(home).write_text(json.dumps({**value, "cleanupPeriodDays": kept}))
    new = capture("resume")
    aged(new, days)
    record()
    forget = capture("web-search")
    aged(forget, days)
    found = examine()
    assert (found["cleanup"].check.state, found["coverage"].check.state) == (state, "warn")
    assert said in found["cleanup"].check.text
    found = examine(fix=True)
    assert (found["cleanup"].check.state, found["coverage"].check.state) == ("ok", "ok")


def test_a_session_that_goes_on_is_not_missing(recorded: Path, capture: Callable[[str], Capture]) -> None:
    """Its last minutes are recorded with its next turn."""
    aged(capture("resume"), 0)
    assert examine()["coverage"].check.state == "ok"


def test_purged_sessions_are_not_missing(recorded: Path, capture: Callable[[str], Capture], run_cli: Cli) -> None:
    aged(capture("print-basic"), 20)
    for session in sessions(recorded):
        assert run_cli("db", "purge", "--session", session, "--yes").returncode == 0
    aged(capture("print-basic"), 20)
    assert examine()["coverage"].check.state == "ok"


def test_unpriced_models_are_named_with_the_way_to_price_them(recorded: Path, run_cli: Cli) -> None:
    with closing(sqlite3.connect(recorded)) as db:
        db.execute("update token_usage set cost_usd = null, model = 'claude-next-9' where kind = 'message'")
        db.commit()
    check = examine()["prices"].check
    assert check.state == "warn" and "claude-next-9" in check.text and "config set" in check.remedy


def test_output_that_old_clients_did_not_write_is_told(capture: Callable[[str], Capture]) -> None:
    capture("v2.0.64-interleaved")
    record()
    assert examine()["old clients"].check.state == "warn"


# -- rights, settings -----------------------------------------------------------------


def test_loose_rights_are_told_and_taken_away(recorded: Path) -> None:
    recorded.chmod(0o644)
    paths.data_dir().chmod(0o755)
    assert examine()["rights"].check.state == "warn"
    found = examine(fix=True)
    assert found["rights"].check.state == "ok" and found["rights"].mended
    assert stat.S_IMODE(recorded.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.data_dir().stat().st_mode) == 0o700


def test_rights_behind_a_link_are_not_touched(recorded: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign"
    foreign.write_text("x")
    foreign.chmod(0o644)
    (paths.data_dir() / "link").symlink_to(foreign)
    assert examine(fix=True)["rights"].check.state == "ok"
    assert stat.S_IMODE(foreign.stat().st_mode) == 0o644


def test_settings_with_a_mistake_fail_and_the_rest_is_still_checked(recorded: Path, run_cli: Cli) -> None:
    paths.config_file().parent.mkdir(parents=True, exist_ok=True)
    paths.config_file().write_text("contnt = 'none'")
    done = run_cli("doctor")
    assert done.returncode == 1
    assert re.search(r"(?m)^fail +config +unknown key `contnt`", done.stdout)
    assert re.search(r"(?m)^ok +database", done.stdout)


@pytest.mark.parametrize("value", ["30", -1, True, None, [], "x"], ids=str)
def test_a_cleanup_period_that_is_no_number_is_the_default(home: Path, value: object) -> None:
    settings_file(home).parent.mkdir()
    settings_file(home).write_text(json.dumps({"cleanupPeriodDays": value}))
    assert settings.retention().days == settings.KEPT_DAYS


def test_a_file_in_a_folders_place_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, run_cli: Cli) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CLAUDE_METRICS_HOME", str(tmp_path / "file"))
    done = run_cli("doctor")
    assert done.returncode == 1 and "Traceback" not in done.stdout + done.stderr
    assert re.search(r"(?m)^fail +space +a file stands where a folder should be", done.stdout)
