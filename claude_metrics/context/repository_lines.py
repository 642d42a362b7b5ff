"""Repositories as lines of the note."""

from claude_metrics.context.repositories import Repository
from claude_metrics.context.text import ago, clean, clean_path, several


def ordered(states: list[Repository]) -> list[Repository]:
    """The workspace itself, then those with something to do, then the rest."""
    return sorted(states, key=lambda state: (state.path != ".", not state.needs_attention, state.path))


def line(state: Repository, now: float) -> str:
    name = clean_path(state.path)
    if state.problem:
        return f"{name}: {clean(state.problem, 120)}"
    return f"{name}: {_branch(state)}{_distance(state, now)}; {_changes(state)}; {_last_commit(state, now)}"


def _branch(state: Repository) -> str:
    return f"on {clean(state.branch, 60)}" if state.branch else f"detached at {_short(state.commit)}"


def _distance(state: Repository, now: float) -> str:
    if not state.upstream:
        return ", no upstream" if state.branch else ""
    name = clean(state.upstream, 60)
    if state.ahead is None or state.behind is None:
        return f", upstream {name} is gone"
    fetched = f" (fetched {ago(now - state.fetched_at)})" if state.fetched_at else ""
    parts = [f"{count:,} {word}" for count, word in ((state.ahead, "ahead of"), (state.behind, "behind")) if count]
    return f", {' and '.join(parts) or 'in step with'} {name}{fetched}"


def _changes(state: Repository) -> str:
    counts = ((state.conflicts, "in conflict"), (state.changed, "changed"), (state.untracked or 0, "untracked"))
    parts = [f"{count:,} {word}" for count, word in counts if count]
    if state.untracked is None:
        parts.append("untracked files not counted: no time")
    return ", ".join(parts) or "clean"


def _last_commit(state: Repository, now: float) -> str:
    if not state.commit:
        return "no commit yet"
    if state.committed_at is None:
        return f"last commit {_short(state.commit)}"
    age = ago(now - state.committed_at)
    return f'last commit {age}, {_short(state.commit)} "{clean(state.subject, 72)}"'


def _short(sha: str | None) -> str:
    return clean((sha or "unknown")[:9])


def left_out(late: int, not_checked_out: list[str], complete: bool) -> list[str]:
    """Lines for what the list does not show."""
    lines = []
    if late:
        lines.append(f"{several(late, 'repository', 'repositories')} left out: no answer in time")
    if not_checked_out:
        names = ", ".join(clean_path(name, 40) for name in not_checked_out[:5])
        more = ", ..." if len(not_checked_out) > 5 else ""
        lines.append(f"{several(len(not_checked_out), 'submodule')} not checked out: {names}{more}")
    if not complete:
        lines.append("there may be more: not all folders were looked through")
    return lines
