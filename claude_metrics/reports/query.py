"""Usage summed by day, week, month, session, project, branch or model, over whatever part of it the reader asks for.

All of these are sums of the same `v_usage` rows (a session's quarter hour with one model), so with the same filter
every report has the same totals. SQL adds up; Python sees groups, never requests.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple

from claude_metrics.config import zones
from claude_metrics.errors import ClaudeMetricsError


@dataclass(frozen=True, slots=True)
class Filter:
    """Days (inclusive) in the reader's zone, project names or folders, parts of model names, `agent_type`s."""

    since: str | None = None
    until: str | None = None
    zone: zones.Zone = None
    projects: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()

    def clauses(self, time: str = "time", model: str | None = "model") -> tuple[str, list[Any]]:
        """`where ...` with its values, for a view that has `agent`, `project`, and a `time` in unix seconds."""
        terms, values = ["true"], list[Any]()
        if self.since:
            terms.append(f"{time} >= ?")
            values.append(zones.begin_of(self.since, self.zone))
        if self.until:
            terms.append(f"{time} < ?")
            values.append(zones.begin_of(zones.next_day(self.until), self.zone))
        if self.projects:
            one = (
                "project = ? collate nocase or session_id in (select session_id from v_sessions where project_path = ?)"
            )
            terms.append("(" + " or ".join([one] * len(self.projects)) + ")")
            values += [name for project in self.projects for name in (project, project)]
        if self.models and model:
            terms.append("(" + " or ".join([f"instr(lower({model}), lower(?))"] * len(self.models)) + ")")
            values += self.models
        if self.agents:
            terms.append(f"agent in ({', '.join('?' * len(self.agents))})")
            values += self.agents
        return "where " + " and ".join(terms), values


class Sums(NamedTuple):
    """`cost_usd` is None when no price was known; `unpriced_tokens` are those it does not stand for."""

    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_creation_tokens: int = 0
    cache_read_tokens: int = 0
    total_tokens: int = 0
    cost_usd: float | None = None
    unpriced_tokens: int = 0
    cache_savings_usd: float = 0.0

    @property
    def cache_hit_share(self) -> float | None:
        """The part of all that was sent which came from the cache."""
        sent = self.input_tokens + self.cache_creation_tokens + self.cache_read_tokens
        return self.cache_read_tokens / sent if sent else None

    def plus(self, other: Sums) -> Sums:
        costs = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        added = [(a or 0) + (b or 0) for a, b in zip(self, other, strict=True)]
        return Sums(*added)._replace(cost_usd=sum(costs) if costs else None)  # type: ignore[arg-type]


@dataclass(slots=True)
class Entry:
    """One line of a report: what it is about (`date`, `session_id`, ...), its sums, and these by model."""

    about: dict[str, Any]
    models: dict[str, Sums] = field(default_factory=dict)
    sums: Sums = field(default_factory=Sums)

    def add(self, model: str, sums: Sums) -> None:
        self.models[model] = self.models.get(model, Sums()).plus(sums)
        self.sums = self.sums.plus(sums)


# A sum may be of nothing but NULL: nothing was saved where no price is known.
_SUMS = ", ".join(
    f"coalesce(sum({name}), 0) as {name}" if name == "cache_savings_usd" else f"sum({name}) as {name}"
    for name in Sums._fields
)


def grouped(
    connection: sqlite3.Connection, where: Filter, keys: str, more: tuple[str, ...] = ()
) -> Iterable[tuple[Any, str, Sums, tuple[Any, ...]]]:
    """`(key, model, sums, values of more)` for each value of the column `keys` and the columns `more`."""
    condition, values = where.clauses()
    columns = ", ".join([keys, "model", *more])
    numbers = ", ".join(str(number + 1) for number in range(2 + len(more)))
    for row in connection.execute(f"select {columns}, {_SUMS} from v_usage {condition} group by {numbers}", values):
        yield row[0], row[1], Sums(*row[2 + len(more) :]), tuple(row[2 : 2 + len(more)])


def total(entries: Iterable[Entry]) -> Entry:
    whole = Entry({})
    for entry in entries:
        for model, sums in entry.models.items():
            whole.add(model, sums)
    return whole


# -- by time ------------------------------------------------------------------------


def sunday(day: str) -> str:
    at = date.fromisoformat(day)
    return (at - timedelta(days=(at.weekday() + 1) % 7)).isoformat()


def month(day: str) -> str:
    return day[:7]


def by_time(
    connection: sqlite3.Connection, where: Filter, name: str, label: Callable[[str], str] = str,
    split: tuple[str, ...] = (),
) -> list[Entry]:  # fmt: skip
    """A line per local day, or per whatever `label` makes of the day, and per value of the columns `split`.

    A quarter hour lies in one day of any zone.
    """
    days, begins = _days(connection, where)
    connection.create_function("day_number", 1, lambda time: bisect_right(begins, time) - 1, deterministic=True)
    entries: dict[tuple[Any, ...], Entry] = {}
    for number, model, sums, parts in grouped(connection, where, "day_number(time)", split):
        key = label(days[number])
        about = {name: key, **dict(zip(split, parts, strict=True))}
        entries.setdefault((key, *parts), Entry(about)).add(model, sums)
    return sorted(entries.values(), key=lambda e: (e.about[name], -(e.sums.cost_usd or 0), str(e.about)))


