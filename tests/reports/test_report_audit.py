"""The audit: no difference on the recorded sessions; every cause of one, made on purpose, is called by its name."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support import captured, stored
from tests.support.captured import Capture
from tests.support.stored import OPUS, UNKNOWN, cost_state, request

pytestmark = pytest.mark.slow

BEGAN = "2026-11-20T10:00:00.000Z"
FIGURES = [100.0, 10.0, 1000.0, 5000.0, 0.0, 0.0, 0.0]  # of one `request`, as a total has them


def at(minutes: int) -> str:
    return f"2026-11-20T10:{minutes:02}:00.000Z"


def audit(path: Path, **env: str) -> dict[str, Any]:
    done = stored.run("report", "audit", "--json", "--db-path", path, **env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def the_one(path: Path) -> dict[str, Any]:
    (one,) = audit(path)["audit"]
    return one


def price(path: Path) -> float:
    return stored.rows(path, "select max(cost_usd) as usd from token_usage where kind = 'message'")[0]["usd"]


def total(requests: int, usd: float, model: str = OPUS) -> dict[str, list[float]]:
    return {model: [*(figure * requests for figure in FIGURES), usd]}


@pytest.fixture
def usd(tmp_path: Path) -> float:
    """What one `request` costs."""
    return price(stored.store(tmp_path / "price.db", [request("a", at(1))]))


# The recorded sessions


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The audit of all of Claude Code's captures in one home."""
    home = tmp_path_factory.mktemp("recorded")
    for name in captured.names():
        Capture(captured.CAPTURES / name, home).lay_out()
    env = {"HOME": str(home), "CLAUDE_METRICS_HOME": str(home / "ours")}
    done = stored.run("sync", "--agent", "claude", "--db-path", home / "metrics.db", **env)
    assert done.returncode == 0, done.stderr
    transcripts = home.glob(".claude/projects/*/*.jsonl")
    on_disk = {path.stem for path in transcripts if not path.stem.startswith("agent-")}
    return {**audit(home / "metrics.db", **env), "on_disk": on_disk}


def sessions_of(name: str) -> dict[str, Any]:
    return json.loads((captured.CAPTURES / name / "oracle.json").read_text())["sessions"]


# The client's last total leaves out what other processes did at the same time.
AT_ONCE = ("three-clients", "two-clients-unlisted")


@pytest.mark.parametrize("name", captured.names())
def test_no_difference_on_a_recorded_session_is_unexplained(name: str, recorded: dict[str, Any]) -> None:
    oracle = sessions_of(name)
    for one in (one for one in recorded["audit"] if one["session_id"] in oracle):
        facts = oracle[one["session_id"]]
        assert one["unexplained_usd"] == 0
        assert (one["difference_usd"] is None) == (one["no_figure"] is not None)
        assert {cause["cause"] for cause in one["causes"]} <= {"killed part"}, one
        if one["no_figure"] is None and "fork" not in name and name.split("/")[1] not in AT_ONCE:
            assert one["reported_cost_usd"] == pytest.approx(facts["client_cost_usd"], abs=1e-6)


def test_every_recorded_session_that_cost_something_is_audited(recorded: dict[str, Any]) -> None:
    served = {
        session
        for name in captured.names()
        for session, facts in sessions_of(name).items()
        if facts["served_usage"] and facts["client_cost_usd"] != 0  # refused requests are served and cost nothing
    }
    wanted = served & recorded["on_disk"]
    assert len(wanted) > 30 and wanted <= {one["session_id"] for one in recorded["audit"]}


