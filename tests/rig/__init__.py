"""The real clients, driven against a scripted model API on loopback, in a HOME of their own.

- `clients.py`: `ensure_client(name)`, the pinned client from npm, kept in `.cache/clients`
- `api.py`: the HTTP side: answers from a script, a ledger of what was served
- `rig.py`: `Rig`: HOME, git project, bare environment, recorded hooks, commits
- `terminal.py`: an interactive client in tmux
- `claude.py` (with `claude_api.py`), `gemini.py`, `codex.py`, `opencode.py` (with `agents.py`): each client's API,
  its settings, how its sessions are run; `drivers.py` lists them
- `scenarios/<agent>/*.json`: what the user types and what the model answers
- `capture.py`: keeps what a run left; `python -m tests.rig SCENARIO.json --out DIR` plays and keeps

Standard library only. A run needs git, for interactive steps tmux, and for Gemini node.
"""
