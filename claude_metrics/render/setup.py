"""The steps of `setup` as they are done, and what to open next."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from claude_metrics.config import zones
from claude_metrics.render.tables import digits_for, line, number, usd
from claude_metrics.render.terminal import say
from claude_metrics.text import plain

if TYPE_CHECKING:
    from claude_metrics.reports.history import History

NEXT = """
Next:
  claude-metrics                     today, this week, this month and the last sessions
  claude-metrics report daily        the cost of each day
  claude-metrics grafana up          open the dashboards
  claude-metrics doctor              check that everything is recorded"""
NEXT_SERVICE = "  claude-metrics setup --service     record missed sessions every hour"


def show_no_agent() -> None:
    say("No agent was found in this home, so no hook was installed. Sessions on disk are recorded all the same.")


def show_hook(title: str, change: Any) -> None:
    """`change` is what the installer did for the agent called `title`."""
    verb = "is already installed" if change.action == "unchanged" else f"was written to {change.file}"
    say(plain(f"{title}: the hook {verb}" + (f"\n  {change.notice}" if change.notice else "")))


def show_backfill(report: Any, kept_days: Iterable[tuple[str, float]]) -> None:
    """`report` is the sync's; `kept_days`: agents that delete their transcripts, and after how many days."""
    say(
        f"Sessions on disk: {report.found} ({report.new} new, {report.updated} updated, {report.failed} failed)."
        + "".join(f" {title} deletes transcripts after {days:g} days." for title, days in kept_days)
        + " What is recorded stays recorded."
    )


def show_history(history: History | None, zone: zones.Zone) -> None:
    """What all of it comes to: `$757 in 457 sessions since June 2026; the dearest project: app, $300`."""
    if history is None:
        return
    money = usd(digits_for([history.sums.cost_usd]))
    sessions = "1 session" if history.sessions == 1 else f"{number(history.sessions)} sessions"
    since = datetime.fromisoformat(history.since).astimezone(zone)
    text = f"{money(history.sums.cost_usd, history.sums.unpriced_tokens)} in {sessions} since {since:%B %Y}"
    if history.dearest:
        name, cost = history.dearest
        text += f"; the dearest project: {line(name)}, {money(cost, 0)}"
    say(plain(f"\n{text}"))


def show_next(with_service: bool) -> None:
    say(NEXT if with_service else f"{NEXT}\n{NEXT_SERVICE}")


def show_installed_service(system: str, done: Any) -> None:
    verb = "written to" if done.changed else "already installed in"
    say(f"Hourly sync: {system} service {verb} {click.format_filename(done.file)}")
    _show_commands(done.to_run)


def show_removed_service(done: Any) -> None:
    say(f"{click.format_filename(done.file)}: " + ("removed" if done.changed else "no service is installed"))
    _show_commands(done.to_run)


def _show_commands(commands: list[str]) -> None:
    if commands:
        say("  The service manager could not be reached. Run this in your own session:")
    for command in commands:
        say(f"    {command}")
