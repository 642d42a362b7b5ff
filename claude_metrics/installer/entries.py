"""Our entries in an agent's JSON hook file: where they stand, what they should say, and how far they are from it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from claude_metrics.agents.hook_spec import EventSet, JsonHook, Slot
from claude_metrics.installer.command import event_set_of
from claude_metrics.installer.jsontext import Document, Node

FIX = "correct it by hand (the agent ignores it as it is), then try again"


@dataclass(frozen=True, slots=True)
class Entry:
    """One of our hooks: in `group` at `index`, or, in a flat list (`index` None), the group itself."""

    event: str
    group_index: int
    index: int | None
    group: Node
    hook: Node
    event_set: EventSet

    @property
    def siblings(self) -> Node:
        """The list in which the entry stands, within its group."""
        return self.group.children[self.group.keys.index("hooks")]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one event set should look like in a file."""

    spec: JsonHook
    event_set: EventSet
    command: str

    @property
    def slots(self) -> dict[str, Slot]:
        return dict(self.spec.events[self.event_set])

    def hook(self, slot: Slot) -> dict[str, Any]:
        timeout = slot.timeout * (1000 if self.spec.timeout_unit == "ms" else 1)
        return {**self.spec.fields, "command": self.command, "timeout": timeout}

    def group(self, slot: Slot) -> dict[str, Any]:
        matcher = {} if slot.matcher is None else {"matcher": slot.matcher}
        return {**matcher, **self.hook(slot)} if self.spec.shape == "flat" else {**matcher, "hooks": [self.hook(slot)]}

    def misshapen(self, entry: Entry) -> bool:
        return (entry.index is None) != (self.spec.shape == "flat")

    def entries(self, doc: Document) -> list[Entry]:
        return [entry for entry in entries(doc, self.spec) if entry.event_set == self.event_set]


def entries(doc: Document, spec: JsonHook) -> Iterator[Entry]:
    """All of ours, of every event set."""
    hooks = doc.root.get("hooks")
    if hooks is None:
        return
    if hooks.kind != "object":
        doc.fault(hooks, '"hooks" is not an object', FIX)
    known = {event for slots in spec.events.values() for event in slots}
    for event, groups in zip(hooks.keys, hooks.children, strict=True):
        if groups.kind == "array":
            for group_index, group in enumerate(groups.children):
                yield from _in_group(doc, event, group_index, group)
        elif event in known:
            doc.fault(groups, f'"hooks.{event}" is not a list', FIX)


def _in_group(doc: Document, event: str, group_index: int, group: Node) -> Iterator[Entry]:
    inner = group.get("hooks")
    hooks = enumerate(inner.children if inner and inner.kind == "array" else ())
    for index, hook in [(None, group), *hooks]:
        command = hook.get("command")
        event_set = event_set_of(doc.value(command)) if command else None
        if event_set:
            yield Entry(event, group_index, index, group, hook, event_set)


def states(doc: Document, wanted: Wanted) -> Iterator[tuple[str, Entry | None, str]]:
    """(event, our entry if there is one, why it is outdated or ""): one per event, then what does not belong."""
    ours = wanted.entries(doc)
    for event, slot in wanted.slots.items():
        here = [entry for entry in ours if entry.event == event]
        if not here:
            yield event, None, ""
        else:
            yield event, here[0], "present more than once" if here[1:] else why_outdated(doc, wanted, slot, here[0])
    for entry in ours:
        if entry.event not in wanted.slots:
            yield entry.event, entry, "this event is not used any more"


def why_outdated(doc: Document, wanted: Wanted, slot: Slot, entry: Entry) -> str:
    """Fields that we do not set are the user's: they make nothing outdated."""
    if wanted.misshapen(entry):
        return "in a form that the agent ignores"
    for key, value in wanted.hook(slot).items():
        if differs(doc, entry.hook, key, value):
            return f"{key} is {_shown(doc, entry.hook, key)}"
    if slot.matcher is not None and differs(doc, entry.group, "matcher", slot.matcher):
        return f"matcher is {_shown(doc, entry.group, 'matcher')}"
    return ""


def differs(doc: Document, node: Node, key: str, value: Any) -> bool:
    old = node.get(key)
    return old is None or doc.value(old) != value or isinstance(doc.value(old), bool)


def _shown(doc: Document, node: Node, key: str) -> str:
    old = node.get(key)
    return "missing" if old is None else doc.text[old.start : old.end]
