"""What Codex CLI is called in commands and stored rows, and how it names its rollouts. It loads no reader."""

import re
from pathlib import Path

from claude_metrics.agents._jsonl import PACKED

NAME = "codex"  # in commands and in `sources.agent`
AGENT_TYPE = "codex_cli"  # in `sessions.agent_type`
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
# `rollout-<time>-<thread>`; a fork of 2026 is `rollout-<time>-<root>_<thread>`, and its session_meta names the root
# (https://github.com/centauri-ai/coslash/issues/229).
ROLLOUT = re.compile(rf"rollout-.*?(?:({_ID})_)?({_ID})$")


def rollout_name(path: Path) -> str:
    """The file's name without its endings: the client packs rollouts that were idle for a week (`.jsonl.zst`)."""
    return path.name.removesuffix(PACKED).removesuffix(".jsonl")
