"""Only the store says insert, update or delete, and only its `transaction` begins and commits."""

import ast
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from claude_metrics.store import connection as database
from claude_metrics.store.transaction import transaction
from tests.support.checkout import ROOT

PACKAGE = ROOT / "claude_metrics"
READERS = [
    path
    for folder in (PACKAGE, ROOT / "hooks", ROOT / "grafana" / "src")
    for path in sorted(folder.rglob("*.py"))
    if PACKAGE / "store" not in path.parents
]
STORE = sorted((PACKAGE / "store").glob("*.py"))
WRITING = re.compile(
    r"""\b(
        insert \s+ (or \s+ \w+ \s+)? into
      | replace \s+ into
      | delete \s+ from
      | update \s+ [\w.]+ (\s+ as \s+ \w+)? \s+ set
      | (create|drop|alter) \s+ (temp \s+ | unique \s+)* (table|index|view|trigger)
    )\b | ^\s*(vacuum|analyze|reindex)\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
TRANSACTION = re.compile(r"\s*(begin\s+(immediate|exclusive)|commit|rollback|end|savepoint)\b", re.IGNORECASE)
WRITING_METHODS = {"executescript", "executemany", "commit", "rollback"}


def statements(path: Path) -> list[str]:
    """Every text in the code; the parts of one with placeholders are put together."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.JoinedStr):
            found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.append(node.value)
    return found


def writes(path: Path) -> list[str]:
    return [text for text in statements(path) if WRITING.search(text)]


def method_calls(path: Path) -> list[tuple[str, object]]:
    """Each call of a method: its name and its first argument, where that is a plain text."""
    nodes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    return [
        (node.func.attr, node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None)
        for node in nodes
        if isinstance(node.func, ast.Attribute)
    ]


def transactions(path: Path) -> list[str]:
    """What the file executes to begin or end a writing transaction."""
    executed = [str(text) for name, text in method_calls(path) if name == "execute"]
    return [text for text in executed if TRANSACTION.match(text)]


@pytest.mark.parametrize("path", READERS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_other_room_writes(path: Path) -> None:
    assert writes(path) == []
    assert transactions(path) == []
    assert not {name for name, _ in method_calls(path)} & WRITING_METHODS


@pytest.mark.parametrize("path", STORE, ids=lambda path: path.name)
def test_a_transaction_is_begun_in_one_place(path: Path) -> None:
    assert bool(transactions(path)) == (path.name == "transaction.py")
    assert not {name for name, _ in method_calls(path)} & {"executescript", "commit", "rollback"}


@pytest.mark.parametrize(
    "text",
    [
        "insert or ignore into meta values (?)",
        "update sessions as s set a = 1",
        "update x set a = 1",
        "\n    delete from copies",
        "create unique index a on b (c)",
        "vacuum",
    ],
)
def test_a_writing_statement_would_be_found(text: str) -> None:
    assert WRITING.search(text)


@pytest.mark.parametrize("ending", [ValueError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_a_transaction_that_ends_early_leaves_nothing(tmp_path: Path, ending: type[BaseException]) -> None:
    with closing(database.connect(tmp_path / "m.db")) as connection:
        with pytest.raises(ending), transaction(connection):
            connection.execute("insert into meta values ('half', '1')")
            raise ending
        assert not connection.in_transaction
        assert not connection.execute("select 1 from meta where key = 'half'").fetchall()


def test_a_transaction_that_cannot_commit_is_rolled_back(tmp_path: Path) -> None:
    with closing(database.connect(tmp_path / "m.db")) as connection:
        connection.execute("pragma busy_timeout = 0")
        reader = sqlite3.connect(tmp_path / "m.db", isolation_level=None)
        reader.execute("begin")
        reader.execute("select * from meta").fetchall()  # holds a shared lock, which a commit has to wait for
        with pytest.raises(sqlite3.OperationalError, match="locked"), transaction(connection):
            connection.execute("insert into meta values ('half', '1')")
        assert not connection.in_transaction
        reader.close()
        assert not connection.execute("select 1 from meta where key = 'half'").fetchall()


def test_a_transaction_waits_for_no_statement_to_take_its_lock(tmp_path: Path) -> None:
    with closing(database.connect(tmp_path / "m.db")) as one, closing(database.connect(tmp_path / "m.db")) as two:
        two.execute("pragma busy_timeout = 0")
        with transaction(one), pytest.raises(sqlite3.OperationalError, match="locked"), transaction(two):
            pass
        with transaction(two):
            pass
