"""Shell commands that verify work: tests, linters, type checkers, builds; and what their output counted.

A command is recognised by its program and first arguments, wherever in the line it stands (`cd x && uv run pytest`).
Of several in one line all are named. Passed or failed is the line's exit, unless the counts say that something failed:
`pytest | tail` exits with 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from claude_metrics.shell_words import TOKEN, without_heredocs

COMMAND, TAIL, LINES, LINE = 4000, 6000, 60, 300

_TESTS = (
    "pytest", "py.test", "tox", "nox", "unittest", "vitest", "jest", "mocha", "ava", "ctest", "rspec", "phpunit",
    "nextest", "bats", "go test", "cargo test", "cargo nextest", "npm test", "npm t", "npm run test", "yarn test",
    "yarn run test", "pnpm test", "pnpm run test", "bun test", "bun run test", "deno test", "make test", "make check",
    "mvn test", "mvn verify", "gradle test", "gradlew test", "dotnet test", "swift test", "mix test", "rake test",
    "rails test", "playwright test", "cypress run", "meson test", "zig build test", "hatch test", "just test",
)  # fmt: skip
_LINT = (
    "ruff", "flake8", "pylint", "black", "isort", "eslint", "biome", "prettier", "stylelint", "golangci-lint",
    "shellcheck", "rubocop", "hadolint", "pre-commit", "clippy", "cargo clippy", "cargo fmt", "go vet", "gofmt",
    "npm run lint", "yarn lint", "yarn run lint", "pnpm lint", "pnpm run lint", "make lint", "just lint", "yamllint",
)  # fmt: skip
_TYPES = (
    "mypy", "pyright", "basedpyright", "pyre", "ty check", "tsc", "vue-tsc", "npm run typecheck", "npm run type-check",
    "pnpm typecheck", "pnpm run typecheck", "yarn typecheck", "cargo check",
)  # fmt: skip
_BUILD = (
    "make", "cargo build", "go build", "npm run build", "yarn build", "yarn run build", "pnpm build", "pnpm run build",
    "bun run build", "vite build", "next build", "webpack", "rollup", "gradle build", "gradlew build", "mvn package",
    "mvn compile", "mvn install", "dotnet build", "swift build", "mix compile", "docker build", "ninja",
    "cmake --build", "hatch build", "uv build", "poetry build", "meson compile", "bazel build", "zig build",
)  # fmt: skip
CHECKS = {
    **dict.fromkeys(_BUILD, "build"),
    **dict.fromkeys(_TESTS, "tests"),
    **dict.fromkeys(_LINT, "lint"),
    **dict.fromkeys(_TYPES, "types"),
}
# These change files instead of checking them, unless told to check.
_CHANGING = {"black": "--check", "isort": "--check", "prettier": "--check", "gofmt": "-l", "cargo fmt": "--check"}
_PROGRAMS = sorted({name.split(maxsplit=1)[0] for name in CHECKS})
_HINT = re.compile(rf"\b(?=[{''.join({name[0] for name in _PROGRAMS})}])(?:{'|'.join(map(re.escape, _PROGRAMS))})")
_BEFORE = frozenset(
    ("sudo", "env", "time", "nice", "nohup", "exec", "command", "timeout", "then", "do", "if", "while", "until",
     "else", "!", "{", "npx", "bunx", "xvfb-run", "uvx", "pipx")
)  # fmt: skip
_RUNNERS = frozenset(("uv", "poetry", "pipenv", "hatch", "pdm", "rye", "pnpm", "yarn", "npm", "bundle", "conda", "bun"))
_VERSION = re.compile(r"^(?:python|pip|pypy)[\d.]*$")


@lru_cache(256)
def check_of(command: str) -> str | None:
    """`tests: pytest`, `lint, types: ruff, mypy`; None for a command that verifies nothing."""
    if not _HINT.search(command, 0, COMMAND):
        return None
    found = dict.fromkeys(name for words in _simple_commands(command[:COMMAND]) if (name := _check(words)))
    kinds = dict.fromkeys(CHECKS[name] for name in found)
    return f"{', '.join(kinds)}: {', '.join(found)}" if found else None


def _simple_commands(command: str) -> Iterator[list[str]]:
    words: list[str] = []
    target = False  # the word after `>` is a file
    for token in TOKEN.finditer(without_heredocs(command.replace("\x01", " "), [])):
        if token.lastgroup == "word" and not target:
            words.append(token[0].strip("'\""))
        elif token.lastgroup == "control":
            yield words
            words = []
        target = token.lastgroup == "redirect" or (target and token.lastgroup == "space")
    yield words


def _check(words: list[str]) -> str | None:
    """The check that a simple command runs, past assignments, wrappers and the program's folder."""
    words = _program(words)
    if not words or "--version" in words or "--help" in words:
        return None
    plain = [word for word in words if not word.startswith("-")]
    candidates = [" ".join(part) for n in (3, 2, 1) for part in (words[:n], plain[:n]) if len(part) == n]
    name = next((name for name in candidates if name in CHECKS), None)
    if name in _CHANGING and not any(word.startswith(_CHANGING[name]) for word in words):
        return None
    return None if name == "ruff" and "format" in plain and "--check" not in words else name


def _program(words: list[str]) -> list[str]:
    words = list(words)
    while words:
        head = words[0].rpartition("/")[2]
        if "=" in head or head in _BEFORE or head.startswith("-") or head.isdigit() or re.fullmatch(r"\d+[smh]", head):
            words = words[1:]
        elif head in _RUNNERS and len(words) > 1 and words[1] in ("run", "exec", "x", "dlx"):
            if " ".join([head, *words[1:3]]) in CHECKS:
                break
            words = words[2:]
        elif _VERSION.match(head) and words[1:2] == ["-m"]:
            words = words[2:]
        else:
            return [head, *words[1:]]
    return words


# -- what the output counted ---------------------------------------------------------

_N = r"(?<![\d.,])(\d{1,7})"
_COUNTS = (
    ("failed", re.compile(rf"{_N} (?:tests? )?fail(?:ed|ures?|ing)\b|\bfail(?:ed|ures)?[:=] ?(\d{{1,7}})", re.I)),
    ("errors", re.compile(rf"{_N} errors?\b|\berrors[:=] ?(\d{{1,7}})", re.I)),
    ("passed", re.compile(rf"{_N} (?:tests? )?pass(?:ed|ing)\b|\bpass(?:ed)?[:=] ?(\d{{1,7}})", re.I)),
    ("skipped", re.compile(rf"{_N} (?:tests? )?skipped\b|\bskipped[:=] ?(\d{{1,7}})", re.I)),
)
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_DIGIT = re.compile(r"\d")
_BACKGROUND = "running in background"


def result_of(output: str, success: bool) -> tuple[bool | None, str | None]:
    """`(passed, counts)` of a check's output: its last summary line that counts anything, in our own words."""
    if success and _BACKGROUND in output[:200]:
        return None, None
    counts = _counts(output[-TAIL:])
    failed = any(counts.get(name) for name in ("failed", "errors"))
    said = ", ".join(
        f"{number} {'error' if (name, number) == ('errors', 1) else name}" for name, number in counts.items()
    )
    return success and not failed, said or None


def _counts(output: str) -> dict[str, int]:
    lines = (line for line in reversed(output.splitlines()[-LINES:]) if len(line) < LINE and _DIGIT.search(line))
    for line in lines:
        found = {name: match for name, pattern in _COUNTS if (match := pattern.search(_COLOURS.sub("", line)))}
        if found:
            return {name: int(next(filter(None, match.groups()))) for name, match in found.items()}
    return {}
