"""The quick test before the parser of command lines lets everything pass that the parser recognises."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claude_metrics.agents._tools import commit_route
from claude_metrics.agents.claude.tools import category_of
from claude_metrics.git.command_line import CREATING, calls, invocations, may_commit, names_a_commit

_WORDS = st.sampled_from(
    ["git", "git.exe", "/usr/bin/git", "-C", "..", "-c", "a=b", "--no-pager", "-m", "'a b'", "eval", "bash -c", "cd a",
     "G=git", "V=com", "$G", "${V}mit", "commit", '"com""mit"', "com\\mit", "'git commit'", '"git commit"', "<<EOF",
     "EOF", "sudo", "then", "x", "'", '"', "@'", "'@", "\\", "ls", "./x", "A='b ls c'", 'A="b ', "#", "find", "-exec",
     "2>&1", "&>", "`", "ci", "status", "npm", "version", "env", "/bin/cat", *sorted(CREATING)]
)  # fmt: skip
_BETWEEN = st.sampled_from([" ", " ", " ", "", "\n", ";", "&&", " \\\n", "|", "(", ")", ">", "\t", "\r\n"])
COMMANDS = st.lists(st.tuples(_WORDS, _BETWEEN), max_size=14).map(lambda parts: "".join(w + b for w, b in parts))


@settings(max_examples=600, deadline=None)
@given(COMMANDS | st.text("git comaer-$'\"\\;\n", max_size=40))
@example('V=com; eval "git ${V}mit"')
@example("eval 'git com''mit'")
@example('bash -c "git am"')
@example('A="x ls y" ./release.sh')
@example('find "a; ls " -exec ./x {} +')
@example("&> ls ./x")
@example('echo "a #b" && ./x')
def test_whatever_the_parser_recognises_passes_the_quick_test(command: str) -> None:
    assert not calls(command, "/w") or may_commit(command)
    assert not invocations(command, "/w") or names_a_commit(command)


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
    assert may_commit(command) and names_a_commit(command)
    assert invocations(command, "/w")


@pytest.mark.parametrize(
    "command",
    ["sh release.sh", "./release.sh 2>&1 | tail -3", "git ci -m x", "git -C sub release", "make release",
     "npm version 1", "npm run release", "jj commit -m x", "gh pr merge 3", "cd sub && python3 tools/bump.py",
     "ls | xargs ./x", "$TOOL",
     "find . -name x -exec ./commit.sh {} ;", 'eval "$(cat commands)"', "A=1 ./x"],
)  # fmt: skip
def test_a_command_that_starts_another_program_may_commit(command: str) -> None:
    assert may_commit(command)
    assert [call.verb for call in calls(command, "/w")] == [""]
    assert invocations(command, "/w") == []


@pytest.mark.parametrize(
    "command",
    ["", "ls -la", "git status", "git log -3 | head", "pytest -q 2>&1 | tail -5", "cd a && npm test", "# ./x\nls",
     "A=1 B=$C ls", "for f in a b; do cat $f; done", "sudo true", "git add . && git stash"],
)  # fmt: skip
def test_a_command_that_cannot_commit_is_left_out(command: str) -> None:
    assert not may_commit(command)
    assert calls(command, "/w") == []


@pytest.mark.parametrize(
    ("tool", "command", "route"),
    [
        ("Bash", "git commit -m x", "git commit -m x"),
        ("PowerShell", "git commit -m x", "git commit -m x"),
        ("Bash", "ls", None),
        ("mcp__tiny__add", None, ""),
        ("Write", None, None),
    ],
)
def test_calls_of_claude_that_may_commit_are_those_of_its_shells_and_of_servers(
    tool: str, command: str | None, route: str | None
) -> None:
    assert commit_route(category_of(tool), command) == route


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
