"""`claude-metrics doctor`: one line for each check, with the remedy."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from claude_metrics.commands import options
from claude_metrics.text import plain

if TYPE_CHECKING:
    from claude_metrics.health.doctor import Finding

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@click.option("--fix", is_flag=True, help="Repair what can be repaired safely.")
@options.db_path
@options.as_json
def doctor(fix: bool, db_path: Path, as_json: bool) -> None:
    """Check hooks, waiting events, the database, prices and file permissions.

    It also starts the installed hook with an invented session, which it removes again. The exit code is 1 if a check
    fails. With --fix, it records waiting and failed events, reads transcripts, corrects permissions and outdated hooks,
    and moves a damaged database aside and rebuilds it.

    Example: claude-metrics doctor --fix
    """
    from claude_metrics import log
    from claude_metrics.health.doctor import examine

    log.to_file()
    findings = []
    for finding in examine(db_path, fix):
        findings.append(finding)
        if not as_json:
            show(finding)
    if as_json:
        options.print_json([_fields(finding) for finding in findings])
    if any(finding.check.state == "fail" for finding in findings):
        sys.exit(1)


def show(finding: Finding) -> None:
    check = finding.check
    line = f"{check.text}" + (f"; {check.remedy}" if check.remedy else "")
    state = click.style(f"{check.state:<4}", fg=COLOURS[check.state])
    click.echo(f"{state}  {check.name:<18}  {plain(line)}")
    if finding.mended:
        click.echo(f"      {'mended':<18}  {plain(finding.mended)}")
    if finding.trouble:
        click.echo(f"      {'not mended':<18}  {plain(finding.trouble)}")


def _fields(finding: Finding) -> dict[str, str]:
    check = finding.check
    fields = {"name": check.name, "state": check.state, "text": check.text, "remedy": check.remedy}
    return {**fields, "mended": finding.mended, "trouble": finding.trouble}
