"""Made-up secrets of the formats that scanners know, drawn from a seed, so that no scanner takes this file for a leak.

A format is a template: what stands outside braces is the service's own mark, `{w36}` are 36 random characters of
alphabet `w`, `{uuid}` is a random UUID. Facts (mark, alphabet, length) as gitleaks, detect-secrets, trufflehog
and the services themselves publish them.
"""

import random
import re
import string
import uuid
from typing import NamedTuple

from tests.redaction.table_files import table

ALPHABETS = {
    "w": string.ascii_letters + string.digits,
    "a": string.ascii_letters,
    "h": "0123456789abcdef",
    "l": string.ascii_lowercase + string.digits,
    "u": string.ascii_uppercase + string.digits,
    "t": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "d": string.digits,
    "s": string.ascii_letters + string.digits + "_-",
    "b": string.ascii_letters + string.digits + "+/",
}
_FIELD = re.compile(r"\{(uuid|[wahlutdsb]\d+)\}")

# Formats with a mark: known wherever they stand.
MARKED = table("marked_formats.txt")

# Formats without a mark: known by the name before them.
NAMED = table("named_formats.txt")


class Secret(NamedTuple):
    """One made-up value, the name it is usually kept under, and its random parts."""

    format: str
    name: str
    value: str
    parts: tuple[str, ...]


def draw(dice: random.Random, field: str) -> str:
    """A random value for one field of a template; it holds what makes it differ from a word: a digit or a capital."""
    if field == "uuid":
        return str(uuid.UUID(int=dice.getrandbits(128), version=4))
    letters, count = ALPHABETS[field[0]], int(field[1:])
    return "".join(dice.choices(letters, k=count))


def made(template: str, dice: random.Random, format_: str, name: str) -> Secret:
    parts: list[str] = []

    def fill(found: re.Match[str]) -> str:
        parts.append(draw(dice, found[1]))
        return parts[-1]

    value = _FIELD.sub(fill, template.replace(r"\n", "\n"))
    return Secret(format_, name, value, tuple(part for part in parts if len(part) >= 6))


def _rows(lines: list[str]) -> list[tuple[str, str]]:
    return [(line.split(": ", 1)[0], line.split(": ", 1)[1]) for line in lines]


def marked(seed: int = 7) -> list[Secret]:
    """One secret of every format that is known wherever it stands."""
    dice = random.Random(seed)
    return [made(template, dice, format_, "VALUE") for format_, template in _rows(MARKED)]


def named(seed: int = 7) -> list[Secret]:
    """One secret of every format that only its name tells."""
    dice = random.Random(seed)
    return [made(template, dice, name, name) for name, template in _rows(NAMED)]


def survives(secret: Secret, text: str | None, piece: int = 8) -> bool:
    """True when `piece` characters in a row of a random part are still in `text`."""
    return any(
        part[start : start + piece] in (text or "")
        for part in secret.parts
        for start in range(max(1, len(part) - piece + 1))
    )
