"""The alert rules as a provisioning file. None fires on an empty or quiet database.

Each rule has three queries: A the amount, B the limit, P the project that has the most of it. Its message names all three.
The backend runs them: only `$__from` and `$__to` are known to it.
"""

from __future__ import annotations

from typing import Any

import yaml

from grafana.src.alert_rules import RULES, Rule

SOURCE = "claude-metrics"


def rules() -> str:
    """The provisioning file."""
    group = {
        "orgId": 1,
        "name": "claude-metrics",
        "folder": "Claude metrics",
        "interval": "5m",
        "rules": [_provisioned(rule) for rule in RULES],
    }
    head = "# Written by grafana/src/alerts.py. Nothing is sent until you give Grafana a contact point.\n"
    return head + yaml.safe_dump(
        {"apiVersion": 1, "groups": [group]}, sort_keys=False, width=10_000, allow_unicode=True
    )


def _provisioned(rule: Rule) -> dict[str, Any]:
    queries = {"A": rule.amount, "B": rule.limit, "P": rule.place}
    return {
        "uid": rule.uid,
        "title": rule.title,
        "condition": "C",
        "for": "0s",
        "noDataState": "OK",
        "execErrState": "Error",
        "isPaused": rule.paused,
        "dashboardUid": rule.dashboard,
        "panelId": rule.panel,
        "labels": {"severity": rule.severity, "app": "claude-metrics"},
        "annotations": {"summary": rule.summary, "description": rule.description},
        "data": [*(_query(ref, sql, rule.hours) for ref, sql in queries.items()), _condition(rule)],
    }


def _query(ref: str, sql: str, hours: int) -> dict[str, Any]:
    model = {"refId": ref, "queryType": "table", "timeColumns": [], "rawQueryText": sql, "queryText": sql}
    return {
        "refId": ref,
        "datasourceUid": SOURCE,
        "queryType": "table",
        "relativeTimeRange": {"from": hours * 3600, "to": 0},
        "model": model,
    }


def _condition(rule: Rule) -> dict[str, Any]:
    return {
        "refId": "C",
        "datasourceUid": "__expr__",
        "model": {"refId": "C", "type": "math", "expression": rule.condition},
    }
