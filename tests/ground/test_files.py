"""The one way in which files are written: whole or not at all, and nowhere else in the package."""

import ast
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claude_metrics import files
from tests.support.checkout import ROOT

PACKAGE = ROOT / "claude_metrics"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "files.py")
# What replaces or makes a file, as it is called; `Path.replace` has one argument, `str.replace` has more.
WRITING = {
    "os.replace",
    "os.rename",
    "os.fsync",
    "mkstemp",
    "NamedTemporaryFile",
    "write_text",
    "write_bytes",
    "truncate",
}
FLAGS = {"O_TRUNC", "O_EXCL"}
# These move files that are written already, or write where nobody else looks.
MOVES = {
    "recording/spool.py": "an event moves between the folders of the spool; a reason is appended and synced",
    "recording/current_md.py": "the state of an earlier session moves to the archive",
    "store/backup.py": "the daily copy becomes the previous one",
    "health/mend.py": "a database that was built beside takes the damaged one's place",
    "health/recording.py": "an event that was set aside goes back to the spool",
}
SCRATCH = {
    "demo/run.py": "the demo's own scratch folder",
    "agents/claude/trial.py": "the doctor's trial session, in a folder that it deletes",
}


def written(path: Path) -> set[str]:
    """The calls and flags in `path` that replace or make a file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in FLAGS:
            found.add(node.attr)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = ast.unparse(node.func)
            found |= {each for each in WRITING if name == each or name.endswith(f".{each}")}
            if node.func.attr in ("replace", "rename") and len(node.args) == 1 and not node.keywords:
                found.add("Path.replace")
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "open":
            modes = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            found |= {f"open({mode!r})" for mode in modes if set(mode) <= set("wxb+t") and set(mode) & set("wx")}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_other_module_writes_a_file(path: Path) -> None:
    name = str(path.relative_to(PACKAGE))
    allowed = {"Path.replace", "os.rename", "os.fsync"} if name in MOVES else set()
    allowed |= {"write_text"} if name in SCRATCH else set()
    allowed |= {"O_EXCL", "os.fsync"} if name == "paths/work.py" else set()  # the note that comes before a file is made
    assert written(path) <= allowed


def test_the_exceptions_are_needed() -> None:
    assert all(written(PACKAGE / name) for name in (*MOVES, *SCRATCH))


def listed(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "home")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(content=st.binary(max_size=5000), mode=st.sampled_from([0o600, 0o640, 0o644]), exists=st.booleans())
def test_what_is_written_is_read_with_the_mode_asked_for(
    tmp_path: Path, content: bytes, mode: int, exists: bool
) -> None:
    file = tmp_path / "file"
    if exists:
        file.write_bytes(b"old")
    files.write(file, content, mode)
    assert (file.read_bytes(), stat.S_IMODE(file.stat().st_mode)) == (content, mode)
    assert listed(tmp_path) == ["file"]
    file.unlink()


@pytest.mark.parametrize("ending", [OSError, ValueError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("old", [None, b"old"], ids=["new", "existing"])
def test_what_ends_early_leaves_the_file_as_it_was(
    tmp_path: Path, ending: type[BaseException], old: bytes | None
) -> None:
    file = tmp_path / "file"
    if old is not None:
        file.write_bytes(old)
    with pytest.raises(ending), files.replacing(file) as stream:
        stream.write(b"half of the ne")
        stream.flush()
        raise ending
    assert listed(tmp_path) == ([] if old is None else ["file"])
    assert old is None or file.read_bytes() == old


def test_a_reader_finds_the_old_content_or_the_new_at_any_time(tmp_path: Path) -> None:
    file, contents = tmp_path / "file", [bytes([letter]) * 100_000 for letter in b"abc"]
    files.write(file, contents[0])
    seen, done = set(), threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(file.read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(50):
        files.write(file, contents[number % 3])
    done.set()
    reader.join()
    assert seen <= set(contents)


def test_a_process_that_is_killed_while_it_writes_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")
    code = (
        "import os, signal; from claude_metrics import files\n"
        f"with files.replacing({str(file)!r}) as stream: stream.write(b'new'); stream.flush();"
        " os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    assert file.read_bytes() == b"old"


def test_nothing_is_written_through_a_link_that_waits_under_the_scratch_files_name(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"theirs")
    (tmp_path / "scratch").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError), files.replacing(tmp_path / "file", scratch=tmp_path / "scratch"):
        pass
    assert (tmp_path / "elsewhere").read_bytes() == b"theirs"
    assert (tmp_path / "scratch").is_symlink()


def test_a_name_in_an_open_folder_stays_in_it_when_the_folder_is_moved(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    folder = os.open(tmp_path / "folder", os.O_RDONLY)
    try:
        (tmp_path / "folder").rename(tmp_path / "moved")
        with files.replacing("file", folder=folder) as stream:
            stream.write(b"new")
    finally:
        os.close(folder)
    assert listed(tmp_path) == ["moved"]
    assert (tmp_path / "moved" / "file").read_bytes() == b"new"


# What a user names


def test_an_output_goes_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file")
    files.write_output(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file").read_bytes() == b"new"


def test_an_output_goes_into_a_device_and_a_pipe(tmp_path: Path) -> None:
    files.write_output(Path(os.devnull), b"new")
    os.mkfifo(tmp_path / "pipe")
    reader = subprocess.Popen(["cat", tmp_path / "pipe"], stdout=subprocess.PIPE)
    files.write_output(tmp_path / "pipe", b"new")
    assert reader.communicate() == (b"new", None)
