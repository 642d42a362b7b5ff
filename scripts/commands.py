"""The generated parts of `docs/commands.md`: a table of the commands, and the `--help` of each one."""

import click

from claude_metrics import cli
from scripts.markdown import fenced, out, table

WIDTH = 100


def commands() -> list[tuple[str, click.Command]]:
    """Every command that can be called, as `("report daily", command)`."""
    top = click.Context(cli.cli, info_name="claude-metrics")
    pairs: list[tuple[str, click.Command]] = []
    for name in cli.COMMANDS:
        command = cli.cli.get_command(top, name)
        assert command is not None
        subs = command.commands.items() if isinstance(command, click.Group) else ()
        pairs += [(f"{name} {sub}", each) for sub, each in subs] or [(name, command)]
    return pairs


def summary(command: click.Command) -> str:
    """The first paragraph of the help text on one line."""
    return " ".join((command.help or "").strip().partition("\n\n")[0].split())


def help_of(name: str, command: click.Command) -> str:
    context = click.Context(
        command,
        info_name=f"claude-metrics {name}",
        max_content_width=WIDTH,
        terminal_width=WIDTH,
        help_option_names=["-h", "--help"],
    )
    return command.get_help(context)


def command_table() -> None:
    rows = [(f"[`{name}`](#{name.replace(' ', '-')})", summary(command)) for name, command in commands()]
    out(table(("command", "what it does"), rows))


def command_help() -> None:
    out("\n\n".join(f"### `{name}`\n\n{fenced(help_of(name, command))}" for name, command in commands()))
