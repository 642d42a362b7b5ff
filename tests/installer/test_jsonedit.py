"""Editing JSON text: what is refused and where, and that removal takes back exactly what insertion added."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claude_metrics.errors import ClaudeMetricsError
from claude_metrics.installer.jsonedit import hole, insert, remove, replace
from claude_metrics.installer.jsontext import Node, decode, parse

REFUSED = {
    "empty": ("", "line 1, column 1", "the file ends"),
    "cut off": ('{"a": [1,\n', "line 2, column 1", "the file ends"),
    "line comment": ('{\n  // note\n  "a": 1}', "line 2, column 3", "comments"),
    "block comment": ('{"a": /* x */ 1}', "line 1, column 7", "comments"),
    "hash comment": ('# x\n{"a": 1}', "line 1, column 1", "comments"),
    "trailing comma in an object": ('{"a": 1,\n}', "line 1, column 8", "trailing comma"),
    "trailing comma in a list": ('{"a": [1,]}', "line 1, column 9", "trailing comma"),
    "duplicate key": ('{"a": 1, "b": {"x": 1, "x": 2}}', "line 1, column 24", 'the key "x" stands twice'),
    "duplicate key, spelt otherwise": ('{"a": 1,\r\n "\\u0061": 2}', "line 2, column 2", 'the key "a" stands twice'),
    "single quotes": ("{'a': 1}", "line 1, column 2", "double quotes"),
    "bare key": ("{a: 1}", "line 1, column 2", "double quotes"),
    "missing comma": ('{"a": 1 "b": 2}', "line 1, column 9", '"," or "}" expected'),
    "missing colon": ('{"a" 1}', "line 1, column 6", '":" expected'),
    "not a number": ('{"a": NaN}', "line 1, column 7", 'found "N"'),
    "leading zero": ('{"a": 01}', "line 1, column 8", "expected"),
    "raw newline in a string": ('{"a": "x\ny"}', "line 1, column 7", "control character"),
    "wrong escape": ('{"a": "\\x"}', "line 1, column 7", "wrong escape"),
    "something behind": ('{"a": 1}\n{}', "line 2, column 1", "follows"),
    "root is a list": ("\n[]", "line 2, column 1", "not a JSON object"),
    "root is a string": ('"x"', "line 1, column 1", "not a JSON object"),
    "deep": ('{"a":' + "[" * 100_000, "line 1, column", "deep"),
    "NUL": ('{"a": 1\x00}', "line 1, column 8", "expected"),
}


@pytest.mark.parametrize(("text", "where", "what"), REFUSED.values(), ids=REFUSED)
def test_what_the_agents_do_not_read_is_refused_with_its_place(text: str, where: str, what: str) -> None:
    with pytest.raises(ClaudeMetricsError) as error:
        parse(text, "s.json")
    assert f"s.json, {where}" in str(error.value)
    assert what in str(error.value)
    assert "then try again" in str(error.value)


def test_columns_do_not_count_the_byte_order_mark() -> None:
    with pytest.raises(ClaudeMetricsError, match="line 1, column 2"):
        parse("\ufeff{,}", "s.json")


@pytest.mark.parametrize("data", [b'{"a":\n "\xff"}', '{"a": 1}'.encode("utf-16")], ids=["latin-1", "utf-16"])
def test_other_encodings_are_refused(data: bytes) -> None:
    with pytest.raises(ClaudeMetricsError, match=r"not UTF-8 text; s\.json, line"):
        decode(data, "s.json")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
spaces = st.text(" \t\r\n", max_size=3)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """An object, dumped in one of the usual ways or with white space strewn between its tokens."""
    value = draw(st.dictionaries(st.text(), json_values, max_size=5))
    indent = draw(st.sampled_from([None, 0, 2, 4, "\t"]))
    text = json.dumps(value, indent=indent, ensure_ascii=draw(st.booleans()))
    try:
        text.encode()
    except UnicodeEncodeError:
        text = json.dumps(value, indent=indent)
    if draw(st.booleans()):
        tokens = re.findall(r'"(?:[^"\\]|\\.)*"|[^\s"{}\[\],:]+|[{}\[\],:]', text)
        text = "".join(draw(spaces) + token for token in tokens) + draw(spaces)
    elif draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", "\n", "\r\n", "\n\n"]))


def containers(node: Node) -> list[Node]:
    inside = [found for child in node.children for found in containers(child)]
    return [node, *inside] if node.kind in ("object", "array") else inside


@given(texts())
def test_reads_what_the_standard_parser_reads(text: str) -> None:
    doc = parse(text, "x")
    assert doc.value(doc.root) == json.loads(text.removeprefix("\ufeff"))


@given(st.text('{}[]",:0123456789.eE+-truefalsn\\ \n', max_size=20))
def test_is_never_laxer_than_the_standard_parser(text: str) -> None:
    try:
        parse(text, "x")
    except ClaudeMetricsError:
        return
    assert isinstance(json.loads(text), dict)


@given(texts(), json_values, st.data())
def test_remove_undoes_insert(text: str, value: object, data: st.DataObject) -> None:
    doc = parse(text, "x")
    number = data.draw(st.integers(0, len(containers(doc.root)) - 1))
    into = containers(doc.root)[number]
    key = "a key that is not there" if into.kind == "object" else None
    after = parse(insert(doc, into, value, key), "x")
    grown = containers(after.root)[number]
    added = after.value(grown.children[-1])
    assert added == value
    assert remove(after, grown, len(into.children), hole(doc, into) or "") == text


@given(texts(), json_values, st.data())
def test_insert_changes_no_other_value(text: str, value: object, data: st.DataObject) -> None:
    doc = parse(text, "x")
    after = json.loads(insert(doc, doc.root, value, "a key that is not there").removeprefix("\ufeff"))
    assert after.pop("a key that is not there") == value
    assert after == doc.value(doc.root)
    assert list(after) == list(doc.value(doc.root))


@given(texts(), json_values)
def test_replace_touches_one_value(text: str, value: object) -> None:
    doc = parse(text, "x")
    for index, (key, node) in enumerate(zip(doc.root.keys, doc.root.children, strict=True)):
        after = parse(replace(doc, node, value), "x")
        assert after.value(after.root) == {**doc.value(doc.root), key: value}
        assert after.root.keys.index(key) == index


STYLES = {
    "two spaces": ('{\n  "a": [\n    1\n  ]\n}', '{\n  "a": [\n    1\n  ],\n  "b": {\n    "c": []\n  }\n}'),
    "four spaces": ('{\n    "a": 1\n}\n', '{\n    "a": 1,\n    "b": {\n        "c": []\n    }\n}\n'),
    "tabs": ('{\n\t"a": 1\n}', '{\n\t"a": 1,\n\t"b": {\n\t\t"c": []\n\t}\n}'),
    "CRLF": ('{\r\n  "a": 1\r\n}\r\n', '{\r\n  "a": 1,\r\n  "b": {\r\n    "c": []\r\n  }\r\n}\r\n'),
    "one line": ('{"a": 1}', '{"a": 1, "b": {"c": []}}'),
    "compact": ('{"a":1}', '{"a":1,"b":{"c":[]}}'),
    "padded": ('{ "a": 1 }', '{ "a": 1, "b": {"c": []} }'),
    "empty": ("{}\n", '{\n  "b": {\n    "c": []\n  }\n}\n'),
    "BOM": ('\ufeff{"a": 1}', '\ufeff{"a": 1, "b": {"c": []}}'),
}


@pytest.mark.parametrize(("before", "after"), STYLES.values(), ids=STYLES)
def test_new_text_follows_the_habits_of_the_file(before: str, after: str) -> None:
    doc = parse(before, "x")
    assert insert(doc, doc.root, {"c": []}, "b") == after
