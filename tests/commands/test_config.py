"""The settings file: read, changed by key with everything else left as it is, and prices that hold for stored rows."""

import json
import re
import sqlite3
import stat
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics import config, paths
from claude_metrics.agents import RECORDED
from claude_metrics.config import Config, Damaged
from claude_metrics.config import edit as config_edit
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.recording import spool, sync, worker
from claude_metrics.store import connection as database
from claude_metrics.store import reprice
from tests.support.captured import Capture, as_stdin

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]
MINE = """# my settings

content = "redacted"   # keep this remark
timezone = 'Europe/Berlin'

[prices."claude-opus-5-5"] # negotiated
input = 1.0

[tools.claude]
enabled = true
# the end
"""


@pytest.fixture
def file() -> Path:
    file = paths.config_file()
    file.parent.mkdir(parents=True)
    file.write_text(MINE)
    return file


# -- reading ------------------------------------------------------------------------


def test_without_a_file_the_defaults_hold(run_cli: Cli) -> None:
    assert config.load() == Config()
    assert json.loads(run_cli("config", "get", "--json").stdout)["content"] == "redacted"
    assert run_cli("config", "get", "journal_mode").stdout == "delete\n"


def test_path_is_printed(run_cli: Cli) -> None:
    assert run_cli("config", "path").stdout.strip() == str(paths.config_file())


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timezone", "Europe/Berlin\n"),
        ('prices."claude-opus-5-5".input', "1.0\n"),
        ("prices.claude-opus-5-5", "input = 1.0\n"),
        ("budget_daily_usd", "0.0\n"),
        ("tools.claude.enabled", "true\n"),
    ],
)
def test_get_gives_the_value_in_force(file: Path, run_cli: Cli, key: str, value: str) -> None:
    assert run_cli("config", "get", key).stdout == value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("contnt = 'none'", "did you mean `content`"),
        ("content = 'full'", "use one of: redacted, none"),
        ("current_md = 'yes'", "must be true or false"),
        ("budget_daily_usd = 'ten'", "must be a number"),
        ("timezone = 5", "must be a text"),
        ("content = ", "not TOML"),
        ("[prices.m]\ninptu = 3", "did you mean `input`"),
        ("[prices.m]\ninput = '3'", "must be a number of USD"),
        ("[prices.m]\ninput = -3", "must be a number of USD"),
        ("[prices]\nm = 3", "must be a table of prices"),
        ("[tools]\nclaude = true", "one table a tool"),
    ],
)
def test_a_mistake_is_named_with_its_remedy_on_one_line(run_cli: Cli, text: str, said: str) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text(text)
    done = run_cli("config", "get")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert said in done.stderr and str(paths.config_file()) in done.stderr


# -- changing -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "value", "before", "after"),
    [
        ("content", "none", 'content = "redacted"   # keep', 'content = "none"   # keep'),
        ("timezone", "UTC", "timezone = 'Europe/Berlin'", 'timezone = "UTC"'),
        ("prices.claude-opus-5-5.input", "2.5", "input = 1.0", "input = 2.5"),
        ("tools.claude.enabled", "false", "enabled = true", "enabled = false"),
    ],
)
def test_set_changes_the_value_and_no_other_byte(file: Path, key: str, value: str, before: str, after: str) -> None:
    assert before in MINE
    config_edit.put(key, value)
    assert file.read_text() == MINE.replace(before, after)


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("machine_id", "007", "007"),
        ("budget_daily_usd", "12", 12.0),
        ("current_md", "on", True),
        ("current_md_projects", "app, lib", ("app", "lib")),
        ("current_md_projects", '["a,b"]', ("a,b",)),
        ("context_max_chars", "500", 500),
    ],
)
def test_a_value_becomes_what_the_key_holds(key: str, value: str, stored: object) -> None:
    config_edit.put(key, value)
    assert getattr(config.load(), key) == stored


def test_a_new_key_is_written_where_it_belongs(file: Path) -> None:
    config_edit.put("budget_monthly_usd", "100")
    config_edit.put("prices.gpt-5.1.output", "3")
    found = config.load()
    assert found.budget_monthly_usd == 100.0
    assert found.prices == {"claude-opus-5-5": {"input": 1.0}, "gpt-5.1": {"output": 3}}
    assert all(line in file.read_text() for line in MINE.splitlines())


@pytest.mark.parametrize(
    ("key", "value"),
    [("contnt", "none"), ("content", "full"), ("budget_daily_usd", "ten"), ("prices.m.inptu", "3"), ("prices.m", "3"),
     ("a b", "1"), ("content.x", "1"), ("timezone.x", "1")],
)  # fmt: skip
def test_what_is_not_right_is_not_written(file: Path, run_cli: Cli, key: str, value: str) -> None:
    done = run_cli("config", "set", key, value)
    assert (done.returncode, done.stderr.count("\n"), file.read_text()) == (1, 1, MINE)