def test_all_recorded_sessions_are_covered(recorded: dict[str, Any]) -> None:
    (claude,) = [line for line in recorded["coverage"] if line["agent"] == "claude"]
    assert (claude["on_disk"], claude["unread"], claude["gone"]) == (len(recorded["on_disk"]), 0, 0)
    assert claude["stored"] + claude["empty"] == len(recorded["on_disk"]) and claude["by_hook"] == 0


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("claude-code/parallel-kill", "killed or still running"),
        ("claude-code/v2.0.64-subagent", "client 2.0.64 writes no total"),
        ("claude-code/v2.1.247-fork", "client 2.1.247 writes no total"),
    ],
)
def test_sessions_without_a_figure_say_why(name: str, why: str, recorded: dict[str, Any]) -> None:
    found = {one["no_figure"] for one in recorded["audit"] if one["session_id"] in sessions_of(name)}
    assert found - {None} == {why}


# Causes


def test_a_killed_part_is_the_cause_of_what_no_total_has(tmp_path: Path, usd: float) -> None:
    """Two processes: the first was killed, the total of the second knows its own request only."""
    killed, resumed = request("a", at(1)), request("a", at(20), tokens=(100, 10, 1000, 5000))
    state = cost_state("a", "2026-11-20T10:20:30.000Z", total(1, usd), "2026-11-20T10:19:30.000Z", 60_000)
    one = the_one(stored.store(tmp_path / "m.db", [killed, resumed], states=[state]))
    assert one["difference_usd"] == pytest.approx(usd)
    (cause,) = one["causes"]
    assert cause["cause"] == "killed part" and cause["usd"] == pytest.approx(usd) and OPUS in cause["detail"]
    assert one["unexplained_usd"] == 0


def test_a_price_that_is_another_now_is_named_with_its_model(tmp_path: Path, usd: float) -> None:
    state = cost_state("a", at(2), total(1, 2 * usd), BEGAN, 120_000)
    one = the_one(stored.store(tmp_path / "m.db", [request("a", at(1))], states=[state]))
    (cause,) = one["causes"]
    assert (cause["cause"], cause["detail"]) == ("price differs", OPUS)
    assert one["difference_usd"] == pytest.approx(-usd) == cause["usd"]


def test_an_unknown_price_is_the_cause_of_what_the_agent_guessed(tmp_path: Path, usd: float) -> None:
    models = {**total(1, usd), **total(1, 0.5, UNKNOWN)}
    rows = [request("a", at(1)), request("a", at(1), UNKNOWN)]
    path = stored.store(tmp_path / "m.db", rows, states=[cost_state("a", at(2), models, BEGAN, 120_000)])
    (cause,) = the_one(path)["causes"]
    assert (cause["cause"], cause["detail"]) == ("price unknown", UNKNOWN)
    assert cause["usd"] == pytest.approx(-0.5)
    text = stored.run("report", "audit", "--db-path", path).stdout
    assert f"price unknown -0.500000 ({UNKNOWN})" in text


def test_unlisted_requests_make_up_the_difference_and_are_shown(tmp_path: Path, usd: float) -> None:
    state = cost_state("a", at(2), total(3, 3 * usd), BEGAN, 120_000)
    path = stored.store(tmp_path / "m.db", [request("a", at(1))], states=[state])
    one = the_one(path)
    assert not one["causes"] and one["unlisted_cost_usd"] == pytest.approx(2 * usd)
    assert "unlisted requests make up for it" in stored.run("report", "audit", "--db-path", path).stdout


def test_output_that_an_old_client_did_not_write_down(tmp_path: Path, usd: float) -> None:
    row = request("a", at(1), understated_tokens=1234)
    path = stored.store(
        tmp_path / "m.db", [row], facts={"a": {"agent_version": "2.0.64"}}, payload_usd={"a": usd + 0.03}
    )
    (cause,) = the_one(path)["causes"]
    assert cause["cause"] == "old client" and "1234 output tokens" in cause["detail"]
    assert cause["usd"] == pytest.approx(-0.03)


def test_a_figure_that_an_old_client_gave_for_one_process(tmp_path: Path, usd: float) -> None:
    rows = [request("a", at(1)), request("a", at(30))]
    path = stored.store(tmp_path / "m.db", rows, facts={"a": {"agent_version": "2.1.133"}}, payload_usd={"a": usd})
    (cause,) = the_one(path)["causes"]
    assert (cause["cause"], cause["usd"]) == ("old client", pytest.approx(usd))


