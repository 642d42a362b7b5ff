"""`claude-metrics db`: where the database is, copies, merging, rebuilding, deleting for good."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from claude_metrics.commands import options
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.render.terminal import say


@click.group()
def db() -> None:
    """The database: path, backup, import, rebuild, purge, vacuum.

    Example: claude-metrics db backup metrics-backup.db
    """


@contextmanager
def _open(db_path: Path) -> Iterator[sqlite3.Connection]:
    """For writing; there must be one already."""
    from claude_metrics import config
    from claude_metrics.store import connection as database

    if not db_path.exists():
        raise ClaudeMetricsError(
            f"there is no database yet; {db_path}; run `claude-metrics setup` or `claude-metrics sync`"
        )
    connection = database.connect(db_path, config.load().journal_mode)
    try:
        yield connection
    finally:
        connection.close()


@db.command()
@options.db_path
@options.as_json
def path(db_path: Path, as_json: bool) -> None:
    """Print where the database is.

    Example: sqlite3 "$(claude-metrics db path)"
    """
    if as_json:
        size = db_path.stat().st_size if db_path.exists() else None
        options.print_json({"path": str(db_path), "exists": db_path.exists(), "bytes": size})
    else:
        say(click.format_filename(db_path))


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Replace FILE if it exists.")
@options.db_path
@options.as_json
def backup(file: Path, force: bool, db_path: Path, as_json: bool) -> None:
    """Copy the database to FILE, check the copy, and make it readable only for you.

    Example: claude-metrics db backup metrics-backup.db
    """
    from claude_metrics.store import backup as engine

    size = engine.write(db_path, file, force)
    if as_json:
        options.print_json({"path": str(file.absolute()), "bytes": size})
    else:
        say(f"{click.format_filename(file)}: {size:,} bytes")


@db.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@options.db_path
@options.as_json
def import_command(file: Path | None, db_path: Path, as_json: bool) -> None:
    """Add the sessions of another claude-metrics database to this one. Importing twice changes nothing.

    Without FILE, it imports the database of this program's predecessor, ~/.claude/claude_metrics.db.

    Example: claude-metrics db import laptop.db
    """
    from claude_metrics import config
    from claude_metrics.maintenance import merge as importing
    from claude_metrics.store import connection as database
    from claude_metrics.store import reprice

    settings, other = config.load(), file or Path.home() / ".claude" / "claude_metrics.db"
    if not other.exists():
        raise ClaudeMetricsError(f"there is no such database; {other}; name the file to import")
    connection = database.connect(db_path, settings.journal_mode)
    try:
        done = importing.merge(connection, other, reprice.refresh(connection, settings))
    finally:
        connection.close()
    if as_json:
        options.print_json(asdict(done))
    else:
        say(f"{done.sessions} sessions: {done.new} new, {done.updated} updated, {done.unchanged} unchanged")


@db.command()
@click.option("--check", is_flag=True, help="Only compare, and exit with 1 if anything differs.")
@options.db_path
@options.as_json
def rebuild(check: bool, db_path: Path, as_json: bool) -> None:
    """Rebuild the database from the sessions on disk and from what is stored. Nothing that is stored is lost.

    Example: claude-metrics db rebuild --check
    """
    from claude_metrics import config
    from claude_metrics.maintenance import rebuild as engine
    from claude_metrics.render.database import show_comparison

    config.load()
    found = engine.rebuild(db_path, check)
    show_comparison(found, check, as_json)
    if check and found.differs:
        raise ClaudeMetricsError(f"a rebuild would change the database; {db_path}; run `claude-metrics db rebuild`")


@db.command()
@click.option(
    "--session", "sessions", multiple=True, metavar="ID", help="A session's id or a unique prefix (repeatable)."
)
@click.option("--project", metavar="P", help="All sessions of a project: its name or its folder.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@options.db_path
@options.as_json
def purge(sessions: tuple[str, ...], project: str | None, yes: bool, db_path: Path, as_json: bool) -> None:
    """Delete sessions and everything that is stored about them. No later sync brings them back.

    The agent's own transcripts are not touched. Only a hash of each id stays in the database.

    Example: claude-metrics db purge --session 52685edc
    """
    from claude_metrics import paths
    from claude_metrics.maintenance import purge as engine
    from claude_metrics.render.database import show_sessions
    from claude_metrics.reports import session_ids
    from claude_metrics.store import tombstones

    if not all(sessions) or not (sessions or project):
        raise click.UsageError("name what to delete: --session ID or --project P")
    with _open(db_path) as connection:
        again = tombstones.purged_sessions(connection, sessions)
        ids = [session_ids.find(connection, prefix) for prefix in sessions if prefix not in again]
        found = engine.matching(connection, ids, project)
        if not found and not again:
            raise ClaudeMetricsError(f"no such session is stored; {db_path}; see `claude-metrics report sessions`")
        if not yes and not as_json:
            show_sessions(found)
            click.confirm(f"Delete for good? ({len(found)} listed)", abort=True)
        elif not yes:
            raise click.UsageError("--json does not ask: add --yes")
    gone, dropped = engine.for_good(db_path, paths.spool_dir(), [*(row[0] for row in found), *sorted(again)])
    for kept in sorted(paths.daily_copy(db_path).parent.glob("damaged-*")):
        say(f"a damaged database that was moved aside may still contain them: {click.format_filename(kept)}", err=True)
    if as_json:
        options.print_json({"sessions": gone, "events": dropped})
    else:
        say(f"sessions deleted: {gone}; the agent's transcripts were not touched")


@db.command()
@options.db_path
@options.as_json
def vacuum(db_path: Path, as_json: bool) -> None:
    """Make the database file as small as possible, and update the statistics of the query planner.

    Example: claude-metrics db vacuum
    """
    from claude_metrics.store import upkeep

    before = db_path.stat().st_size if db_path.exists() else 0
    with _open(db_path) as connection:
        upkeep.scrub(connection)
        upkeep.analyze(connection)
    after = db_path.stat().st_size
    if as_json:
        options.print_json({"bytes_before": before, "bytes_after": after})
    else:
        say(f"{before:,} bytes before, {after:,} after")
