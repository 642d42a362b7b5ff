"""Rows for other programs: CSV for spreadsheets, Markdown for pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from claude_metrics.render.terminal import say
from claude_metrics.text import markdown, one_line, plain

# What a spreadsheet would take for a formula: https://owasp.org/www-community/attacks/CSV_Injection
_FORMULA = ("=", "+", "-", "@")


def show(rows: Sequence[Mapping[str, Any]], as_markdown: bool) -> None:
    """Columns are the first row's; every row has them."""
    if rows:
        say(_markdown(rows) if as_markdown else _csv(rows), nl=False)


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Texts come from transcripts: on one line, and none of them is a formula."""
    if not isinstance(value, str):
        return value
    text = plain(one_line(value))
    return f"'{text}" if text.startswith(_FORMULA) else text


def _markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [_line(rows[0]), _line("---:" if _is_number(value) else "---" for value in rows[0].values())]
    lines += [_line(_shown(value) for value in row.values()) for row in rows]
    return "\n".join(lines) + "\n"


def _line(cells: Any) -> str:
    return f"| {' | '.join(cells)} |"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _shown(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else markdown(value)
