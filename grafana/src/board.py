"""A dashboard: its variables, links, annotations and panels, as JSON that every Grafana from 10 on loads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from grafana_foundation_sdk.builders import dashboard as d
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard as m

from grafana.src import sql
from grafana.src.panels import SOURCE, Query

SCHEMA_VERSION = 39  # Grafana 10.4's; every later one migrates it upwards
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
    "model": "SELECT model_key FROM v_model_names",
    "tool": "SELECT tool_key FROM v_tool_names",
}
_OPTIONS = {
    **{name: f"SELECT DISTINCT {name}_key FROM v_places ORDER BY 1" for name in sql.PLACE},
    "branch": "SELECT DISTINCT branch_key FROM v_places WHERE project_key IN (${project:sqlstring}) ORDER BY 1",
    "model": "SELECT model_key FROM v_model_names ORDER BY 1",
    "tool": "SELECT tool_key FROM v_tool_names ORDER BY 1",
}
SESSION_OPTIONS = f"""SELECT strftime('%Y-%m-%d %H:%M', start_time, '${{__to:date:Z}}') || ' · ' || coalesce(project, '(none)')
  || ' · ' || substr(coalesce(title, first_prompt, session_id), 1, 60) AS __text, session_id AS __value
FROM v_sessions WHERE {sql.during("start_time")} ORDER BY start_time DESC LIMIT 500"""


def link(here: str, target: str, **own: str) -> str:
    """The address of another dashboard with this one's range and variables; `own` sets some of them anew."""
    shared = [name for name in VARIABLES[here] if name in VARIABLES[target] and name not in own]
    parts = [f"var-{name}={value}" for name, value in own.items()] + [f"${{{name}:queryparam}}" for name in shared]
    return f"/d/{target}?" + "&".join([*parts, "${__url_time_range}"])


def session_link() -> str:
    """For rows with the columns session_id, from_ms and to_ms."""
    cell = "${__data.fields.%s:percentencode}"
    return f"/d/cm-session?var-session={cell % 'session_id'}&from={cell % 'from_ms'}&to={cell % 'to_ms'}"


def _names(name: str) -> d.QueryVariable:
    made = d.QueryVariable(name).label(LABELS[name]).datasource(SOURCE).query(_OPTIONS[name]).definition(_OPTIONS[name])
    made.refresh(m.VariableRefresh.ON_TIME_RANGE_CHANGED).multi(True).include_all(True).all_value(_KEYS[name])
    return made.current(m.VariableOption(selected=True, text=["All"], value=["$__all"]))


def _variable(name: str) -> Any:
    if name in LABELS:
        return _names(name)
    if name == "bucket":
        return _custom(
            "bucket", "Interval", "auto : 0, 15 min : 900, hour : 3600, day : 86400, week : 604800", "auto", "0"
        )
    if name == "context_window":
        values = "200 k : 200000, 400 k : 400000, 1 M : 1000000"
        return _custom("context_window", "Context window", values, "200 k", "200000")
    if name == "session":
        made = d.QueryVariable("session").label("Session").datasource(SOURCE).query(SESSION_OPTIONS)
        return made.definition(SESSION_OPTIONS).refresh(m.VariableRefresh.ON_TIME_RANGE_CHANGED)
    return d.TextBoxVariable("q").label("Search").default_value("").current(m.VariableOption(text="", value=""))


def _custom(name: str, label: str, values: str, text: str, value: str) -> d.CustomVariable:
    return (
        d.CustomVariable(name)
        .label(label)
        .values(values)
        .current(m.VariableOption(selected=True, text=text, value=value))
    )


def commits_note(where: str) -> dict[str, Any]:
    """Commits as marks in every chart."""
    text = f"""SELECT time, substr(coalesce(message, sha), 1, 120) AS text, substr(sha, 1, 10) AS title,
  coalesce(project, '(none)') AS tags FROM v_commits WHERE {where} AND reachable ORDER BY time LIMIT 500"""
    target = {**Query(text, ["time"], "table", "Anno").to_json()}
    return {"name": "Commits", "enable": True, "iconColor": "purple", "datasource": SOURCE, "target": target}


def build(
    uid: str, title: str, text: str, panels: Sequence[d.Panel], start: str = "now-30d", end: str = "now",
    refresh: str = "", note: dict[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The dashboard as a dict ready for `dumps`."""
    made = d.Dashboard(title).uid(uid).description(text).tags(["claude-metrics"]).time(start, end).readonly()
    made.timezone("browser").tooltip(m.DashboardCursorSync.CROSSHAIR).refresh(refresh)
    made.link(d.DashboardLink("claude-metrics").type("dashboards").tags(["claude-metrics"]).as_dropdown(False)
              .keep_time(True).include_vars(True).icon("external link"))  # fmt: skip
    for name in VARIABLES[uid]:
        made.with_variable(_variable(name))
    for panel in panels:
        made.with_panel(panel)
    found: dict[str, Any] = json.loads(JSONEncoder(sort_keys=True).encode(made.build()))
    found["annotations"] = {"list": [json.loads(JSONEncoder(sort_keys=True).encode(note))] if note else []}
    return _for_every_version(found)


def _for_every_version(found: dict[str, Any]) -> dict[str, Any]:
    """Without the key that hides links in a menu from 12.3 on, and with an id of its own for nothing."""
    found.update(schemaVersion=SCHEMA_VERSION, id=None)
    found["templating"].setdefault("list", [])
    for link in found.get("links", []):
        link.pop("placement", None)
    return found


def dumps(found: dict[str, Any]) -> str:
    return json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
