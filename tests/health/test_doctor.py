"""`claude-metrics doctor`: a sound home passes, nothing of the trial session stays, and settings and rights are checked."""

import json
import re
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import paths
from claude_metrics.agents.claude import settings, trial
from claude_metrics.health import doctor
from claude_metrics.health.check import Check
from claude_metrics.recording import spool
from tests.health.examined import Cli, examine, settings_file

pytestmark = pytest.mark.slow


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
