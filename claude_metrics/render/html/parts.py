"""What pages are made of: figures, tables that sort, charts with their description, lists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from claude_metrics.render.html.markup import Html, el, join

FEW = 10
Cell = tuple[object, float | str] | object


def page(title: str, subtitle: object, figures: Html, sections: Iterable[Html | None], footer: object) -> Html:
    """The skeleton: a way past the head for the keyboard, the head, the sections, the keys."""
    keys = (("j", "next turn"), ("k", "previous turn"), ("e", "open or close all"), ("t", "light or dark"))
    legend = join(el("span", el("kbd", key), f" {what}") for key, what in keys)
    return join(
        [
            el("a", "To the content", href="#content", class_="skip"),
            el(
                "header",
                el("div", el("h1", title), el("p", subtitle, class_="muted")),
                el("button", "Light or dark", type="button", id="theme", aria_keyshortcuts="t"),
            ),
            el("main", figures, *sections, id="content", tabindex="-1"),
            el("footer", el("p", legend, class_="keys"), el("p", footer, class_="muted")),
        ]
    )


def figures(pairs: Iterable[tuple[str, object, object]]) -> Html:
    """The numbers at the top: `(name, value, what to know about it)`."""
    return el(
        "dl",
        join(
            el(
                "div",
                el("dt", name),
                el("dd", value, id=f"figure-{name.lower().replace(' ', '-')}"),
                el("dd", more, class_="muted") if more else None,
            )
            for name, value, more in pairs
        ),
        class_="figures",
    )


def section(title: str, *inside: object, note: str | None = None) -> Html:
    name = title.lower().replace(" ", "-")
    return el(
        "section",
        el("h2", title, id=name),
        el("p", note, class_="muted") if note else None,
        *inside,
        aria_labelledby=name,
    )


def chart(name: str, description: str, tall: bool = False) -> Html:
    """A drawing of `data[name]`; arrow keys walk through its points, which are read out below it."""
    return el(
        "figure",
        el(
            "div",
            el("canvas", id=f"chart-{name}", tabindex="0", role="img", aria_label=description),
            class_="chart tall" if tall else "chart",
        ),
        el("figcaption", id=f"chart-{name}-point", aria_live="polite"),
    )


def table(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], numbers: Sequence[int] = ()) -> Html:
    """`numbers` are the columns with figures; a cell `(shown, value)` sorts by its value."""
    head = join(
        el("th", el("button", column, type="button"), scope="col", class_="number" if i in numbers else None)
        for i, column in enumerate(columns)
    )
    body = join(el("tr", join(_cell(cell, i in numbers) for i, cell in enumerate(row))) for row in rows)
    whole = el("table", el("caption", name, class_="hidden"), el("thead", el("tr", head)), el("tbody", body))
    return el("div", whole, class_="scroll", tabindex="0", role="region", aria_label=name)


def _cell(cell: Cell, number: bool) -> Html:
    shown, value = cell if isinstance(cell, tuple) else (cell, None)
    return el("td", "" if shown is None else shown, data_value=value, class_="number" if number else None)


def listing(title: str, texts: Sequence[Any]) -> Html | None:
    """The first few; the others when they are asked for."""
    if not texts:
        return None
    rest = texts[FEW:]
    more = el("details", el("summary", f"{len(rest)} more"), _items(rest)) if rest else None
    return el("div", el("h3", title), _items(texts[:FEW]), more)


def _items(texts: Sequence[Any]) -> Html:
    return el("ul", join(el("li", text) for text in texts))
