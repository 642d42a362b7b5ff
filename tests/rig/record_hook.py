"""The hook command of the rig: appends what a client hands to its hooks to a file.

usage (as hook command): python record_hook.py FILE
"""

import json
import sys
import time
from pathlib import Path


def transcript_now(path: str | None) -> dict[str, object] | None:
    """What a hook that reads the transcript finds at this moment."""
    if not path or not Path(path).exists():
        return None
    kinds = [json.loads(line).get("type") for line in Path(path).read_bytes().splitlines()]
    return {"lines": len(kinds), "last_types": kinds[-4:], "cost_states": kinds.count("cost-state")}


def main(log: Path) -> None:
    at = round(time.time(), 3)
    given = json.loads(sys.stdin.read())
    record = {"at": at, "event": given.get("hook_event_name"), "stdin": given}
    record["transcript_now"] = transcript_now(given.get("transcript_path"))
    with log.open("a") as out:
        out.write(json.dumps(record) + "\n")


main(Path(sys.argv[1]))
