"""Commands that record: `sync`, `worker`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from claude_metrics.agents import DEFAULT, RECORDED
from claude_metrics.commands import options
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.render.terminal import say


@click.command()
@options.agents
@click.option(
    "--path", "root", type=click.Path(exists=True, file_okay=False, path_type=Path), help="An agent's data folder."
)
@options.day("--since", "Only what changed on or after this day.")
@click.option("--watch", is_flag=True, help="Repeat this every --interval seconds until stopped.")
@click.option("--interval", type=click.IntRange(1), default=3600, show_default=True, metavar="S")
@click.option("--dry-run", is_flag=True, help="List what would be read, and write nothing.")
@options.db_path
@options.as_json
def sync(
    agents: tuple[str, ...],
    root: Path | None,
    since: str | None,
    watch: bool,
    interval: int,
    dry_run: bool,
    db_path: Path,
    as_json: bool,
) -> None:
    """Record all sessions on disk that are new or have grown since they were recorded.

    Example: claude-metrics sync --since 2026-11-01
    """
    if root and len(agents) > 1:
        raise click.UsageError("--path is the data folder of one agent: give only one --agent")
    names = agents or ((DEFAULT,) if root else tuple(RECORDED))
    if watch and dry_run:
        raise click.UsageError("--dry-run and --watch exclude each other")
    if watch:
        _watch(lambda: once(db_path, names, root, since, False, as_json), interval)
        return
    from claude_metrics import config

    config.load()
    once(db_path, names, root, since, dry_run, as_json)


def _watch(one_round: Callable[[], None], interval: int) -> None:
    from claude_metrics import log
    from claude_metrics.recording import watch as engine

    log.to_file()
    engine.watch(one_round, interval, lambda line: say(f"claude-metrics: {line}", err=True))


def once(
    db_path: Path, agents: tuple[str, ...], root: Path | None, since: str | None, dry_run: bool, as_json: bool
) -> None:
    from claude_metrics import paths
    from claude_metrics.recording import spool
    from claude_metrics.recording import sync as engine
    from claude_metrics.render.sync import show_plan, show_report
    from claude_metrics.store import backup

    if not dry_run and not root and spool.pending(paths.spool_dir()):
        from claude_metrics.recording import worker

        worker.run(paths.spool_dir(), db_path)
    found, known = engine.look(db_path, agents, root, since)
    if dry_run:
        show_plan(found, as_json)
        return
    report = _with_progress(db_path, found, known)
    if not root:
        engine.end_killed(db_path, agents)
    show_report(report, as_json)
    backup.daily(db_path)
    if report.failed and not (report.new or report.updated or report.unchanged):
        raise ClaudeMetricsError(f"nothing could be read: {report.problems[0]}; check the file's owner and mode")


def _with_progress(db_path: Path, found: Any, known: Any) -> Any:
    from claude_metrics.recording import sync as engine
    from claude_metrics.render.terminal import progress

    with progress("Reading", found.bytes_to_read) as advance:
        return engine.run(db_path, found, known, advance)


@click.command()
@click.option(
    "--spool", "spool_dir", type=click.Path(file_okay=False, path_type=Path), help="Default: the data folder's."
)
@options.db_path
@options.as_json
def worker(spool_dir: Path | None, db_path: Path, as_json: bool) -> None:
    """Record all waiting events once, as the worker does that a hook starts.

    Example: claude-metrics worker
    """
    from claude_metrics import log, paths
    from claude_metrics.recording import worker as engine

    log.to_file()
    done = engine.run(spool_dir or paths.spool_dir(), db_path)
    if as_json:
        options.print_json({"recorded": done.recorded, "failed": done.failed, "sessions": done.sessions})
    else:
        say(f"{done.recorded} events recorded, {done.failed} set aside")
