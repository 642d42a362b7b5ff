"""Reflogs: which commits were made in this copy of a repository, when, and on which branch."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

FIELDS = ("%H", "%gD", "%gs", "%ct")
# What git writes into a reflog for a commit made here, not for one that was fetched or moved to.
_MADE = re.compile(r"^(commit|merge|cherry-pick|revert|rebase|am|pull|subtree|filter-branch)\b")
_FAST_FORWARD = re.compile(r"^(merge|pull|rebase)\b.*: [Ff]ast-forward$")
_MOVED = re.compile(
    r"^(rebase|pull)\b.*\((start|finish|abort|quit)\): |^(checkout|reset|clone|fetch|[Bb]ranch|update by push)\b"
)
_LEFT = re.compile(r"^checkout: moving from (\S+) to |^rebase[^:]*\(finish\): returning to refs/heads/(\S+)")
_REMOTE = ("refs/remotes/", "refs/stash", "refs/notes/", "refs/jj/")


@dataclass(slots=True)
class Reflogs:
    times: list[int] = field(default_factory=list)
    made: dict[str, str | None] = field(default_factory=dict)  # commit -> branch, where it is known
    verbs: dict[str, str] = field(default_factory=dict)  # commit -> the git command that made it
    arrived: set[str] = field(default_factory=set)  # commits that a branch was moved forward to

    def knows(self, since: float, until: float) -> bool:
        """Whether anything was written then: if so, a commit that is missing in it was not made here."""
        return bisect_left(self.times, since) < bisect_right(self.times, until)


def parse(text: str, head: str | None) -> Reflogs:
    """`text` is newest first. An entry of HEAD that leaves a branch tells on which branch the older ones were made.

    `head` is the branch of today, or "HEAD" where none is checked out.
    """
    logs = Reflogs()
    current: dict[str, str | None] = {"HEAD": head}
    for sha, name, action, committed in _entries(text):
        ref, _, when = name.removesuffix("}").partition("@{")
        if when.isdecimal():
            logs.times.append(int(when))
        if left := _LEFT.match(action):
            target = left[1] or left[2]
            current[ref] = "HEAD" if re.fullmatch(r"[0-9a-f]{40,64}", target) else target
        elif _FAST_FORWARD.match(action):
            logs.arrived.add(sha)
        elif not _MOVED.match(action) and (verb := _verb(action, ref, when, committed)) is not None:
            if verb:
                logs.verbs[sha] = verb
            if ref.startswith("refs/heads/"):
                logs.made[sha] = ref.removeprefix("refs/heads/")
            else:
                logs.made.setdefault(sha, current.get(ref))
    logs.times.sort()
    return logs


def _verb(action: str, ref: str, when: str, committed: str) -> str | None:
    """The git command that made the entry's commit, "" for another program, None for a commit not made here.

    Programs that write commits themselves (`git update-ref` in a script, jj, libraries) use their own words, or none.
    Their entry is as old as the commit; one that was fetched is older than the entry that moves a branch to it.
    """
    if made := _MADE.match(action):
        return made[1]
    same_time = when.isdecimal() and committed.isdecimal() and abs(int(when) - int(committed)) <= 1
    return "" if same_time and not ref.startswith(_REMOTE) else None


def _entries(text: str) -> Iterator[tuple[str, str, str, str]]:
    parts = text.split("\0")
    for number in range(0, len(parts) - len(FIELDS) + 1, len(FIELDS)):
        yield parts[number].strip(), parts[number + 1], parts[number + 2], parts[number + 3]
