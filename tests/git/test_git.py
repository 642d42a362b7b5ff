"""git as a reader that a repository cannot steer, whatever state it is in, and how command lines are read."""

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics.git.command_line import creates_commits, invocations
from claude_metrics.git.process import Git
from claude_metrics.git.repository import Repositories, Repository
from tests.git.traps import GIT, cache_with, set_traps
from tests.support.git_sandbox import Work, program, repository, shell, subjects


def test_no_program_that_a_hostile_repository_names_is_started(repo: Path, tmp_path: Path) -> None:
    shell(repo, "git commit -q --amend --no-edit", at=5)
    (repo / ".gitattributes").write_text("* diff=evil filter=evil\n")
    work = Work()
    work.run(repo, "echo 2 > two.txt; git add .; git commit -q -m 'Before the traps'")
    signed = (
        "tree {tree}\nparent {head}\nauthor D <dev@example.com> {at} +0000\ncommitter D <dev@example.com> {at} +0000"
    )
    signed += "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n iQ==\n -----END PGP SIGNATURE-----\n\nSigned\n"
    tree, head = shell(repo, "git rev-parse HEAD^{tree} HEAD").split()
    (tmp_path / "raw").write_text(signed.format(tree=tree, head=head, at=1_741_000_020))
    shell(repo, "git update-ref refs/heads/signed $(git hash-object -t commit -w ../raw)")
    trap = program(tmp_path / "trap", f"touch {tmp_path}/caught; cat; exit 0")
    set_traps(repo, trap)
    assert [(one.message, one.lines_added) for one in work.report(repo).commits] == [
        ("First", 1),
        ("Before the traps", 2),
        ("Signed", 0),
    ]
    assert not (tmp_path / "caught").exists()
    shell(repo, "git status", check=False)
    assert (tmp_path / "caught").exists(), "the traps themselves must work"


def test_a_partial_clone_fetches_nothing_and_leaves_the_counts_unknown(repo: Path, tmp_path: Path) -> None:
    shell(repo, "git config uploadpack.allowFilter true; echo 3 > c; git add c; git commit -q -m 'Far away'", at=500)
    shell(tmp_path, f"git clone -q --no-checkout --filter=blob:none file://{repo} part", at=-50)
    trap = program(tmp_path / "trap", f'touch {tmp_path}/caught; exec git-upload-pack "$@"')
    shell(tmp_path / "part", f"git config remote.origin.uploadpack {trap}; git config protocol.file.allow always")
    report = Work().report(tmp_path / "part")
    assert [(one.message, one.files_changed, one.lines_added) for one in report.commits] == [("Far away", None, None)]
    assert report.problems == []
    assert not (tmp_path / "caught").exists()
    shell(tmp_path / "part", "git log --numstat -1", check=False)
    assert (tmp_path / "caught").exists(), "the trap itself must work"


def test_a_repository_of_another_owner_is_skipped_and_named(repo: Path, tmp_path: Path) -> None:
    program(tmp_path / "bin" / "git", f'GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec {GIT} "$@"')
    shell(repo, "git commit -q --allow-empty -m Foreign", at=10)
    work = Work()
    work.tell(tmp_path, f"git --git-dir={repo}/.git commit -m Foreign", at=10)
    report = work.report(repo, cache=cache_with(tmp_path / "bin"))
    assert report.commits == []
    assert len(report.problems) == 2 and all("dubious ownership" in problem for problem in report.problems)


@pytest.mark.root
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_that_really_is_anothers_is_skipped(repo: Path) -> None:
    shutil.chown(repo, 65534, 65534)
    shutil.chown(repo / ".git", 65534, 65534)
    assert "dubious ownership" in str(Repositories().at(str(repo)))


def test_variables_of_git_in_the_environment_have_no_effect(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository(tmp_path / "other")
    work = Work()
    work.run(repo, "git commit -q --allow-empty -m 'The right one'")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "/bin/false")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "broken")
    monkeypatch.setenv("GIT_TRACE", str(tmp_path / "trace"))
    assert subjects(work.commits(repo)) == ["The right one"]
    assert not (tmp_path / "trace").exists()


def test_a_git_beside_the_current_directory_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path / "git", "exit 0")
    monkeypatch.chdir(tmp_path)
    assert Git(search_path=".").ask("/", "version").problem == "git is not installed, or not on PATH"


def test_without_git_there_are_no_commits_and_one_problem(repo: Path, tmp_path: Path) -> None:
    report = Work().report(repo, cache=cache_with(tmp_path))
    assert report.problems == [f"{repo}: git is not installed, or not on PATH"]


def corrupt_object(repo: Path) -> None:
    sha = shell(repo, "git rev-parse HEAD~1").strip()
    path = repo / ".git" / "objects" / sha[:2] / sha[2:]
    path.chmod(0o644)
    path.write_bytes(b"garbage")


def corrupt_head(repo: Path) -> None:
    (repo / ".git" / "HEAD").write_text("nonsense\n")


def corrupt_config(repo: Path) -> None:
    (repo / ".git" / "config").write_text("[core\n")


@pytest.mark.parametrize("harm", [corrupt_object, corrupt_head, corrupt_config])
def test_a_corrupt_repository_is_a_problem_not_an_error(repo: Path, harm: Callable[[Path], None]) -> None:
    shell(repo, "git commit -q --allow-empty -m Two; git commit -q --allow-empty -m Three", at=10)
    harm(repo)
    report = Work().report(repo)
    assert report.problems or harm is corrupt_head
    assert all(one.message in ("Two", "Three") for one in report.commits)


