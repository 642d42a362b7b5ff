"""The two kinds of hook file behind one face: a JSON file shared with others, and a file that is all ours.

`put` and `take` are pure: bytes in, bytes out (None: no file). What must be remembered goes into the receipt.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from claude_metrics import paths
from claude_metrics.agents.hook_spec import DropFile, EventSet, JsonHook
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer import edits
from claude_metrics.installer.command import call_of, gone, guarded
from claude_metrics.installer.entries import Entry, Wanted, entries, states
from claude_metrics.installer.jsontext import BOM, Document, decode, parse
from claude_metrics.installer.receipt import Receipt

State = Literal["absent", "current", "outdated", "untrusted", "unreadable"]
EMPTY = "{}\n"
MARKER = b"// claude-metrics:"
COMMAND = '["__CLAUDE_METRICS_COMMAND__"]'


class Target(Protocol):
    @property
    def events(self) -> list[str]: ...
    def holds_ours(self, data: bytes | None) -> bool: ...
    def put(self, before: bytes | None, words: list[str], receipt: Receipt) -> bytes: ...
    def take(self, before: bytes | None, receipt: Receipt) -> bytes | None: ...
    def states(self, data: bytes | None, words: list[str]) -> Iterator[tuple[str, State, str]]: ...


@dataclass(frozen=True)
class SharedJson:
    spec: JsonHook
    file: Path
    event_set: EventSet

    @property
    def events(self) -> list[str]:
        return list(self.spec.events[self.event_set])

    def holds_ours(self, data: bytes | None) -> bool:
        text = self._text(data)
        return any(entries(parse(text, str(self.file)), self.spec))

    def put(self, before: bytes | None, words: list[str], receipt: Receipt) -> bytes:
        if before is None:
            receipt.made_file = True
        elif not (blank := decode(before, str(self.file))).strip(BOM + " \t\r\n"):
            receipt.blank = blank
        text = edits.put(self._text(before), str(self.file), self._wanted(self._line(words)), receipt)
        return text.encode("utf-8")

    def take(self, before: bytes | None, receipt: Receipt) -> bytes | None:
        if not self.holds_ours(before):
            return before
        text = edits.take(self._text(before), str(self.file), self._wanted(""), receipt)
        if not parse(text, str(self.file)).root.children:
            if receipt.made_file:
                return None
            if receipt.blank is not None:
                return receipt.blank.encode("utf-8")
        return text.encode("utf-8")

    def states(self, data: bytes | None, words: list[str]) -> Iterator[tuple[str, State, str]]:
        doc = parse(self._text(data), str(self.file))
        for event, entry, why in states(doc, self._wanted(self._line(words))):
            if entry is None:
                yield event, "absent", ""
            elif missing := self._missing(doc, entry):
                orphan = f"orphan: {missing} is gone, the hook does nothing"
                yield event, "outdated", f"{orphan}; {why}" if why else orphan
            elif why:
                yield event, "outdated", why
            else:
                pending = self._pending(doc, entry)
                yield event, "untrusted" if pending else "current", pending or ""

    def _missing(self, doc: Document, entry: Entry) -> str | None:
        node = entry.hook.get("command")
        return gone(call_of(doc.value(node)) or []) if node else None

    def _line(self, words: list[str]) -> str:
        return guarded(words, self.spec.windows_shell if os.name == "nt" else "sh")

    def _pending(self, doc: Document, entry: Entry) -> str | None:
        if self.spec.trust is None:
            return None
        return self.spec.trust(self.file, entry.event, entry.group_index, entry.index or 0, doc.value(entry.group))

    def _wanted(self, command: str) -> Wanted:
        return Wanted(self.spec, self.event_set, command)

    def _text(self, data: bytes | None) -> str:
        text = "" if data is None else decode(data, str(self.file))
        return text if text.strip(BOM + " \t\r\n") else EMPTY


@dataclass(frozen=True)
class OwnFile:
    """Known by its first line; a file of that name without it is somebody else's."""

    spec: DropFile
    file: Path

    @property
    def events(self) -> list[str]:
        return ["plugin"]

    def holds_ours(self, data: bytes | None) -> bool:
        return data is not None and data.startswith(MARKER)

    def put(self, before: bytes | None, words: list[str], receipt: Receipt) -> bytes:
        if before is not None and not self.holds_ours(before):
            raise ClaudeMetricsError(
                f"a file of that name exists and is not ours; {self.file}; move it away, then try again"
            )
        receipt.made_file = True
        template = paths.asset(self.spec.template).read_text(encoding="utf-8")
        return template.replace(COMMAND, json.dumps(words)).encode("utf-8")

    def take(self, before: bytes | None, receipt: Receipt) -> bytes | None:
        return None if self.holds_ours(before) else before

    def states(self, data: bytes | None, words: list[str]) -> Iterator[tuple[str, State, str]]:
        if not self.holds_ours(data):
            yield "plugin", "absent", "" if data is None else "a file of that name is not ours"
        elif data != self.put(data, words, Receipt("")):
            yield "plugin", "outdated", "made by another version or for other paths"
        else:
            yield "plugin", "current", ""
