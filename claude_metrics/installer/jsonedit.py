"""Edit JSON text at one place: what an insertion adds, a removal takes away, and every other byte stays.

Each function takes a parsed document and returns the whole new text. New text follows the file's own habits:
its line ends, its indentation, one line or several.
"""

import json
from typing import Any

from claude_metrics.installer.jsontext import Document, Node


def insert(doc: Document, into: Node, value: Any, key: str | None = None) -> str:
    """Add `value` (under `key`, in an object) after the last child of `into`."""
    lead = _lead(doc, into)
    added = lead + _render(doc, value, key, _indent(lead) if _breaks(lead) else None)
    if into.children:
        last = into.children[-1].end
        glue = "," if _breaks(lead) or not _spaced(doc) else ", "
        return doc.text[:last] + glue + (added if _breaks(lead) else added.strip()) + doc.text[last:]
    tail = _newline(doc) + _line_indent(doc, into.start) if _breaks(lead) else ""
    return doc.text[: into.start + 1] + added + tail + doc.text[into.end - 1 :]


def remove(doc: Document, from_: Node, index: int, hole: str = "") -> str:
    """Take child `index` away together with one comma; `hole` is left between the brackets of an emptied container."""
    children = from_.children
    if len(children) == 1:
        return doc.text[: from_.start + 1] + hole + doc.text[from_.end - 1 :]
    if index:
        return doc.text[: children[index - 1].end] + doc.text[children[index].end :]
    return doc.text[: children[0].left] + doc.text[children[1].left :]


def replace(doc: Document, node: Node, value: Any) -> str:
    """Put another value in the place of `node`; on one line if that one was."""
    indent = _line_indent(doc, node.start) if _breaks(doc.text[node.start : node.end]) else None
    return doc.text[: node.start] + _render(doc, value, None, indent) + doc.text[node.end :]


def hole(doc: Document, node: Node) -> str | None:
    """What stands between the brackets of an empty container; None when it is not empty."""
    return None if node.children else doc.text[node.start + 1 : node.end - 1]


def _render(doc: Document, value: Any, key: str | None, indent: str | None) -> str:
    if indent is None:
        spaces = (", ", ": ") if _spaced(doc) else (",", ":")
        text = json.dumps(value, ensure_ascii=False, separators=spaces)
    else:
        text = json.dumps(value, ensure_ascii=False, indent=_unit(doc)).replace("\n", _newline(doc) + indent)
    colon = ": " if _spaced(doc) else ":"
    return text if key is None else json.dumps(key, ensure_ascii=False) + colon + text


def _lead(doc: Document, into: Node) -> str:
    """The white space before a new child: as before the first one, or one step further in than the bracket's line."""
    if into.children:
        lead = doc.text[into.start + 1 : into.children[0].left]
        return _newline(doc) + _indent(lead) if _breaks(lead) else lead
    root = doc.root
    if root.children and not _breaks(doc.text[root.start + 1 : root.children[0].left]):
        return ""
    return _newline(doc) + _line_indent(doc, into.start) + _unit(doc)


def _unit(doc: Document) -> str:
    root = doc.root
    lead = doc.text[root.start + 1 : root.children[0].left] if root.children else "\n  "
    return _indent(lead).removeprefix(_line_indent(doc, root.start)) if _breaks(lead) else "  "


def _spaced(doc: Document) -> bool:
    """Is a colon followed by a space in this file? Told by the root's first member."""
    if not doc.root.children:
        return True
    return doc.text[doc.root.children[0].start - 1] != ":"


def _newline(doc: Document) -> str:
    first = doc.text.find("\n")
    return "\r\n" if first > 0 and doc.text[first - 1] == "\r" else "\n"


def _breaks(text: str) -> bool:
    return "\n" in text or "\r" in text


def _indent(lead: str) -> str:
    return lead[max(lead.rfind("\n"), lead.rfind("\r")) + 1 :]


def _line_indent(doc: Document, at: int) -> str:
    line = doc.text[max(doc.text.rfind("\n", 0, at), doc.text.rfind("\r", 0, at)) + 1 : at]
    line = line.removeprefix("\ufeff")
    return line[: len(line) - len(line.lstrip(" \t"))]