def test_unset_takes_the_key_out_and_tables_that_become_empty(file: Path, run_cli: Cli) -> None:
    assert run_cli("config", "unset", 'prices."claude-opus-5-5".input').returncode == 0
    assert config.load().prices == {}
    assert "# my settings" in file.read_text()
    assert "was not set" in run_cli("config", "unset", "machine_id").stdout
    assert run_cli("config", "unset", "nonesuch").returncode == 1


def test_a_new_file_is_private_and_a_links_target_is_kept(tmp_path: Path) -> None:
    config_edit.put("content", "none")
    file = paths.config_file()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    real = tmp_path / "dotfiles.toml"
    file.rename(real)
    file.symlink_to(real)
    config_edit.put("content", "redacted")
    assert file.is_symlink() and 'content = "redacted"' in real.read_text()


def test_a_file_with_a_mistake_is_not_touched(file: Path, run_cli: Cli) -> None:
    file.write_text(MINE + "content = \n")
    done = run_cli("config", "set", "content", "none")
    assert done.returncode == 1 and "not TOML" in done.stderr
    assert file.read_text() == MINE + "content = \n"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    model=st.text("abc.-_0 \"'é", min_size=1, max_size=12),
    price=st.floats(0, 1e6, allow_nan=False),
    remark=st.text("ab #[]='\"", max_size=20),
)
def test_any_model_name_can_be_priced_and_remarks_stay(model: str, price: float, remark: str) -> None:
    file = paths.config_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"# {remark}\ncontent = 'none' # {remark}\n")
    config_edit.put(f"prices.{json.dumps(model, ensure_ascii=False)}.input", repr(price))
    assert config.load().prices == {model: {"input": price}}
    assert file.read_text().count(f"# {remark}") >= (2 if remark.strip() else 1)


# -- a mistake must not stop the recording ----------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("content = 'none'\nbudget_daily_usd = 'x'\ntimezone = 'UTC'", Damaged(content="none", timezone="UTC")),
        ("content = 'nothing'", Damaged(content="none")),
        ("content = none", Damaged(content="none")),
        ("[prices.m]\ninput = 'x'\n[tools]", Damaged()),
        ("= broken", Damaged()),
    ],
    ids=["wrong type", "unknown value", "no TOML, none", "wrong price", "no TOML"],
)
def test_recording_uses_what_is_right_and_rather_keeps_no_text(text: str, found: Config) -> None:
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_text(text)
    assert config.lenient() == found


def test_a_worker_records_whatever_the_file_says(capture: Callable[[str], Capture]) -> None:
    found = capture("print-basic")
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_bytes(b"\xff\xfe content none")
    payload = next(p for p in found.payloads("SessionEnd") if Path(p["transcript_path"]).exists())
    spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    assert worker.run(paths.spool_dir(), paths.database_file()).recorded == 1
    with closing(sqlite3.connect(paths.database_file())) as db:
        assert db.execute("select count(*), count(prompt) from turns").fetchone()[1] == 0


# -- prices -------------------------------------------------------------------------


def record() -> Path:
    db_path = paths.database_file()
    found, known = sync.look(db_path, RECORDED)
    sync.run(db_path, found, known)
    return db_path


def costs(db_path: Path) -> dict[str, float | None]:
    with closing(sqlite3.connect(db_path)) as db:
        return dict(db.execute("select session_id, total_cost_usd from sessions"))


def model_costs(db_path: Path) -> dict[str, float | None]:
    with closing(sqlite3.connect(db_path)) as db:
        return dict(db.execute("select model, sum(cost_usd) from token_usage where kind = 'message' group by model"))


@pytest.mark.parametrize("name", ["print-basic", "subagent", "fork", "tui-compact"])
def test_an_own_price_holds_for_stored_requests_and_its_withdrawal_too(
    capture: Callable[[str], Capture], run_cli: Cli, name: str
) -> None:
    capture(name)
    db_path = record()
    listed, of_models = costs(db_path), model_costs(db_path)
    model = next(iter(of_models))
    for kind in ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h"):
        config_edit.put(f'prices."{model}".{kind}', "0")
    assert run_cli("config", "set", f'prices."{model}".fast_factor', "1").returncode == 0
    assert model_costs(db_path) == {**of_models, model: 0.0}
    assert sum(costs(db_path).values()) < sum(listed.values())
    assert run_cli("config", "unset", f'prices."{model}"').returncode == 0
    assert model_costs(db_path) == pytest.approx(of_models)
    assert costs(db_path) == pytest.approx(listed)


