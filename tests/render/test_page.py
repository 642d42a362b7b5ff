"""The pages as text: the policy names what stands in them, nothing is loaded, nothing of a transcript is markup."""

import base64
import hashlib
import html.parser
import re
from pathlib import Path

import pytest

from claude_metrics.render.html import document, markup
from tests.support.pages import HOSTILE, hostile_page, report_page, session_page


class Reader(html.parser.HTMLParser):
    """Elements with their attributes, and the text of scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.open = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open = tag
        if tag in self.inside:
            self.inside[tag].append("")

    def handle_data(self, data: str) -> None:
        if self.open in self.inside:
            self.inside[self.open][-1] += data

    def handle_endtag(self, tag: str) -> None:
        self.open = ""


MAKERS = {"session": session_page, "report": report_page, "hostile": hostile_page}


@pytest.fixture(scope="module", params=[*MAKERS])
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return MAKERS[request.param](tmp_path_factory.mktemp(request.param)).read_text()


def test_the_policy_allows_the_pages_own_parts_by_hash_and_nothing_else(page: str) -> None:
    read = Reader(page)
    [policy] = [a["content"] for tag, a in read.elements if a.get("http-equiv") == "Content-Security-Policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in (policy or "").split(";"))
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    kinds = [a.get("type") for tag, a in read.elements if tag == "script"]
    code = [text for text, kind in zip(read.inside["script"], kinds, strict=True) if kind is None]
    assert rules["script-src"].split() == [hashed(text) for text in code]
    assert rules["style-src"].split() == [hashed(text) for text in read.inside["style"]]


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_nothing_is_loaded_and_nothing_links_away(page: str) -> None:
    read = Reader(page)
    addresses = [a[name] for _, a in read.elements for name in ("src", "href", "action", "srcset", "data") if name in a]
    assert addresses == ["#content"]
    assert "@import" not in read.inside["style"][0] and "url(" not in read.inside["style"][0]


def test_no_element_carries_a_handler_or_a_style(page: str) -> None:
    names = {name for _, attributes in Reader(page).elements for name in attributes}
    assert not [name for name in names if name.startswith("on") or name == "style"]


def test_the_only_elements_are_those_pages_are_made_of(page: str) -> None:
    tags = {tag for tag, _ in Reader(page).elements}
    assert not tags & {"img", "iframe", "object", "embed", "form", "input", "base", "svg", "link", "marquee", "video"}


def test_a_hostile_transcript_stands_there_as_text(tmp_path: Path) -> None:
    page = hostile_page(tmp_path).read_text()
    assert "&lt;script&gt;window.pwned" in page
    assert page.count("</script>") == 3
    assert "\x1b" not in page and "\u202e" not in page
    assert not re.search(r"<(?:img|svg|iframe)", page)
    assert len(HOSTILE) > 5


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("<b>", "&lt;b&gt;"),
        ("\"'&", "&quot;&#x27;&amp;"),
        ("\x1b[31m\x00\u202e", "\ufffd[31m\ufffd\ufffd"),
        (None, "None"),
        (3, "3"),
        ("line\nbreak\ttab", "line\nbreak\ttab"),
    ],
)
def test_any_value_becomes_text(given: object, shown: str) -> None:
    assert markup.text(given) == shown


def test_only_markup_stays_markup_and_attributes_are_escaped() -> None:
    inner = markup.el("b", "<i>")
    assert (
        markup.el("p", inner, title='">', hidden=True, id=None) == '<p title="&quot;&gt;" hidden><b>&lt;i&gt;</b></p>'
    )


def test_data_cannot_end_its_element() -> None:
    page = document.document("t", markup.el("p", "x"), {"charts": {}, "text": "</script><script>alert(1)</script><!--"})
    assert page.count("</script>") == 3 and page.count("<!--") == 0


def test_the_charts_come_from_the_version_that_is_named() -> None:
    vendor = document.HERE / "vendor"
    version = re.search(r"Chart\.js v([\d.]+)", (vendor / "chart.umd.min.js").read_text()[:200])
    assert version and f"Chart.js {version[1]}" in (vendor / "README.md").read_text()
    assert "MIT License" in (vendor / "chart.LICENSE.md").read_text()
