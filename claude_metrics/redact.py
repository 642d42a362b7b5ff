"""Secrets leave the text before it is stored."""

from __future__ import annotations

import re

MARK = "[redacted]"
_SECRETS = re.compile(
    r"""
    -----BEGIN[ A-Z]*PRIVATE\ KEY-----.*?(?:-----END[ A-Z]*PRIVATE\ KEY-----|\Z)
    | \b(?:sk-ant-[\w-]{8,}|sk-(?:proj-|svcacct-|or-)?[A-Za-z0-9_-]{20,}|AIza[\w-]{35}|ya29\.[\w.-]{20,})
    | \bgh[pousr]_[A-Za-z0-9]{20,} | \bgithub_pat_\w{20,} | \bglpat-[\w-]{20,} | \bnpm_[A-Za-z0-9]{30,}
    | \bpypi-[\w-]{20,} | \bxox[abprs]-[\w-]{10,} | \b(?:AKIA|ASIA)[0-9A-Z]{16}\b | \b[rs]k_(?:live|test)_\w{16,}
    | \bSG\.[\w-]{16,}\.[\w-]{16,} | \bhf_[A-Za-z0-9]{30,} | \bdop_v1_[a-f0-9]{40,}
    | \beyJ[\w-]{10,}\.[\w-]{10,}\.[\w-]{5,}
    | (?<=://)[^\s/:@]{1,64}:[^\s/@]{1,256}(?=@)
    | (?<=[Bb]earer\ )[\w.~+/=-]{12,}
    | (?i:(?<=password=)|(?<=passwd=)|(?<=api_key=)|(?<=apikey=)|(?<=secret=)|(?<=token=)|(?<=_key=))["']?[^\s"'&;]{6,}
    """,
    re.VERBOSE | re.DOTALL,
)
_HINT = re.compile(
    r"sk-|AIza|ya29|gh[pousr]_|github_pat|glpat|npm_|pypi-|xox|AKIA|ASIA|k_live|k_test|SG\.|hf_|dop_v1|eyJ|://|earer|=|BEGIN"
)


def redact(text: str | None) -> str | None:
    """`text` with everything that looks like a credential replaced by `[redacted]`."""
    if not text or not _HINT.search(text):
        return text
    return _SECRETS.sub(MARK, text)
