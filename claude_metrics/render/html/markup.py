"""HTML as values: what is not markup already is escaped, so that no text of a transcript can become any."""

from __future__ import annotations

import html
from collections.abc import Iterable

from claude_metrics.text import plain


class Html(str):
    """Text that is markup. Only `el` and `join` make it."""

    __slots__ = ()


def text(value: object) -> Html:
    """Any value as text: escaped, without control characters and direction marks."""
    if isinstance(value, Html):
        return value
    return Html(html.escape(plain(value), quote=True))


def join(parts: Iterable[object]) -> Html:
    return Html("".join(text(part) for part in parts if part is not None))


def el(name: str, *inside: object, **attributes: object) -> Html:
    """`el("a", "text", class_="x", data_turn=1)`; attributes that are None or False are left out."""
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Html(f"<{name}{written}>{join(inside)}</{name}>")
