"""From a directory to its repository: the key that all worktrees share, the branch, the remote, the user's address."""

import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from claude_metrics.git.process import Answer, Git

MAX_LINK = 4096
DISK_SECONDS = 2.0  # for looking at a directory; a dead network disk would take forever
_CONFIG = r"^(user\.email|core\.worktree|remote\..*\.url)$"
# Where tools put worktrees within a repository: known by the name alone when the worktree is gone.
_REMOVED_WORKTREE = re.compile(r"(?:[^/]+/)?\.?worktrees/([^/]+)(?:/(.*))?", re.DOTALL)
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Repository:
    key: str  # main worktree's top level, or the git directory where there is none
    directory: str  # where git is asked
    head: str | None  # the branch of this worktree: "HEAD" when detached, None before the first commit
    remote_url: str | None
    email: str | None  # user.email as commits made here carry it
    project: str  # the folder of the main checkout, or what stands for it where there is none
    worktree: str | None  # git's name of the linked worktree, None for the main checkout

    @property
    def branch(self) -> str | None:
        return None if self.head == "HEAD" else self.head

    def worktree_of(self, cwd: str) -> tuple[str, str] | None:
        """For a `cwd` in a linked worktree: the same folder in the main checkout, and the worktree's name."""
        inner = os.path.relpath(cwd, self.directory)
        if self.worktree:
            return os.path.normpath(os.path.join(self.project, inner)), self.worktree  # noqa: PTH118
        layout = _REMOVED_WORKTREE.fullmatch(inner)
        if not layout or os.path.exists(cwd):  # noqa: PTH110
            return None
        return os.path.normpath(os.path.join(self.directory, layout[2] or "")), layout[1]  # noqa: PTH118


class Repositories:
    """Finds each repository once per run, whatever number of sessions and subfolders lead to it."""

    def __init__(self, git: Git | None = None) -> None:
        self.git = git or Git()
        self._tops: dict[str, str | None] = {}
        self._repositories: dict[str, Repository | str | None] = {}
        self._settings: dict[str, dict[str, list[str]]] = {}
        self._written: dict[str, float] = {}

    def at(self, directory: str) -> Repository | str | None:
        """The repository that holds `directory`, why it cannot be read, or None where there is none."""
        try:
            top = self._top(directory)
        except (OSError, ValueError) as error:
            return _text(f"{directory[:200]}: {error}")
        if top is None:
            return None
        if top not in self._repositories:
            self._repositories[top] = self._read(top)
        return self._repositories[top]

    def written_since(self, directory: str, moment: float) -> bool:
        """False where the files show that nothing was committed there since then. No process is started."""
        try:
            top = self._top(directory)
            if top is None:
                return False
            if top not in self._written:
                self._written[top] = _within(DISK_SECONDS, lambda: _last_written(top))
            return self._written[top] >= moment
        except (OSError, ValueError):
            return False

    def _top(self, directory: str) -> str | None:
        if not os.path.isabs(directory):  # noqa: PTH117 - the directory is text from a transcript
            raise ValueError("not an absolute path")
        if directory not in self._tops:
            self._tops[directory] = _within(DISK_SECONDS, lambda: _top_of(directory))
        return self._tops[directory]

    def _read(self, top: str) -> Repository | str | None:
        answer = self.git.ask(
            top, "rev-parse", "--absolute-git-dir", "--git-common-dir", "--symbolic-full-name", "HEAD"
        )
        lines = _lines(answer)
        # Before the first commit HEAD cannot be resolved; the two lines before it are enough.
        if not 2 <= len(lines) <= 3:
            return _text(f"{top}: {answer.problem or 'git gave an unexpected answer'}")
        common = os.path.realpath(os.path.join(top, lines[1]))  # noqa: PTH118
        own = os.path.realpath(lines[0])
        if common not in self._settings:
            self._settings[common] = _settings(self.git.ask(top, "config", "-z", "--get-regexp", _CONFIG))
        settings = self._settings[common]
        key = _text(_key(common, settings.get("core.worktree", [""])[-1]))
        return Repository(
            key=key,
            directory=top,
            head=_text(lines[2]).removeprefix("refs/heads/") if len(lines) > 2 and not answer.problem else None,
            remote_url=_remote(settings),
            email=settings.get("user.email", [None])[-1],
            project=str(Path(key).parent) if Path(common).name.startswith(".") and key == common else key,
            worktree=_text(Path(own).name) if own != common and Path(own).parent.name == "worktrees" else None,
        )


