"""The quick test before the parser of command lines lets everything pass that the parser recognises."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claude_metrics.agents.claude.tools import category_of
from claude_metrics.git.command_line import CREATING, invocations, may_commit

_WORDS = st.sampled_from(
    ["git", "git.exe", "/usr/bin/git", "-C", "..", "-c", "a=b", "--no-pager", "-m", "'a b'", "eval", "bash -c", "cd a",
     "G=git", "V=com", "$G", "${V}mit", "commit", '"com""mit"', "com\\mit", "'git commit'", '"git commit"', "<<EOF",
     "EOF", "sudo", "then", "x", "'", '"', "@'", "'@", "\\", *sorted(CREATING)]
)  # fmt: skip
_BETWEEN = st.sampled_from([" ", " ", " ", "", "\n", ";", "&&", " \\\n", "|", "(", ")", ">", "\t", "\r\n"])
COMMANDS = st.lists(st.tuples(_WORDS, _BETWEEN), max_size=14).map(lambda parts: "".join(w + b for w, b in parts))


@settings(max_examples=600, deadline=None)
@given(COMMANDS | st.text("git comaer-$'\"\\;\n", max_size=40))
@example('V=com; eval "git ${V}mit"')
@example("eval 'git com''mit'")
@example('bash -c "git am"')
def test_whatever_the_parser_recognises_passes_the_quick_test(command: str) -> None:
    assert not invocations(command, "/w") or may_commit(command)


@pytest.mark.parametrize(
    "command",
    [
        "git subtree add --prefix=lib other main",
        "git filter-branch --tree-filter 'rm -f x' HEAD",
        "G=git; $G commit -m x",
        "git \\\n  commit \\\n  -m 'a b'",
        "git add .; if ($?) { git commit -m 'a b' }",
        "git commit -m @'\nSubject\n\nBody\n'@",
        'bash -c "cd a && git commit-tree HEAD^{tree}"',
    ],
)
def test_a_command_that_commits_passes_and_is_recognised(command: str) -> None:
    assert may_commit(command)
    assert invocations(command, "/w")


@pytest.mark.parametrize("command", [None, "", "ls -la", "git status", "git log -3 | head", "pytest -q"])
def test_a_command_that_cannot_commit_is_left_out(command: str | None) -> None:
    assert not may_commit(command)


@pytest.mark.parametrize(("tool", "reads"), [("Bash", True), ("PowerShell", True), ("Write", False)])
def test_commands_of_both_shells_of_claude_are_read(tool: str, reads: bool) -> None:
    assert (category_of(tool) == "shell") == reads


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ('& "C:\\Program Files\\Git\\cmd\\git.exe" commit -m "a b"', [("commit", "/w", "a b")]),
        ("git commit -m @'\nA 'b' c\n\nBody\n'@; git push", [("commit", "/w", "A 'b' c")]),
        ('git commit -m @"\nAt $HOME\n"@', [("commit", "/w", None)]),
        ("Set-Location a; git commit -m x", [("commit", "/w/a", "x")]),
        ("Push-Location a; Pop-Location; git pull", [("pull", "/w", None)]),
    ],
)
def test_a_command_line_of_powershell_is_read(command: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert [(one.verb, one.directory, one.subject) for one in invocations(command, "/w")] == expected
