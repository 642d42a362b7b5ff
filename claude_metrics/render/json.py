"""JSON for scripts that is safe to print on a terminal."""

from __future__ import annotations

import json
from typing import Any

import click

from claude_metrics.text import CONTROL


def json_text(value: Any) -> str:
    """Readable, but what a terminal would obey stays escaped: JSON itself allows C1 and direction marks as they are."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def print_json(value: Any) -> None:
    click.echo(json_text(value))
