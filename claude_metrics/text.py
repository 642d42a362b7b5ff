"""Names that come from outside, made harmless."""

from __future__ import annotations

import hashlib
import re

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}")


def session_name(given: str) -> str:
    """An agent's session id as the database holds it; one with path or control characters becomes a hash."""
    if _PLAIN.fullmatch(given):
        return given
    return "odd-" + hashlib.sha256(given.encode("utf-8", "surrogatepass")).hexdigest()[:24]
