"""The file around a page: its policy, style and scripts. The policy names each by its hash and allows no other."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from claude_metrics.render.html.markup import Html, el, text

HERE = Path(__file__).parent
CHARTS = "vendor/chart.umd.min.js"


def document(title: str, body: Html, data: dict[str, Any]) -> str:
    """A whole page; `data` is what its charts draw."""
    style, charts, script = part("page.css"), part(CHARTS), part("page.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(charts)} {_hash(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    head = (
        f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="referrer" content="no-referrer"><meta name="color-scheme" content="light dark">'
        f"{el('title', title)}<style>{style}</style>"
    )
    return (
        f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{text(body)}\n'
        f'<script type="application/json" id="data">{_json(data)}</script>\n'
        f"<script>{charts}</script>\n<script>{script}</script></body></html>\n"
    )


@cache
def part(name: str) -> str:
    """A file of the page; the browser counts its hash over exactly this text."""
    return (HERE / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _json(data: dict[str, Any]) -> str:
    """JSON in which nothing can end the element it stands in."""
    written = json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
