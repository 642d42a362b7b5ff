"""Ask everything at once and wait until it is known or the deadline comes; what is late is left out.

All that touches the workspace or the database runs in daemon threads: a dead network disk holds them, not the note.
"""

import os
import queue
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from claude_metrics.context import repositories
from claude_metrics.context.finding import Search, workspace_of
from claude_metrics.context.repositories import Repository
from claude_metrics.context.settings import Settings

if TYPE_CHECKING:
    from claude_metrics.context.spend import Spend
    from claude_metrics.context.tools import Tool

THREADS = 12  # so that some repositories on a slow disk do not hold the others
AT_FIRST = (os.cpu_count() or 1) + 2  # more at once only take time from the largest, which all wait for
MORE_EVERY_S = 0.05
END_S = 0.15  # git is ended this long before the deadline: that takes a moment, and so does writing the note
SEARCH_SHARE = 0.5  # of the time


class Facts:
    """What the note is made of. `tools` and `spend` are None when they were late, `spend` also without a database."""

    late_repositories: int = 0
    complete: bool = False  # all folders were looked through
    tools: "list[Tool] | None" = None
    spend: "Spend | None" = None

    def __init__(self, workspace: str) -> None:
        self.workspace = workspace
        self.repositories: list[Repository] = []
        self.not_checked_out: list[str] = []
        self.late: list[str] = []  # sections by name


def gather(folder: str, db: str, settings: Settings, session: str = "") -> Facts:
    """The facts of the workspace around `folder`; `session` is the one that begins, not its own predecessor."""
    began = time.monotonic()
    until = began + max(0.2, settings.context_deadline_s)
    facts = Facts(folder)
    survey = _Survey(facts, began, until - END_S)
    jobs = {
        "repositories": survey.run,
        "tools": lambda: _find_tools(facts, folder, settings),
        "spend": lambda: _read_spend(facts, folder, db, settings, session, until - END_S),
    }
    threads = {name: _start(job, until) for name, job in jobs.items()}  # git first: what follows is imported meanwhile
    for thread in threads.values():
        thread.join(_left(until))
    survey.finish(until)
    facts.late = [name for name, thread in threads.items() if thread.is_alive() and name != "repositories"]
    return facts


def _start(job: Callable[[], None], until: float) -> threading.Thread:
    thread = threading.Thread(target=_run, args=(job, until), daemon=True)
    thread.start()
    return thread


def _run(job: Callable[[], None], until: float) -> None:
    """A fault after the deadline is nobody's any more: the note is written, and what the job reads may be gone."""
    try:
        job()
    except Exception:
        if _left(until):
            raise


def _left(until: float) -> float:
    return max(0.0, until - time.monotonic())


def _find_tools(facts: Facts, folder: str, settings: Settings) -> None:
    from claude_metrics.context import tools

    facts.tools = tools.find(settings.tools, workspace_of(folder))


def _read_spend(facts: Facts, folder: str, db: str, settings: Settings, session: str, until: float) -> None:
    from claude_metrics.context import spend

    facts.spend = spend.read(db, workspace_of(folder), settings, time.time(), until, session)


class _Survey:
    """Repositories are asked while the search for more goes on, by as many threads as there is work for."""

    def __init__(self, facts: Facts, began: float, until: float) -> None:
        self._facts, self._until = facts, until
        self._search_until = began + (until - began) * SEARCH_SHARE
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._read: list[Repository] = []
        self._found = 0
        self._root = ""

    def run(self) -> None:
        self._facts.workspace = workspace_of(self._facts.workspace)
        search = Search(self._facts.workspace, self._search_until)
        self._root = search.root
        for top in search:
            self._found += 1
            self._waiting.put(top)
            if len(self._threads) < AT_FIRST:
                self._add_thread()
        self._waiting.put(None)
        self._facts.complete = search.complete
        self._facts.not_checked_out = search.not_checked_out

    def _add_thread(self) -> None:
        self._threads.append(_start(self._ask, self._until))

    def _ask(self) -> None:
        while (top := self._waiting.get()) is not None:
            state = repositories.read(top, self._root, self._until)
            if state:
                self._read.append(state)
        self._waiting.put(None)  # for the next thread

    def finish(self, until: float) -> None:
        """Wait for the answers; more threads where they do not come."""
        for thread in self._threads:  # grows meanwhile
            while thread.is_alive() and _left(until):
                thread.join(min(MORE_EVERY_S, _left(until)))
                if thread.is_alive() and len(self._threads) < THREADS:
                    self._add_thread()
        self._facts.repositories = list(self._read)
        self._facts.late_repositories = self._found - len(self._facts.repositories)
