"""Git & outcomes: what does a result cost, how much was delivered, what came to nothing."""

from typing import Any

from grafana.src import panels as p
from grafana.src import sql
from grafana.src.board import build, session_link

HERE = "cm-git"
TEXT = """**What does a result cost?** Commits come from the repositories the sessions worked in.

*Cost per commit* and *per 100 lines* divide the cost of the range by its proven commits that are still reachable
(lines added and removed, both). A commit's own cost is its session's cost shared by that session's commits.
*Inferred* commits (right author, place and time, but not seen made) are listed, never counted."""
_MADE = f"{sql.during('committed_at')} AND {sql.place()}"
_COUNTED = f"{_MADE} AND attribution = 'proven' AND reachable"
_COST = f"(SELECT total(cost_usd) FROM v_usage WHERE {sql.ACTIVITY})"
PRICE = f"""SELECT {_COST} / nullif(count(*), 0) AS "Per commit",
  100 * {_COST} / nullif(total(lines_added) + total(lines_deleted), 0.0) AS "Per 100 lines" FROM v_commits WHERE {_COUNTED}"""
COUNTS = f"""SELECT count(*) AS "Commits", total(lines_added) AS "Lines added", total(lines_deleted) AS "Lines removed"
FROM v_commits WHERE {_COUNTED}"""
SHARE = f"""SELECT total(commits > 0) / nullif(count(*), 0) AS "With a commit",
  total(iif(commits = 0, total_cost_usd, 0.0)) / nullif(total(total_cost_usd), 0.0) AS "Spend without one"
FROM v_sessions WHERE {sql.during("start_time")} AND {sql.place()}"""
GONE = f"SELECT count(*) AS v FROM v_commits WHERE {_MADE} AND attribution = 'proven' AND NOT reachable"
_CHANGES = {"Commits": "total(1)"}
_LINES = {"Lines added": "total(lines_added)", "Lines removed": "-total(lines_deleted)"}
TABLE = f"""WITH made AS MATERIALIZED (SELECT * FROM v_commits WHERE {_MADE} ORDER BY committed_at DESC LIMIT 200)
SELECT made.time AS "Time", substr(made.sha, 1, 10) AS "Commit", coalesce(made.message, '') AS "Subject",
  {sql.NAMED.format("made.project")} AS "Project", made.lines_added AS "Lines added", made.lines_deleted AS "Lines removed",
  made.attribution AS "Attribution", made.reachable AS "Reachable",
  s.total_cost_usd / max(s.commits, 1) AS "Cost", made.session_id,
  {sql.SECONDS.format("s.start_time")} * 1000 - 60000 AS from_ms, {sql.SECONDS.format("s.end_time")} * 1000 + 60000 AS to_ms
FROM made JOIN v_sessions AS s ON s.session_id = made.session_id ORDER BY made.committed_at DESC"""
FLOW = f"""SELECT ({sql.AT.format("c.committed_at")} - {sql.AT.format("s.start_time")}) AS "From start to commit"
FROM v_commits AS c JOIN v_sessions AS s ON s.session_id = c.session_id
WHERE {sql.during("c.committed_at")} AND {sql.place("c.")} AND c.attribution = 'proven' AND c.committed_at >= s.start_time"""
_WASTE = sql.columns_over_time(
    {"Without a commit": "total(iif(commits = 0, cost, 0.0))", "With a commit": "total(iif(commits > 0, cost, 0.0))"},
    f"(SELECT {sql.SECONDS.format('start_time')} AS time, commits, total_cost_usd AS cost, place_id FROM v_sessions"
    f" WHERE {sql.during('start_time')}) AS begun",
    sql.place(),
)


def dashboard() -> dict[str, Any]:
    table = p.table(
        8, "Commits", "The newest 200; click the subject to open the session.", (0, 30, 24, 12), TABLE, "Time"
    )
    p.linked(p.column(table, "Cost", unit="currencyUSD"), "Subject", "Open the session", session_link())
    parts = [
        *_stats(), *_charts(), p.hidden(table, "session_id", "from_ms", "to_ms"),
        p.words(9, "How to read this", (0, 42, 24, 5), TEXT),
    ]  # fmt: skip
    return build(HERE, "Claude metrics / Git & outcomes", "What a result costs.", parts)


def _stats() -> list[Any]:
    counts = p.stat(2, "Delivered", "Proven, reachable commits and their lines.", (6, 0, 8, 4), COUNTS)
    return [
        p.stat(1, "Cost", "Cost of the range per commit, and per 100 changed lines.", (0, 0, 6, 4), PRICE, "currencyUSD", decimals=2),
        p.coloured(counts, "Commits", "Lines added", "Lines removed"),
        p.stat(3, "Sessions", "Share of sessions with a commit; share of the spend in those without.", (14, 0, 7, 4), SHARE,
               "percentunit", decimals=0),
        p.stat(4, "Undone", "Proven commits that no branch reaches any more: amended, reset or rebased.", (21, 0, 3, 4), GONE),
    ]  # fmt: skip


def _charts() -> list[Any]:
    commits = p.chart(5, "Commits", "How many were delivered.", (0, 4, 12, 8),
                      sql.columns_over_time(_CHANGES, "v_commits", _COUNTED), name="")  # fmt: skip
    lines = p.chart(6, "Lines", "Added and removed (below zero).", (12, 4, 12, 8),
                    sql.columns_over_time(_LINES, "v_commits", _COUNTED), name="")  # fmt: skip
    waste = p.chart(7, "Spend with and without a commit", "By the start of the session.", (0, 12, 24, 9), _WASTE, "currencyUSD",
                    name="")  # fmt: skip
    flow = p.histogram(10, "From start to commit", "How long after the session's start its commits were made.", (0, 21, 24, 9),
                       FLOW, "dtdurations")  # fmt: skip
    return [p.coloured(commits, "Commits"), p.coloured(lines, *_LINES), waste, flow]
