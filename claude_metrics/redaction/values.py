"""Is this value a secret? Not if it is a variable, a type, a call, a path, a placeholder or made of words."""

from __future__ import annotations

import re

MARK = "[redacted]"

_SWITCH = re.compile(r"[a-z](?=[A-Z0-9])|[0-9](?=[A-Za-z])|[A-Z](?=[0-9]|[A-Z][a-z])")
_PIECE = r"(?:[A-Z]?[a-z]{2,}\d{0,2}|[A-Z]{2,}\d{0,2}|v?\d{1,4}|[A-Za-z]\d?)"
_WORDS = re.compile(rf"{_PIECE}(?:[-_./:@ ]+{_PIECE})+")
_UNBROKEN = re.compile(r"(?=[A-Za-z]{0,40}[0-9])[A-Za-z0-9]{16}")
_LONG = re.compile(r"[A-Za-z0-9]{24}")
_WORD = re.compile(r"[A-Z]?[a-z]{1,13}\d{0,2}|[A-Z]{2,14}\d{0,2}")
_CONSTANT = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_REFERENCE = re.compile(r"[A-Za-z_]\w*(?:(?:\.|->|::|\[)\w*[A-Za-z_]\w*\]*)*(?:[\[(].*)?")
_VARIABLE = re.compile(
    r"(?:id|src|type|source)=.*|\$\{?[A-Za-z_]\w*\}?|\$[({].*|%\w+%|[<{\[*].*|[x.*_-]+|\?+|:\w+",
    re.IGNORECASE | re.DOTALL,
)
_FILLED_IN = re.compile(r"\{[A-Za-z_][\w.]*\}|\{\{")
_NUMBERS = re.compile(r"[\d_.,/:+-]+[kKMG]?")
_PATH = re.compile(r"(?:~|\.{0,2})/|[a-z][a-z0-9+.-]*://|[A-Za-z]:[\\/]")
_PLACEHOLDER = re.compile(r"(?:your|example|dummy|fake|sample|insert|enter|put|replace)[-_ ]", re.IGNORECASE)
_WORDS_FOR_NONE = """
    none null nil true false undefined string str bool bytes int text char optional required changeme password
    passwd passphrase secret token value default example placeholder redacted hidden input prompt self this args
    kwargs uint8array varchar cancellationtoken include omit same-origin username user email enabled disabled
    invalid expired missing bearer basic oauth2 oidc2 pass key credentials data object number void any unknown
"""
_NO_SECRET = frozenset(_WORDS_FOR_NONE.split())


def is_random(text: str) -> bool:
    """True for text that changes between small letters, capitals and digits more often than words and names do."""
    switches = len(_SWITCH.findall(text))
    return switches >= 3 and switches * 5 >= len(text)


def is_drawn(text: str, switches: int) -> bool:
    """True for what may follow a service's mark: more than words and numbers with `-` and `_` between them."""
    return (
        _UNBROKEN.search(text) is not None or _LONG.search(text) is not None or len(_SWITCH.findall(text)) >= switches
    )


def is_password(value: str, quoted: bool, certain: bool, shouted: bool = False) -> bool:
    """A password may be any text; where its place is not `certain`, it has a digit and something else."""
    if stands_for_one(value, quoted):
        return False
    digits = any(letter.isdigit() for letter in value)
    if not certain:
        return (
            digits
            and not value.isdigit()
            and len(value) >= 5
            and not _WORDS.fullmatch(value)
            and not _WORD.fullmatch(value)
        )
    return quoted or shouted or digits or is_random(value) or not value.replace("-", "").isidentifier()


def is_token(value: str, quoted: bool, certain: bool) -> bool:
    """A token or key is long and has a digit; where its place is not `certain`, it is drawn at random."""
    if len(value) < 8 or " " in value or _NUMBERS.fullmatch(value.strip("*_")) or _WORDS.fullmatch(value):
        return False
    if stands_for_one(value, quoted):
        return False
    if not certain:
        return len(value) >= 16 and is_random(value)
    if not quoted and _WORD.fullmatch(value):
        return False
    return any(letter.isdigit() for letter in value) or (quoted and len(value) >= 20) or is_random(value)


def is_key(value: str, quoted: bool) -> bool:
    """What a key that may be of any kind opens is long and drawn at random."""
    drawn = is_random(value) or _UNBROKEN.search(value) is not None
    return len(value) >= 16 and drawn and is_token(value, quoted, True)


def stands_for_one(value: str, quoted: bool) -> bool:
    """Something that stands for a value, or a word that is none."""
    if value.lower().strip(".:,;!?") in _NO_SECRET or value.startswith(MARK[:5]):
        return True
    if (
        _VARIABLE.fullmatch(value)
        or _FILLED_IN.search(value)
        or _CONSTANT.fullmatch(value)
        or _PLACEHOLDER.match(value)
    ):
        return True
    if _PATH.match(value) and not is_random(value[-40:]):
        return True
    return not quoted and len(value) < 60 and not value.isidentifier() and _REFERENCE.fullmatch(value) is not None
