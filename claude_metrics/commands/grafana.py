"""`claude-metrics grafana`: provisioning files for a Grafana, or a Grafana of your own."""

from __future__ import annotations

from pathlib import Path

import click

from claude_metrics.commands import options
from claude_metrics.render.terminal import say


@click.group()
def grafana() -> None:
    """Dashboards: add them to your Grafana, or start a Grafana on this machine.

    Example: claude-metrics grafana up
    """


@grafana.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), metavar="DIR")
@options.db_path
@options.as_json
def provision(folder: Path, db_path: Path, as_json: bool) -> None:
    """Write data source, dashboards and alert rules into DIR, for a Grafana that you already run.

    Example: claude-metrics grafana provision ~/grafana-claude-metrics
    """
    from claude_metrics.grafana import provision as engine

    files = engine.provision(folder, db_path)
    if as_json:
        options.print_json({"files": [str(path) for path in files], "database": str(db_path.absolute())})
        return
    say(f"{len(files)} files written to {click.format_filename(str(folder))}")
    say(f"Next: copy or link {folder}/provisioning/* into Grafana's provisioning folder, install the plugin")
    say(f"{engine.PLUGIN} {engine.PLUGIN_VERSION}, and let Grafana's user read the database; then restart Grafana.")


@grafana.command()
@click.option("--port", type=click.IntRange(1, 65535), default=3000, show_default=True, help="The port on 127.0.0.1.")
@click.option("--docker", "choice", flag_value="docker", help="Only with docker compose.")
@click.option("--native", "choice", flag_value="native", help="Only a `grafana` found on PATH, without Docker.")
@options.db_path
@options.as_json
def up(port: int, choice: str | None, db_path: Path, as_json: bool) -> None:
    """Start a Grafana on this machine with docker compose, else without Docker, and print its address.

    Example: claude-metrics grafana up --port 3300
    """
    from claude_metrics.grafana import provision as files
    from claude_metrics.grafana import start as engine

    how, address = engine.up(db_path, port, choice)
    if as_json:
        options.print_json({"started": how, "address": address, "password_file": str(files.password_file())})
        return
    say(f"{address}  ({how}; log in as admin, the password is in {files.password_file()})")


@grafana.command()
@options.as_json
def down(as_json: bool) -> None:
    """Stop the Grafana that `up` started. Its settings and the database stay.

    Example: claude-metrics grafana down
    """
    from claude_metrics.grafana import start as engine

    stopped = engine.down()
    if as_json:
        options.print_json({"stopped": stopped})
        return
    say(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")
