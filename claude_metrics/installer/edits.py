"""Put our entries into an agent's JSON hook file, and take them out. Text in, text out.

Each step makes one small edit and parses again, until there is nothing left to do: slow by some microseconds, and
no step has to know what another did to the positions.
"""

from collections.abc import Mapping
from typing import Any

from claude_metrics.agents.hook_spec import JsonHook, Slot
from claude_metrics.installer.entries import Entry, Wanted, differs, entries, why_outdated
from claude_metrics.installer.jsonedit import hole, insert, remove, replace
from claude_metrics.installer.jsontext import Document, Node, parse
from claude_metrics.installer.receipt import Receipt


def put(text: str, name: str, wanted: Wanted, receipt: Receipt) -> str:
    """`text` with exactly one current entry per event of the set."""
    while True:
        step = _next_step(parse(text, name), wanted, receipt)
        if step is None:
            return text
        text = step


def _next_step(doc: Document, wanted: Wanted, receipt: Receipt) -> str | None:
    ours = wanted.entries(doc)
    for number, entry in enumerate(ours):
        if entry.event not in wanted.slots or any(entry.event == other.event for other in ours[:number]):
            return _cut(doc, entry, receipt)
    for key, value in wanted.spec.root.items():
        if key not in doc.root.keys:
            _note(doc, doc.root, "", key, receipt)
            return insert(doc, doc.root, value, key)
    for event, slot in wanted.slots.items():
        entry_here = next((entry for entry in ours if entry.event == event), None)
        if entry_here is None:
            return _add(doc, event, wanted.group(slot), receipt)
        if why_outdated(doc, wanted, slot, entry_here):
            return _mend(doc, wanted, slot, entry_here)
    return None


def _add(doc: Document, event: str, group: dict[str, Any], receipt: Receipt) -> str:
    hooks = doc.root.get("hooks")
    if hooks is None:
        _note(doc, doc.root, "", "hooks", receipt)
        receipt.note(f"hooks/{event}", None)
        return insert(doc, doc.root, {event: [group]}, "hooks")
    groups = hooks.get(event)
    if groups is None:
        _note(doc, hooks, "hooks", event, receipt)
        return insert(doc, hooks, [group], event)
    _note_hole(doc, groups, f"hooks/{event}", receipt)
    return insert(doc, groups, group)


def _note(doc: Document, into: Node, path: str, key: str, receipt: Receipt) -> None:
    _note_hole(doc, into, path, receipt)
    receipt.note(f"{path}/{key}".lstrip("/"), None)


def _note_hole(doc: Document, node: Node, path: str, receipt: Receipt) -> None:
    inside = hole(doc, node)
    if inside is not None:
        receipt.note(path, inside)


def _mend(doc: Document, wanted: Wanted, slot: Slot, entry: Entry) -> str:
    """One edit that brings an outdated entry nearer to what is wanted, in its place."""
    if wanted.misshapen(entry):
        return replace(doc, entry.group, wanted.group(slot))
    step = _set(doc, entry.hook, wanted.hook(slot))
    if step is not None:
        return step
    if entry.index is not None and len(entry.siblings.children) > 1:
        return remove(doc, entry.siblings, entry.index)  # the matcher is the other hooks' too: move out of the group
    return _set(doc, entry.group, {"matcher": slot.matcher}) or doc.text


def _set(doc: Document, node: Node, values: Mapping[str, Any]) -> str | None:
    for key, value in values.items():
        old = node.get(key)
        if old is None:
            return insert(doc, node, value, key)
        if differs(doc, node, key, value):
            return replace(doc, old, value)
    return None


def take(text: str, name: str, wanted: Wanted, receipt: Receipt) -> str:
    """`text` without our entries of the set; when none of ours is left, also without all that we had to add."""
    while True:
        doc = parse(text, name)
        mine = wanted.entries(doc)
        if not mine:
            return text if any(entries(doc, wanted.spec)) else _without_root_fields(doc, wanted.spec, receipt)
        text = _cut(doc, mine[0], receipt)


def _without_root_fields(doc: Document, spec: JsonHook, receipt: Receipt) -> str:
    hooks = doc.root.get("hooks")
    if receipt.made_file and hooks and hooks.children:
        return doc.text  # by now the user's own hooks live in the file that we made, and need these fields
    for key, value in spec.root.items():
        if key in receipt.holes and not differs(doc, doc.root, key, value):
            return remove(doc, doc.root, doc.root.keys.index(key), receipt.holes.get("") or "")
    return doc.text


def _cut(doc: Document, entry: Entry, receipt: Receipt) -> str:
    """Remove the entry, and every container that this leaves empty and that was not there, empty, before us."""
    hooks = doc.root.children[doc.root.keys.index("hooks")]
    groups = hooks.children[hooks.keys.index(entry.event)]
    chain = [
        (doc.root, doc.root.keys.index("hooks"), ""),
        (hooks, hooks.keys.index(entry.event), "hooks"),
        (groups, entry.group_index, f"hooks/{entry.event}"),
    ]
    if entry.index is not None:
        chain.append((entry.siblings, entry.index, "group"))
    while len(chain) > 1 and len(chain[-1][0].children) == 1 and receipt.holes.get(chain[-1][2]) is None:
        chain.pop()
    container, index, path = chain[-1]
    return remove(doc, container, index, receipt.holes.get(path) or "")
