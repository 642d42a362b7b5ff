"""What a Claude tool's result says beyond success: questions answered, plans and to-do lists.

Everything is in the result's own record (`toolUseResult`), so nothing has to be remembered between call and result.
Verified against the shapes that 2.1.328 declares in its `sdk-tools.d.ts`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct

from claude_metrics.activity import observe
from claude_metrics.models import Observation


class Result(NamedTuple):
    """A tool's result and whose it is. `failed`: an error, or denied by the user."""

    call: str
    session: str
    at: str
    agent_id: str | None
    failed: bool
    denied: bool
    raw: Raw


class Todo(Struct):
    content: str = ""
    status: str = "pending"


class Task(Struct):
    id: str = ""
    subject: str | None = None


class Change(Struct):
    to: str = ""


class ResultFields(Struct):
    """The parts of `toolUseResult` that the rules use."""

    newTodos: list[Todo] = []
    task: Task | None = None
    taskId: str | None = None
    statusChange: Change | None = None
    answers: dict[str, str] = {}
    plan: str | None = None


_FIELDS = msgspec.json.Decoder(ResultFields)


def observations_of(tool: str, result: Result) -> list[Observation]:
    """The observations of a result of one of `RULES`."""
    try:
        fields = _FIELDS.decode(result.raw)
    except (msgspec.MsgspecError, RecursionError):
        fields = ResultFields()
    return [row._replace(agent_id=result.agent_id) for row in RULES[tool](result, fields)]


def _question(result: Result, fields: ResultFields) -> list[Observation]:
    return [] if result.failed else observe.answers(result.call, result.session, result.at, fields.answers)


def _plan(result: Result, fields: ResultFields) -> list[Observation]:
    if result.failed and not result.denied:
        return []
    return [observe.plan_decision(result.call, result.session, result.at, not result.failed, fields.plan)]


def _list(result: Result, fields: ResultFields) -> list[Observation]:
    if result.failed:
        return []
    items = [(todo.content, todo.status) for todo in fields.newTodos]
    return [observe.plan_list(result.call, result.session, result.at, items)]


def _created(result: Result, fields: ResultFields) -> list[Observation]:
    if result.failed or fields.task is None or not fields.task.id:
        return []
    task = fields.task
    return [observe.plan_task(result.call, result.session, result.at, task.id, "pending", task.subject)]


def _updated(result: Result, fields: ResultFields) -> list[Observation]:
    if result.failed or not fields.taskId or fields.statusChange is None:
        return []
    return [observe.plan_task(result.call, result.session, result.at, fields.taskId, fields.statusChange.to, None)]


RULES: dict[str, Callable[[Result, ResultFields], list[Observation]]] = {
    "AskUserQuestion": _question,
    "ExitPlanMode": _plan,
    "TodoWrite": _list,
    "TaskCreate": _created,
    "TaskUpdate": _updated,
}
