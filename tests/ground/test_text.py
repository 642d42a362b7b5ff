"""One set of characters that no text from outside may bring to a screen, a page, JSON or the note."""

import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_metrics.context.text import clean
from claude_metrics.render.html import markup
from claude_metrics.render.json import json_text
from claude_metrics.text import CONTROL, UNSEEN, one_line, plain, session_name

EVERY = [chr(code) for code in range(0x110000)]
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}
TURNS = [c for c in EVERY if unicodedata.bidirectional(c) in TURNING]
CONTROLS = [c for c in EVERY if unicodedata.category(c) in ("Cc", "Cs")]
FORMATS = [c for c in EVERY if unicodedata.category(c) == "Cf"]
VISIBLE_FORMATS = "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"


@pytest.mark.parametrize("text", [*TURNS, *CONTROLS[:70], CONTROLS[-1]], ids=ascii)
def test_what_a_terminal_obeys_reaches_none(text: str) -> None:
    if text in "\t\n":
        assert plain(text) == text
    else:
        assert plain(f"a{text}b") == markup.text(f"a{text}b") == "a\N{REPLACEMENT CHARACTER}b"
        assert text not in json_text(text) and json.loads(json_text(text)) == text
    assert clean(f"a{text}b") == "a b"


def test_no_character_that_formats_unseen_is_in_the_note() -> None:
    prepended = set(VISIBLE_FORMATS)  # signs of numbers and verses, which are seen
    hidden = [c for c in FORMATS if c not in prepended and not 0x13430 <= ord(c) <= 0x1345F and ord(c) < 0x1BC00]
    assert [c for c in hidden if not UNSEEN.fullmatch(c)] == []


@given(st.text())
def test_a_plain_text_stays_as_it_is_and_is_plain_already(text: str) -> None:
    assert plain(plain(text)) == plain(text) and not CONTROL.search(plain(text))
    if not CONTROL.search(text):
        assert plain(text) == text


@given(st.text())
def test_one_line_is_one_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1


def test_an_odd_session_name_becomes_a_hash() -> None:
    assert session_name("52685edc-1") == "52685edc-1"
    assert session_name("../x").startswith("odd-") and session_name("../x") != session_name("../y")
