"""A generated corpus with its own answer sheet: ours equals it exactly, and so does ccusage where it is installed."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.recorder import Recorder
from tests.support.trees import copy_tree

pytestmark = pytest.mark.slow

GENERATOR = Path(__file__).parents[2] / "benchmarks" / "make_corpus.py"
USAGE = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_creation_5m_tokens",
    "cache_creation_1h_tokens",
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    command = [sys.executable, GENERATOR, folder, "--mib", "24", "--max-file-mib", "6", "--seed", "11"]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def manifest(corpus: Path) -> dict[str, Any]:
    return json.loads((corpus / "manifest.json").read_text())


@pytest.fixture(scope="module")
def recorder(corpus: Path) -> Recorder:
    recorder = Recorder(corpus / "metrics.db")
    recorder.sync("claude", corpus)
    return recorder


def test_the_corpus_holds_what_makes_counting_hard(manifest: dict[str, Any]) -> None:
    sessions = manifest["sessions"].values()
    assert any(session["parent"] for session in sessions)
    assert any(session["killed"] for session in sessions)
    assert any(len(session["models"]) > 1 for session in sessions)


def test_tokens_equal_the_answer_sheet_per_session_and_model(recorder: Recorder, manifest: dict[str, Any]) -> None:
    sums = ", ".join(f"sum({column})" for column in USAGE)
    stored: dict[str, dict[str, list[int]]] = {session: {} for session in manifest["sessions"]}
    for session, model, *figures in recorder.connection.execute(
        f"select session_id, model, count(*), {sums} from token_usage group by 1, 2"
    ):
        stored[session][model] = figures
    assert stored == {
        session: {model: [usage[c] for c in ("requests", *USAGE)] for model, usage in truth["models"].items()}
        for session, truth in manifest["sessions"].items()
    }


def test_costs_equal_the_answer_sheet(recorder: Recorder, manifest: dict[str, Any]) -> None:
    stored = dict(recorder.connection.execute("select session_id, total_cost_usd from sessions"))
    assert stored == pytest.approx({s: truth["cost_usd"] for s, truth in manifest["sessions"].items()}, abs=1e-6)


def test_times_prompts_tool_calls_and_parents_equal_the_answer_sheet(
    recorder: Recorder, manifest: dict[str, Any]
) -> None:
    columns = ("start_time", "end_time", "user_message_count", "tool_calls", "failed_tool_calls", "parent_session_id")
    stored = {
        row[0]: row[1:] for row in recorder.connection.execute(f"select session_id, {', '.join(columns)} from sessions")
    }
    keys = ("start_time", "end_time", "prompts", "tool_calls", "failed_tool_calls", "parent")
    assert stored == {s: tuple(truth[key] for key in keys) for s, truth in manifest["sessions"].items()}


def test_the_files_in_reverse_order_give_the_same_rows(recorder: Recorder, corpus: Path, tmp_path: Path) -> None:
    from claude_metrics.agents.claude import sources as claude

    other = Recorder(tmp_path / "reverse.db")
    for source in reversed(list(claude.find_sources(corpus))):
        other.record([source])
    assert other.dump() == recorder.dump()


def test_forks_of_clients_that_mark_no_copies_are_counted_as_truly(
    corpus: Path, manifest: dict[str, Any], tmp_path: Path
) -> None:
    old = tmp_path / "old"
    copy_tree(corpus / "projects", old / "projects")
    for path in old.glob("projects/**/*.jsonl"):
        path.write_bytes(re.sub(rb',"requestSessionId":"[^"]*"', b"", path.read_bytes()))
    recorder = Recorder(tmp_path / "old.db")
    recorder.sync("claude", old)
    rows = recorder.connection.execute(
        "select session_id, total_cost_usd, output_tokens, parent_session_id from sessions"
    )
    stored = {row[0]: row[1:] for row in rows}
    for session, truth in manifest["sessions"].items():
        output = sum(usage["output_tokens"] for usage in truth["models"].values())
        assert stored[session] == (pytest.approx(truth["cost_usd"], abs=1e-6), output, truth["parent"])
