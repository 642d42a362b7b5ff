"""The alert rules. Each query gives one number and always one row; none is above its limit in an empty or quiet database.

The backend runs them: only `$__from` and `$__to` are known to it. Days are those of the recorder (`v_budgets`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

_NOW = "($__to / 1000)"
_TODAY = f"(({_NOW} + utc_offset_s) / 86400 * 86400 - utc_offset_s)"
_MONTH = f"(strftime('%s', {_NOW} + utc_offset_s, 'unixepoch', 'start of month') - utc_offset_s)"
_NEXT = f"(strftime('%s', {_NOW} + utc_offset_s, 'unixepoch', 'start of month', '+1 month') - utc_offset_s)"
_TEXT = "strftime('%Y-%m-%dT%H:%M:%fZ', {}, 'unixepoch')"


@dataclass(frozen=True)
class Rule:
    uid: str
    title: str
    sql: str
    above: float
    summary: str
    dashboard: str
    panel: int
    hours: int = 24
    severity: str = "warning"
    paused: bool = False


def _share(spent: str, budget: str) -> str:
    return f"coalesce({spent} / nullif({budget}, 0.0), 0.0)"


_SUM = "(SELECT total(cost_usd) FROM v_usage WHERE time >= {} AND time < $__to / 1000)"
_DAY = f"SELECT {_share(_SUM.format(_TODAY), 'daily_usd')} AS v FROM v_budgets"
_PROJECTED = f"{_SUM.format(_MONTH)} * ({_NEXT} - {_MONTH}) / max({_NOW} - {_MONTH}, 86400)"
_HOUR = "time >= $__to / 1000 - 3600 AND time < $__to / 1000"
_LAST_DAY = (
    f"finished_at >= {_TEXT.format('$__to / 1000.0 - 86400')} AND finished_at < {_TEXT.format('$__to / 1000.0')}"
)

RULES = (
    Rule("cm-budget-day", "Daily spend above budget", _DAY, 1,
         'Today\'s spend is {{ printf "%.0f" (index $values "A").Value }} times the daily budget.', "cm-budget", 4),
    Rule("cm-budget-month", "Monthly spend above budget",
         f"SELECT {_share(_SUM.format(_MONTH), 'monthly_usd')} AS v FROM v_budgets", 1,
         "This month's spend is above the monthly budget.", "cm-budget", 1, 744, "critical"),
    Rule("cm-budget-projected", "Projected month above budget",
         f"SELECT iif({_NOW} - {_MONTH} < 259200, 0.0, {_share(_PROJECTED, 'monthly_usd')}) AS v FROM v_budgets", 1,
         "At this pace the month ends above its budget.", "cm-budget", 2, 744),
    Rule("cm-tool-failures", "Tool calls fail",
         "SELECT iif(n >= 20, bad / n, 0.0) AS v FROM (SELECT total(failed) - total(denied) AS bad,"
         f" total(calls) - total(unfinished) - total(denied) AS n FROM v_tools WHERE {_HOUR})", 0.2,
         "More than a fifth of the tool calls of the last hour failed.", "cm-tools", 2, 1),
    Rule("cm-parse-errors", "Transcript lines could not be read",
         "SELECT total(bad_lines) AS v FROM v_sources WHERE bad_lines > 0"
         f" AND updated_at >= {_TEXT.format('$__to / 1000.0 - 86400')} AND updated_at < {_TEXT.format('$__to / 1000.0')}", 0,
         "Lines of a transcript read today were no JSON; run: claude-metrics doctor", "cm-recorder", 6),
    Rule("cm-unpriced", "A model without a price",
         "SELECT total(unpriced_tokens) AS v FROM v_usage WHERE time >= $__to / 1000 - 86400 AND time < $__to / 1000", 0,
         "Tokens of a model whose price is not known were used today: the cost is too low.", "cm-recorder", 5),
    Rule("cm-not-recording", "The agent is used, but no hook records",
         "SELECT count(*) + 0.0 AS v FROM v_recordings AS late JOIN v_sessions AS s ON s.session_id = late.session_id"
         f" WHERE late.event = 'sync' AND late.{_LAST_DAY.replace('AND finished_at', 'AND late.finished_at')}"
         " AND s.status = 'active' AND julianday(late.finished_at) - julianday(s.end_time) > 1.0 / 24"
         " AND s.end_time > (SELECT min(finished_at) FROM v_recordings WHERE event <> 'sync')"
         " AND NOT EXISTS (SELECT 1 FROM v_recordings AS hook WHERE hook.session_id = s.session_id AND hook.event <> 'sync')", 0,
         "Sessions were found by sync that no hook had announced; run: claude-metrics doctor", "cm-recorder", 4),
    Rule("cm-cache", "The cache is hardly used",
         "SELECT iif(n >= 20, 1 - reads / nullif(whole, 0.0), 0.0) AS v FROM (SELECT total(requests) AS n,"
         " total(cache_read_tokens) AS reads, total(input_tokens) + total(cache_read_tokens) + total(cache_creation_tokens)"
         f" AS whole FROM v_usage WHERE {_HOUR})", 0.5,
         "Less than half of the last hour's input came from the cache.", "cm-models", 1, 1, paused=True),
)  # fmt: skip


def rules() -> str:
    """The provisioning file."""
    group = {
        "orgId": 1, "name": "claude-metrics", "folder": "Claude metrics", "interval": "5m",
        "rules": [_provisioned(rule) for rule in RULES],
    }  # fmt: skip
    head = "# Written by grafana/src/alerts.py. Nothing is sent until you give Grafana a contact point.\n"
    return head + yaml.safe_dump(
        {"apiVersion": 1, "groups": [group]}, sort_keys=False, width=10_000, allow_unicode=True
    )


def _provisioned(rule: Rule) -> dict[str, Any]:
    return {
        "uid": rule.uid, "title": rule.title, "condition": "C", "for": "0s", "noDataState": "OK", "execErrState": "Error",
        "isPaused": rule.paused, "dashboardUid": rule.dashboard, "panelId": rule.panel,
        "labels": {"severity": rule.severity, "app": "claude-metrics"}, "annotations": {"summary": rule.summary},
        "data": [_query(rule), _threshold(rule)],
    }  # fmt: skip


def _query(rule: Rule) -> dict[str, Any]:
    model = {"refId": "A", "queryType": "table", "timeColumns": [], "rawQueryText": rule.sql, "queryText": rule.sql}
    return {
        "refId": "A", "datasourceUid": "claude-metrics", "queryType": "table",
        "relativeTimeRange": {"from": rule.hours * 3600, "to": 0}, "model": model,
    }  # fmt: skip


def _threshold(rule: Rule) -> dict[str, Any]:
    conditions = [{"evaluator": {"type": "gt", "params": [rule.above]}}]
    return {
        "refId": "C", "datasourceUid": "__expr__",
        "model": {"refId": "C", "type": "threshold", "expression": "A", "conditions": conditions},
    }  # fmt: skip
