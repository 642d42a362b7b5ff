"""What holds for every text: nothing around a secret protects it, twice is as good as once, and it takes no time."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_metrics.redact import MARK, redact
from tests.redaction import made_up
from tests.redaction.made_up import Secret, survives

MARKED = made_up.marked()
GLUE = [
    "\\n",
    "\\t",
    "\\r\\n",
    "%3D",
    "%20",
    "_",
    "=",
    "'",
    '"',
    "\n",
    " ",
    ":",
    ";",
    "@",
    "é",
    "\\u0026",
    "\x1b[31m",
    "\x1b[0m",
    "[0m",
    "x_",
    "&amp;",
    ">",
    "|",
    "\\x1b[0m",
    "(",
    "[",
    "{",
    ", ",
]
# A terminal takes the letters behind an escape for its command, and so does `redact`.
WORDS = st.text(st.characters(blacklist_characters="\x1b\x9b", blacklist_categories=["Cs"]), max_size=20)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(MARKED), st.sampled_from(GLUE), st.sampled_from(GLUE), WORDS, WORDS)
def test_glue_protects_no_secret(secret: Secret, before: str, after: str, first: str, last: str) -> None:
    assert not survives(secret, redact(f"{first}{before}{secret.value}{after}{last}"))


PIECES = st.sampled_from(
    [
        "password",
        "PASSWORD",
        "token",
        "api_key",
        "key",
        "secret",
        "Authorization",
        "Bearer ",
        "cookie: ",
        "curl -u ",
        "mysql -p",
        "a1B2c3D4e5F6g7H8",
        "hunter22",
        "://",
        "me:",
        "@",
        "=",
        ": ",
        ": str = ",
        " is ",
        '"',
        "'",
        "`",
        "\\",
        "\n",
        "\\n",
        " ",
        ",",
        "(",
        "[",
        "]",
        "{",
        "}",
        "|",
        "<",
        ">",
        "$",
        MARK,
        "[reda",
        "\x1b[31m",
        "\x1b",
        "ghp_",
        "sk-",
        "AKIA",
        "eyJ",
        ".",
        "-",
        "_",
        "%3D",
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "AzSe",
        "Q~",
        ":AA",
        "name",
        "value",
        "İ",
        "0123456789abcdef" * 2,
        *(secret.value for secret in MARKED[::9]),
    ]
)


@settings(max_examples=1000, deadline=None)
@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=200))
def test_what_is_redacted_is_not_redacted_again(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@pytest.mark.parametrize("length", [300, 301, 304, 310, 4000, 4010, 10_000])
def test_what_was_cut_is_not_cut_again(length: int) -> None:
    for head in range(0, 40, 3):
        text = ("x" * head + " password=hunter22 " + "abc " * length)[:length]
        once = redact(text)
        assert redact(once) == once


ATOMS = [
    "a",
    "sk-",
    "eyJ",
    "eyJ.",
    "a.",
    "password",
    "password=",
    "token=",
    "key=",
    "password is ",
    "api_key: str = ",
    "token",
    '"',
    "://",
    "://:",
    "://a:",
    "a@",
    "=",
    "--",
    "--token ",
    "mysql -p",
    "curl -u ",
    "cookie:",
    "cookie: a=",
    "authorization:",
    "-----BEGIN PRIVATE KEY",
    "-----BEGIN PRIVATE KEY-----",
    "A" * 64 + "\n",
    " ",
    "\n",
    "\\",
    "name: password\n",
    "AzSe",
    "ghp_",
    "|",
    "\x1b[",
    "\x1b]",
    "Q~",
    "0123456789abcdef",
    'variable "a_key" {',
    "echo ",
    "LS0tLS1CRUdJTi",
    "{",
    "_",
    "-",
    ".",
]
HINTS = "PRIVATE KEY eyJ :AA Q~ AzSe | !AQ curl mysql cookie auth --password-stdin "


@pytest.mark.slow
@pytest.mark.parametrize("atom", ATOMS)
@pytest.mark.timeout(120)
def test_no_text_takes_more_than_a_moment(atom: str) -> None:
    """Where work grew with the square of the length, these texts would take minutes."""
    for start in ("", HINTS, "password"):
        redact(start + atom * (40_000 // len(atom)))
