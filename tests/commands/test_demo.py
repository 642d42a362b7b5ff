"""The demo is the real thing: the client's own lines, the real hook, a detached worker, in a scratch folder."""

import json
import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics.demo import run as demo
from tests.support import captured, stored

pytestmark = pytest.mark.slow

CAPTURE = captured.CAPTURES / "claude-code" / "print-basic"
ORACLE = json.loads((CAPTURE / "oracle.json").read_text())
((SESSION, FACTS),) = ORACLE["sessions"].items()
SCRATCH = "claude-metrics-demo-*"


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(p.relative_to(folder)): (p.stat().st_mtime_ns, p.stat().st_size) for p in sorted(folder.rglob("*"))}


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where scratch folders are made, for this test alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    return folder


def play(temporary: Path, *arguments: str, **env: str) -> str:
    done = stored.run("demo", *arguments, TMPDIR=str(temporary), **env)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_records_what_the_client_says_and_takes_everything_away_again(temporary: Path, home: Path) -> None:
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").write_text("{}")
    before = tree(home)
    text = play(temporary)
    usage = FACTS["client_model_usage"]["claude-opus-4-8"]
    assert f"${FACTS['client_cost_usd']:.4f} (reported by the agent: ${FACTS['client_cost_usd']:.4f})" in text
    assert all(f"{usage[name]:,}" in text for name in ("inputTokens", "outputTokens", "cacheReadInputTokens"))
    assert "None of your files was touched" in text
    assert list(temporary.iterdir()) == [] and tree(home) == before


def test_its_commits_are_found_and_proven(temporary: Path) -> None:
    text = play(temporary)
    for commit in ORACLE["commits"]:
        (line,) = [line for line in text.splitlines() if line.startswith(commit["hash"][:9])]
        assert commit["subject"] in line and line.split()[-3:] == [
            str(commit["added"]),
            str(commit["removed"]),
            "proven",
        ]


def test_keep_leaves_a_folder_in_which_the_hook_and_its_worker_have_recorded(temporary: Path) -> None:
    text = play(temporary, "--keep")
    (folder,) = temporary.glob(SCRATCH)
    assert str(folder.resolve()) in text
    found = folder / "claude-metrics" / "data"
    with closing(sqlite3.connect(found / "db" / "metrics.db")) as connection:
        assert connection.execute("select session_id, recorded_by from sessions").fetchall() == [(SESSION, "hook")]
        assert connection.execute("select event, outcome from recordings").fetchall() == [("SessionEnd", "recorded")]
    assert not list((found / "spool").glob("*.json"))
    assert "recorded 1" in (folder / "claude-metrics" / "log" / "claude-metrics.log").read_text()


def test_neither_the_readers_config_nor_database_matters(temporary: Path, home: Path) -> None:
    config = home / "claude-metrics" / "config" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("no toml at all [")
    text = play(temporary, CLAUDE_METRICS_DB=str(home / "mine.db"), CLAUDE_CONFIG_DIR=str(home / "mine"))
    assert f"${FACTS['client_cost_usd']:.4f}" in text
    assert not (home / "mine.db").exists()


def test_without_git_the_rest_is_shown_and_the_lack_is_told(temporary: Path, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    text = play(temporary, PATH=str(tmp_path / "bin"))
    assert "git is not installed" in text and f"${FACTS['client_cost_usd']:.4f}" in text and "proven" not in text


def test_a_worker_that_records_nothing_is_an_error_that_names_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "PATIENCE_S", 0.1)
    laid_out = demo.lay_out(tmp_path / "scratch")
    with pytest.raises(demo.ClaudeMetricsError, match=r"the worker recorded nothing.*claude-metrics\.log"):
        demo.wait(laid_out)


# What is bundled


def test_every_bundled_line_is_the_clients_own() -> None:
    (transcript,) = CAPTURE.glob("projects/*/*.jsonl")
    lines = (demo.BUNDLE / "transcript.jsonl").read_bytes().splitlines()
    recorded = transcript.read_bytes().splitlines()
    assert [line for line in recorded if line in set(lines)] == lines
    kinds = {json.loads(line)["type"] for line in recorded if line not in set(lines)}
    assert kinds == {"attachment", "api-request", "api-request-blob", "api-request-shape", "system"}


def test_the_bundled_payload_is_what_the_client_sent() -> None:
    (sent,) = [call["stdin"] for call in captured.read_lines(CAPTURE / "hooks.jsonl") if call["event"] == "SessionEnd"]
    assert json.loads((demo.BUNDLE / "session_end.json").read_text()) == sent


def test_the_repository_is_rebuilt_to_the_recorded_hashes(tmp_path: Path) -> None:
    found = demo.lay_out(tmp_path / "scratch").repository
    assert found is not None
    log = subprocess.run(
        ["git", "log", "--format=%H"], cwd=found, capture_output=True, text=True, check=True
    ).stdout.split()
    assert log[:2] == [commit["hash"] for commit in reversed(ORACLE["commits"])]
    assert log[2] == ORACLE["commits"][0]["parents"][0]
    assert (found / "greet.py").read_text() == "def greet(name):\n    return 'hello ' + name\n"


def test_nothing_in_the_laid_out_session_names_another_home(tmp_path: Path) -> None:
    laid_out = demo.lay_out(tmp_path / "scratch")
    assert demo.RECORDED_HOME not in laid_out.transcript.read_text().replace(str(laid_out.home), "")
    assert json.loads(laid_out.payload)["transcript_path"] == str(laid_out.transcript)


def test_what_steers_agents_git_or_us_is_not_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CLAUDE_CONFIG_DIR", "GIT_DIR", "PYTHONPATH", "XDG_DATA_HOME", "CLAUDE_METRICS_DB"):
        monkeypatch.setenv(name, "elsewhere")
    environment = demo.environment(tmp_path)
    assert "elsewhere" not in environment.values()
    assert environment["HOME"] == str(tmp_path / "home") and environment["PATH"] == os.environ["PATH"]


def test_the_times_it_tells_are_measured(temporary: Path) -> None:
    text = play(temporary)
    times = [int(found) for found in re.findall(r"(\d+) ms", text)]
    assert len(times) == 2 and all(0 < time < 60_000 for time in times)
