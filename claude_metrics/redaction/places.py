"""Values that their place makes a secret: in a URL before the `@`, in a header, behind a program's option."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from claude_metrics.redaction.values import MARK, is_password, is_random

_VALUE = r"""["']?(?P<value>(?![-$<{*])[^\s"'|;<>]{3,}(?:[|;<>](?=\w)[^\s"']*)?)"""
_LOGIN = r"""(?P<value>[^\s:"'$<{]{0,64}:(?![-$<{*])[^\s"'|;<>]{3,}(?:[|;<>](?=\w)[^\s"']*)?)"""
_SCHEME = r"(?:bearer|basic|token|apikey|api-key|bot|splunk|digest|negotiate|key|genie\w*|ssws)"
_NAMED = r"[^\"\n]{0,40}(?:password|passwd|secret|token|key)[^\"\n]{0,40}"
_PIPED = rf"""(?:echo|printf)\s+(?:-n\s+|["']?%s["']?\s+)?{_VALUE}["']?\s*\|"""
_Table = tuple[tuple[str, str], ...]

# What every secret of a place contains in small letters, and the place with its `value`.
_PLACES: _Table = (
    (
        "://",
        r"""://(?P<value>[^\s/:@'"<>\[]{0,64}:(?!\d{1,5}[/?\#])[^\s@'"<>]{1,1024}(?:@[^\s/@'"<>]{1,256}){0,4})(?=@)""",
    ),
    ("://", r"://(?P<value>(?=[\w.-]{0,80}(?-i:[0-9A-Z]))[\w.-]{20,})(?=@)"),
    ("cookie", r"""cookie\\?["']?:\s*(?P<value>[^\s"'=]{1,99}=[^\r\n"']*)"""),
    ("auth=(", r"""auth=\(\s*["'][^"'\n]{0,64}["']\s*,\s*["'](?P<value>[^"'\n]{4,})["']\s*\)"""),
    ("basicauth(", r"""basicauth\(\s*["'][^"'\n]{0,64}["']\s*,\s*["'](?P<value>[^"'\n]{4,})["']\s*\)"""),
    ('"value"', rf"""\"value\"\s*:\s*\"(?P<value>[^"\n]{{4,}})\"\s*,\s*\"name\"\s*:\s*\"{_NAMED}\""""),
    ("variable ", rf"""variable\s+\"{_NAMED}\"\s*\{{[^}}]{{0,400}}?default\s*=\s*\"(?P<value>[^"\n]{{4,}})\""""),
    ("identified by", r"""identified\s+by\s+["'](?P<value>[^"'\n]+)"""),
    ("securestring", r"""securestring\s+(?:-string\s+)?["'](?P<value>[^"'\n$]+)"""),
    ("securestring", r"""["'](?P<value>[^"'\n$]{4,200})["']\s*\|\s*convertto-securestring"""),
    ("chpasswd", r"""echo\s+["']?[\w.-]+:(?P<value>[^\s"']+)"""),
    ("pass:", rf"[^\w]pass:{_VALUE}"),
)
# Words follow `Authorization:` and `bearer` too.
_HEADERS: _Table = (
    (
        "authorization",
        rf"""authorization\\?["']?\]?\s*[:=,]\s*[fb]?\\?["'`]?(?:{_SCHEME}[ ]+(?:token=)?)?
        (?P<value>[\w.~+/=%:!-]{{6,}})""",
    ),
    ("bearer ", r"bearer[ ](?P<value>[\w.~+/=-]{12,})"),
    ("basic ", r"basic[ ](?P<value>(?=[a-z]{0,80}[0-9+/=])[\w+/=]{12,})"),
    ("auth", r"""(?<![a-z])auth\\?["']?\s*[:=]\s*\\?["']?(?P<value>[\w+/=:-]{12,})"""),
)
# Options of programs. `-u` means a password only after curl and wget, `-p` only after these.
_OPTIONS: _Table = (
    ("curl", rf"""\bcurl\b[^\n|;]{{0,500}}?\s(?:-u|--user|-U|--proxy-user)[=\s]{{0,2}}["']?{_LOGIN}"""),
    ("wget", rf"""\bwget\b[^\n|;]{{0,500}}?\s(?:-u|--user)[=\s]{{0,2}}["']?{_LOGIN}"""),
    ("mysql", rf"\bmysql\w*\s[^\n|;]{{0,400}}?(?<=\s)-p{_VALUE}"),
    ("mariadb", rf"\bmariadb\w*\s[^\n|;]{{0,400}}?(?<=\s)-p{_VALUE}"),
    ("7z", rf"\b7za?\s[^\n|;]{{0,400}}?(?<=\s)-p{_VALUE}"),
    ("unrar", rf"\bunrar\s[^\n|;]{{0,400}}?(?<=\s)-p{_VALUE}"),
    ("sshpass", rf"\bsshpass\s[^\n|;]{{0,400}}?-p\s*{_VALUE}"),
    (" login", rf"\b(?:docker|podman|az|oc|acr|registry)\s+login\b[^\n|;]{{0,400}}?\s-p\s*{_VALUE}"),
    ("redis-cli", rf"redis-cli\b[^\n|;]{{0,400}}?\s-a\s+{_VALUE}"),
    ("ldap", rf"\bldap\w+\s[^\n|;]{{0,400}}?\s-w\s+{_VALUE}"),
    ("zip ", rf"\b(?:un)?zip\s[^\n|;]{{0,400}}?(?-i:-P)\s+{_VALUE}"),
    ("sqlcmd", rf"\bsqlcmd\s[^\n|;]{{0,400}}?\s(?-i:-P)\s*{_VALUE}"),
    ("mongo", rf"\bmongo\w*\s[^\n|;]{{0,400}}?\s-p\s+{_VALUE}"),
    ("twine", rf"\btwine\s[^\n|;]{{0,400}}?\s-p\s+{_VALUE}"),
    ("useradd", rf"\buseradd\s[^\n|;]{{0,400}}?(?-i:-p)\s+{_VALUE}"),
    ("htpasswd", rf"\bhtpasswd\s+-\w*b\w*\s+\S{{1,200}}\s+\S{{1,200}}\s+{_VALUE}"),
    ("ssh-keygen", rf"ssh-keygen\s[^\n|;]{{0,400}}?(?-i:-N)\s+{_VALUE}"),
    ("curl", rf"""\bcurl\b[^\n|;]{{0,500}}?\s(?:(?-i:-b)|--cookie)[=\s]{{0,2}}["']?[^\s=;"']{{1,99}}={_VALUE}"""),
    ("http -a", rf"\bhttps?\s-a\s+{_LOGIN}"),
    ("smbclient", rf"""smbclient\b[^\n|;]{{0,400}}?\s-U\s*["']?[^\s%]{{1,64}}%{_VALUE}"""),
    ("--password-stdin", _PIPED),
    ("--with-token", _PIPED),
    ("sudo -s", _PIPED),
    ("gh secret", rf"gh\s+secret\s+set\s[^\n|;]{{0,200}}?\s(?:-b|--body)[=\s]*{_VALUE}"),
)


def without_placed(text: str, small: str) -> str:
    """`text` without the values that their place makes secrets; `small` is the text in small letters."""
    text = _each(_PLACES, _by_place, text, small)
    if "auth" in small or "bearer " in small or "basic " in small:
        text = _each(_HEADERS, _strictly, text, small)
    return _each(_OPTIONS, _by_place, text, small) if " -" in small else text


def _each(table: _Table, put: Callable[[re.Match[str]], str], text: str, small: str) -> str:
    for hint, pattern in table:
        if hint in small:
            text = _compiled(pattern).sub(put, text)
    return text


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """When it is first needed: all at once would take longer than a short command."""
    return re.compile(pattern, re.IGNORECASE | re.VERBOSE)


def _by_place(found: re.Match[str]) -> str:
    value = found["value"]
    return _put(found) if any(c.isalnum() for c in value) and not value.startswith(MARK) else found[0]


def _strictly(found: re.Match[str]) -> str:
    value = found["value"]
    long = len(value) >= (20 if value != value.lower() else 32)
    return _put(found) if long or is_random(value) or is_password(value, False, False) else found[0]


def _put(found: re.Match[str]) -> str:
    start, end = found.span("value")
    return found.string[found.start() : start] + MARK + found.string[end : found.end()]
