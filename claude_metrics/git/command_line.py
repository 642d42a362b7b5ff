"""What a shell command line would ask git to commit, and where: the text is read, never executed.

The reading is lenient on purpose. A wrong guess costs little, because a commit is matched only where a repository
holds one that was made at that moment. A command that is not understood would lose a proof.
"""

import os.path
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from claude_metrics.git.programs import GIT_QUIET, is_quiet
from claude_metrics.shell_words import MARK, TOKEN, without_heredocs

CREATING = frozenset(
    ("commit", "merge", "cherry-pick", "revert", "rebase", "am", "pull", "commit-tree", "subtree", "filter-branch")
)
MAX_COMMAND = 200_000
MAX_DEPTH = 3

# Characters that the parser may remove inside of a word: `"git com""mit"` names the verb too.
_QUOTING = str.maketrans("", "", "'\"\\")
_VERB = re.compile(rf"\b(?:{'|'.join(sorted(CREATING))})\b")
# For the quick test: where a simple command may begin, and `&` that joins streams instead of ending a command.
_PARTS = re.compile(r"[\n;&|()]+")
_AMPERSAND = re.compile(r">&|<&|&>")
_PLAIN_NAME = re.compile(r"[\w./:\[{}!-]+")
_PLAIN_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=[^'\"\\]*$")
_ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_PREFIXES = {"sudo", "env", "command", "time", "nohup", "exec", "builtin", "nice"}
_PREFIXES |= {"then", "do", "else", "elif", "if", "while", "until", "!", "{"}
_CHANGES_DIRECTORY = frozenset(("cd", "pushd", "chdir", "sl", "set-location", "push-location"))
_SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh"))
_HERE_STRING = re.compile(r"@(['\"])[ \t]*\r?\n(.*?)\r?\n\1@", re.DOTALL)  # of PowerShell
# Options of git itself, before the verb, that take the next word.
_VALUED = frozenset(("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env"))
# `-am`, `-qm`: only flags without a value may stand before the m.
_SHORT_MESSAGE = re.compile(r"^-[apsneioqvz]*m(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Invocation:
    verb: str  # of git, one of `CREATING`; empty for an alias, a script or another program that may call git
    directory: str  # where git would look for the repository
    subject: str | None  # of the commit it makes, when the command line spells it out
    on_server: bool = False  # `gh pr merge`: the commit is made on the server, then the branch is moved to it


@lru_cache(1024)
def may_commit(command: str | None) -> bool:
    """False only where `calls` finds nothing that could make a commit: a quick test for readers of transcripts."""
    return bool(command) and (names_a_commit(command or "") or _starts_a_program(command or ""))


@lru_cache(1024)
def names_a_commit(command: str) -> bool:
    """False only where `invocations` finds nothing: the quick test for git's own commands that create commits.

    Words put together from variables are not read here, so every command with a variable and the word git passes.
    """
    if "git" not in command:
        return False
    return "$" in command or _VERB.search(command.translate(_QUOTING)) is not None


def _starts_a_program(command: str) -> bool:
    """Whether any part begins with a program that is not known to be quiet. Quotes are not read: parts are too many."""
    if "`" in command or "-exec" in command or "-ok" in command:
        return True
    return any(_is_loud(part.split()) for part in _PARTS.split(_AMPERSAND.sub(" > ", command)))


def _is_loud(words: list[str]) -> bool:
    while words and (words[0] in _PREFIXES or _PLAIN_ASSIGNMENT.match(words[0])):
        words = words[1:]
    if not words or words[0].startswith("#"):
        return False
    if not _PLAIN_NAME.fullmatch(words[0]):
        return True
    name = words[0].rpartition("/")[2].lower()
    if name == "git":
        return len(words) > 1 and words[1] not in GIT_QUIET
    return not is_quiet(name, words[1:])


def creates_commits(command: str) -> bool:
    return bool(invocations(command, "/"))


def invocations(command: str, cwd: str) -> list[Invocation]:
    """The git calls in `command`, started in `cwd`, that can create commits."""
    return [call for call in calls(command, cwd) if call.verb] if "git" in command else []


def calls(command: str, cwd: str) -> list[Invocation]:
    """All that may make a commit when `command` runs in `cwd`: git itself, aliases, scripts and other programs."""
    return list(_Shell(cwd).run(command[:MAX_COMMAND].replace("\x01", " "), 0))


def first_paragraph(message: str) -> str:
    """The subject as git's %s gives it: the first paragraph on one line."""
    paragraph = re.split(r"\n[ \t]*\n", message.strip(), maxsplit=1)[0]
    return " ".join(paragraph.split())


@dataclass(slots=True)
class _Shell:
    """The part of a shell that decides in which directory a git command runs."""

    cwd: str
    variables: dict[str, str] = field(default_factory=dict)
    bodies: list[str | None] = field(default_factory=list)
    _before: str = ""
    _pushed: list[str] = field(default_factory=list)
    _outside: list[str] = field(default_factory=list)

    def run(self, text: str, depth: int) -> Iterator[Invocation]:
        text = without_heredocs(text, self.bodies)
        words: list[str] = []
        target = False  # the word after `>` is a file, not an argument
        for token in TOKEN.finditer(text):
            if token.lastgroup == "word" and not target:
                words.append(token[0])
            elif token.lastgroup == "control":
                yield from self._simple(words, depth)
                words = []
                self._group(token[0])
            target = token.lastgroup == "redirect" or (target and token.lastgroup == "space")
        yield from self._simple(words, depth)

    def _group(self, control: str) -> None:
        """A `cd` inside parentheses ends with them."""
        if control == "(":
            self._outside.append(self.cwd)
        elif control == ")" and self._outside:
            self.cwd = self._outside.pop()

    def _simple(self, words: list[str], depth: int) -> Iterator[Invocation]:
        local: dict[str, str] = {}
        while words and (words[0] in _PREFIXES or _ASSIGNMENT.match(words[0])):
            if assignment := _ASSIGNMENT.match(words[0]):
                local[assignment[1]] = self._literal(assignment[2]) or ""
            words = words[1:]
        if not words:
            self.variables.update(local)
            return
        name = re.split(r"[\\/]", self._literal(words[0]) or "")[-1].lower()
        if name == "timeout":
            yield from self._simple(words[2:], depth)
        elif name in _SHELLS or name == "eval":
            yield from self._nested(name, words[1:], depth)
        elif name in ("git", "git.exe"):
            yield from self._git(words[1:], local)
        elif name in _CHANGES_DIRECTORY or name in ("popd", "pop-location"):
            self._change_directory(name, words[1:])
        elif not is_quiet(name, words[1:]):
            yield Invocation("", self.cwd, None, on_server=name == "gh")

    def _nested(self, name: str, words: list[str], depth: int) -> Iterator[Invocation]:
        if depth >= MAX_DEPTH:
            yield Invocation("", self.cwd, None)
            return
        if name == "eval":
            script: str | None = " ".join(self._literal(word) or "" for word in words)
        else:
            flags = [number for number, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word)]
            script = self._literal(words[flags[0] + 1]) if flags and flags[0] + 1 < len(words) else None
        if script:
            yield from _Shell(self.cwd, dict(self.variables), self.bodies).run(script, depth + 1)
        elif words:
            yield Invocation("", self.cwd, None)  # a script in a file, or one that only the shell knows

    def _change_directory(self, name: str, words: list[str]) -> None:
        if name in ("popd", "pop-location") and self._pushed:
            self._before, self.cwd = self.cwd, self._pushed.pop()
        if name not in _CHANGES_DIRECTORY:
            return
        targets = [word for word in words if word == "-" or not re.match(r"[-+]", word)]
        target = self._literal(targets[0]) if targets else "~" if name == "cd" else None
        # An unreadable target is mostly `cd "$(git rev-parse --show-toplevel)"`: the same repository.
        if target == "-":
            target = self._before or None
        if target:
            self._pushed += [self.cwd] if name in ("pushd", "push-location") else []
            self._before, self.cwd = self.cwd, _join(self.cwd, target)

    def _git(self, words: list[str], local: dict[str, str]) -> Iterator[Invocation]:
        directory, git_dir = self.cwd, local.get("GIT_DIR")
        while words and words[0].startswith("-"):
            option, equals, value = words[0].partition("=")
            words = words[1:]
            if not equals and option in _VALUED and words:
                value, words = words[0], words[1:]
            if option == "-C":
                directory = _join(directory, self._literal(value) or "")
            elif option == "--git-dir":
                git_dir = self._literal(value)
        if words and words[0] in CREATING:
            yield Invocation(words[0], _join(directory, git_dir or ""), self._subject(words[0], words[1:]))
        elif words and words[0] not in GIT_QUIET:
            yield Invocation("", _join(directory, git_dir or ""), self._subject("", words[1:]))

    def _subject(self, verb: str, words: list[str]) -> str | None:
        if verb not in ("commit", "merge", ""):
            return None
        for number, word in enumerate(words):
            following = words[number + 1] if number + 1 < len(words) else ""
            message = None
            if word.startswith("--message="):
                message = word.partition("=")[2]
            elif word in ("-F", "--file") and following == "-":
                message = next((other for other in words if MARK.fullmatch(other)), None)
            elif word == "--message":
                message = following
            elif short := _SHORT_MESSAGE.match(word):
                message = short[1] or following
            if message is not None:
                text = self._literal(message)
                return first_paragraph(text) or None if text else None
        return None

    def _literal(self, raw: str) -> str | None:
        """The word as the shell would pass it on, or None where its value is only known when it runs."""
        if here_string := _HERE_STRING.fullmatch(raw):
            return here_string[2] if here_string[1] == "'" or not re.search(r"[$`]", here_string[2]) else None
        document = re.fullmatch('"?(?:\\$\\(cat *)?\x01(\\d+)\x02\\s*(?:\\))?"?', raw)
        if document:
            return self.bodies[int(document[1])]
        try:
            text = " ".join(shlex.split(raw)) if re.search(r"['\"\\]", raw) else raw
        except ValueError:
            text = raw
        if not re.search(r"(?<!\\)[$`]", re.sub(r"'[^']*'", "", raw)):
            return re.sub(r"\\([$`])", r"\1", os.path.expanduser(text) if raw.startswith("~") else text)  # noqa: PTH111
        values = {"PWD": self.cwd, "HOME": os.path.expanduser("~"), **self.variables}  # noqa: PTH111
        text = _VARIABLE.sub(lambda name: values.get(name[1] or name[2], name[0]), text)
        return None if re.search(r"[$`]", text) else text


def _join(directory: str, path: str) -> str:
    return os.path.normpath(os.path.join(directory, os.path.expanduser(path))) if path else directory  # noqa: PTH111, PTH118
