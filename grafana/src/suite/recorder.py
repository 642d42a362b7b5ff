"""Recorder: is the data fresh, can I trust it, how large is it."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d

from grafana.src import buckets, charts, links, sql, stats, tables, words
from grafana.src import panels as p
from grafana.src.board import Section, build
from grafana.src.colours import GREEN, RED, YELLOW
from grafana.src.tables import Column, Hidden, table

HERE = "cm-recorder"
TEXT = """**Can I trust the numbers?** *Recorded* is when the last session was stored, *used* when the last request was made.

*Delay* is from a hook's event to its rows. *Unread lines* are transcript lines that were no JSON. A model *without a price*
adds tokens but no cost: set `[prices."model-id"]` in the config. *Without an end* are sessions older than a day whose agent
never said it was done. Details and remedies: `claude-metrics doctor`."""
_AGE = "$__to / 1000 - {}"
FRESH = (
    f"""SELECT {_AGE.format("last_recording")} AS "Recorded", {_AGE.format("last_request")} AS "Used" FROM v_database"""
)
_RAN = sql.during("finished_at")
TRUST = f"""SELECT (SELECT total(bad_lines) FROM v_sources WHERE bad_lines > 0) AS "Unread lines",
  (SELECT count(*) FROM v_recordings WHERE {_RAN} AND error IS NOT NULL) AS "Failed recordings",
  (SELECT count(DISTINCT model) FROM v_usage WHERE {sql.WITHIN} AND unpriced_tokens > 0) AS "Models without a price",
  (SELECT count(*) FROM v_sessions WHERE {sql.during("start_time")} AND status = 'active'
    AND end_time < strftime('%Y-%m-%dT%H:%M:%fZ', $__to / 1000.0 - 86400, 'unixepoch')) AS "Without an end\""""
DELAY = f"""WITH delays AS MATERIALIZED (
  SELECT {sql.AT.format("finished_at")} - {sql.AT.format("received_at")} AS s FROM v_recordings
  WHERE {_RAN} AND event <> 'sync' AND received_at IS NOT NULL
),
ordered AS (SELECT s, row_number() OVER (ORDER BY s) AS n, count(*) OVER () AS n_all FROM delays)
SELECT min(iif(n >= 0.5 * n_all, s, NULL)) AS "Median", min(iif(n >= 0.95 * n_all, s, NULL)) AS "95th percentile" FROM ordered"""
EVENTS = buckets.by_label(
    "total(1)",
    "event",
    f"(SELECT {sql.SECONDS.format('finished_at')} AS time, coalesce(event, '?') AS event FROM v_recordings WHERE {_RAN}) AS runs",
    "time IS NOT NULL",
    "event",
)
ROWS = """SELECT count(*) AS "All sessions", total(user_message_count) AS "Turns",
  total(tool_calls) AS "Tool calls", total(commits) AS "Commits" FROM v_sessions"""
FILE = """SELECT bytes AS "Size", free_bytes AS "Free inside", schema_version AS "Schema" FROM v_database"""
PRICES = """SELECT coalesce(newest_prices, 'none yet') AS "Newest price list of" FROM v_database"""


def dashboard() -> dict[str, Any]:
    sections = [
        Section("", _stats()),
        Section("What cannot be trusted", [_unpriced(), _unread(), _failed()]),
        Section("What is stored", _stored()),
        Section("How to read this", [p.words(11, "How to read this", (24, 6), TEXT)], closed=True),
    ]
    return build(HERE, "Recorder", "Is the data fresh, and can I trust it?", sections, "now-7d")


def _stats() -> list[d.Panel]:
    events = charts.chart(4, "Recordings", "What started them.", (16, 7), EVENTS, name="event")
    return [
        stats.stat(
            1,
            "Age of the last",
            "Time since the last recording, and since the last request.",
            (8, 4),
            FRESH,
            "s",
            "never",
            decimals=1,
        ),
        stats.stat(2, "Trust", "Zeros are good.", (16, 4), TRUST, steps=[(None, GREEN), (1, YELLOW), (100, RED)]),
        stats.stat(3, "Delay", "From a hook's event to its rows.", (8, 7), DELAY, "s", "no hook", decimals=2),
        charts.grey_other(events),
    ]


def _unpriced() -> d.Panel:
    columns = [
        Column("Model", "text", 0, sql.model_name("model"), more={"custom__tooltip": {"field": "model_id"}}),
        Column("Tokens", "tokens", 80, "total(unpriced_tokens)"),
        Column("Agent", "text", 95, words.agent("agent")),
    ]
    return table(
        5,
        "Models without a price",
        "Their tokens count, their cost is unknown.",
        (10, 9),
        columns,
        f"FROM v_usage WHERE {sql.WITHIN} AND unpriced_tokens > 0 GROUP BY model, agent ORDER BY 2 DESC",
        Hidden("model_id", "model"),
        sort="Tokens",
        nothing="Every model has a price",
    )


def _unread() -> d.Panel:
    columns = [
        Column("File", "text", 0, "path"),
        Column("Unread lines", "count", 105, "bad_lines"),
        Column("Read", "time", 130, "time"),
        Column("Agent", "text", 95, "coalesce(agent, '?')"),
    ]
    return table(
        6,
        "Transcripts with unread lines",
        "Lines that were no JSON.",
        (14, 9),
        columns,
        "FROM v_sources WHERE bad_lines > 0 ORDER BY time DESC LIMIT 100",
        sort="Read",
        nothing="Every line could be read",
    )


def _failed() -> d.Panel:
    start, end = sql.SECONDS.format("r.started_at"), sql.SECONDS.format("r.finished_at")
    columns = [
        Column(
            "Error", "text", 0, words.one_line("error"), more={"links": links.cell("Open the session", links.session())}
        ),
        Column("Time", "time", 130, end),
        Column("Event", "text", 120, "event"),
        Column("Outcome", "text", 120, "outcome"),
    ]
    return table(
        7,
        "Failed recordings",
        "What went wrong; `claude-metrics doctor` knows more.",
        (24, 7),
        columns,
        f"FROM v_recordings AS r WHERE {_RAN} AND error IS NOT NULL ORDER BY finished_at DESC LIMIT 100",
        *tables.session(f"coalesce({start}, {end})", end, "coalesce(session_id, '')"),
        sort="Time",
        nothing="Nothing failed in this range",
    )


def _stored() -> list[d.Panel]:
    file = stats.stat(
        9,
        "File",
        "The database: bytes, free bytes inside (`claude-metrics db vacuum`), version of its tables.",
        (9, 4),
        FILE,
        "bytes",
        decimals=1,
    )
    p.field(file, "Schema", unit="locale", decimals=0)
    return [
        stats.stat(8, "Rows", "What is stored, over all time.", (10, 4), ROWS),
        file,
        stats.stat(
            10, "Prices", "The latest day for which a price list was looked up.", (5, 4), PRICES, "string", words=True
        ),
    ]
