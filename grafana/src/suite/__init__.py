"""One module per dashboard; each has `dashboard()`."""

from types import ModuleType

from grafana.src.suite import budget, git, models, overview, projects, recorder, session, sessions, tools

SUITE: dict[str, ModuleType] = {
    "overview": overview,
    "sessions": sessions,
    "session": session,
    "models": models,
    "tools": tools,
    "git": git,
    "projects": projects,
    "budget": budget,
    "recorder": recorder,
}
