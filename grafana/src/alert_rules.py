"""What the alert rules ask. Every query gives one row; days and months are those of the recorder (`v_budgets`)."""

from __future__ import annotations

from dataclasses import dataclass

_NOW = "($__to / 1000)"
_TODAY = f"(({_NOW} + utc_offset_s) / 86400 * 86400 - utc_offset_s)"
_MONTH = f"(strftime('%s', {_NOW} + utc_offset_s, 'unixepoch', 'start of month') - utc_offset_s)"
_NEXT = f"(strftime('%s', {_NOW} + utc_offset_s, 'unixepoch', 'start of month', '+1 month') - utc_offset_s)"
_TEXT = "strftime('%Y-%m-%dT%H:%M:%fZ', {}, 'unixepoch')"
_HOUR = "time >= $__to / 1000 - 3600 AND time < $__to / 1000"
_DAY = "time >= $__to / 1000 - 86400 AND time < $__to / 1000"
_WITHIN_DAY = "{0} >= " + _TEXT.format("$__to / 1000.0 - 86400") + " AND {0} < " + _TEXT.format("$__to / 1000.0")
ABOVE, ABOVE_BUDGET = "$A > $B", "$B > 0 && $A > $B"  # a budget of 0 is none
_A, _B, _P = "$values.A.Value", "$values.B.Value", "{{ $values.P.Labels.project }}"


def _usd(value: str) -> str:
    return f'${{{{ printf "%.2f" {value} }}}}'


def _number(value: str, form: str = "%.0f") -> str:
    return f'{{{{ printf "{form}" {value} }}}}'


def _share(value: str) -> str:
    return f"{{{{ humanizePercentage {value} }}}}"


def _spent(since: str) -> str:
    return f"(SELECT total(cost_usd) FROM v_usage WHERE time >= {since} AND time < {_NOW})"


def _most(amount: str, source: str) -> str:
    """The project with the most of it; a row without a project where there is none."""
    return f"""WITH top AS MATERIALIZED (
  SELECT coalesce(project, '(none)') AS project, {amount} AS v {source} GROUP BY 1 ORDER BY 2 DESC LIMIT 1
)
SELECT * FROM top UNION ALL SELECT '(none)', 0.0 WHERE NOT EXISTS (SELECT 1 FROM top)"""


def _spender(since: str) -> str:
    return _most("total(cost_usd)", f"FROM v_budgets CROSS JOIN v_usage WHERE time >= {since} AND time < {_NOW}")


@dataclass(frozen=True)
class Rule:
    uid: str
    title: str
    amount: str
    limit: str
    place: str
    summary: str
    dashboard: str
    panel: int
    hours: int = 24
    condition: str = ABOVE
    severity: str = "warning"
    paused: bool = False

    @property
    def description(self) -> str:
        return f"See the dashboard: /d/{self.dashboard}?viewPanel={self.panel}"


_PROJECTED = f"{_spent(_MONTH)} * ({_NEXT} - {_MONTH}) / max({_NOW} - {_MONTH}, 86400)"
_FAILURES = (
    f"(SELECT total(failed) AS bad, total(calls) - total(unfinished) - total(denied) AS n FROM v_tools WHERE {_HOUR})"
)
_CACHED = f"""(SELECT total(requests) AS n, total(cache_read_tokens) AS reads,
  total(input_tokens) + total(cache_read_tokens) + total(cache_creation_tokens) AS whole FROM v_usage WHERE {_HOUR})"""
_READ_TODAY = f"bad_lines > 0 AND {_WITHIN_DAY.format('f.updated_at')}"
_UNHOOKED = f"""FROM v_recordings AS late JOIN v_sessions AS s ON s.session_id = late.session_id
  WHERE late.event = 'sync' AND {_WITHIN_DAY.format("late.finished_at")} AND s.status = 'active'
  AND julianday(late.finished_at) - julianday(s.end_time) > 1.0 / 24
  AND s.end_time > (SELECT min(finished_at) FROM v_recordings WHERE event <> 'sync')
  AND NOT EXISTS (SELECT 1 FROM v_recordings AS hook WHERE hook.session_id = s.session_id AND hook.event <> 'sync')"""

