"""Recorder health: is the data fresh, can I trust it, how large is it."""

from typing import Any

from grafana.src import panels as p
from grafana.src import sql
from grafana.src.board import build

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
SELECT min(iif(n >= 0.5 * n_all, s, NULL)) AS "Median", min(iif(n >= 0.95 * n_all, s, NULL)) AS "p95" FROM ordered"""
EVENTS = sql.over_time(
    "total(1)", "event",
    f"(SELECT {sql.SECONDS.format('finished_at')} AS time, coalesce(event, '?') AS event FROM v_recordings WHERE {_RAN}) AS runs",
    "time IS NOT NULL", "event",
)  # fmt: skip
UNPRICED = f"""SELECT {sql.MODEL_NAME} AS "Model", agent AS "Agent", total(unpriced_tokens) AS "Tokens",
  count(DISTINCT session_id) AS "Sessions" FROM v_usage WHERE {sql.WITHIN} AND unpriced_tokens > 0 GROUP BY model, agent ORDER BY 3 DESC"""
UNREAD = """SELECT time AS "Read", path AS "File", agent AS "Agent", bad_lines AS "Unread lines", coalesce(unknown, '') AS "Unknown"
FROM v_sources WHERE bad_lines > 0 ORDER BY time DESC LIMIT 100"""
FAILED = f"""SELECT {sql.SECONDS.format("finished_at")} AS "Time", event AS "Event", outcome AS "Outcome", error AS "Error",
  session_id AS "Session" FROM v_recordings WHERE {_RAN} AND error IS NOT NULL ORDER BY finished_at DESC LIMIT 100"""
ROWS = """SELECT count(*) AS "Sessions", total(user_message_count) AS "Turns",
  total(tool_calls) AS "Tool calls", total(commits) AS "Commits" FROM v_sessions"""
FILE = """SELECT bytes AS "Size", free_bytes AS "Free inside", schema_version AS "Schema" FROM v_database"""
PRICES = """SELECT coalesce(newest_prices, 'none yet') AS "Newest price list of" FROM v_database"""


def dashboard() -> dict[str, Any]:
    trust = p.stat(2, "Trust", "Zeros are good.", (8, 0, 16, 4), TRUST,
                   steps=[(None, p.GREEN), (1, p.YELLOW), (100, p.RED)])  # fmt: skip
    file = p.stat(9, "File", "The database: bytes, free bytes inside (`claude-metrics db vacuum`), version of its tables.",
                  (12, 34, 8, 4), FILE, "bytes")  # fmt: skip
    parts = [
        p.stat(1, "Age of the last", "Time since the last recording, and since the last request.", (0, 0, 8, 4), FRESH, "s"),
        trust, p.stat(3, "Delay", "From a hook's event to its rows.", (0, 4, 8, 8), DELAY, "s", decimals=2),
        p.chart(4, "Recordings", "What started them.", (8, 4, 16, 8), EVENTS, name="${__field.labels.event}"),
        p.table(5, "Models without a price", "Their tokens count, their cost is unknown.", (0, 12, 8, 10), UNPRICED),
        p.table(6, "Transcripts with unread lines", "Lines that were no JSON.", (8, 12, 16, 10), UNREAD, "Read"),
        p.table(7, "Failed recordings", "What went wrong; `claude-metrics doctor` knows more.", (0, 22, 24, 12), FAILED, "Time"),
        p.stat(8, "Rows", "What is stored, over all time.", (0, 34, 12, 4), ROWS),
        p.column(file, "Schema", unit="short"),
        p.stat(10, "Prices", "The latest day for which a price list was looked up.", (20, 34, 4, 4), PRICES, ""),
        p.words(11, "How to read this", (0, 38, 24, 6), TEXT),
    ]  # fmt: skip
    return build(HERE, "Claude metrics / Recorder health", "Is the data fresh, and can I trust it?", parts, "now-7d")
