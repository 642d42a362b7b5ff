"""OpenCode's `/undo` deletes messages that were billed: what was recorded before stays, what was not is gone."""

from contextlib import closing
from pathlib import Path

from tests.agents.opencode_database import writable
from tests.agents.recorded import OPENCODE
from tests.support.recorder import Recorder

NAME = "interactive-two-prompts"


def undo(data: Path) -> None:
    """Delete the last answered prompt with all that followed, as the client does."""
    with closing(writable(data)) as db:
        (since,) = db.execute(
            "select max(time_created) from message where json_extract(data, '$.role') = 'user'"
        ).fetchone()
        gone = "select id from message where time_created >= ?"
        db.execute(f"delete from part where message_id in ({gone})", (since,))
        db.execute("delete from message where time_created >= ?", (since,))


def figures(recorder: Recorder) -> tuple[int, float]:
    row = recorder.connection.execute("select count(*), total(reported_cost_usd) from token_usage").fetchone()
    return int(row[0]), float(row[1])


def test_messages_that_were_recorded_before_an_undo_stay(tmp_path: Path) -> None:
    data = OPENCODE.lay_out(NAME, tmp_path / "home")
    recorder = Recorder(tmp_path / "metrics.db")
    recorder.sync("opencode", data)
    before, sums = figures(recorder), recorder.totals()
    undo(data)
    recorder.sync("opencode", data)
    assert (figures(recorder), recorder.totals()) == (before, sums)


def test_messages_that_were_undone_before_the_first_recording_are_not_known(tmp_path: Path) -> None:
    whole, undone = (OPENCODE.lay_out(NAME, tmp_path / name) for name in ("whole", "undone"))
    undo(undone)
    recorders = [Recorder(tmp_path / f"{number}.db") for number in range(2)]
    for recorder, data in zip(recorders, (whole, undone), strict=True):
        recorder.sync("opencode", data)
    (all_rows, _), (rows, _) = map(figures, recorders)
    assert 0 < rows < all_rows
