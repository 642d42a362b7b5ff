"""What a shell command line would ask git to commit, and where: read as text, never executed.

The reading is lenient on purpose. A wrong guess costs little, since a commit is matched only where a repository holds
one made at that moment; a command given up on would lose a proof.
"""

import os.path
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from claude_metrics.shell_words import MARK, TOKEN, without_heredocs

CREATING = frozenset(
    ("commit", "merge", "cherry-pick", "revert", "rebase", "am", "pull", "commit-tree", "subtree", "filter-branch")
)
MAX_COMMAND = 200_000
MAX_DEPTH = 3

_ASSIGNMENT = re.compile(r"^([A-Za-z_]\w*)=(.*)$", re.DOTALL)
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_PREFIXES = {"sudo", "env", "command", "time", "nohup", "exec", "builtin", "nice"}
_PREFIXES |= {"then", "do", "else", "elif", "if", "while", "until", "!", "{"}
_SHELLS = frozenset(("sh", "bash", "zsh", "dash", "ksh"))
# Options of git itself, before the verb, that take the next word.
_VALUED = frozenset(("-C", "-c", "--git-dir", "--work-tree", "--namespace", "--exec-path", "--config-env"))
# `-am`, `-qm`: only flags without a value may stand before the m.
_SHORT_MESSAGE = re.compile(r"^-[apsneioqvz]*m(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Invocation:
    verb: str
    directory: str  # where git would look for the repository
    subject: str | None  # of the commit it makes, when the command line spells it out


def creates_commits(command: str) -> bool:
    return bool(invocations(command, "/"))


def invocations(command: str, cwd: str) -> list[Invocation]:
    """The git calls in `command`, started in `cwd`, that can create commits."""
    if "git" not in command:
        return []
    return list(_Shell(cwd).run(command[:MAX_COMMAND].replace("\x01", " "), 0))


def first_paragraph(message: str) -> str:
    """The subject as git's %s gives it: the first paragraph on one line."""
    paragraph = re.split(r"\n[ \t]*\n", message.strip(), maxsplit=1)[0]
    return " ".join(paragraph.split())


@dataclass(slots=True)
class _Shell:
    """As much of a shell as decides in which directory a git command runs."""

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
            if found := _ASSIGNMENT.match(words[0]):
                local[found[1]] = self._literal(found[2]) or ""
            words = words[1:]
        if not words:
            self.variables.update(local)
            return
        name = os.path.basename(self._literal(words[0]) or "")  # noqa: PTH119 - text, not a file of this machine
        if name == "timeout":
            yield from self._simple(words[2:], depth)
        elif name in _SHELLS or name == "eval":
            yield from self._nested(name, words[1:], depth)
        elif name in ("git", "git.exe"):
            yield from self._git(words[1:], local)
        else:
            self._change_directory(name, words[1:])

    def _nested(self, name: str, words: list[str], depth: int) -> Iterator[Invocation]:
        if depth >= MAX_DEPTH:
            return
        if name == "eval":
            script: str | None = " ".join(self._literal(word) or "" for word in words)
        else:
            flags = [number for number, word in enumerate(words) if re.fullmatch(r"-[a-z]*c", word)]
            script = self._literal(words[flags[0] + 1]) if flags and flags[0] + 1 < len(words) else None
        if script:
            yield from _Shell(self.cwd, dict(self.variables), self.bodies).run(script, depth + 1)

    def _change_directory(self, name: str, words: list[str]) -> None:
        if name == "popd" and self._pushed:
            self._before, self.cwd = self.cwd, self._pushed.pop()
        if name not in ("cd", "pushd", "chdir"):
            return
        targets = [word for word in words if word == "-" or not re.match(r"[-+]", word)]
        target = self._literal(targets[0]) if targets else "~" if name == "cd" else None
        # An unreadable target is mostly `cd "$(git rev-parse --show-toplevel)"`: the same repository.
        if target == "-":
            target = self._before or None
        if target:
            self._pushed += [self.cwd] if name == "pushd" else []
            self._before, self.cwd = self.cwd, _join(self.cwd, target)

    def _git(self, words: list[str], local: dict[str, str]) -> Iterator[Invocation]:
        directory, git_dir = self.cwd, local.get("GIT_DIR")
        while words and words[0].startswith("-"):
            option, given, value = words[0].partition("=")
            words = words[1:]
            if not given and option in _VALUED and words:
                value, words = words[0], words[1:]
            if option == "-C":
                directory = _join(directory, self._literal(value) or "")
            elif option == "--git-dir":
                git_dir = self._literal(value)
        if words and words[0] in CREATING:
            yield Invocation(words[0], _join(directory, git_dir or ""), self._subject(words[0], words[1:]))

    def _subject(self, verb: str, words: list[str]) -> str | None:
        if verb not in ("commit", "merge"):
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
            elif found := _SHORT_MESSAGE.match(word):
                message = found[1] or following
            if message is not None:
                text = self._literal(message)
                return first_paragraph(text) or None if text else None
        return None

    def _literal(self, raw: str) -> str | None:
        """The word as the shell would pass it on, or None where only the shell can know."""
        document = re.fullmatch('"?(?:\\$\\(cat *)?\x01(\\d+)\x02\\s*(?:\\))?"?', raw)
        if document:
            return self.bodies[int(document[1])]
        try:
            text = " ".join(shlex.split(raw)) if re.search(r"['\"\\]", raw) else raw
        except ValueError:
            text = raw
        if not re.search(r"(?<!\\)[$`]", re.sub(r"'[^']*'", "", raw)):
            return re.sub(r"\\([$`])", r"\1", os.path.expanduser(text) if raw.startswith("~") else text)  # noqa: PTH111
        known = {"PWD": self.cwd, "HOME": os.path.expanduser("~"), **self.variables}  # noqa: PTH111
        text = _VARIABLE.sub(lambda found: known.get(found[1] or found[2], found[0]), text)
        return None if re.search(r"[$`]", text) else text


def _join(directory: str, path: str) -> str:
    return os.path.normpath(os.path.join(directory, os.path.expanduser(path))) if path else directory  # noqa: PTH111, PTH118
