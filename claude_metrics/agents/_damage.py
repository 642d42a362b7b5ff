"""Lines that a crash or a torn write left: runs of NUL bytes, half a record before a whole one, two on one line.

Seen in https://github.com/anthropics/claude-code/issues/76059 (NUL bytes) and 52387 (half a record).
"""

from __future__ import annotations

import json
import re

BOM = b"\xef\xbb\xbf"
FILLING = b"\0 \t\r\n"
MOST_TRIES = 200
# How a record begins: with one of the names that stand at its top. Within a text the quotes would be escaped.
_BEGIN = re.compile(
    r'\{"(?:parentUuid|type|isSidechain|uuid|sessionId|timestamp|message|payload|requestId|id|logicalParentUuid|cwd)"'
)
_DECODER = json.JSONDecoder()


def whole_records(line: bytes) -> list[bytes]:
    """Every whole record in a line that is not one itself, in order."""
    text = line.strip(FILLING).removeprefix(BOM).decode("latin-1")  # a character a byte: only the bounds are needed
    records, at = [], 0
    for tries, begin in enumerate(found.start() for found in _BEGIN.finditer(text)):
        if tries == MOST_TRIES:
            break
        if begin < at:
            continue
        try:
            value, end = _DECODER.raw_decode(text, begin)
        except (ValueError, RecursionError):
            continue
        if is_record(value):
            records.append(text[begin:end].encode("latin-1"))
            at = end
    return records


def is_record(value: object) -> bool:
    """True for what stands at the top of a line: it says its kind, and when or in which session it was written."""
    return isinstance(value, dict) and isinstance(value.get("type"), str) and bool(value.keys() & _AT_TOP)


_AT_TOP = {"timestamp", "sessionId"}


def is_noted(line: bytes, whole: list[bytes]) -> bool:
    """True when more than filling is left of the line without its whole records."""
    left = line.strip(FILLING).removeprefix(BOM)
    for record in whole:
        left = left.replace(record, b"", 1)
    return bool(left.strip(FILLING))
