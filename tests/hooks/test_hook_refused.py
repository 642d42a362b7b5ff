"""Where the spool cannot be written, the event goes elsewhere, and the hook ends well."""

import os
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from claude_metrics.recording import spool
from tests.hooks.scene import PAYLOAD, Scene

# What may go wrong with the disk


def as_file(place: Path) -> None:
    place.parent.mkdir()
    place.write_text("no folder")


def as_link(place: Path) -> None:
    place.parent.mkdir()
    place.symlink_to(place.parent)


def as_dangling_link(place: Path) -> None:
    place.parent.mkdir()
    place.symlink_to("/nowhere")


def under_a_file(place: Path) -> None:
    place.parent.write_text("no folder")


def read_only(place: Path) -> None:
    place.mkdir(parents=True)
    place.chmod(0o500)


SPOILT = [
    *(as_file, as_link, as_dangling_link, under_a_file),
    pytest.param(read_only, marks=pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")),
]


@pytest.mark.parametrize("spoil", SPOILT)
def test_where_the_spool_cannot_be_written_the_event_goes_elsewhere(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], None]
) -> None:
    spoil(scene.spool)
    before = set(scene.spool.parent.rglob("*"))
    scene.run()
    monkeypatch.setenv("HOME", str(scene.home))
    monkeypatch.setenv("TMPDIR", str(scene.temporary))
    [event] = spool.pending(scene.spool)
    assert spool.read(event) == PAYLOAD
    assert event.path.parent == spool.possible_folders(scene.spool)[1]
    assert set(scene.spool.parent.rglob("*")) == before
    assert len(scene.workers()) == 1


def test_where_the_home_folder_cannot_be_written_either_the_temporary_folder_is_the_last_resort(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_file(scene.spool)
    (scene.home / ".local").write_text("no folder")
    scene.run()
    monkeypatch.setenv("HOME", str(scene.home))
    monkeypatch.setenv("TMPDIR", str(scene.temporary))
    [event] = spool.pending(scene.spool)
    assert event.path.parent == spool.possible_folders(scene.spool)[2]
    assert stat.S_IMODE(event.path.parent.stat().st_mode) == 0o700


def test_a_folder_that_others_may_write_is_no_resort(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    as_file(scene.spool)
    (scene.home / ".local").write_text("no folder")
    monkeypatch.setenv("HOME", str(scene.home))
    monkeypatch.setenv("TMPDIR", str(scene.temporary))
    trap = spool.possible_folders(scene.spool)[2]
    trap.mkdir()
    trap.chmod(0o777)
    scene.run()
    assert not list(trap.iterdir())


def test_where_nothing_can_be_written_it_still_ends_well(scene: Scene) -> None:
    as_file(scene.spool)
    scene.run(HOME="/dev/null", TMPDIR="/dev/null")
    assert not scene.signed.exists()


def test_where_no_process_or_file_may_grow_it_still_ends_well(scene: Scene) -> None:
    limited = ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *scene.command()]
    done = subprocess.run(limited, input=PAYLOAD, capture_output=True, env=scene.environment(), timeout=5, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (b"{}\n", b"", 0)
    assert not [path for path in scene.folder.rglob("*.tmp") if path.is_file()]  # no half file stays behind