def branch_and_remote(cwd: str, repositories: Repositories | None = None) -> tuple[str | None, str | None]:
    repository = (repositories or Repositories()).at(cwd)
    return (repository.branch, repository.remote_url) if isinstance(repository, Repository) else (None, None)


def without_credentials(url: str) -> str | None:
    """The address without user and password. `ext::` addresses are commands, not addresses."""
    scheme, separator, rest = url.partition("://")
    if url.startswith("ext::") or not separator:
        return None if url.startswith("ext::") else url
    host, slash, path = rest.partition("/")
    if "@" in host:
        user, _, host = host.rpartition("@")
    elif "@" in path and re.search(r":(?!\d*$)", host):  # a password with a slash in it, not a port
        user, (host, slash, path) = host, rest.rpartition("@")[2].partition("/")
    else:
        return url
    # With ssh the user is part of the address (`git@`), with http it is often a token.
    name = user.partition(":")[0] + "@" if scheme.lower().endswith("ssh") else ""
    return f"{scheme}://{name}{host}{slash}{path}"


def _key(common: str, worktree: str) -> str:
    path = Path(common)
    if path.name == ".git":
        return str(path.parent)
    # A submodule's git directory lies in its parent's, and names the folder where its files are.
    return os.path.normpath(path / worktree) if worktree else common


def _remote(settings: dict[str, list[str]]) -> str | None:
    urls = [value[0] for name, value in settings.items() if name.startswith("remote.")]
    chosen = settings.get("remote.origin.url", urls[:1])
    return without_credentials(chosen[0]) if chosen else None


def _settings(answer: Answer) -> dict[str, list[str]]:
    settings: dict[str, list[str]] = {}
    for entry in answer.stdout.decode("utf-8", "replace").split("\0"):
        name, _, value = entry.partition("\n")
        if value:
            settings.setdefault(name, []).append(value)
    return settings


def _text(name: str) -> str:
    """Storable: a file name need not be UTF-8, and Python keeps its bytes as surrogates."""
    return name.encode("utf-8", "replace").decode("utf-8")


def _lines(answer: Answer) -> list[str]:
    return os.fsdecode(answer.stdout).splitlines()


def _top_of(directory: str) -> str | None:
    """The nearest folder upwards that git would look at. Asking the file system spares a process per subfolder.

    A folder that is gone (a removed worktree, a deleted subfolder) leads to the repository around it, but never to
    one in the home directory or above: kept dotfiles are not where the session worked.
    """
    start = Path(directory)
    gone = not start.exists()
    home = Path.home()
    for folder in (start, *start.parents):
        if gone and (folder == home or folder in home.parents):
            return None
        if (folder / ".git").exists() or all((folder / name).exists() for name in ("HEAD", "objects", "refs")):
            return str(folder)
    return None


def _last_written(top: str) -> float:
    """When HEAD's reflog was last written; the end of time where that cannot be seen (another format of references)."""
    folder = Path(top) / ".git"
    if folder.is_file():
        with folder.open(encoding="utf-8", errors="surrogateescape") as file:
            folder = Path(top, file.readline(MAX_LINK).removeprefix("gitdir:").strip())
    elif not folder.exists():
        folder = Path(top)
    log = folder / "logs" / "HEAD"
    return log.stat().st_mtime if log.exists() else float("inf")


def _within(seconds: float, look: Callable[[], _Result]) -> _Result:
    """The answer of `look`, or TimeoutError: a thread stuck on a dead disk is left behind."""
    answers: list[_Result] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            answers.append(look())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        raise TimeoutError(f"the disk did not answer within {seconds:g} s")
    return answers[0]
