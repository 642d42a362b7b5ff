"""The note as text: what comes from outside made harmless, sections in order of worth, cut to what a client takes."""

from collections.abc import Callable
from typing import NamedTuple

from claude_metrics.text import UNSEEN

TAG = "session-context"
_HARMLESS = str.maketrans(
    {
        **dict.fromkeys("<\uff1c\ufe64", "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}"),
        **dict.fromkeys(">\uff1e\ufe65", "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"),
        **dict.fromkeys('"`\uff02\uff40', "'"),  # also in the widths that a model reads as the same sign
    }
)

Length = Callable[[str], int]


class Section(NamedTuple):
    title: str
    lines: tuple[str, ...]

    def text(self, keep: int | None = None) -> list[str]:
        kept = self.lines[:keep]
        gone = len(self.lines) - len(kept)
        more = [f"- ... and {gone} more"] if gone else []
        return ["", f"{self.title}:", *(f"- {line}" for line in kept), *more]


def clean(text: object, limit: int = 80) -> str:
    """A name from outside as one short line that cannot end a tag, a quotation, or colour a terminal."""
    shown = " ".join(UNSEEN.sub(" ", str(text)[: limit * 8]).translate(_HARMLESS).split())
    return shown if len(shown) <= limit else shown[: limit - 1].rstrip() + "\N{HORIZONTAL ELLIPSIS}"


def clean_path(text: object, limit: int = 80) -> str:
    """As `clean`, but a long path keeps its end, which tells more."""
    shown = clean(text, 4096)
    return shown if len(shown) <= limit else "\N{HORIZONTAL ELLIPSIS}" + shown[1 - limit :].lstrip()


def fit(head: str, sections: list[Section], late: list[str], limit: int, length: Length) -> str:
    """The whole note within `limit`: sections go from the end, then lines of the first; the tags are always closed."""
    for count in range(len(sections), 0, -1):
        note = _render(head, sections[:count], late, [section.title for section in sections[count:]])
        if length(note) <= limit:
            return note
    if sections:
        return _shortened(head, sections, late, limit, length)
    note = _render(head, [], late, [])
    return note if length(note) <= limit else _bare(limit, length)


def _shortened(head: str, sections: list[Section], late: list[str], limit: int, length: Length) -> str:
    first, dropped = sections[0], [section.title for section in sections[1:]]
    low, high = -1, len(first.lines) - 1  # so many lines fit: `low` is known to, or nothing does
    while low < high:
        middle = (low + high + 1) // 2
        if length(_render(head, [first], late, dropped, middle)) <= limit:
            low = middle
        else:
            high = middle - 1
    return _render(head, [first], late, dropped, low) if low >= 0 else _bare(limit, length)


def _render(head: str, sections: list[Section], late: list[str], dropped: list[str], keep: int | None = None) -> str:
    body = [line for section in sections for line in section.text(keep)]
    if late:
        body += ["", f"Left out, not known in time: {', '.join(late)}."]
    if dropped:
        body += ["", f"Left out for length: {', '.join(dropped)}. `claude-metrics context` shows all."]
    return "\n".join([f"<{TAG}>", head, *body, f"</{TAG}>"])


def _bare(limit: int, length: Length) -> str:
    """When not even a heading fits."""
    note = _render("(left out for length)", [], [], [])
    return note if length(note) <= limit else ""


def ago(seconds: float) -> str:
    """`3 hours ago`; the future, seen by a wrong clock, is `just now`."""
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {name}{'s' if count > 1 else ''} ago"
    return "just now"


def several(count: int, one: str, many: str | None = None) -> str:
    return f"{count:,} {one if count == 1 else many or one + 's'}"