RULES = (
    Rule("cm-budget-day", "Daily spend above budget", f"SELECT {_spent(_TODAY)} AS v FROM v_budgets",
         "SELECT daily_usd AS v FROM v_budgets", _spender(_TODAY),
         f"Spent today: {_usd(_A)} of a daily budget of {_usd(_B)}, most of it in {_P}.", "cm-budget", 4, condition=ABOVE_BUDGET),
    Rule("cm-budget-month", "Monthly spend above budget", f"SELECT {_spent(_MONTH)} AS v FROM v_budgets",
         "SELECT monthly_usd AS v FROM v_budgets", _spender(_MONTH),
         f"Spent this month: {_usd(_A)} of a monthly budget of {_usd(_B)}, most of it in {_P}.", "cm-budget", 1, 744, ABOVE_BUDGET, "critical"),
    Rule("cm-budget-projected", "Projected month above budget",
         f"SELECT iif({_NOW} - {_MONTH} < 259200, 0.0, {_PROJECTED}) AS v FROM v_budgets",
         "SELECT monthly_usd AS v FROM v_budgets", _spender(_MONTH),
         f"At this pace the month ends at {_usd(_A)}, above its budget of {_usd(_B)}; so far most of it in {_P}.",
         "cm-budget", 2, 744, ABOVE_BUDGET),
    Rule("cm-tool-failures", "Tool calls fail", f"SELECT iif(n >= 20, bad / n, 0.0) AS v FROM {_FAILURES}", "SELECT 0.2 AS v",
         _most("total(failed)", f"FROM v_tools WHERE {_HOUR}"),
         f"{_share(_A)} of the tool calls of the last hour failed (limit: {_share(_B)}), most of them in {_P}.", "cm-tools", 2, 1),
    Rule("cm-parse-errors", "Transcript lines could not be read", f"SELECT total(bad_lines) AS v FROM v_sources AS f WHERE {_READ_TODAY}",
         "SELECT 0.0 AS v", _most("total(bad_lines)", f"FROM v_sources AS f LEFT JOIN v_sessions AS s ON s.session_id = f.session_id WHERE {_READ_TODAY}"),
         f"{_number(_A)} lines of transcripts read today were no JSON (limit: {_number(_B)}), most of them in {_P};"
         " run: claude-metrics doctor", "cm-recorder", 6),
    Rule("cm-unpriced", "A model without a price", f"SELECT total(unpriced_tokens) AS v FROM v_usage WHERE {_DAY}", "SELECT 0.0 AS v",
         _most("total(unpriced_tokens)", f"FROM v_usage WHERE {_DAY}"),
         f"{_number(_A)} tokens of a model without a price were used in the last day (limit: {_number(_B)}), most of them in {_P}:"
         " the cost is too low.", "cm-recorder", 5),
    Rule("cm-not-recording", "The agent is used, but no hook records", f"SELECT count(*) + 0.0 AS v {_UNHOOKED}", "SELECT 0.0 AS v",
         _most("count(*) + 0.0", _UNHOOKED),
         f"{_number(_A)} sessions were found by sync that no hook had announced (limit: {_number(_B)}), most of them in {_P};"
         " run: claude-metrics doctor", "cm-recorder", 4),
    Rule("cm-cache", "The cache is hardly used", f"SELECT iif(n >= 20, 1 - reads / nullif(whole, 0.0), 0.0) AS v FROM {_CACHED}",
         "SELECT 0.5 AS v", _most("total(input_tokens) + total(cache_creation_tokens)", f"FROM v_usage WHERE {_HOUR}"),
         f"{_share(_A)} of the last hour's input did not come from the cache (limit: {_share(_B)}), most of it in {_P}.",
         "cm-models", 1, 1, paused=True),
)  # fmt: skip
