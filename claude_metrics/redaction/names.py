"""Values that the name before them makes a secret: `DB_PASSWORD_PROD=`, `api_key: str = "..."`, `environ["TOKEN"] =`.

Names are looked for in small letters first, which is cheap; only at a name is the notation behind it read.
"""

from __future__ import annotations

import re

from claude_metrics.redaction.values import MARK, is_key, is_password, is_random, is_token, stands_for_one

_NAME = re.compile(
    r"pass(?:word|wd|phrase|code|wort|e(?= ))?|pwd|pw(?![a-z])|kennwort|contrase[nñ]a|senha"
    r"|secret|token|credential|creds|key"
)
# What may stand between a name and its value. Each closes the name first: `"]`, `'`, `\"`, `**`.
_CLOSE = r"""(?:\[\w{0,12}\])?(?:\\{0,3}["'`]|\*\*|\]|%\]){0,4}"""
_TYPE = r"""[&'*A-Za-z_][\w.\[\]&|<>?*'", ]{0,40}?"""
_ASSIGN = r"(?:=>|:=|\|\|=|\?=|\?\?=|=(?![=>~])|:(?![:=])|%3[Dd]|%3[Aa])"
_TYPED = rf"(?::\s{{0,9}}{_TYPE}\s{{0,9}}=(?!=)|[ ](?:string|str|String|\[\]byte)\s{{0,9}}:?=|{_ASSIGN})"
# The beginning of a list; of a YAML text, with a tag or not; the end of what is bold in Markdown.
_BLOCK = r"""\[(?!redacted\])[ ]{0,3}|[|>][+-]?[ ]*\n[ \t]*|\\n[ ]+|\n[ \t]+(?![\w"'-]+["']?:)|!!\w+[ ]|\*\*[ ]*"""
_FOR = r"for(?:[ ][\w.-]{1,30}){1,3}[ ]"
_SPOKEN = rf"[ ](?:{_FOR})?(?:is|was|are|:|=)[ ]?:?[ ]?|[ ](?:for[ ][\w.-]{{1,30}})?[:=][ ]|[ ]+(?=\S)"
_BETWEEN = rf"""{_CLOSE}(?:
      (?P<certain>\s{{0,9}}{_TYPED}[ \t]*(?:{_BLOCK})?)
    | (?P<pair>["']?\s{{0,9}}(?:,|\\n|\n)?\s{{0,9}}\\?["']?[Vv]alue\\?["']?\s{{0,9}}[:=]\s{{0,9}})
    | (?P<tag>>)(?=[^<>\s]{{1,400}}</)
    | (?P<loose>\s{{0,9}}[=!]==?\s{{0,9}}(?=["'])|[ ]?,[ ]*(?=\\?["'`])|[ ]\|[ ]|[ ]-[ ]|[ ]?\((?=\\?["'`])|[ ]\((?=\w)
        |\t|\\t|{_SPOKEN})
    )"""
_QUOTED = r"""[fbru]{0,2}(?P<quote>\"\"\"|'''|\\{0,3}["'`])(?!\s)(?P<quoted>(?:(?!(?P=quote))(?:\\.|[^\n])){4,200})"""
_BARE = r"""(?P<bare>[^\s"'`,;&|<>(){}\\]{4,200})"""
_TAIL = r"""(?P<tail>(?:[,;|<>(){}$](?![\w.-]*[=:]|["'])[^\s"'`&|<>(){}\\]{1,99}){0,9})"""  # of a password: `a1,b2;c3`
_NOTATION = re.compile(rf"(?P<suffix>[\w.-]{{0,30}}?){_BETWEEN}(?:{_QUOTED}|{_BARE}{_TAIL})", re.VERBOSE)
# A value is judged by its first characters; what is redacted has no upper length.
_REST = {
    "quoted": re.compile(r"""(?P<rest>[^"'`\\\n]*)"""),
    "bare": re.compile(r"""(?P<rest>[^\s"'`,;&|<>(){}\\]*)"""),
    "tail": re.compile(r"(?P<rest>)"),
}
_MORE = re.compile(r"""["']?,\s{0,9}["']?([\w+/=.-]{16,200})(?!["']?\s{0,9}[=:(])""")  # the next of a list
_SUFFIX = re.compile(r"(?:e?s|S)?(?:[_.-]?\d+)?(?:[_.-]\w[\w.-]*|[A-Z]\w*)?")
_SPLIT = re.compile(r"[_.-]+|(?<=[a-z])(?=[A-Z])")
# A name with one of these behind it is about a secret, but holds none.
_ABOUT_WORDS = """
    variants count counts id ids name names type types url uri file files path dir len length size limit limits min max
    expiry expires expired expiration ttl age env field ref refs policy reset hint header headers endpoint budget
    usage used per param params format prefix suffix algorithm algo method mode version status error strategy
    rotation timeout interval required enabled valid index idx map provider manager class handler form label
    placeholder rule rules regex pattern pair ring board code press down up frame stone note store txt json py ts js
    md yaml yml toml source arn alias only
"""
_ABOUT = frozenset(_ABOUT_WORDS.split())
# A `key` with one of these before it opens nothing.
_NO_KEY = re.compile(
    r"(?:public|pub|primary|foreign|cache|sort|partition|hash|group|lookup|idempotency|object|map|dict|row|natural"
    r"|composite|unique|index|routing|host|hot|short)[_-]?$|(?:tur|mon|don|hoc|joc|whis)$",
    re.IGNORECASE,
)
# A `key` with one of these before it opens something, whatever it looks like.
_KEYS = re.compile(
    r"(?:api|access|private|secret|signing|encryption|master|auth|account|licen[cs]e|service|subscription|functions"
    r"|client|consumer|admin|app|stripe|webhook|ssh)[_-]?$",
    re.IGNORECASE,
)
# Where a name and its value have only a space between them.
_OPTION = re.compile(r"(?:^|[\s\"'])--?[\w.-]{0,40}$")
_SETTING = re.compile(
    r"(?:\bENV|\bsetenv|\bsetx|\bset\s-\w+|\bconfig(?:ure)?\s(?:--?\w+\s)?set|\bconfig\s--\w+|\blogin\s+\S+)\s+[\w./:-]*$",
    re.IGNORECASE,
)
# A function that is given both.
_SETTER = re.compile(r"(?:set|put|get|header)\w*\(\s*\\?[\"'][\w.-]*$", re.IGNORECASE)


