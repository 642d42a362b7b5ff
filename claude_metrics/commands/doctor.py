"""`claude-metrics doctor`: one line for each check, with the remedy."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from claude_metrics.commands import options
from claude_metrics.render.checks import finding_fields, show_finding


@click.command()
@click.option("--fix", is_flag=True, help="Repair what can be repaired safely.")
@click.option("--hooks", is_flag=True, help="With --fix: also install outdated hooks anew.")
@options.db_path
@options.as_json
def doctor(fix: bool, hooks: bool, db_path: Path, as_json: bool) -> None:
    """Check hooks, waiting events, the database, prices and file permissions.

    It also starts the installed hook with an invented session, which it removes again. The exit code is 1 if a check
    fails. With --fix, it records waiting and failed events, reads transcripts, corrects permissions, and moves a
    damaged database aside and rebuilds it. The agents' settings are changed only with --fix --hooks.

    Example: claude-metrics doctor --fix --hooks
    """
    from claude_metrics import log
    from claude_metrics.health.doctor import examine

    if hooks and not fix:
        raise click.UsageError("--hooks belongs to --fix: add --fix, or see `claude-metrics hook status`")
    log.to_file()
    findings = []
    for finding in examine(db_path, fix, hooks=hooks):
        findings.append(finding)
        if not as_json:
            show_finding(finding)
    if as_json:
        options.print_json([finding_fields(finding) for finding in findings])
    if any(finding.check.state == "fail" for finding in findings):
        sys.exit(1)
