"""The command line: parse, call one function, print. Each command is imported when it is called."""

from __future__ import annotations

import importlib
import io
import os
import sys

import click

from claude_metrics import __version__
from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.text import plain, plain_line

# Where each command is, and the first line of its help: `--help` shows all of these and loads no command.
COMMANDS = {
    "overview": (
        "overview:overview",
        "Show today, this week and this month, the last 30 days and the last sessions on one screen.",
    ),
    "setup": (
        "setup:setup",
        "Install hooks for the agents found, record all sessions on disk, and check that everything works.",
    ),
    "demo": (
        "demo:demo",
        "Record a bundled session with the real hook and worker in a temporary folder, and print its report.",
    ),
    "hook": ("hook:hook", "Hooks in the settings of the agents: install, uninstall, status, list."),
    "sync": ("record:sync", "Record all sessions on disk that are new or have grown since they were recorded."),
    "worker": ("record:worker", "Record all waiting events once, as the worker does that a hook starts."),
    "doctor": ("doctor:doctor", "Check hooks, waiting events, the database, prices and file permissions."),
    "report": ("report:report", "What was used and what it cost, from the database."),
    "session": ("session:session", "One session: what it cost, did and changed."),
    "context": (
        "context:context",
        "Print the session-start note: repositories and their state, tools found, recent cost.",
    ),
    "grafana": ("grafana:grafana", "Dashboards: add them to your Grafana, or start a Grafana on this machine."),
    "db": ("db:db", "The database: path, backup, import, rebuild, purge, vacuum."),
    "config": ("config:config", "Settings: get, set, unset, path."),
}

OWN_OPTIONS = ("-h", "--help", "--version")
# The subcommands of `report` by their names, so that `claude-metrics daily` is understood without loading them.
REPORTS = (
    "daily", "weekly", "monthly", "today", "yesterday", "week", "month", "sessions", "projects", "branches", "agents",
    "models", "tools", "activities", "programs", "commits", "outcomes", "compare", "blocks", "audit",
    "prompts", "causes",
)  # fmt: skip


class Lazy(click.Group):
    """A group that knows its commands by name and loads only the one that is called."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Without a command it is `overview`; the name of a report alone is that report."""
        if not args or (args[0].startswith("-") and args[0] not in OWN_OPTIONS):
            args = ["overview", *args]
        elif args[0] in REPORTS:
            args = ["report", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """As click does it, with the lines that are known here."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        lines = [
            (name, click.Command(name, help=line).get_short_help_str(limit)) for name, (_, line) in COMMANDS.items()
        ]
        with formatter.section("Commands"):
            formatter.write_dl(lines)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(f"claude_metrics.commands.{module}"), name)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], [*COMMANDS, *REPORTS], 1, 0.5)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise click.UsageError(f"{error.message}{hint}", ctx) from error


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="claude-metrics")
def cli() -> None:
    """Record what AI coding sessions cost and did, in one SQLite file on this machine.

    Example: claude-metrics setup
    """
    if click.get_current_context().invoked_subcommand != "demo":
        _sweep()


def _sweep() -> None:
    """Complete or clear away what killed commands left; two looks at the disk where there is nothing."""
    from claude_metrics import paths
    from claude_metrics.paths import work

    if work.is_any() or os.path.lexists(f"{paths.database_file()}-journal"):
        from claude_metrics.maintenance import leftovers

        leftovers.sweep()


def main() -> None:
    """Exit 0 done, 1 failed with one line that says what, where and what to do, 2 wrong usage."""
    os.umask(0o077)
    is_heard = _open_streams()
    code = _run()
    if not is_heard:
        _complain("standard output is closed; nothing was printed; send it to a file, or to /dev/null")
        code = code or 1
    sys.exit(code)


def _open_streams() -> bool:
    """False when standard output is closed. A closed stream leads nowhere: the next file would get its number."""
    is_heard = sys.stdout is not None
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, mode, closefd=False))
    return is_heard


def _run() -> int:
    """The exit code; every error is one line."""
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        code = _refused(error)
    except click.exceptions.Abort as error:
        code = _stopped(error)
    except ClaudeMetricsError as error:
        code = _complain(str(error))
    except BrokenPipeError:
        _mute()
        code = 0
    except SystemExit as error:
        code = error.code
    except Exception as error:
        code = _unexpected(error)
    return code if isinstance(code, int) else 0


def _complain(text: str) -> int:
    """Print an error on one line; it may name files and arguments, which hold anything."""
    click.echo(plain_line(f"claude-metrics: {text}"), err=True)
    return 1


def _refused(error: click.ClickException) -> int:
    """As click shows it: some lines of usage, and an error that repeats arguments."""
    shown = io.StringIO()
    error.show(file=shown)
    click.echo(plain(shown.getvalue()), err=True, nl=False)
    return error.exit_code


def _mute() -> None:
    """What is still to be printed goes nowhere: Python would try once more when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stopped(abort: click.exceptions.Abort) -> int:
    """An interrupt says what was stored until then, where the work counts it; the end of the input is no interrupt."""
    cause = abort.__cause__ or abort.__context__
    if isinstance(cause, EOFError):
        click.echo("claude-metrics: there was nobody to answer the question; standard input; add --yes", err=True)
        return 1
    stored = "; ".join(getattr(cause, "__notes__", ())) or "everything stored until now is kept"
    click.echo(f"stopped; {stored}", err=True)
    return 130


def _unexpected(error: Exception) -> int:
    """Say so if a disk or a database failed. Everything else is a bug: its traceback goes to the log."""
    from claude_metrics import log, paths

    if told := _outside(error):
        return _complain(told)
    what = f"unexpected {type(error).__name__}: {str(error)[:200]}; {paths.log_file()};"
    if not log.to_file():
        return _complain(f"{what} that log cannot be written: make it writable, and try again")
    log.logger.exception("unexpected")
    return _complain(f"{what} please report it with the last lines of that log")


def _outside(error: Exception) -> str | None:
    """The message for an error of a disk, a lock or a file, with its remedy; None for a bug."""
    import sqlite3

    from claude_metrics import paths
    from claude_metrics.store import connection as database

    if isinstance(error, sqlite3.DatabaseError) and database.is_unfit(error):
        return database.remedy(error, paths.database_file())
    if isinstance(error, FileNotFoundError) and not error.filename and _is_folder_gone():
        folder = os.environ.get("PWD", "its name is not known")
        return f"the current folder does not exist any more; {folder}; change to another one and try again"
    if isinstance(error, OSError) and error.strerror:
        if error.filename is None and _is_stdout_full():
            return f"cannot print ({error.strerror}); standard output; send it elsewhere, or make room"
        return f"{error.strerror}; {error.filename or 'a file'}; check its owner, mode and free space"
    return None


def _is_folder_gone() -> bool:
    try:
        os.getcwd()  # noqa: PTH109 - what failed is this very call
    except FileNotFoundError:
        return True
    return False


def _is_stdout_full() -> bool:
    """Tried with an empty line, as the error of a failed write names no file."""
    try:
        os.write(1, b"\n")
    except OSError:
        _mute()
        return True
    return False