def test_what_no_row_explains_is_called_unexplained(tmp_path: Path, usd: float) -> None:
    """A current client whose hook was given less than its lines cost, with nothing after the hook."""
    path = stored.store(
        tmp_path / "m.db", [request("a", at(1))], facts={"a": {"agent_version": "2.1.328"}}, payload_usd={"a": usd / 2}
    )
    one = the_one(path)
    assert one["unexplained_usd"] == pytest.approx(usd / 2) and not one["causes"]
    text = stored.run("report", "audit", "--db-path", path).stdout
    assert "UNEXPLAINED" in text and "(1 unexplained)" in text


def test_causes_add_up_to_the_difference(tmp_path: Path, usd: float) -> None:
    """All at once: a killed part, a changed price and an unknown one."""
    rows = [request("a", at(1)), request("a", at(20)), request("a", at(20), UNKNOWN)]
    models = {**total(1, 1.5 * usd), **total(1, 0.25, UNKNOWN)}
    state = cost_state("a", "2026-11-20T10:20:30.000Z", models, "2026-11-20T10:19:30.000Z", 60_000)
    one = the_one(stored.store(tmp_path / "m.db", rows, states=[state]))
    causes = {cause["cause"]: cause["usd"] for cause in one["causes"]}
    assert causes == pytest.approx({"killed part": usd, "price differs": -0.5 * usd, "price unknown": -0.25})
    assert sum(causes.values()) == pytest.approx(one["difference_usd"])


# Coverage


def claude_line(path: Path) -> dict[str, Any]:
    return next(line for line in audit(path)["coverage"] if line["agent"] == "claude")


def test_coverage_tells_what_waits_what_is_gone_and_what_is_purged(home: Path, capture: Any) -> None:
    recorded: Capture = capture("claude-code/tui-ends")
    path = home / "metrics.db"
    stored.run("sync", "--db-path", path)
    whole = claude_line(path)
    first, second = recorded.transcripts[:2]
    first.unlink()
    shutil.copy(second, second.with_name("11111111-2222-3333-4444-555555555555.jsonl"))
    after = claude_line(path)
    assert (after["on_disk"], after["gone"], after["unread"]) == (whole["on_disk"], 1, 1)
    assert after["stored"] == whole["stored"] - 1
    done = stored.run("db", "purge", "--session", second.stem, "--yes", "--db-path", path)
    assert done.returncode == 0, done.stderr
    assert claude_line(path)["purged"] == 1


def test_coverage_tells_the_doors_apart(home: Path, capture: Any) -> None:
    recorded: Capture = capture("claude-code/tui-ends")
    path, payload = home / "metrics.db", recorded.payloads("SessionEnd")[0]
    (home / "payload.json").write_text(json.dumps(payload))
    hook = Path(__file__).parents[2] / "hooks" / "session_end.py"
    command = [sys.executable, hook, "--background", home / "payload.json", "--db-path", path]
    subprocess.run(command, check=True, env=os.environ, timeout=60)
    stored.run("sync", "--db-path", path)
    line = claude_line(path)
    assert (line["by_hook"], line["by_hook"] + line["by_sync"]) == (1, len(recorded.oracle["sessions"]))


def test_sessions_that_agree_are_counted_and_shown_on_request(home: Path, capture: Any) -> None:
    capture("claude-code/print-basic")
    path = home / "metrics.db"
    stored.run("sync", "--db-path", path)
    short = stored.run("report", "audit", "--db-path", path).stdout
    assert "1 sessions: 1 equal" in short.replace("session:", "sessions:") and "d191e17e" not in short
    assert "d191e17e" in stored.run("report", "audit", "--all", "--db-path", path).stdout