@pytest.mark.parametrize("key", ["budget_daily_usd", "budget_monthly_usd"])
def test_a_budget_reaches_the_database_at_once(run_cli: Cli, tmp_path: Path, key: str) -> None:
    path = tmp_path / "metrics.db"
    database.connect(path).close()

    def stored() -> tuple[float]:
        with closing(database.connect(path)) as connection:
            found: tuple[float] = connection.execute(f"select {key.removeprefix('budget_')} from v_budgets").fetchone()
            return found

    assert run_cli("config", "set", key, "20", "--db-path", str(path)).returncode == 0
    assert stored() == (20.0,)
    assert run_cli("config", "unset", key, "--db-path", str(path)).returncode == 0
    assert stored() == (0.0,)


def test_the_time_zone_reaches_the_database_at_once(run_cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    database.connect(path).close()
    assert run_cli("config", "set", "timezone", "Asia/Kathmandu", "--db-path", str(path)).returncode == 0
    with closing(database.connect(path)) as connection:
        assert connection.execute("select utc_offset_s from v_budgets").fetchone() == (20_700,)


def test_a_setting_makes_no_database(run_cli: Cli, tmp_path: Path) -> None:
    assert run_cli("config", "set", "budget_daily_usd", "20", "--db-path", str(tmp_path / "none.db")).returncode == 0
    assert not (tmp_path / "none.db").exists()


def test_a_price_edited_by_hand_holds_from_the_next_sync(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    model = next(iter(model_costs(db_path)))
    paths.config_file().parent.mkdir(parents=True, exist_ok=True)
    paths.config_file().write_text(f'[prices."{model}"]\ninput = 1e6\n')
    before = model_costs(db_path)[model]
    record()
    assert model_costs(db_path)[model] > 1000 * before


def unknown_model(capture: Callable[[str], Capture]) -> str:
    """The capture, as if its model were one that nobody knows."""
    found = capture("print-basic")
    for path in found.transcripts:
        path.write_text(re.sub(r"claude-opus-[0-9-]+", "claude-next-9", path.read_text()))
    return "claude-next-9"


def test_an_unknown_model_is_priced_as_soon_as_its_price_is_known(capture: Callable[[str], Capture]) -> None:
    model = unknown_model(capture)
    db_path = record()
    assert model_costs(db_path)[model] is None
    config_edit.put(f"prices.{model}.input", "3")
    record()
    assert model_costs(db_path)[model] > 0
    with closing(sqlite3.connect(db_path)) as db:
        assert db.execute("select sum(unpriced_tokens) from sessions").fetchone() == (0,)


def test_a_newer_price_library_is_asked_again(
    capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    from claude_metrics import pricing

    model = unknown_model(capture)
    db_path = record()
    monkeypatch.setitem(pricing.SAME_PRICE_AS, model, "claude-opus-5-5")
    record()
    assert model_costs(db_path)[model] is None  # the same version knows no more than before
    monkeypatch.setattr(reprice, "library", lambda: "the next version")
    record()
    assert model_costs(db_path)[model] > 0


def test_a_price_that_the_library_forgets_stays(
    capture: Callable[[str], Capture], monkeypatch: pytest.MonkeyPatch
) -> None:
    from claude_metrics import pricing

    capture("print-basic")
    db_path = record()
    before = model_costs(db_path)
    monkeypatch.setattr(pricing, "from_library", lambda name, day: None)
    monkeypatch.setattr(pricing, "_tabled", lambda name, day: None)
    monkeypatch.setattr(reprice, "library", lambda: "the next version")
    record()
    assert model_costs(db_path) == before


def test_prices_that_did_not_change_cost_no_write(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    with closing(database.connect(db_path)) as db:
        before = db.total_changes
        reprice.refresh(db, Config())
        assert db.total_changes == before


def test_a_damaged_file_leaves_prices_as_they_were(capture: Callable[[str], Capture]) -> None:
    capture("print-basic")
    db_path = record()
    model = next(iter(model_costs(db_path)))
    config_edit.put(f"prices.{model}.input", "1000")
    record()
    own = model_costs(db_path)
    paths.config_file().write_text("= broken")
    record()
    assert model_costs(db_path) == own
    with closing(database.connect(db_path)) as db:
        assert reprice.refresh(db, config.lenient()).prices == {model: {"input": 1000}}


def test_keys_that_are_none_are_refused() -> None:
    for key in ("", "=", "a..b", "[x]"):
        with pytest.raises(ClaudeMetricsError):
            config_edit.split(key)


def test_a_time_zone_that_does_not_exist_is_not_written(run_cli: Cli) -> None:
    done = run_cli("config", "set", "timezone", "Mars")
    assert done.returncode == 1 and "no time zone `Mars`" in done.stderr
    assert run_cli("config", "get", "timezone").stdout.strip() == ""
