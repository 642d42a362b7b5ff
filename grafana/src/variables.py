"""The filters above the panels, and which dashboard has which."""

from __future__ import annotations

from typing import Any

from grafana_foundation_sdk.builders import dashboard as d
from grafana_foundation_sdk.models import dashboard as m

from grafana.src import sql, words
from grafana.src.panels import SOURCE

LABELS = {
    "agent": "Agent",
    "project": "Project",
    "branch": "Branch",
    "machine": "Machine",
    "model": "Model",
    "tool": "Tool",
}
VARIABLES = {
    "cm-overview": (*sql.PLACE, "model", "bucket"),
    "cm-sessions": (*sql.PLACE, "q"),
    "cm-session": ("session", "context_window"),
    "cm-models": (*sql.PLACE, "model", "bucket"),
    "cm-tools": (*sql.PLACE, "tool", "bucket"),
    "cm-git": (*sql.PLACE, "bucket"),
    "cm-projects": (*sql.PLACE, "model", "bucket"),
    "cm-budget": (),
    "cm-recorder": ("bucket",),
}
_KEYS = {
    **{name: f"SELECT {name}_key FROM v_places" for name in sql.PLACE},
    "model": "SELECT model_name FROM v_model_names",
    "tool": "SELECT tool_key FROM v_tool_names",
}
_OPTIONS = {
    **{name: f"SELECT DISTINCT {name}_key FROM v_places ORDER BY 1" for name in sql.PLACE},
    "agent": f"SELECT DISTINCT {words.agent('agent_key')} AS __text, agent_key AS __value FROM v_places ORDER BY 1",
    "branch": "SELECT DISTINCT branch_key FROM v_places WHERE project_key IN (${project:sqlstring}) ORDER BY 1",
    "model": "SELECT DISTINCT model_name FROM v_model_names ORDER BY 1",
    "tool": "SELECT tool_key FROM v_tool_names ORDER BY 1",
}
# The newest come first whatever the range is, so that the page shows the newest one when none is chosen;
# those of the range follow, so that a link to an old one finds its name.
SESSION_OPTIONS = f"""SELECT strftime('%Y-%m-%d %H:%M', start_time, '${{__to:date:Z}}') || ' · ' || coalesce(project, '(none)')
  || ' · ' || substr({words.title()}, 1, 60) AS __text, session_id AS __value
FROM v_sessions WHERE session_id IN (
  SELECT session_id FROM (SELECT session_id FROM v_sessions WHERE start_time IS NOT NULL ORDER BY start_time DESC LIMIT 300)
  UNION SELECT session_id FROM (SELECT session_id FROM v_sessions WHERE {sql.during("start_time")} ORDER BY start_time DESC LIMIT 300)
) ORDER BY start_time DESC"""
BUCKETS = "auto : 0, 15 min : 900, hour : 3600, day : 86400, week : 604800"
WINDOWS = "200 k : 200000, 400 k : 400000, 1 M : 1000000"


def variable(name: str) -> Any:
    if name in LABELS:
        return _names(name)
    if name == "bucket":
        return _custom("bucket", "Interval", BUCKETS, "auto", "0")
    if name == "context_window":
        return _custom("context_window", "Context window", WINDOWS, "200 k", "200000")
    if name == "session":
        made = d.QueryVariable("session").label("Session").datasource(SOURCE).query(SESSION_OPTIONS)
        return made.definition(SESSION_OPTIONS).refresh(m.VariableRefresh.ON_TIME_RANGE_CHANGED)
    return d.TextBoxVariable("q").label("Search").default_value("").current(m.VariableOption(text="", value=""))


def _names(name: str) -> d.QueryVariable:
    made = d.QueryVariable(name).label(LABELS[name]).datasource(SOURCE).query(_OPTIONS[name]).definition(_OPTIONS[name])
    made.refresh(m.VariableRefresh.ON_TIME_RANGE_CHANGED).multi(True).include_all(True).all_value(_KEYS[name])
    return made.current(m.VariableOption(selected=True, text=["All"], value=["$__all"]))


def _custom(name: str, label: str, values: str, text: str, value: str) -> d.CustomVariable:
    option = m.VariableOption(selected=True, text=text, value=value)
    return d.CustomVariable(name).label(label).values(values).current(option)
