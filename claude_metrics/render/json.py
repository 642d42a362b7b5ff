"""JSON for scripts that is safe to print on a terminal."""

from __future__ import annotations

import json
from typing import Any

from claude_metrics.render.terminal import say
from claude_metrics.text import CONTROL


def json_text(value: Any) -> str:
    """Readable, but what a terminal would obey stays escaped: JSON itself allows C1 and direction marks as they are."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return CONTROL.sub(lambda found: json.dumps(found[0])[1:-1], text)


def print_json(value: Any) -> None:
    say(json_text(value))
