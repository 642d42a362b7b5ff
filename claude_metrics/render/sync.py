"""What a sync would read, and what it recorded."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

from claude_metrics.render.json import print_json
from claude_metrics.render.terminal import say

PROBLEMS = 10


def show_plan(found: Any, as_json: bool) -> None:
    """`found` is the `Found` of `recording.sync`."""
    rows = [{"path": str(source.path), "agent": source.agent, "bytes": source.size} for source in found.changed]
    if as_json:
        print_json({"would_read": rows, "unchanged": len(found.unchanged)})
        return
    for row in rows:
        say(f"{row['bytes']:>12,} bytes  {click.format_filename(str(row['path']))}")
    say(f"{len(rows)} files to read, {len(found.unchanged)} unchanged; nothing was written")


def show_report(report: Any, as_json: bool) -> None:
    """`report` is the `Report` of `recording.sync`."""
    if as_json:
        print_json(asdict(report))
        return
    say(
        f"{report.found} sessions found: {report.new} new, {report.updated} updated, {report.unchanged} unchanged,"
        f" {report.failed} failed ({report.bytes_read / 2**20:.1f} MiB read)"
    )
    for problem in report.problems[:PROBLEMS]:
        say(f"  {problem}", err=True)
