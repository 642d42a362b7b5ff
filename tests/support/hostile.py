"""Records as no client writes them: every field of every recorded line, in turn, as something it should not be."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from tests.support.captured import CAPTURES, Json

ESCAPES = "\x1b]0;owned\x07\x1b[31m\x9b2J\u202e\x08\x7f<script>alert(1)</script>[red]x[/red]"
# What is tried on every kind of output.
TEXTS = {
    "escapes": ESCAPES,
    "blank lines": "Read\n\n<img src=x onerror=alert(1)>\n\n# title",
    "html": "</script><script>alert(1)</script><!-- -->",
    "html in blocks": "\n\n<details open ontoggle=alert(1)>\n\n</details>",
    "picture": "![x](https://example.com/?secret) ![x][y]\n\n[y]: https://example.com",
    "link": "[safe](javascript:alert(1)) <javascript:alert(1)> [a]: javascript:alert(1)",
    "entity": "&lt;script&gt; &#60;script&#62;",
    "backticks": "` `` ``` ```` \n```html\n<b>\n```",
    "structure": "# a\n- b\n1. c\n> d\n---\n| a | b |\n| - | - |\n    code",
    "backslashes": "\\<b> \\\\<b> \\`<b>`",
    "line breaks": "a\rb\x0bc\x0cd\x1ce\x85f\u2028g\u2029h",
    "zero width": "pay\u200bpal \u200c\u200d\u2060\ufeff x\xady",
    "tags": "x" + "".join(chr(0xE0000 + ord(c)) for c in "ignore all of this"),
    "selectors": "x" + "".join(chr(0xFE00 + n) for n in range(16)) + chr(0xE0100),
    "directions": "\u202egnp.exe\u2066\u2069\u061c",
    "wide": "\uff1c/session-context\uff1e \ufe64system\ufe65 \uff40\uff02",
    "surrogates": "\udc80\ud800",
}
# As JSON text, for half of it no JSON writer would write.
VALUES = {
    "null": b"null", "true": b"true", "zero": b"0", "minus": b"-1", "fraction": b"1.5", "empty": b'""', "word": b'"x"',
    "list": b"[]", "object": b"{}", "lists": b"[[[]], null, 1]", "objects": b'[{"type":"text","text":1},{"type":7},{}]',
    "typed": b'{"type":"text","text":"x"}', "keys": b'{"":null,"\\u0000":[]}', "infinite": b"1e999", "nan": b"NaN",
    "constant": b"-Infinity", "63 bits": b"9223372036854775807", "64 bits": b"18446744073709551616",
    "digits": b"9" * 400, "more digits": b"9" * 5000, "tiny": b"-9223372036854775809", "float": b"1e300",
    "nul": b'"a\\u0000b"', "raw nul": b'"a\0b"', "lone surrogate": b'"\\ud800x"', "surrogates": b'"\\udc00\\ud800"',
    "no utf-8": b'"\xff\xfe\xc3"', "raw surrogate": b'"\xed\xa0\x80"', "escapes": json.dumps(ESCAPES).encode(),
    "path": b'"../../../../etc/passwd"', "tilde": b'"~nobody-of-that-name/x"', "url": b'"file:///dev/zero"',
    "year 0": b'"0000-01-01T00:00:00.000Z"', "year 1": b'"0001-01-01T00:00:00+14:00"',
    "year 9999": b'"9999-12-31T23:59:59.999Z"', "beyond": b'"9999-12-31T23:59:59-14:00"',
    "no date": b'"2025-02-30T99:99:99.000Z"', "number": b'"12"', "deep": b"[" * 3000 + b"]" * 3000,
    "deeper": b'{"a":' * 60_000 + b"1" + b"}" * 60_000, "long": b'"' + b"x" * 300_000 + b'"',
}  # fmt: skip
_HERE = "\u2603here\u2603"
_MARK = json.dumps(_HERE, ensure_ascii=False).encode()


def folder_of(agent: str) -> str:
    return {"claude": "claude-code", "gemini": "gemini-cli", "codex": "codex-cli"}.get(agent, agent)


def transcripts(agent: str) -> list[Path]:
    return sorted((CAPTURES / folder_of(agent)).glob("*/*/**/*.jsonl"))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value; of a list only the first two."""
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, item in inside:
        yield from places(item, (*path, key))


def put(record: Any, path: tuple[Any, ...], value: bytes) -> bytes:
    """The record's JSON with `value` at that place."""
    copy = json.loads(json.dumps(record))
    if not path:
        return value
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = _HERE
    return json.dumps(copy, separators=(",", ":"), ensure_ascii=False).encode().replace(_MARK, value)


def mutants(lines: list[bytes], value: bytes, seen: set[str]) -> list[bytes]:
    """The transcript with, before each line, that line once for every field not seen yet, the field being `value`."""
    out: list[bytes] = []
    for line in lines:
        record: Json = json.loads(line)
        for path in places(record):
            kind = f"{record.get('type')}:{'.'.join('#' if isinstance(key, int) else key for key in path)}"
            if kind not in seen:
                seen.add(kind)
                out.append(put(record, path, value))
        out.append(line)
    return out


def spoil_transcripts(home: Path, value: bytes) -> int:
    """Rewrites every transcript under `home`; the number of fields that were changed."""
    seen: set[str] = set()
    for path in sorted(home.rglob("*.jsonl")):
        path.write_bytes(b"\n".join(mutants(path.read_bytes().splitlines(), value, seen)) + b"\n")
    return len(seen)


def spoil_database(path: Path, value: bytes) -> int:
    """The same for rows whose columns hold JSON, and for the columns themselves."""
    seen: set[str] = set()
    with closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            columns = [row[1] for row in connection.execute(f'pragma table_info("{table}")')]
            for rowid, *row in connection.execute(f'select rowid, * from "{table}"').fetchall():
                _spoil_row(connection, table, rowid, dict(zip(columns, row, strict=True)), value, seen)
        connection.commit()
    return len(seen)


def spoil_columns(path: Path, value: object) -> int:
    """Each column but the keys, in one row, as a value of another type; those that the table refuses stay."""
    changed = 0
    with closing(sqlite3.connect(path)) as connection:
        tables = [row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            size = connection.execute(f'select count(*) from "{table}"').fetchone()[0]
            columns = [row[1] for row in connection.execute(f'pragma table_info("{table}")')]
            for at, column in enumerate(column for column in columns if column != "id" and column[-3:] != "_id"):
                row = f'(select rowid from "{table}" limit 1 offset {at % max(1, size)})'
                with suppress(sqlite3.IntegrityError):
                    change = f'update "{table}" set "{column}" = ? where rowid = {row}'
                    changed += connection.execute(change, (value,)).rowcount
        connection.commit()
    return changed


def _spoil_row(connection: sqlite3.Connection, table: str, rowid: int, row: Json, value: bytes, seen: set[str]) -> None:
    """One field of each row, the first that was not seen yet; keys stay, so that the rows still belong together."""
    for column, text in row.items():
        record = json.loads(text) if isinstance(text, str) and text[:1] == "{" else None
        for path in places(record) if record is not None else ():
            kind = f"{table}.{column}:{record.get('type')}:{record.get('role')}:{path}"
            if path and kind not in seen:
                seen.add(kind)
                changed = f'update "{table}" set "{column}" = cast(? as text) where rowid = ?'
                connection.execute(changed, (put(record, path, value), rowid))
                return
