"""The places where a secret is met: prose, shell, files, headers, URLs, glued to something, coloured, cut in two."""

import json
from collections.abc import Iterable, Iterator

from tests.redaction.made_up import Secret

# `{}` is the value, `NAME` the variable it is kept in. What is not named stands alone.
_ALONE = {
    "prose": ("use {} please", "The new one is {}.", "({})", "is it {}, or another?", "`{}`", "a\n{}\nb", "{}"),
    "flag": ("run --with {} now", "run --with={}", "run -x '{}'", "echo {}|sh"),
    "URL": ("https://example.com/cb?v={}&w=1", "https://example.com/{}/x", "https://example.com/#v={}"),
    "header": ("X-Custom: {}", "curl -H 'X-Custom: {}' https://example.com", "Authorization: Bearer {}"),
    "export": ("export VALUE={}", "export VALUE='{}'", "VALUE={} ./run", 'setx VALUE "{}"', "$env:VALUE = '{}'"),
    "YAML": ("value: {}", "value: '{}'", "- {}", "values:\n  - {}\n  - x"),
    "glued": (
        r"first\n{}\nlast", r"first\t{}\tlast", r"\r\n{}\r\n", "v%3D{}%26w", "v%20{}%20w", "_{}_", "my_{}_old",
        "v={};w", "last\x1b[0m{}\x1b[0mnext",
        r"\u003d{}\u0026", "=={}==", "é{}é", "&quot;{}&quot;", "[{}]", "<b>{}</b>", r"\"{}\"", "x:{}:y", "@{}@", "|{}|",
    ),
    "colour": (
        "\x1b[31m{}\x1b[0m", "\x1b[1;32m\x1b[K{}\x1b[m\x1b[K", r"\x1b[31m{}\x1b[0m", r"\033[1m{}\033[0m", "[31m{}[0m",
        "\x1b]8;;x\x1b\\{}\x1b]8;;\x1b\\", r"\u001b[33m{}\u001b[39m",
    ),
}  # fmt: skip
_NAMED = {
    "export": ("export NAME={}", "export NAME='{}'", 'NAME="{}" ./run', "ENV NAME {}", "setx NAME {}",
               "$env:NAME = '{}'"),
    "YAML": ("NAME: {}", 'NAME: "{}"', "- name: NAME\n  value: {}", '- name: "NAME"\n  value: "{}"'),
    "JSON": ('{"NAME": "{}"}', '{"NAME":"{}"}', r"{\"NAME\": \"{}\"}", '{"name": "NAME", "value": "{}"}'),
    "code": (
        'NAME = "{}"', 'NAME: str = "{}"', 'os.environ["NAME"] = "{}"', "process.env.NAME = '{}';", "NAME := `{}`",
        'const NAME: string = "{}";', 'os.Setenv("NAME", "{}")', 'f(NAME="{}", x=1)', "'NAME' => '{}',",
    ),
    "flag": ("run --flag {}", "run --flag={}", "run --flag '{}'"),
    "header": ("flag: {}", "curl -H 'X-flag: {}' https://example.com"),
    "URL": ("https://example.com/?NAME={}&v=1", "https://example.com/?v=1&NAME={}"),
    "suffix": ("NAME_PROD={}", 'NAME_2: "{}"', "export NAME_STAGING='{}'", 'my.NAME.v1 = "{}"'),
}  # fmt: skip


def places(secret: Secret) -> Iterator[tuple[str, str]]:
    """Every text with this secret in it, with the kind of the place."""
    is_named = secret.name != "VALUE"
    for kind, texts in (_NAMED if is_named else _ALONE).items():
        for text in texts:
            flag = secret.name.lower().replace("_", "-")
            yield kind, text.replace("NAME", secret.name).replace("flag", flag).replace("{}", secret.value)
    for _ in [None] * (not is_named):
        yield "JSON", json.dumps({"value": secret.value})
        yield "JSON", json.dumps(json.dumps({"text": f"see {secret.value} there"}))
        yield "colour", _highlighted(secret.value)


def _highlighted(value: str) -> str:
    """As `grep --color` prints a match: colour begins and ends inside the value."""
    middle = len(value) // 2
    return f"found: {value[:5]}\x1b[01;31m\x1b[K{value[5:middle]}\x1b[m\x1b[K{value[middle:]}"


def cuts(secret: Secret, limits: Iterable[int], step: int = 1) -> Iterator[tuple[int, str]]:
    """Texts of just the length at which readers cut, with a beginning of the secret as their end."""
    for limit in limits:
        for left in range(1, min(len(secret.value), limit - 20), step):
            before = f"NAME={secret.value[:left]}".replace("NAME", secret.name)
            yield limit, ("word " * limit)[: limit - len(before)] + before
