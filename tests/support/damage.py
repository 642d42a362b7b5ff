"""What can happen to a transcript after it was recorded."""

from pathlib import Path

from hypothesis import strategies as st


def damage(path: Path, data: st.DataObject) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    kind = data.draw(st.sampled_from(["delete", "shorten", "drop lines", "reorder", "replace"]))
    if kind == "delete":
        path.unlink()
    elif kind == "shorten":
        path.write_bytes(path.read_bytes()[: data.draw(st.integers(0, path.stat().st_size))])
    elif kind == "drop lines":
        path.write_bytes(b"".join(line for line in lines if data.draw(st.booleans())))
    elif kind == "reorder":
        path.write_bytes(b"".join(data.draw(st.permutations(lines[:12])) + lines[12:]))
    else:
        other = path.with_suffix(".new")
        other.write_bytes(b"".join(lines[len(lines) // 2 :]))
        other.replace(path)
