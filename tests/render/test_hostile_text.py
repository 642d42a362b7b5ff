"""One list of hostile texts, for everything that is shown: a terminal, an error, JSON, Markdown, a page, the note."""

import ast
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from claude_metrics.context.text import clean
from claude_metrics.render.html import markup
from claude_metrics.render.json import json_text
from claude_metrics.text import markdown, markdown_code, markdown_quote, plain, plain_line
from tests.support import hostile

Cli = Callable[..., subprocess.CompletedProcess[str]]
PACKAGE = Path(__file__).parent.parent.parent / "claude_metrics"
NEVER = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufe00-\ufe0d\U000e0000-\U000e0fff]"
)
ACTIVE = {"html_block", "html_inline", "image", "link_open", "heading_open", "fence", "code_block", "hr", "table_open"}
every_text = pytest.mark.parametrize("text", hostile.TEXTS.values(), ids=list(hostile.TEXTS))


def active(text: str) -> list[str]:
    """What a reader of Markdown makes of it besides text."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    inside = [child for token in tokens for child in token.children or ()]
    return [token.type for token in (*tokens, *inside) if token.type in ACTIVE]


@every_text
def test_nothing_that_is_obeyed_or_hidden_reaches_a_terminal_or_a_page(text: str) -> None:
    assert not NEVER.search(plain(text))
    assert not NEVER.search(markup.text(text)) and "<" not in markup.text(text)
    assert not NEVER.search(json_text(text)) and json.loads(json_text(text)) == text
    assert len(plain_line(text).splitlines()) <= 1
    assert not NEVER.search(clean(text)) and not set(clean(text)) & set('<>\uff1c\uff1e\ufe64\ufe65`"')


@every_text
def test_markdown_of_it_is_text(text: str) -> None:
    for line in (f"# {markdown(text)}", f"- {markdown(text)}"):
        assert set(active(line)) <= {"heading_open"} and active(line).count("heading_open") <= 1
        assert len(line.splitlines()) == 1
    assert active(f"- {markdown_code(text)}\n- next") == []
    assert set(active(markdown_quote(text))) & {"html_block", "html_inline", "image", "link_open"} == set()


@given(st.text(alphabet=st.sampled_from("<>![]()`\\*_&#|:~ \n\ta!-/x")))
def test_no_text_becomes_markup_in_markdown(text: str) -> None:
    assert set(active(f"- {markdown(text)}")) == set()
    assert set(active(f"- {markdown_code(text)}\n- next")) == set()
    assert set(active(markdown_quote(text))) & {"html_block", "html_inline", "image"} == set()


def test_what_people_write_stays() -> None:
    for text in (
        "\u26a0\ufe0f done",
        "\U0001f468\u200d\U0001f4bb",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "caf\u00e9\tx\ny",
        "1\ufe0f\u20e3",
    ):
        assert plain(text) == text


@every_text
def test_an_error_that_repeats_an_argument_is_harmless(text: str, run_cli: Cli) -> None:
    argument = text.replace("\0", "").encode("utf-8", "replace").decode()
    for words in (("report", "daily", "--db-path", f"/nowhere/{argument}"), ("session", argument), (argument,)):
        done = run_cli(*words)
        assert done.returncode in (1, 2)
        assert not NEVER.search(done.stderr), words
        if done.returncode == 1:
            assert len(done.stderr.splitlines()) == 1


def test_only_one_function_prints_lines() -> None:
    """What a command says passes `render.terminal.say`; the rest prints what was made harmless piece by piece."""
    allowed = {"cli.py": 4, "render/terminal.py": 1, "commands/replay.py": 1, "commands/report.py": 1}
    found: dict[str, int] = {}
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "click.secho"):
                name = path.relative_to(PACKAGE).as_posix()
                found[name] = found.get(name, 0) + 1
    assert {name: count for name, count in found.items() if count > allowed.get(name, 0)} == {}
