"""What was spent, and how the last session ended, as lines of the note."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from claude_metrics.context.text import ago, clean, several

if TYPE_CHECKING:
    from claude_metrics.context.spend import LastSession, Spend

LISTED = 5


def lines(spend: "Spend", now: float) -> list[str]:
    unpriced = spend.week_unpriced_tokens
    besides = f", and {unpriced:,} tokens whose price is unknown" if unpriced else ""
    shown = [f"this project: {usd(spend.today_usd)} today, {usd(spend.week_usd)} this week{besides}"]
    for left, whole, span in (
        (spend.daily_left_usd, spend.budget_daily_usd, "today's"),
        (spend.monthly_left_usd, spend.budget_monthly_usd, "this month's"),
    ):
        if left is not None and whole is not None:
            shown.append(_budget(left, whole, span))
    return shown + (_last_lines(spend.last_session, now) if spend.last_session else [])


def _budget(left: float, whole: float, span: str) -> str:
    if left < 0:
        return f"{span} budget of {usd(whole)} for all projects is exceeded by {usd(-left)}"
    return f"{usd(left)} left of {span} budget of {usd(whole)} for all projects"


def _last_lines(last: "LastSession", now: float) -> list[str]:
    shown = [f"last session: {', '.join(_facts(last, now))}"]
    if last.title:
        shown[0] += f' - "{clean(last.title, 120)}"'
    if last.plan_progress:
        shown.append(f"its plan: {clean(last.plan_progress, 60)}{_some(last.unfinished, '; unfinished: ')}")
    elif last.unfinished:
        shown.append(_some(last.unfinished, "unfinished: "))
    if last.checks:
        shown.append(_some(last.checks, "its checks: "))
    return shown


def _some(texts: list[str], before: str) -> str:
    more = f"; and {len(texts) - LISTED} more" if len(texts) > LISTED else ""
    return before + "; ".join(clean(text, 120) for text in texts[:LISTED]) + more if texts else ""


def _facts(last: "LastSession", now: float) -> Iterator[str]:
    yield ago(now - last.ended_at) if last.ended_at is not None else "at an unknown time"
    yield f"{clean(last.agent, 20)}"
    if last.status == "active":
        yield "not ended"
    elif last.end_reason:
        yield f"ended by {clean(last.end_reason, 40)}"
    if last.outcome:
        yield f"outcome {clean(last.outcome, 40)}"
    yield "cost unknown" if last.cost_usd is None else usd(last.cost_usd)
    yield several(last.commits, "commit")
    if last.lines_added is not None or last.lines_removed is not None:
        yield f"+{last.lines_added or 0:,} -{last.lines_removed or 0:,} lines"


def usd(amount: float) -> str:
    return "under $0.01" if 0 < amount < 0.005 else f"${amount:,.2f}"
