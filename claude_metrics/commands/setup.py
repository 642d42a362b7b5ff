"""`claude-metrics setup`: install hooks, record the sessions on disk, check everything, say what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from claude_metrics.commands import options
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.render import setup as show
from claude_metrics.render.checks import show_wrong
from claude_metrics.render.terminal import say
from claude_metrics.text import plain


@click.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--service", "with_service", is_flag=True, help="Also install a service that records missed sessions every hour."
)
@click.option("--no-service", is_flag=True, help="Remove that service, and do nothing else.")
@options.db_path
@options.as_json
def setup(yes: bool, with_service: bool, no_service: bool, db_path: Path, as_json: bool) -> None:
    """Install hooks for the agents found, record all sessions on disk, and check that everything works.

    You can run it again at any time: what is already in place stays as it is.

    Example: claude-metrics setup --yes --service
    """
    from claude_metrics import config, log

    if with_service and no_service:
        raise click.UsageError("--service and --no-service exclude each other")
    if as_json and not yes and not no_service:
        raise click.UsageError("--json does not ask: add --yes")
    config.load()
    log.to_file()
    report: dict[str, Any] = {}
    if no_service:
        report["service"] = _remove_service(as_json)
    else:
        report = _set_up(yes, with_service, db_path, as_json)
    if as_json:
        options.print_json(report)
    if report.get("failed"):
        raise ClaudeMetricsError(
            f"{'; '.join(report['failed'])}; see the lines above; then run `claude-metrics doctor --fix`"
        )


def _set_up(yes: bool, with_service: bool, db_path: Path, quiet: bool) -> dict[str, Any]:
    report: dict[str, Any] = {"hooks": _hooks(yes, db_path, quiet), "profiles": _profiles(yes, quiet)}
    report["sync"] = _backfill(db_path, quiet)
    if with_service:
        report["service"] = _install_service(quiet)
    report["checks"], report["failed"] = _examine(db_path, quiet)
    if not quiet:
        _show_history(db_path)
        show.show_next(with_service)
    return report


def _hooks(yes: bool, db_path: Path, quiet: bool) -> list[dict[str, str]]:
    """Each agent is asked about, and one that cannot be done does not stop the others."""
    from claude_metrics import paths
    from claude_metrics.agents import AGENTS
    from claude_metrics.health import hooks

    done = []
    named = None if db_path == paths.database_file() else db_path
    agents = hooks.recorders()
    if not agents and not quiet:
        show.show_no_agent()
    for agent in agents:
        title = AGENTS[agent].title
        if yes or click.confirm(f"{title}: record each session when it ends (a hook in its settings)?", default=True):
            done.append(_hook(agent, title, named, quiet))
    return done


def _profiles(yes: bool, quiet: bool) -> list[str]:
    """Data folders of other accounts, which go into the config so that `sync` reads them too."""
    from claude_metrics import config
    from claude_metrics.agents import RECORDED
    from claude_metrics.agents.roots import other_folders
    from claude_metrics.config import edit

    added = []
    for agent in RECORDED.values():
        known = {*agent.data_dirs(), *other_folders(agent, config.load().roots)}
        for folder in (folder for folder in agent.profiles() if folder not in known):
            if yes or click.confirm(f"{agent.title}: also record the sessions in {plain(folder)}?", default=True):
                edit.add_root(agent.name, folder)
                added.append(str(folder))
                if not quiet:
                    say(plain(f"{agent.title}: sessions in {folder} are recorded too"))
    return added


def _hook(agent: str, title: str, named: Path | None, quiet: bool) -> dict[str, str]:
    from claude_metrics.installer import install

    try:
        change = install.install(agent, db_path=named)
    except ClaudeMetricsError as error:
        if not quiet:
            say(plain(f"{title}: {error}"), err=True)
        return {"agent": agent, "action": "failed", "detail": str(error)}
    if not quiet:
        show.show_hook(title, change)
    return {"agent": agent, "action": change.action, "detail": str(change.file)}


def _backfill(db_path: Path, quiet: bool) -> dict[str, Any]:
    from dataclasses import asdict

    from claude_metrics.agents import RECORDED
    from claude_metrics.recording import sync
    from claude_metrics.render.terminal import progress

    found, known = sync.look(db_path, RECORDED)
    with progress("Reading", found.bytes_to_read) as advance:
        report = sync.run(db_path, found, known, advance)
    sync.end_killed(db_path, RECORDED)
    if not quiet:
        show.show_backfill(report, _kept_days())
    return asdict(report)


def _show_history(db_path: Path) -> None:
    from contextlib import closing

    from claude_metrics.config import zones
    from claude_metrics.reports import history
    from claude_metrics.store.connection import connect_current

    with closing(connect_current(db_path)) as connection:
        show.show_history(history.load(connection), zones.zone())


def _kept_days() -> list[tuple[str, float]]:
    """The agents that delete their transcripts, with after how many days."""
    from claude_metrics.agents import RECORDED

    kept = ((agent.title, agent.retention()) for agent in RECORDED.values())
    return [(title, retention.days) for title, retention in kept if retention]


def _examine(db_path: Path, quiet: bool) -> tuple[list[dict[str, str]], list[str]]:
    """All checks; on screen only what is not in order."""
    from claude_metrics.health.doctor import examine

    findings = list(examine(db_path))
    if not quiet:
        show_wrong(findings)
    checks = [{"name": f.check.name, "state": f.check.state, "text": f.check.text} for f in findings]
    return checks, [finding.check.text for finding in findings if finding.check.state == "fail"]


# -- the service --------------------------------------------------------------------


def _install_service(quiet: bool) -> dict[str, Any]:
    from claude_metrics.installer import service

    wanted = service.service()
    done = service.install(wanted)
    if not quiet:
        show.show_installed_service(wanted.system, done)
    return {"file": str(done.file), "changed": done.changed, "to_run": done.to_run}


def _remove_service(quiet: bool) -> dict[str, Any]:
    from claude_metrics.installer import service

    done = service.remove(service.service())
    if not quiet:
        show.show_removed_service(done)
    return {"file": str(done.file), "changed": done.changed, "to_run": done.to_run}
