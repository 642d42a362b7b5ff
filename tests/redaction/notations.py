"""Hard notations: a password (`{p}`) or a token (`{t}`) that only its place tells, as people and programs write it."""

import random

from tests.redaction.made_up import Secret
from tests.redaction.table_files import table

NOTATIONS = table("notations.txt")


def notations(seed: int = 11) -> list[tuple[str, Secret]]:
    """Each notation with its made-up value: passwords of 12 characters with a digit in front, tokens of 24."""
    dice = random.Random(seed)
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    found = []
    for notation in NOTATIONS:
        kind = "t" if "{t}" in notation else "p"
        value = "7" * (kind == "p") + "".join(dice.choices(letters, k=24 if kind == "t" else 11))
        if kind == "p" and not notation.startswith(("https://", "jdbc")) and "%" not in notation:
            value = f"{value[:6]}!{value[7:]}"
        text = notation.replace("¶", "\n").replace(r"\x1b[", "\x1b[").replace("{" + kind + "}", value)
        found.append((text, Secret(notation, "", value, tuple(value.split("!")))))
    return found
