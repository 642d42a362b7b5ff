"""A shell command line cut into words and operators, without its here-documents. Any text gives an answer."""

import re

MAX_HEREDOCS = 20  # on one line

MARK = re.compile("\x01(\\d+)\x02")  # stands where a here-document was; its number in the list of bodies
TOKEN = re.compile(
    r"""(?P<space>[ \t\r]+|\\\n)
    | (?P<comment>(?<![^\s;&|()])\#[^\n]*)
    | (?P<redirect>(?:&>>?|>&|<&|>>|>\||<<<|<>|[<>]))
    | (?P<control>\n|;;|&&|\|\||\|&|[;&|()])
    | (?P<word>(?:'[^']*'|"(?:[^"\\]|\\.)*+"|\\.|[^\s'"\\;&|()<>]|['"\\])++)
    | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_HEREDOC = re.compile(r"(?<!<)<<-?\s*(['\"]?)([A-Za-z_]\w*)\1")


def without_heredocs(text: str, bodies: list[str | None]) -> str:
    """The text with a mark for each here-document, whose body goes to `bodies`. One pass: it may be hostile."""
    lines = text.split("\n")
    last = {line.strip(): number for number, line in enumerate(lines)}
    kept: list[str] = []
    number = 0
    while number < len(lines):
        found = [one for one in _HEREDOC.finditer(lines[number]) if last.get(one[2], -1) > number]
        kept.append(_mark(lines[number], found[:MAX_HEREDOCS], len(bodies)))
        number += 1
        for one in found[:MAX_HEREDOCS]:
            begin = number
            while number < len(lines) and lines[number].strip() != one[2]:
                number += 1
            body = "\n".join(lines[begin:number])
            # Without quotes around the end word the shell expands the body: its text is not known here.
            bodies.append(body if one[1] or not re.search(r"[$`]", body) else None)
            number += 1
    return "\n".join(kept)


def _mark(line: str, found: list[re.Match[str]], first: int) -> str:
    parts, end = [], 0
    for number, one in enumerate(found, start=first):
        parts += [line[end : one.start()], f" \x01{number}\x02"]
        end = one.end()
    return "".join([*parts, line[end:]])
