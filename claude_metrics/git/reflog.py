"""Reflogs: which commits were made in this copy of a repository, when, and on which branch."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

# What git writes into a reflog for a commit made here, not for one that was fetched or moved to.
_MADE = re.compile(r"^(commit|merge|cherry-pick|revert|rebase|am|pull|subtree|filter-branch)\b")
_MOVED = re.compile(r"^(merge|pull|rebase)\b.*: [Ff]ast-forward$|^(rebase|pull)\b.*\((start|finish|abort|quit)\): ")
_LEFT = re.compile(r"^checkout: moving from (\S+) to |^rebase[^:]*\(finish\): returning to refs/heads/(\S+)")


@dataclass(slots=True)
class Reflogs:
    times: list[int] = field(default_factory=list)
    made: dict[str, str | None] = field(default_factory=dict)  # commit -> branch, where it is known
    verbs: dict[str, str] = field(default_factory=dict)  # commit -> the git command that made it

    def knows(self, since: float, until: float) -> bool:
        """Whether anything was written then: if so, a commit that is missing in it was not made here."""
        return bisect_left(self.times, since) < bisect_right(self.times, until)


def parse(text: str, branch: str | None) -> Reflogs:
    """`text` is newest first. An entry of HEAD that leaves a branch tells on which branch the older ones were made."""
    logs = Reflogs()
    current: dict[str, str | None] = {"HEAD": branch}
    for sha, name, action in _entries(text):
        ref, _, when = name.removesuffix("}").partition("@{")
        if when.isdecimal():
            logs.times.append(int(when))
        if left := _LEFT.match(action):
            target = left[1] or left[2]
            current[ref] = "HEAD" if re.fullmatch(r"[0-9a-f]{40,64}", target) else target
        elif (verb := _MADE.match(action)) and not _MOVED.search(action):
            logs.verbs[sha] = verb[1]
            if ref.startswith("refs/heads/"):
                logs.made[sha] = ref.removeprefix("refs/heads/")
            else:
                logs.made.setdefault(sha, current.get(ref))
    logs.times.sort()
    return logs


def _entries(text: str) -> Iterator[tuple[str, str, str]]:
    parts = text.split("\0")
    for number in range(0, len(parts) - 2, 3):
        yield parts[number].strip(), parts[number + 1], parts[number + 2]
