"""The doctor's findings, one line per check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from claude_metrics.render.terminal import say
from claude_metrics.text import plain

COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


def show_finding(finding: Any) -> None:
    """`finding` is a `Finding` of health: the check with its remedy, and what `--fix` did."""
    check = finding.check
    text = f"{check.text}" + (f"; {check.remedy}" if check.remedy else "")
    state = click.style(f"{check.state:<4}", fg=COLOURS[check.state])
    say(f"  {check.name:<18}  {text}", before=state)
    if finding.mended:
        say(f"      {'fixed':<18}  {plain(finding.mended)}")
    if finding.trouble:
        say(f"      {'not fixed':<18}  {plain(finding.trouble)}")


def show_wrong(findings: Sequence[Any]) -> None:
    """How many checks are in order, and those that are not."""
    wrong = [finding for finding in findings if finding.check.state != "ok"]
    say(f"{len(findings)} checks, {len(findings) - len(wrong)} in order" + (":" if wrong else "."))
    for finding in wrong:
        show_finding(finding)


def finding_fields(finding: Any) -> dict[str, str]:
    check = finding.check
    fields = {"name": check.name, "state": check.state, "text": check.text, "remedy": check.remedy}
    return {**fields, "mended": finding.mended, "trouble": finding.trouble}
