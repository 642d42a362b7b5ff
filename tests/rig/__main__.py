"""Play scenarios with the real client and keep what it left, as a capture for `tests/captures/reduce.py`.

    python -m tests.rig SCENARIO.json... --out CAPTURES

The scenario's folder names the agent. Paths of this machine become /home/dev in what is kept.
"""

import argparse
import json
import tempfile
from pathlib import Path

from .capture import save
from .clients import ensure_client
from .drivers import RIGS


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.rig", description=__doc__.split("\n")[0])
    parser.add_argument("scenarios", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--client", type=Path, help="the client's program (default: the pinned version from npm)")
    options = parser.parse_args()
    for file in options.scenarios:
        agent = file.resolve().parent.name
        with tempfile.TemporaryDirectory() as scratch:
            client = options.client or ensure_client(agent)
            rig = RIGS[agent](client, Path(scratch) / "rig", json.loads(file.read_text()))
            rig.prepare()
            rig.run()
            save(rig, options.out / agent / file.stem)
        print(agent, file.stem, rig.exit_codes, rig.served())


if __name__ == "__main__":
    main()
