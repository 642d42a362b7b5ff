"""Which process of the client wrote a record, told by the records and not by the clock.

A transcript is written by one process after the other (resumes), sometimes by several at once. Each record names the
one before it (`parentUuid`), so the records of two processes at work at once are two chains. A process is named by
the byte at which its first record begins; the file's first one is 0.
A new one begins with the record that follows on a process which has written its total, with a prompt that branches
off, and with a prompt that is a minute or more earlier than what stands before it: the clock was set back. A rewound
prompt branches off too; what the totals include says in the end whether two chains were one process.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from claude_metrics import clock

RECENT = 32  # records of a process that may still be named as a parent
PROCESSES = 12
SHORT = 13  # characters of a uuid that tell records of one file apart
SET_BACK_S = 60.0


@dataclass(slots=True)
class Process:
    """`recent` are the ends of its chain, the newest last; `total` is what it wrote when it ended.

    `follows` is the process whose record its first one names, `program` how it was started (`entrypoint`).
    """

    name: int
    follows: int | None = None
    program: str = ""
    recent: list[str] = field(default_factory=list)
    at: str = ""
    total: str = ""


class Lineage:
    """The processes of one transcript, in the order of their latest record."""

    def __init__(self, kept: list[Any]) -> None:
        self.leaf: str = kept[0] if kept else ""
        self.processes = [Process(*row) for row in kept[1:]]

    def kept(self) -> list[Any]:
        """What the next piece of the file needs of it, as plain JSON."""
        return [self.leaf, *([p.name, p.follows, p.program, p.recent, p.at, p.total] for p in self.processes)]

    def process_of(
        self, uuid: str, parent: str | None, stamp: str | None, begin: int, program: str = "", turn: bool = False,
        restarted: bool = False,
    ) -> int:  # fmt: skip
        """The process of a record that begins at byte `begin`.

        `turn`: the model is to answer it. `restarted`: it says itself that the process before it was killed.
        """
        found = self._parents_process(parent)
        if found is None or restarted or self._begins(found, parent, stamp, turn):
            found = Process(begin if self.processes else 0, found.name if found else None)
            self.processes = [*self.processes[-PROCESSES + 1 :], found]
        elif found is not self.processes[-1]:
            self.processes.remove(found)
            self.processes.append(found)
        found.recent = [*found.recent[-RECENT + 1 :], uuid[:SHORT]]
        found.at, found.program = stamp or found.at, found.program or program
        return found.name

    def _parents_process(self, parent: str | None) -> Process | None:
        for process in reversed(self.processes):
            if parent and parent[:SHORT] in process.recent:
                return process
        return self.processes[-1] if self.processes else None

    @staticmethod
    def _begins(found: Process, parent: str | None, stamp: str | None, turn: bool) -> bool:
        if found.total:
            return True
        if not turn or not found.recent:
            return False
        branches_off = parent is not None and parent[:SHORT] != found.recent[-1]
        return branches_off or bool(stamp and found.at and _set_back(found.at, stamp))

    def ended(self, total: str) -> Process:
        """The process that wrote a total: the one whose last record the line before it names, else the latest one.

        Interactively the total is written twice, and only the second time behind that line.
        """
        if not self.processes:
            self.processes.append(Process(0))
        named = (p for p in self.processes if p.recent[-1:] == [self.leaf] and p.total in ("", total))
        found = next(named, self.processes[-1])
        for other in self.processes:
            if other.total == total and other is not found:
                other.total = ""
        found.total = total
        return found

    def last_prompt(self, leaf: str | None) -> None:
        self.leaf = (leaf or "")[:SHORT]


def _set_back(before: str, after: str) -> bool:
    return after < before and clock.to_seconds(before) - clock.to_seconds(after) >= SET_BACK_S
