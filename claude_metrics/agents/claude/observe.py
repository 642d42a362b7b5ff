"""What a Claude tool's result says beyond success: checks that ran, questions answered, plans and to-do lists.

Everything is in the result's own record (`toolUseResult`), so nothing has to be remembered between call and result
but the name of a check. Verified against the shapes that 2.1.328 declares in its `sdk-tools.d.ts`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct

from claude_metrics.activity import observe, verification
from claude_metrics.agents.claude.records import text_of
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


class Told(Struct):
    """The parts of `toolUseResult` that the rules use."""

    newTodos: list[Todo] = []
    task: Task | None = None
    taskId: str | None = None
    statusChange: Change | None = None
    answers: dict[str, str] = {}
    plan: str | None = None


_TOLD = msgspec.json.Decoder(Told)


def check(of: str, result: Result, output: Raw) -> Observation:
    """A shell command that `verification.check_of` named."""
    passed, said = verification.result_of(text_of(output), not result.failed)
    row = observe.verification(result.call, result.session, result.at, of, passed, said)
    return row._replace(agent_id=result.agent_id)


def found(tool: str, result: Result) -> list[Observation]:
    """The observations of a result of one of `RULES`."""
    try:
        told = _TOLD.decode(result.raw)
    except (msgspec.MsgspecError, RecursionError):
        told = Told()
    return [row._replace(agent_id=result.agent_id) for row in RULES[tool](result, told)]


def _question(result: Result, told: Told) -> list[Observation]:
    return [] if result.failed else observe.answers(result.call, result.session, result.at, told.answers)


def _plan(result: Result, told: Told) -> list[Observation]:
    if result.failed and not result.denied:
        return []
    return [observe.plan_decision(result.call, result.session, result.at, not result.failed, told.plan)]


def _list(result: Result, told: Told) -> list[Observation]:
    if result.failed:
        return []
    items = [(todo.content, todo.status) for todo in told.newTodos]
    return [observe.plan_list(result.call, result.session, result.at, items)]


def _created(result: Result, told: Told) -> list[Observation]:
    if result.failed or told.task is None or not told.task.id:
        return []
    task = told.task
    return [observe.plan_task(result.call, result.session, result.at, task.id, "pending", task.subject)]


def _updated(result: Result, told: Told) -> list[Observation]:
    if result.failed or not told.taskId or told.statusChange is None:
        return []
    return [observe.plan_task(result.call, result.session, result.at, told.taskId, told.statusChange.to, None)]


RULES: dict[str, Callable[[Result, Told], list[Observation]]] = {
    "AskUserQuestion": _question, "ExitPlanMode": _plan, "TodoWrite": _list, "TaskCreate": _created,
    "TaskUpdate": _updated,
}  # fmt: skip
