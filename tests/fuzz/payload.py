"""Any bytes as a payload: parsing it, and looking for what it names, must not raise."""

import sys

import atheris

with atheris.instrument_imports(include=["claude_metrics"]):
    from claude_metrics.agents import RECORDED
    from claude_metrics.recording import worker
    from claude_metrics.text import session_name


def one_input(data: bytes) -> None:
    payload = worker.parse(data)
    for agent in RECORDED.values() if payload else ():
        assert session_name(agent.session_of(payload)).isprintable()
        agent.sources_of(payload)
        worker._told(payload, agent.NAME, "s", "2026-11-20T04:08:00.000Z")


if __name__ == "__main__":
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
