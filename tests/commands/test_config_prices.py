"""Prices, budgets and the time zone of the settings file hold for stored rows."""

import re
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics import config, paths
from claude_metrics.agents import RECORDED
from claude_metrics.config import Config
from claude_metrics.config import edit as config_edit
from claude_metrics.recording import spool, sync, worker
from claude_metrics.store import connection as database
from claude_metrics.store import reprice
from tests.support.captured import Capture, as_stdin

pytestmark = pytest.mark.slow

Cli = Callable[..., subprocess.CompletedProcess[str]]


def test_a_worker_records_whatever_the_file_says(capture: Callable[[str], Capture]) -> None:
    found = capture("print-basic")
    paths.config_file().parent.mkdir(parents=True)
    paths.config_file().write_bytes(b"\xff\xfe content none")
    payload = next(p for p in found.payloads("SessionEnd") if Path(p["transcript_path"]).exists())
    spool.submit(as_stdin(payload), "claude", paths.spool_dir())
    assert worker.run(paths.spool_dir(), paths.database_file()).recorded == 1
    with closing(sqlite3.connect(paths.database_file())) as db:
        assert db.execute("select count(*), count(prompt) from turns").fetchone()[1] == 0


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
