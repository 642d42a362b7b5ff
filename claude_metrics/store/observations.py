"""Observations that follow from stored rows: what was read, searched and changed, tried and committed.

They are derived for the touched sessions only, inside the writer's transaction:

discovery       what a read, search or web tool, or a shell command that only looks (`observe.only_looks`), looked at
file_change     a file that edits changed, with the sum of their lines
failed_attempt  a tool that failed; `recovered` when later the same one passed on the same file, or with a shell the
                same program
feature, bugfix, refactor, decision   the session's own commits, by conventional-commit type (`observe.kind_of_commit`)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from claude_metrics.activity import observe
from claude_metrics.models import Observation

_LATE = "coalesce(c.finished_at, c.timestamp)"


def derive(connection: sqlite3.Connection) -> None:
    """Bring the observations of the sessions in `temp.touched` up to date."""
    _follow(connection)
    connection.create_function("observation_id", -1, observe.observation_id, deterministic=True)
    connection.create_function("only_looks", 1, observe.only_looks, deterministic=True)
    for statement in (_ANEW, _DISCOVERIES, _CHANGES):
        connection.execute(statement)
    _failures(connection)
    _commits(connection)


def _follow(connection: sqlite3.Connection) -> None:
    """A tool call that another session turned out to own takes its observations along."""
    connection.execute(
        """update observations set session_id = c.session_id from tool_calls c
        where c.tool_call_id = observations.tool_call_id and c.session_id <> observations.session_id
        and observations.session_id in (select session_id from temp.touched where since = '')"""
    )


# -- what readers saw -----------------------------------------------------------------

_FACTS = [c for c in Observation._fields if c not in ("observation_id", "session_id")]
_UPSERT = (
    f"insert into observations ({', '.join(Observation._fields)}) select :observation_id, s.session_id,"
    f" {', '.join(f':{c}' for c in _FACTS)} from sessions s where s.session_id = case when :tool_call_id is null"
    " then :session_id else (select c.session_id from tool_calls c where c.tool_call_id = :tool_call_id) end"
    f" on conflict (observation_id) do update set {', '.join(f'{c} = coalesce(excluded.{c}, {c})' for c in _FACTS)}"
    f" where {' or '.join(f'coalesce(excluded.{c}, {c}) is not {c}' for c in _FACTS)}"
)


def save_observations(connection: sqlite3.Connection, rows: Iterable[Observation]) -> None:
    """Write what readers saw of tool calls: it belongs to the session of the call, and is left out without the call."""
    connection.executemany(_UPSERT, (row._asdict() for row in rows))


# -- one tool call, one fact -------------------------------------------------------

_COLUMNS = ", ".join(Observation._fields)

# Once a session and thing, however often: what is looked at or changed is looked at or changed again and again.
_ANEW = """delete from observations where kind in ('discovery', 'file_change') and tool_call_id is null
    and session_id in (select session_id from temp.touched)"""
_DISCOVERIES = f"""insert into observations ({_COLUMNS})
    select observation_id('discovery', session_id, what), session_id, max(at), 'discovery', what,
        case when count(*) > 1 then count(*) || ' times' end, null, null, file_path, null, null
    from (select c.session_id, {_LATE} as at, file_path, case
            when category = 'read' and file_path is not null then 'Read ' || file_path
            when category in ('search', 'web') then 'Searched ' || input_summary else input_summary end as what
        from temp.touched t join tool_calls c on c.session_id = t.session_id
        where success = 1
        and (category in ('read', 'search', 'web') or category = 'shell' and only_looks(input_summary)))
    where what is not null group by session_id, what"""
_CHANGES = f"""insert into observations ({_COLUMNS})
    select observation_id('file_change', c.session_id, file_path), c.session_id, max({_LATE}), 'file_change',
        case max(case change when 'created' then 2 when 'deleted' then 1 else 0 end)
            when 2 then 'Created ' when 1 then 'Deleted ' else 'Changed ' end || file_path,
        case when count(c.lines_added) > 0
            then '+' || coalesce(sum(c.lines_added), 0) || ' -' || coalesce(sum(c.lines_removed), 0) end,
        case max(case change when 'created' then 2 when 'deleted' then 1 else 0 end)
            when 2 then 'created' when 1 then 'deleted' else 'modified' end, null, file_path, null, null
    from temp.touched t join tool_calls c on c.session_id = t.session_id
    where success = 1 and category = 'edit' and file_path is not null group by c.session_id, file_path"""


# -- what failed, and whether the same passed later ----------------------------------

_FAILED = """select t.session_id from temp.touched t where exists (select 1 from tool_calls c
    where c.session_id = t.session_id and c.success = 0 and coalesce(c.denied, 0) = 0)"""
_CALLS = f"""select tool_call_id, {_LATE}, tool_name, category, input_summary, file_path, success, denied, agent_id
    from tool_calls c where session_id = ? and success is not null order by 2, 1"""
Call = tuple[str, str, str, str | None, str | None, str | None, int, int | None, str | None]


def _failures(connection: sqlite3.Connection) -> None:
    for (session_id,) in connection.execute(_FAILED).fetchall():
        calls = connection.execute(_CALLS, (session_id,)).fetchall()
        _put(connection, list(_attempts(session_id, calls)))


def _attempts(session_id: str, calls: Sequence[Call]) -> Iterable[Observation]:
    """Backwards, so that what passed later is known."""
    passed: dict[tuple[str | None, ...], str | None] = {}
    for call, at, tool, category, summary, path, success, denied, agent_id in reversed(calls):
        same = (tool, path or (observe.program_of(summary) if category == "shell" else None))
        if success:
            passed[same] = summary
        elif not denied:
            recovered = same in passed
            later = passed.get(same) if recovered else None
            yield Observation(
                observe.observation_id("failed_attempt", call),
                session_id,
                at,
                "failed_attempt",
                _tried(tool, category, summary or path),
                f"passed later: {observe.one_line(later)}" if later else None,
                "recovered" if recovered else "failed",
                None,
                path,
                call,
                agent_id,
            )


def _tried(tool: str, category: str | None, what: str | None) -> str:
    """A command as it was typed; of another tool its name too."""
    return observe.one_line(what if what and category == "shell" else f"{tool} {what or ''}") or tool


# -- commits -----------------------------------------------------------------------

# Git keeps whole seconds: the command that spells the commit's subject out tells when it was made.
_SUBJECT = "substr(c.message, 1, instr(c.message || char(10), char(10)) - 1)"
_MADE_AT = f"""select min(k.finished_at) from tool_calls k where k.session_id = c.session_id and k.category = 'shell'
    and k.timestamp <= substr(c.committed_at, 1, 19) || '.999Z' and k.finished_at >= c.committed_at
    and instr(k.input_summary, {_SUBJECT})"""
_COMMITTED = f"""select c.repository, c.sha, c.session_id, {_SUBJECT}, coalesce(({_MADE_AT}), c.committed_at)
    from temp.touched t join commits c on c.session_id = t.session_id where attribution = 'proven' and reachable"""
_OBSERVED = """select o.observation_id from temp.touched t join observations o on o.session_id = t.session_id
    where o.item is not null and o.tool_call_id is null"""


def _commits(connection: sqlite3.Connection) -> None:
    """One observation per commit of the session; what was amended away goes."""
    rows = {}
    for repository, sha, session_id, subject, at in connection.execute(_COMMITTED):
        key = observe.observation_id("commit", repository, sha)
        kind, title = observe.kind_of_commit(subject or ""), observe.one_line(subject)
        rows[key] = Observation(key, session_id, at, kind, title, None, "committed", sha)
    gone = [row for row in connection.execute(_OBSERVED) if row[0] not in rows]
    connection.executemany("delete from observations where observation_id = ?", gone)
    _put(connection, list(rows.values()))


_DERIVED = [name for name in Observation._fields if name != "observation_id"]
_PUT = (
    f"insert into observations ({_COLUMNS}) values ({', '.join('?' * len(Observation._fields))})"
    f" on conflict (observation_id) do update set {', '.join(f'{name} = excluded.{name}' for name in _DERIVED)}"
    f" where {' or '.join(f'excluded.{name} is not {name}' for name in _DERIVED)}"
)


def _put(connection: sqlite3.Connection, rows: list[Observation]) -> None:
    connection.executemany(_PUT, rows)
