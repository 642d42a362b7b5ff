"""Secrets leave the text before it is stored: known formats by their marks, others by the name that stands before.

The formats are those that the services themselves give to secret scanners. What has no mark, as most passwords, is
known only by its place: `password=`, `--token`, `Bearer`, `user:…@host`. Plain `in` decides what is looked at more
closely, so that text without secrets, nearly all, costs next to nothing (detect-secrets takes 80 times as long).
"""

from __future__ import annotations

import re

MARK = "[redacted]"
CUTS = frozenset((300, 4000, 10_000))  # where readers cut: the last word may be half a secret, known by nothing

# What every secret of a kind contains, and how the whole looks.
_FORMATS = (
    (
        "PRIVATE KEY",
        r"-----BEGIN[ A-Z0-9]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END[ A-Z0-9]*PRIVATE KEY[ A-Z]*-----|\Z)",
    ),
    ("sk-ant-", r"sk-ant-[\w-]{8,}"),
    ("sk-", r"\bsk-(?=[\w-]{0,80}[0-9A-Z])[A-Za-z0-9_-]{20,}"),  # OpenAI, OpenRouter, DeepSeek
    ("AIza", r"AIza[\w-]{35}"),
    ("AQ.Ab", r"AQ\.Ab[\w-]{20,}"),
    ("ya29.", r"ya29\.[\w.-]{20,}"),
    ("GOCSPX-", r"GOCSPX-[\w-]{20,}"),
    ("1//0", r"\b1//0[\w-]{30,}"),
    ("gsk_", r"\bgsk_[A-Za-z0-9]{20,}"),
    ("hf_", r"\bhf_(?=\w*\d)[A-Za-z0-9]{20,}"),
    ("r8_", r"\br8_(?=\w*\d)[A-Za-z0-9]{20,}"),
    ("nvapi-", r"nvapi-[\w-]{20,}"),
    ("pplx-", r"pplx-[A-Za-z0-9]{20,}"),
    ("xai-", r"\bxai-[A-Za-z0-9]{20,}"),
    ("tvly-", r"tvly-[\w-]{20,}"),
    ("lsv2_", r"lsv2_(?:pt|sk)_\w{20,}"),
    ("gh", r"\bgh[pousr]_[A-Za-z0-9]{20,}"),
    ("github_pat_", r"github_pat_\w{20,}"),
    ("gl", r"\bgl(?:pat|dt|rt|cbt|ptt|ft|soat|imt|agent|oas)-[\w.-]{20,}"),
    ("npm_", r"\bnpm_[A-Za-z0-9]{30,}"),
    ("pypi-", r"\bpypi-[\w-]{20,}"),
    ("rubygems_", r"rubygems_[a-f0-9]{40,}"),
    ("dckr_", r"dckr_(?:pat|oat)_[\w-]{20,}"),
    ("xox", r"\bxox[abceoprs]-[\w.-]{10,}"),
    ("xapp-", r"xapp-\d-[\w-]{10,}"),
    ("hooks.slack.com", r"(?<=hooks\.slack\.com/services/)[\w/]{20,}"),
    ("/webhooks/", r"(?<=/webhooks/)\d{17,20}/[\w-]{60,}"),
    (".", r"\b[MNO][A-Za-z0-9_-]{22,27}\.[\w-]{6}\.[\w-]{27,}"),  # a Discord bot's
    (":AA", r"\b\d{8,10}:AA[\w-]{32,34}"),  # a Telegram bot's
    ("AKIA", r"\bAKIA[0-9A-Z]{16}\b"),
    ("ASIA", r"\bASIA[0-9A-Z]{16}\b"),
    ("ABSK", r"\bABSK[A-Za-z0-9+/]{60,}=*"),
    ("AccountKey=", r"(?<=AccountKey=)[\w+/]{40,}=*"),
    ("AccessKey=", r"(?<=SharedAccessKey=)[\w+/]{30,}=*"),
    ("sig=", r"(?<=[?&]sig=)[\w%+/-]{30,}=*"),
    ("8Q~", r"\b[\w~.]{3}8Q~[\w~.-]{31,34}"),
    ("k_live_", r"\b[sr]k_live_\w{16,}"),
    ("k_test_", r"\b[sr]k_test_\w{16,}"),
    ("whsec_", r"whsec_[\w+/=]{20,}"),
    ("sq0", r"\bsq0(?:csp|atp|idp)-[\w-]{22,}"),
    ("shp", r"\bshp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("SG.", r"\bSG\.[\w-]{16,}\.[\w-]{16,}"),
    ("key-", r"\bkey-[0-9a-f]{32}\b"),
    ("-us", r"\b[0-9a-f]{32}-us\d{1,2}\b"),
    ("xkeysib-", r"xkeysib-[\w-]{60,}"),
    ("_v1_", r"\bdo[opr]_v1_[a-f0-9]{40,}"),
    ("dapi", r"\bdapi[a-f0-9]{32}\b"),
    ("HRKU-", r"HRKU-[\w-]{30,}"),
    ("nfp_", r"\bnfp_\w{30,}"),
    ("sbp_", r"\bsbp_[a-f0-9]{40}"),
    ("pscale_", r"pscale_(?:tkn|pw|oauth)_[\w.-]{30,}"),
    ("lin_api_", r"lin_api_\w{30,}"),
    ("ntn_", r"\bntn_\w{40,}"),
    ("figd_", r"\bfigd_[\w-]{30,}"),
    ("PMAK-", r"PMAK-[\w-]{50,}"),
    ("ATATT3", r"ATATT3[\w=-]{50,}"),
    ("dp.", r"\bdp\.(?:pt|st|ct|sa)\.[\w.-]{40,}"),
    ("NRAK-", r"NRAK-[A-Z0-9]{27}"),
    ("gls", r"\bgls[ac]_\w{20,}"),
    ("sntry", r"\bsntry[su]_[\w=+/-]{30,}"),
    ("hv", r"\bhv[sbr]\.[\w-]{24,}"),
    ("AGE-SECRET-KEY-", r"AGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    ("ops_eyJ", r"ops_eyJ[\w=-]{30,}"),
    (".atlasv1.", r"\b\w{14}\.atlasv1\.[\w-]{60,}"),
    ("SK", r"\bSK[0-9a-f]{32}\b"),
    ("eyJ", r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
    ("://", r"(?<=://)[^\s/:@'\"<>]{0,64}:[^\s/@'\"<>]{1,256}(?=@)"),
    ("earer ", r"(?<=[Bb]earer )[\w.~+/=-]{12,}"),
    ("asic ", r"(?<=[Bb]asic )(?=[A-Za-z]*[0-9+/=])[\w+/=]{12,}"),
    ("-u", r"(?<=-u )[\w.@-]{1,64}:[^\s\"']{3,}|(?<=--user )[\w.@-]{1,64}:[^\s\"']{3,}"),
)
_COMPILED = tuple((hint, re.compile(pattern, re.DOTALL)) for hint, pattern in _FORMATS)

_KEYS = "(?:api|access|private|secret|signing|encryption|master|auth|account|license|service)[_-]?key"
_BETWEEN = r"""\\?["']?\s*(?:=>|:=|=(?!=)|:(?!:))\s*"""
_HAS_NAMED = re.compile(rf"(?:pass(?:word|wd|phrase|code)?|pwd|secret|token|credential|key){_BETWEEN}")  # in lower case
_NAMED = re.compile(
    rf"""(?P<word>pass(?:word|wd|phrase|code)?|pwd|secret|token|credential|{_KEYS})(?P<between>{_BETWEEN})
        (?:(?P<quote>\\?["'`])(?P<quoted>[^"'`\n\\]{{4,256}})|(?P<bare>[^\s"'`,;&|<>(){{}}\\]{{4,256}}))""",
    re.IGNORECASE | re.VERBOSE,
)
_OPTION = re.compile(
    rf"""(?P<option>(?<![\w-])--[\w-]{{0,30}}?(?:password|passwd|pass|token|secret|{_KEYS})[ ]+["']?)
        (?![-$<{{*])[^\s"';|&]{{4,}}""",
    re.IGNORECASE | re.VERBOSE,
)
_REFERENCE = re.compile(r"[$%*.<{\[]|[A-Za-z_]\w*[.\[]\w*[A-Za-z_]|x+$|\.+$", re.IGNORECASE)
_WORDS = """none null true false undefined string bool bytes optional required changeme password passwd secret token
    value default example placeholder redacted hidden input prompt self this args kwargs"""
_NO_SECRET = frozenset(_WORDS.split())


_HALF = re.compile(r"[\w+/=.:~@-]{4,}\Z")


def redact(text: str | None) -> str | None:
    """`text` with everything that looks like a credential replaced by `[redacted]`."""
    if not text:
        return text
    if len(text) in CUTS:
        text = _HALF.sub("\N{HORIZONTAL ELLIPSIS}", text)
    for pattern in [pattern for hint, pattern in _COMPILED if hint in text]:
        text = pattern.sub(MARK, text)
    if _HAS_NAMED.search(text.lower()):
        text = _NAMED.sub(_by_name, text)
    return _OPTION.sub(rf"\g<option>{MARK}", text) if "--" in text else text


def _by_name(found: re.Match[str]) -> str:
    word, quoted = found["word"], found["quoted"]
    if not _is_secret(word.lower(), quoted or found["bare"], bool(quoted), word.isupper()):
        return found[0]
    return f"{word}{found['between']}{found['quote'] or ''}{MARK}"


def _is_secret(word: str, value: str, quoted: bool, shouted: bool) -> bool:
    """No variable, type, call or placeholder. A password may be any text; a token or key is long and has a digit."""
    if value.lower().strip(".:") in _NO_SECRET or value == MARK[: len(value)]:
        return False
    if _REFERENCE.match(value) and not quoted:
        return False
    digits = any(c.isdigit() for c in value)
    if word.startswith(("pass", "pwd")):
        return quoted or digits or shouted or not value.isidentifier()
    return len(value) >= 8 and not value.isdigit() and (digits or (quoted and len(value) >= 20))
