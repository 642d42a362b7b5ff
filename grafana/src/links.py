"""Addresses of other dashboards. Every link of every table is made here, so that none can get it wrong.

A number must be asked for with `.numeric`: without it Grafana writes it as it is shown (`from=1.79%20Tri`).
"""

from __future__ import annotations

from typing import Any

from grafana.src.variables import VARIABLES

RANGE = "${__url_time_range}"


def text_of(column: str) -> str:
    """A cell's text in an address; the column has the unit `string`, so it is not shown as a number."""
    return f"${{__data.fields.{column}:percentencode}}"


def number_of(column: str) -> str:
    return f"${{__data.fields.{column}.numeric}}"


def dashboard(here: str, target: str, **own: str) -> str:
    """Another dashboard with this one's range and variables; `own` sets some of them anew."""
    shared = [name for name in VARIABLES[here] if name in VARIABLES[target] and name not in own]
    parts = [f"var-{name}={value}" for name, value in own.items()] + [f"${{{name}:queryparam}}" for name in shared]
    return f"/d/{target}?" + "&".join([*parts, RANGE])


def session() -> str:
    """The session of a row with the columns session_id, from_ms and to_ms, in its own range."""
    return f"/d/cm-session?var-session={text_of('session_id')}&from={number_of('from_ms')}&to={number_of('to_ms')}"


def cell(title: str, url: str) -> list[dict[str, Any]]:
    """A cell's link. The title is its tooltip: it holds the whole text, of which the cell may show the beginning."""
    return [{"title": f"{title}: ${{__value.text}}", "url": url}]
