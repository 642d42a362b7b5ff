"""`claude-metrics demo`: record a bundled session in a temporary folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from claude_metrics.render.terminal import say

if TYPE_CHECKING:
    from claude_metrics.demo.run import Demo


@click.command()
@click.option("--keep", is_flag=True, help="Keep the temporary folder, so that you can look at its files.")
def demo(keep: bool) -> None:
    """Record a bundled session with the real hook and worker in a temporary folder, and print its report.

    It does not touch your database, your settings or your sessions.

    Example: claude-metrics demo --keep
    """
    import os
    import shutil
    import tempfile

    os.environ.pop("CLAUDE_METRICS_DB", None)
    folder = Path(tempfile.mkdtemp(prefix="claude-metrics-demo-")).resolve()
    os.environ["CLAUDE_METRICS_HOME"] = str(folder / "claude-metrics")  # nor is the reader's config looked at
    try:
        _play(folder)
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
    if keep:
        say(f"\nNone of your files was touched. The temporary folder is kept: {folder}")
    else:
        say("\nThe temporary folder is removed. None of your files was touched.")


def _play(folder: Path) -> None:
    from claude_metrics.demo import run as engine

    say(f"A recorded session of Claude Code ends. Temporary folder: {folder}")
    played = engine.lay_out(folder)
    lines = played.transcript.read_bytes().count(b"\n")
    say(f"  transcript  {lines} lines, in the folder where Claude Code keeps them")
    commits = "rebuilt with the same commits" if played.repository else "skipped: git is not installed"
    say(f"  repository  {commits}")
    answer, took = engine.fire(played)
    say(f"  hook        read the payload from stdin, answered {answer} and exited after {took:.0f} ms")
    say(f"  worker      stored the session in the background, {engine.wait(played):.0f} ms later")
    _print(["report", "daily"], played)
    _print(["session", "show", played.session_id[:8]], played)


def _print(arguments: list[str], played: Demo) -> None:
    """Run our own command on the scratch database and show how it is called."""
    from claude_metrics.render.tables import note

    note(f"\n$ claude-metrics {' '.join(arguments)}\n", "bold")
    click.get_current_context().find_root().command.main(
        [*arguments, "--db-path", str(played.db_path)], standalone_mode=False
    )