def test_broken_reflogs_hide_no_commit(repo: Path) -> None:
    work = Work()
    work.run(repo, "git commit -q --allow-empty -m 'Still seen'")
    for name in ("HEAD", "refs/heads/main"):
        log = repo / ".git" / "logs" / name
        gone = f"{'1' * 40} {'2' * 40} D <d@x> 1741000010 +0000\tcommit: gone\n"
        log.write_text("garbage\n" + gone + log.read_text())
    assert subjects(work.commits(repo)) == ["Still seen"]


def test_an_empty_git_folder_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / "odd" / ".git").mkdir(parents=True)
    assert "not a git repository" in str(Repositories().at(str(tmp_path / "odd")))


def test_a_bare_repository_is_found_by_its_own_folder(repo: Path, tmp_path: Path) -> None:
    shell(tmp_path, "git clone -q --bare repo bare.git")
    found = Repositories().at(str(tmp_path / "bare.git"))
    assert isinstance(found, Repository) and found.key == str(tmp_path / "bare.git")


@pytest.mark.parametrize("name", ["with space", "quo'te\"", "umläut", "-dash", "new\nline"])
def test_a_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    work, odd = Work(), repository(tmp_path / name)
    work.run(odd, "git commit -q --allow-empty -m 'Oddly placed'")
    report = work.report(odd)
    assert subjects(report.commits) == ["Oddly placed"] or "unexpected answer" in report.problems[0]


def test_a_folder_whose_name_is_no_utf8_has_a_storable_key(tmp_path: Path) -> None:
    try:
        odd = repository(Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff")))
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    work = Work()
    work.run(odd, "git commit -q --allow-empty -m 'Oddly placed'")
    assert [one.repository for one in work.commits(odd)] == [f"{tmp_path}/odd?"]


@pytest.mark.parametrize("directory", ["/a\0b", "/\ud800", "", "relative", "/" + "x" * 5000])
def test_a_folder_that_cannot_exist_holds_no_repository(directory: str) -> None:
    assert not isinstance(Repositories().at(directory), Repository)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("git log --grep commit", []),
        ("echo 'git commit -m no'", []),
        ("ls # git commit -m no", []),
        ("cat <<'EOF'\ngit commit -m no\nEOF", []),
        ("git status", []),
        ("git commit -m 'a b'", [("commit", "/w", "a b")]),
        ("git commit -am'a b'", [("commit", "/w", "a b")]),
        ("git commit --message='a b' -m body", [("commit", "/w", "a b")]),
        ('git commit -m "costs \\$5 \\"now\\""', [("commit", "/w", 'costs $5 "now"')]),
        ('git commit -m "$(date)"', [("commit", "/w", None)]),
        ('N=3; git commit -m "fix #$N"', [("commit", "/w", "fix #3")]),
        ("git commit --amend --no-edit", [("commit", "/w", None)]),
        ("git commit -F - <<'EOF'\n\none\ntwo\n\nbody\nEOF", [("commit", "/w", "one two")]),
        ("git commit -F - <<EOF\nat $HOME\nEOF", [("commit", "/w", None)]),
        ("cd a && cd .. && cd - && git commit", [("commit", "/w/a", None)]),
        ("(cd a; git pull); git pull", [("pull", "/w/a", None), ("pull", "/w", None)]),
        ('cd "$(git rev-parse --show-toplevel)" && git rebase main', [("rebase", "/w", None)]),
        ("sudo -E true; time git revert HEAD 2>&1 | tail -3", [("revert", "/w", None)]),
        ("timeout 10 git -C /x -C y cherry-pick abc", [("cherry-pick", "/x/y", None)]),
        ("# don't\ngit commit -m x", [("commit", "/w", "x")]),
        ("if cd a; then git am < p; fi", [("am", "/w/a", None)]),
        ("bash -lc 'cd /q && git merge -m hi f'", [("merge", "/q", "hi")]),
        ("git commit -m don't; git commit", [("commit", "/w", "don't"), ("commit", "/w", None)]),
        ("/usr/bin/git --no-pager commit -qm x", [("commit", "/w", "x")]),
        ("cat > f <<'A' && git commit -m done\nx 'y\nA", [("commit", "/w", "done")]),
    ],
)
def test_a_command_line_is_read_as_a_shell_would(command: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert [(one.verb, one.directory, one.subject) for one in invocations(command, "/w")] == expected
    assert creates_commits(command) == bool(expected)


@pytest.mark.parametrize(
    "command",
    ["<<A " * 50_000 + "\nA\n" * 99, '"\\' * 99_999, "git commit -m '" * 15_000, "$(" * 99_999, "bash -c " * 25_000,
     "git " + "(" * 99_999, "<<A\nA\n" * 33_000, "\\'" * 99_999, "git commit -m x\\" * 9000, "a=" * 99_999 + "; ",
     "git commit -m $a " * 9000, "\0\x01\x02 git commit -m \x010\x02"],
)  # fmt: skip
def test_a_hostile_command_line_is_read_in_little_time(command: str) -> None:
    began = time.process_time()
    invocations(command + " git commit -m x", "/w")
    assert time.process_time() - began < 5
