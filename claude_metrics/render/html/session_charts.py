"""What the charts of a session's page draw: times in seconds from its beginning, long pauses shortened."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import Any

from claude_metrics import clock
from claude_metrics.config import zones
from claude_metrics.render.tables import duration, line, short_model, usd
from claude_metrics.reports.session import Line, SessionHistory

PAUSE_S, SHORTENED_S = 300, 30
DRAWN, LANES, COLOURS = 2000, 10, 6
KINDS = {
    "input_tokens": "input",
    "output_tokens": "output",
    "cache_creation_tokens": "cache write",
    "cache_read_tokens": "cache read",
}
Chart = dict[str, Any]


class Clock:
    """Seconds since the session began, without the pauses: `at(moment)`."""

    def __init__(self, moments: list[float]) -> None:
        self.moments = sorted(set(moments))
        self.offsets, offset = [0.0] if self.moments else [], 0.0
        for before, after in zip(self.moments, self.moments[1:], strict=False):
            offset += after - before if after - before <= PAUSE_S else SHORTENED_S
            self.offsets.append(offset)

    def at(self, text: str) -> float:
        index = bisect_right(self.moments, clock.to_seconds(text)) - 1
        return round(self.offsets[max(0, index)], 3)

    @property
    def end(self) -> float:
        return self.offsets[-1] if self.offsets else 0.0


def charts(history: SessionHistory, tz: zones.Zone) -> dict[str, Chart]:
    """`timeline`, `cost` and `tokens`, those for which there is something to draw."""
    view = history.view
    times = [row["timestamp"] for row in (*history.requests, *view.tool_calls)]
    times += [call["finished_at"] for call in view.tool_calls] + [turn["ended_at"] for turn in view.turns]
    times += [turn["started_at"] for turn in view.turns]
    ticking = Clock([clock.to_seconds(time) for time in times if time])
    drawn = {
        "timeline": _timeline(history, ticking, tz),
        "cost": _cost(history, ticking, tz),
        "tokens": _tokens(history),
    }
    return {name: chart for name, chart in drawn.items() if chart}


# -- the timeline --------------------------------------------------------------------


def _timeline(history: SessionHistory, ticking: Clock, tz: zones.Zone) -> Chart | None:
    turns, calls = history.view.turns, [call for call in history.view.tool_calls if call["timestamp"]]
    if not turns and not calls:
        return None
    if len(calls) > DRAWN:
        calls = sorted(sorted(calls, key=lambda call: -(call["duration_ms"] or 0))[:DRAWN], key=_begin)
    lanes = [name for name, _ in Counter(call["tool_name"] for call in calls).most_common(LANES)]
    sets = [
        _set(
            "turns",
            "c0",
            [_bar("Turns", turn["started_at"], turn["ended_at"], ticking) for turn in turns],
            [_turn_note(turn, tz) for turn in turns],
        )
    ]
    for label, colour, results in (
        ("ok", "c2", ("ok",)),
        ("failed or denied", "bad", ("failed", "denied")),
        ("unfinished", "muted", ("unfinished",)),
    ):
        group = [call for call in calls if call["result"] in results]
        points = [_bar(_lane(call, lanes), call["timestamp"], call["finished_at"], ticking) for call in group]
        sets += [_set(label, colour, points, [_call_note(call, tz) for call in group])] if group else []
    labels = ["Turns", *map(line, lanes), *(["other tools"] if any(c["tool_name"] not in lanes for c in calls) else [])]
    return {
        "type": "bar",
        "across": True,
        "unit": "plain",
        "clock": {"end": ticking.end or 1},
        "labels": labels,
        "sets": sets,
    }


def _begin(call: Line) -> str:
    return str(call["timestamp"])


def _set(label: str, colour: str, points: list[Any], notes: list[str]) -> Chart:
    return {"label": label, "colour": colour, "points": points, "notes": notes}


def _lane(call: Line, lanes: list[str]) -> str:
    return line(call["tool_name"]) if call["tool_name"] in lanes else "other tools"


def _bar(lane: str, start: str, end: str | None, ticking: Clock) -> Chart:
    return {"x": [ticking.at(start), ticking.at(end or start)], "y": lane}


def _turn_note(turn: Line, tz: zones.Zone) -> str:
    return f"{zones.show(turn['started_at'], tz)}  turn {turn['turn_index']}: {line(turn['prompt'])[:80]}"


def _call_note(call: Line, tz: zones.Zone) -> str:
    state = call["result"]
    what = " ".join(filter(None, [line(call["tool_name"]), line(call["input_summary"])[:80]]))
    state += f", {duration(call['duration_ms'])}" if call["duration_ms"] is not None else ""
    return f"{zones.show(call['timestamp'], tz)}  {what} ({state})"


# -- cost and tokens -------------------------------------------------------------------


def _cost(history: SessionHistory, ticking: Clock, tz: zones.Zone) -> Chart | None:
    """What had been spent after each request, by the time of the request."""
    money, spent = usd(4), 0.0
    points, notes = [], []
    for request in history.requests:
        if request["cost_usd"] is not None:
            spent += request["cost_usd"]
            points.append({"x": ticking.at(request["timestamp"]), "y": round(spent, 6)})
            notes.append(f"{zones.show(request['timestamp'], tz)}  {money(spent, 0)} after {line(request['model'])}")
    if not points:
        return None
    return {
        "type": "line",
        "unit": "money",
        "clock": {"end": ticking.end or 1},
        "labels": [],
        "sets": [_set("cost", "c0", points, notes)],
    }


def _tokens(history: SessionHistory) -> Chart | None:
    if not history.view.models:
        return None
    sets = [
        {
            "label": short_model(line(model["model"])),
            "colour": f"c{i % COLOURS}",
            "points": [model[kind] for kind in KINDS],
        }
        for i, model in enumerate(history.view.models)
    ]
    return {"type": "bar", "across": True, "stacked": True, "unit": "count", "labels": [*KINDS.values()], "sets": sets}
