"""A capture's truth beside what we record of it: tokens by model and kind, tool calls, prompts, commits."""

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from claude_metrics.agents import RECORDED
from claude_metrics.git.attribution import CommitCache
from claude_metrics.models import Source
from claude_metrics.recording import disk, ingest
from tests.support.captured import CAPTURES, RECORDED_HOME, names
from tests.support.recorder import Recorder
from tests.support.trees import copy_tree

Tokens = tuple[int, int, int, int, int]  # requests, input, output, cache read, reasoning
COLUMNS = "count(*), sum(input_tokens), sum(output_tokens), sum(cache_read_tokens), sum(reasoning_tokens)"


@dataclass(frozen=True)
class Recording:
    """An agent, the folder of its captures, and where its data lies in a home."""

    agent: str
    captures: str
    data: str

    @property
    def names(self) -> list[str]:
        return [name.partition("/")[2] for name in names(self.captures)]

    def truth(self, name: str) -> dict[str, Any]:
        return json.loads((CAPTURES / self.captures / name / "truth.json").read_text())

    def lay_out(self, name: str, home: Path) -> Path:
        """The agent's data folder in `home`, as if its client had run there."""
        recorded = CAPTURES / self.captures / name / "home"
        copy_tree(recorded, home)
        for path in (home / path.relative_to(recorded) for path in recorded.rglob("*") if path.is_file()):
            move_database(path, home) if path.suffix == ".db" else move_text(path, home)
        return home / self.data

    def sources(self, data: Path) -> list[Source]:
        return list(RECORDED[self.agent].find_sources(data))


GEMINI = Recording("gemini", "gemini-cli", ".gemini")
CODEX = Recording("codex", "codex-cli", ".codex")
OPENCODE = Recording("opencode", "opencode", ".local/share/opencode")


def move_text(path: Path, home: Path) -> None:
    path.write_bytes(path.read_bytes().replace(RECORDED_HOME.encode(), str(home).encode()))


def move_database(path: Path, home: Path) -> None:
    db = sqlite3.connect(path)
    for table, column in (("session", "directory"), ("message", "data"), ("part", "data")):
        db.execute(f"update {table} set {column} = replace({column}, ?, ?)", (RECORDED_HOME, str(home)))
    db.commit()
    db.close()


# -- what was served ---------------------------------------------------------------


def served(usage: dict[str, int]) -> Tokens:
    """Every client's spelling: thoughts and reasoning are output, what a tool adds to the prompt is input."""
    if "input_tokens" in usage:
        return tuple(
            usage[key] for key in ("requests", "input_tokens", "output_tokens", "cache_read_tokens", "reasoning_tokens")
        )
    reasoning = usage.get("thoughts", usage.get("reasoning_in_output", usage.get("reasoning", 0)))
    inside = "reasoning_in_output" in usage
    output = usage["output_without_reasoning"] if "output_without_reasoning" in usage else usage["output"]
    given = usage["input_uncached"] + usage.get("tool_use_prompt", 0)
    return usage["responses"], given, output + (0 if inside else reasoning), usage["cache_read"], reasoning


def truth_tokens(truth: dict[str, Any], unwritten: dict[str, Tokens]) -> dict[tuple[str, str], Tokens]:
    """By kind and model, without the requests that the client never writes. A compaction is the main thread's."""
    found: dict[tuple[str, str], Tokens] = {}
    for kind, models in truth["tokens_by_kind"].items():
        for model, usage in models.items() if kind != "utility" else ():
            where = ("subagent" if kind == "subagent" else "main", model)
            found[where] = tuple(a + b for a, b in zip(found.get(where, (0,) * 5), served(usage), strict=True))
    for model, lost in unwritten.items():
        found["main", model] = tuple(a - b for a, b in zip(found["main", model], lost, strict=True))
    return found


def truth_calls(truth: dict[str, Any]) -> list[tuple[str, int]]:
    """`inner_tool_calls` are the commands that a script ran."""
    calls = [*truth["tool_calls"], *truth.get("inner_tool_calls", [])]
    return sorted((call["name"], int(call["ok"])) for call in calls)


def typed(truth: dict[str, Any]) -> list[str]:
    return [prompt for prompt in truth["prompts"] if not prompt.startswith("/")]


# -- what is stored ------------------------------------------------------------------


def stored_tokens(recorder: Recorder) -> dict[tuple[str, str], Tokens]:
    rows = recorder.connection.execute(
        f"""select case when agent_id is null then 'main' else 'subagent' end, model, {COLUMNS}
        from token_usage group by 1, 2"""
    )
    return {row[:2]: row[2:] for row in rows}


def stored_calls(recorder: Recorder) -> list[tuple[str, int]]:
    return sorted(recorder.connection.execute("select tool_name, success from tool_calls").fetchall())


def stored_prompts(recorder: Recorder) -> list[str]:
    return [row[0] for row in recorder.connection.execute("select prompt from turns order by started_at")]


def record(recorder: Recorder, sources: Iterable[Source]) -> ingest.Outcome:
    """What a sync does, with the commits."""
    known = disk.cursors(recorder.connection)
    batches = [
        ingest.read(source, known.get(str(source.path), (0,) * 3 + (None,))[3], "redacted") for source in sources
    ]
    commits = ingest.commits_in(batches, CommitCache())
    return ingest.store(recorder.connection, batches, recorder.settings, "sync", commits=commits)


def repository(folder: Path, truth: dict[str, Any]) -> None:
    """The commits of the truth at their seconds, in the folder where the client worked."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q")
    git(folder, "commit", "-q", "--allow-empty", "-m", "start", when="2026-01-01T00:00:00+00:00")
    for commit in truth["commits"]:
        for file in commit["numstat"]:
            with (folder / file["path"]).open("a") as out:
                out.write("line\n" * file["added"])
        git(folder, "add", "-A")
        git(folder, "commit", "-q", "-m", commit["subject"], when=commit["committed"])


def git(folder: Path, *args: str, when: str = "") -> None:
    dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when} if when else {}
    subprocess.run(["git", *args], cwd=folder, check=True, env={**os.environ, **dates})


def stored_commits(recorder: Recorder) -> list[tuple[str, str, int]]:
    rows = recorder.connection.execute(
        "select message, attribution, lines_added from commits order by committed_at, message"
    )
    return [(row[0].splitlines()[0], row[1], row[2]) for row in rows]


def truth_commits(truth: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(c["subject"], "proven", sum(f["added"] for f in c["numstat"])) for c in truth["commits"]]
