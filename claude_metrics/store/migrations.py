"""Numbered steps from an empty file to today's tables. A step is never edited once it is released.

`user_version` repeats the number of the last step. Opening a current database therefore costs one pragma, and
sqlite-utils, whose import takes most of our start-up time, is imported only when there is something to migrate.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlite_utils import Database, Migrations

from claude_metrics.store import views
from claude_metrics.store.first_tables import M001
from claude_metrics.store.transaction import transaction
from claude_metrics.store.version import LATEST

migrations = Migrations("claude-metrics")


@migrations()
def m001_recorder(db: Database) -> None:
    """Sessions, their requests, tool calls, turns and commits, and how far each source has been read."""
    for statement in M001.split(";\n"):
        db.execute(statement)


@migrations()
def m002_name_sums_by_their_grain(db: Database) -> None:
    """The sums by quarter hour are named by their grain, because "quarters" reads as three months."""
    for old, new in (
        ("usage_quarters", "usage_15min"),
        ("tool_quarters", "tool_calls_15min"),
        ("activity_quarters", "activity_15min"),
    ):
        db.execute(f"alter table {old} rename to {new}")
        db.execute(f"drop index {old}_session")
        db.execute(f"create index {new}_session on {new} (session_id)")


@migrations()
def m003_denied_calls_are_no_failures(db: Database) -> None:
    """Calls that the user denied were counted as failed ones as well; they are counted as denied alone."""
    for statement in M003.split(";\n"):
        db.execute(statement)


M003 = """
update sessions set failed_tool_calls = (select count(*) from tool_calls c where c.session_id = sessions.session_id
        and success = 0 and denied is not 1)
    where exists (select 1 from tool_calls c where c.session_id = sessions.session_id and denied = 1);
update tool_calls_15min as q set failed = q.failed - d.failed, unfinished = q.unfinished - d.unfinished
    from (select c.session_id, coalesce(tool_name, '?') as tool_name, total(success = 0) as failed,
            total(success is null) as unfinished,
            cast(strftime('%s', coalesce(c.timestamp, finished_at, s.start_time)) as integer) / 900 * 900 as time
        from tool_calls c join sessions s on s.session_id = c.session_id where denied = 1 group by 1, 2, 5) d
    where (d.session_id, d.tool_name, d.time) = (q.session_id, q.tool_name, q.time)
"""


@migrations()
def m004_worktrees(db: Database) -> None:
    """A session's worktree, and the call that made a commit.

    `HEAD` is what git prints where no branch is checked out; it is no branch's name.
    """
    db.execute("alter table sessions add column worktree text")
    db.execute("alter table commits add column tool_call_id text")
    db.execute("update sessions set git_branch = null where git_branch = 'HEAD'")
    db.execute("update commits set branch = null where branch = 'HEAD'")
    for statement in M004_PLACES.split(";\n"):
        db.execute(statement)


# A place of branch HEAD is that without a branch, where there is one already.
M004_PLACES = """
create temp table same_places as select old.place_id as gone, new.place_id as kept from places old join places new
    on (new.agent, new.project_path, new.project, new.machine) = (old.agent, old.project_path, old.project, old.machine)
    where old.branch = 'HEAD' and new.branch = '';
update sessions set place_id = kept from same_places where place_id = gone;
update usage_15min set place_id = kept from same_places where place_id = gone;
update tool_calls_15min set place_id = kept from same_places where place_id = gone;
update activity_15min set place_id = kept from same_places where place_id = gone;
delete from places where place_id in (select gone from same_places);
update places set branch = '' where branch = 'HEAD';
drop table same_places"""


@migrations()
def m005_causes_and_details(db: Database) -> None:
    """What a request was made with and for, subagents, compactions and API errors, and the kind of a session."""
    for statement in M005.split(";\n"):
        db.execute(statement)


M005 = """
alter table sessions add column session_kind text;
alter table token_usage add column effort text;
alter table token_usage add column skill text;
alter table token_usage add column slash_command text;
alter table token_usage add column mcp_server text;
alter table token_usage add column mcp_tool text;
create table agents (
    session_id text not null references sessions (session_id) on delete cascade, agent_id text not null,
    type text, name text, parent_agent_id text, depth integer, team text, model text, tool_call_id text,
    primary key (session_id, agent_id)
) without rowid;
create table compactions (
    compaction_id integer primary key, session_id text not null references sessions (session_id) on delete cascade,
    timestamp text not null, trigger text, tokens_before integer, tokens_after integer, duration_ms integer,
    agent_id text
);
create index compactions_session on compactions (session_id);
create table api_errors (
    api_error_id integer primary key, session_id text not null references sessions (session_id) on delete cascade,
    timestamp text not null, outcome text not null, status integer, error text, attempt integer,
    most_attempts integer, wait_ms integer, request_id text, agent_id text
);
create index api_errors_session on api_errors (session_id)
"""


@migrations()
def m006_processes(db: Database) -> None:
    """Requests and totals are given to the process of the client that made them; transcripts are read once more.

    What a session cost of which neither a request nor a figure is known is unknown, and not 0.
    """
    for statement in M006.split(";\n"):
        db.execute(statement)


M006 = """
alter table cost_states add column process integer;
alter table cost_states add column position integer;
alter table cost_states add column follows integer;
alter table cost_states add column fresh integer not null default 0;
alter table cost_states add column interactive integer not null default 1;
create table process_links (
    session_id text not null references sessions (session_id) on delete cascade, key integer not null,
    target integer not null, primary key (session_id, key)
) without rowid;
update sources set size = -1, cursor = '{}' where agent = 'claude';
update sessions set total_cost_usd = null where total_cost_usd = 0 and payload_cost_usd is null
    and source_cost_usd is null and not exists (select 1 from token_usage u where u.session_id = sessions.session_id)
    and not exists (select 1 from cost_states s where s.session_id = sessions.session_id)
"""


@migrations()
def m007_shape_of_requests(db: Database) -> None:
    """What was sent before the conversation, as a hash: another one breaks the cache."""
    db.execute("alter table token_usage add column shape text")


def steps() -> list[str]:
    """The names of all steps in their order."""
    return [step.name for step in migrations.pending(Database(memory=True))]


if len(steps()) != LATEST:
    raise AssertionError(f"LATEST is {LATEST}, but there are {len(steps())} migrations; correct store/version.py")


def migrate(connection: sqlite3.Connection, stop_before: str | None = None) -> None:
    """Apply every step that is missing and make the views, in one transaction: every row stays, or nothing changes.

    `stop_before` names a step; the tests ask for the tables before it.
    """
    with _past_views(connection), transaction(connection):
        database = Database(connection)
        migrations.apply(database, stop_before=stop_before)
        connection.execute(f"pragma user_version = {len(migrations.applied(database))}")
        if stop_before is None:
            views.make(connection)


@contextmanager
def _past_views(connection: sqlite3.Connection) -> Iterator[None]:
    """Let `alter table` look at no view: a user's own view, perhaps a broken one, must not hinder a step.

    https://sqlite.org/pragma.html#pragma_legacy_alter_table
    """
    connection.execute("pragma legacy_alter_table = on")
    try:
        yield
    finally:
        connection.execute("pragma legacy_alter_table = off")