def _days(connection: sqlite3.Connection, where: Filter) -> tuple[list[str], list[int]]:
    """Every local day there can be something in, and when it begins."""
    first, last = connection.execute("select min(time), max(time) from v_usage").fetchone()
    if first is None:
        return [], []
    days, end = [zones.day_of(first, where.zone)], zones.day_of(last, where.zone)
    while days[-1] < end:
        days.append(zones.next_day(days[-1]))
    return days, [zones.begin_of(day, where.zone) for day in days]


# -- by what it was spent on ----------------------------------------------------------

_ABOUT_SESSION = (
    "session_id, agent, project, branch, title, first_prompt, start_time, parent_session_id, commits, incomplete"
)


def by_session(connection: sqlite3.Connection, where: Filter) -> list[Entry]:
    """A line per session with its usage inside the filter, in the order of the last activity there."""
    entries: dict[str, Entry] = {}
    for session_id, model, sums, _ in grouped(connection, where, "session_id"):
        entries.setdefault(session_id, Entry({"session_id": session_id})).add(model, sums)
    condition, values = where.clauses()
    lasts = connection.execute(f"select session_id, max(last_at) from v_usage {condition} group by 1", values)
    for session_id, last in lasts:
        entries[session_id].about["last_activity"] = last
    for row in connection.execute(f"select {_ABOUT_SESSION} from v_sessions"):
        if row["session_id"] in entries:
            entries[row["session_id"]].about.update(dict(row))
    return sorted(entries.values(), key=lambda entry: (entry.about["last_activity"], entry.about["session_id"]))


def by_column(
    connection: sqlite3.Connection, where: Filter, columns: tuple[str, ...], split: tuple[str, ...] = ()
) -> list[Entry]:
    """A line per value of `columns` of `v_usage` (`project`, `branch`, `model`), the costliest first.

    With further columns, `split`, those of one value stay together.
    """
    first = columns
    columns = (*columns, *(name for name in split if name not in columns))
    entries: dict[Any, Entry] = {}
    condition, values = where.clauses()
    names = ", ".join(columns)
    for row in connection.execute(
        f"select {names}, model, {_SUMS} from v_usage {condition} group by {names}, model", values
    ):
        key = tuple(row[: len(columns)])
        entry = entries.setdefault(key, Entry(dict(zip(columns, key, strict=True))))
        entry.add(row[len(columns)], Sums(*row[len(columns) + 1 :]))
    for row in connection.execute(
        f"""select {names}, count(distinct session_id), max(last_at) from v_usage {condition} group by {names}""",
        values,
    ):
        about = entries[tuple(row[: len(columns)])].about
        about["sessions"], about["last_activity"] = row[-2], row[-1]
    costs: dict[tuple[Any, ...], float] = {}
    for entry in entries.values():
        group = tuple(entry.about[name] for name in first)
        costs[group] = costs.get(group, 0) + (entry.sums.cost_usd or 0)

    def place(entry: Entry) -> tuple[Any, ...]:
        group = tuple(entry.about[name] for name in first)
        own = (-(entry.sums.cost_usd or 0), -entry.sums.total_tokens, str(entry.about))
        return (-costs[group], str(group), *own) if len(first) < len(columns) else own

    return sorted(entries.values(), key=place)


# -- what a reader has to be told --------------------------------------------------------


def understated(connection: sqlite3.Connection, where: Filter) -> tuple[int, int]:
    """`(sessions, output tokens)` that old clients did not write down, estimated from the texts."""
    condition, values = where.clauses()
    row = connection.execute(
        f"""select count(*), coalesce(sum(understated_tokens), 0) from v_sessions where understated_tokens > 0
            and session_id in (select session_id from v_usage {condition})""",
        values,
    ).fetchone()
    return row[0], row[1]


def incomplete(connection: sqlite3.Connection, where: Filter) -> dict[str, int]:
    """How many sessions miss something, by the reason; their figures are the least that is known."""
    condition, values = where.clauses()
    rows = connection.execute(
        f"""select incomplete, count(*) from v_sessions where incomplete is not null
            and session_id in (select session_id from v_usage {condition}) group by 1""",
        values,
    )
    counts: dict[str, int] = {}
    for reasons, sessions in rows:
        for reason in reasons.split("; "):
            counts[reason] = counts.get(reason, 0) + sessions
    return dict(sorted(counts.items()))


def check_projects(connection: sqlite3.Connection, where: Filter) -> None:
    """Raise ClaudeMetricsError for a project that is not stored: it is a typing error, not an empty report."""
    known = [row[0] for row in connection.execute("select project from v_projects where project is not null")]
    paths = {row[0] for row in connection.execute("select project_path from v_projects")}
    for name in where.projects:
        if name.lower() not in [project.lower() for project in known] and name not in paths:
            import difflib  # for a message alone

            near = difflib.get_close_matches(name, known, 3, 0.4) or sorted(set(known))[:5]
            remedy = (
                f"stored projects: {', '.join(near)}" if near else "no project is stored: run `claude-metrics sync`"
            )
            raise ClaudeMetricsError(f"no project `{name}`; --project; {remedy}")


def check_models(connection: sqlite3.Connection, where: Filter) -> None:
    """Raise ClaudeMetricsError for a part of no stored model's name, with the nearest ones."""
    if not where.models:
        return
    known = [row[0] for row in connection.execute("select distinct model from v_models where model <> '' order by 1")]
    for text in where.models:
        if known and not any(text.lower() in model.lower() for model in known):
            import difflib  # for a message alone

            near = difflib.get_close_matches(text.lower(), known, 3, 0.3) or known[:5]
            raise ClaudeMetricsError(f"no model with `{text}` in its name; --model; stored models: {', '.join(near)}")