def without_named(text: str, small: str) -> str:
    """`text` without the values that a name before them makes secrets; `small` is the text in small letters."""
    pieces, done = [], 0
    for name in _NAME.finditer(small):
        start, end = name.span()
        found = _NOTATION.match(text, end) if start >= done else None
        if found and _is_secret(text[start:end], text[max(0, start - 60) : start], found):
            begin, stop = _span(found, name[0].startswith("p"))
            pieces += [text[done:begin], MARK]
            done = stop
    return "".join([*pieces, text[done:]]) if pieces else text


def _span(found: re.Match[str], with_tail: bool) -> tuple[int, int]:
    """Where the value stands, to its end."""
    kind = "quoted" if found["quoted"] else "bare"
    last = "tail" if found["tail"] and with_tail else kind
    rest = _REST[last].match(found.string, found.end(last))
    end = rest.end() if rest else found.end(last)
    while (more := _MORE.match(found.string, end)) and is_random(more[1]):
        end = more.end(1)
    return found.start(kind), end


def _is_secret(name: str, before: str, found: re.Match[str]) -> bool:
    """`before` is the text up to the name, `found` what stands behind it."""
    shouted, name = name.isupper(), name.lower()
    value, quoted = found["quoted"] or found["bare"], bool(found["quoted"]) and found["quote"] != "`"
    if not _names_a_value(found["suffix"]) or _is_call(value, found):
        return False
    spoken = bool(found["loose"]) and not found["loose"].strip(" ")
    if spoken and _OPTION.search(before):
        return not stands_for_one(value, quoted) and (name != "key" or _is_key(before, value, quoted, True))
    certain = not found["loose"] or (_SETTING if spoken else _SETTER).search(before) is not None
    if name == "key":
        return _is_key(before, value, quoted, certain)
    if name.startswith(("sec", "tok", "cre")):
        return is_token(value, quoted, certain)
    if name == "pass" and not (quoted and before[-1:].isalpha()):  # "tests pass: 12", `bypass: x1`
        return certain and not before[-1:].isalpha() and is_token(value, quoted, True)
    told = is_random(value) or (quoted and " " not in value) or any(letter in value for letter in "!#$%^&*")
    return is_password(value, quoted, certain, shouted) and (not spoken or certain or told)


def _names_a_value(suffix: str) -> bool:
    return bool(_SUFFIX.fullmatch(suffix)) and _ABOUT.isdisjoint(_SPLIT.split(f"{suffix.lower()}_{suffix}"))


def _is_call(value: str, found: re.Match[str]) -> bool:
    """`password = sha256(x)`, `secret: Vec<u8>`."""
    behind = found.string[found.end("bare") : found.end("bare") + 2]
    return not found["quoted"] and value.isidentifier() and behind[:1] in ("(", "[", "<") and behind != "</"


def _is_key(before: str, value: str, quoted: bool, certain: bool) -> bool:
    if _KEYS.search(before):
        return is_token(value, quoted, certain) or (certain and _OPTION.search(before) is not None)
    named = before[-1:].isalnum() or before[-1:] in ("_", "-")
    return not _NO_KEY.search(before) and (
        is_key(value, quoted) if certain and named else is_token(value, quoted, False)
    )
