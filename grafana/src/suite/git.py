"""Git & outcomes: what does a result cost, how much was delivered, what came to nothing."""

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d

from grafana.src import buckets, charts, links, sql, stats, tables, words
from grafana.src import panels as p
from grafana.src.board import Section, build
from grafana.src.tables import Column, table

HERE = "cm-git"
TEXT = """**What does a result cost?** Commits come from the repositories the sessions worked in.

*Cost per commit* and *per 100 lines* divide the cost of the range by its proven commits that are still reachable
(lines added and removed, both). A commit's own cost is its session's cost shared by that session's commits.
*Inferred* commits (right author, place and time, but not seen made) are listed, never counted. *Kept* means that a branch
still reaches the commit."""
_MADE = f"{sql.during('committed_at')} AND {sql.place()}"
_COUNTED = f"{_MADE} AND counted"
_COST = f"(SELECT total(cost_usd) FROM v_usage WHERE {sql.ACTIVITY})"
PRICE = f"""SELECT {_COST} / nullif(count(*), 0) AS "Per commit",
  100 * {_COST} / nullif(total(lines_added) + total(lines_deleted), 0.0) AS "Per 100 lines" FROM v_commits WHERE {_COUNTED}"""
COUNTS = f"""SELECT count(*) AS "Commits", total(lines_added) AS "Lines added", total(lines_deleted) AS "Lines removed"
FROM v_commits WHERE {_COUNTED}"""
SHARE = f"""SELECT total(commits > 0) / nullif(count(*), 0) AS "With a commit",
  total(iif(commits = 0, total_cost_usd, 0.0)) / nullif(total(total_cost_usd), 0.0) AS "Spend without one"
FROM v_sessions WHERE {sql.during("start_time")} AND {sql.place()}"""
GONE = f"""SELECT count(*) AS "Undone" FROM v_commits WHERE {_MADE} AND attribution = 'proven' AND NOT reachable"""
_CHANGES = {"Commits": "total(1)"}
_LINES = {"Lines added": "total(lines_added)", "Lines removed": "-total(lines_deleted)"}
MADE = f"made AS MATERIALIZED (SELECT * FROM v_commits WHERE {_MADE} ORDER BY committed_at DESC LIMIT 200)"
FLOW = f"""SELECT ({sql.AT.format("c.committed_at")} - {sql.AT.format("s.start_time")}) / 60.0 AS "Minutes to the commit"
FROM v_commits AS c JOIN v_sessions AS s ON s.session_id = c.session_id
WHERE {sql.during("c.committed_at")} AND {sql.place("c.")} AND c.counted AND c.committed_at >= s.start_time"""
WASTE = {
    "Without a commit": "total(iif(commits = 0, cost, 0.0))",
    "With a commit": "total(iif(commits > 0, cost, 0.0))",
}
_BEGUN = f"""(SELECT {sql.SECONDS.format("start_time")} AS time, commits, total_cost_usd AS cost, place_id FROM v_sessions
  WHERE {sql.during("start_time")}) AS begun"""


def dashboard() -> dict[str, Any]:
    sections = [
        Section("", _stats()),
        Section("What was delivered", [*_delivered(), _table()]),
        Section("What it took", _effort()),
        Section("How to read this", [p.words(9, "How to read this", (24, 6), TEXT)], closed=True),
    ]
    return build(HERE, "Git & outcomes", "What a result costs.", sections)


def _stats() -> list[d.Panel]:
    counts = stats.stat(2, "Delivered", "Proven, reachable commits and their lines.", (8, 4), COUNTS)
    return [
        stats.stat(1, "Cost", "Cost of the range per commit, and per 100 changed lines.", (6, 4), PRICE, "currencyUSD", "none",
                   decimals=2),
        p.coloured(counts, "Commits", "Lines added", "Lines removed"),
        stats.stat(3, "Sessions begun", "Share of sessions with a commit; share of the spend in those without.", (6, 4), SHARE,
                   "percentunit", "none", decimals=0),
        stats.stat(4, "Undone", "Proven commits that no branch reaches any more: amended, reset or rebased.", (4, 4), GONE),
    ]  # fmt: skip


def _delivered() -> list[d.Panel]:
    commits = charts.chart(
        5, "Commits over time", "How many were delivered.", (12, 8), buckets.by_column(_CHANGES, "v_commits", _COUNTED)
    )
    lines = charts.chart(
        6, "Lines", "Added, and removed below zero.", (12, 8), buckets.by_column(_LINES, "v_commits", _COUNTED)
    )
    return [p.coloured(commits, "Commits"), p.coloured(lines, *_LINES)]


def _effort() -> list[d.Panel]:
    waste = charts.chart(
        7,
        "Spend with and without a commit",
        "By the start of the session.",
        (14, 9),
        buckets.by_column(WASTE, _BEGUN, sql.place()),
        "currencyUSD",
    )
    flow = charts.histogram(
        10,
        "From start to commit",
        "How many commits were made how many minutes after the session's start.",
        (10, 9),
        FLOW,
        "suffix:min",
    ).no_value("No commit in this range")
    return [p.coloured(waste, *WASTE), flow]


def _table() -> d.Panel:
    start, end = sql.SECONDS.format("s.start_time"), sql.SECONDS.format("s.end_time")
    subject = f"coalesce(nullif({words.one_line('made.message')}, ''), '(no message)')"
    columns = [
        Column("Subject", "text", 0, subject, more={"links": links.cell("Open the session", links.session())}),
        Column("Cost", "usd", 80, "s.total_cost_usd / max(s.commits, 1)"),
        Column("Time", "time", 130, "made.time"),
        Column("Project", "text", 110, sql.NAMED.format("made.project")),
        Column("Added", "count", 66, "made.lines_added"),
        Column("Removed", "count", 80, "made.lines_deleted"),
        Column("Commit", "text", 95, "substr(made.sha, 1, 10)"),
        Column("Attribution", "text", 95, "made.attribution"),
        Column("Kept", "mark", 56, "CAST(made.reachable AS TEXT)"),
    ]
    return table(8, "Commits", "The newest 200; click the subject to open the session.", (24, 11), columns,
                 "FROM made JOIN v_sessions AS s ON s.session_id = made.session_id ORDER BY made.committed_at DESC",
                 *tables.session(start, end, "made.session_id"), with_=MADE, sort="Time", nothing="No commit in this range")  # fmt: skip
