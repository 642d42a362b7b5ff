"""Secrets go, everything else stays. The values are made up while the tests run (`made_up`), so that no scanner takes
this repository for a leak.
"""

import random

import pytest

from claude_metrics.activity import observe
from claude_metrics.agents import _json, _tools
from claude_metrics.agents.claude import tools as claude_tools
from claude_metrics.git import log as git_log
from claude_metrics.recording import facets
from claude_metrics.redact import MARK, redact
from tests.redaction import contexts, innocents, made_up, notations
from tests.redaction.made_up import Secret, survives

MARKED, NAMED = made_up.marked(), made_up.named()
NOTATIONS = notations.notations()
# What goes is between the brackets
PLACED = r"""
postgres://{admin:hunter2}@db.example.com/app
redis://{:p4ssw0rd}@localhost:6379
https://{me:ghp}@github.com/x/y
Authorization: Bearer {abcdef1234567890}
curl -H "Authorization: Basic {dXNlcjpwYXNzd29yZA==}" x
curl -u {admin:s3cret} https://example.com
mysql --password {letmein} db
deploy --api-key {k123456} now
PGPASSWORD={letmein} psql
export API_KEY={0123abcd4567}
password={hunter2}
password: '{correct horse}'
{"client_secret": "{a1b2c3d4e5f6}"}
db_password => '{S3cr3t!}'
SECRET_KEY='{django-insecure-4x}'
AUTH_TOKEN: {9f8e7d6c5b4a}
config.token = "{abcd1234efgh}"
my.passwd={a-b-c!}
\"password\": \"{hunter2}\"
GITHUB_TOKEN={deadbeef0123}
secret_access_key: {wJalrXUtnFEMI7}
set pwd=`{hunter22}`
""".strip().splitlines()


def test_every_known_format_is_tried() -> None:
    assert len(MARKED) + len(NAMED) >= 164
    assert len({secret.format for secret in MARKED + NAMED}) == len(MARKED) + len(NAMED)


@pytest.mark.parametrize("secret", MARKED + NAMED, ids=lambda secret: secret.format)
def test_a_secret_goes_wherever_it_stands(secret: Secret) -> None:
    left = [text for _, text in contexts.places(secret) if survives(secret, redact(text))]
    assert left == []


@pytest.mark.parametrize(("text", "secret"), NOTATIONS, ids=notations.NOTATIONS)
def test_a_password_goes_however_it_is_written(text: str, secret: Secret) -> None:
    assert not survives(secret, redact(text), 5)


@pytest.mark.parametrize("text", PLACED)
def test_what_a_name_or_place_makes_a_secret_goes_and_nothing_else(text: str) -> None:
    start, end = text.rindex("{"), text.rindex("}")
    start, end = (text.index('"{') + 1, text.index('}"')) if text[0] == "{" else (start, text.index("}", start))
    secret, given = text[start + 1 : end], text[:start] + text[start + 1 : end] + text[end + 1 :]
    assert redact(given) == given.replace(secret, MARK)


@pytest.mark.parametrize("text", innocents.WRITTEN)
def test_an_innocent_text_stays(text: str) -> None:
    assert redact(text) == text


def test_hashes_ids_and_images_stay() -> None:
    texts = innocents.innocents()
    assert len(texts) >= 500
    assert [text for text in texts if redact(text) != text] == []


def test_a_token_of_an_aws_session_goes_to_its_last_character() -> None:
    token = made_up.draw(random.Random(5), "b2000")
    for text in (f"AWS_SESSION_TOKEN={token}", f'"aws_session_token": "{token}"', f"X-Amz-Security-Token: {token}"):
        assert token[-8:] not in str(redact(text))


LIMITS = {
    claude_tools.SUMMARY,
    _tools.COMMAND,
    _tools.SUMMARY,
    _json.TEXT,
    git_log.MAX_MESSAGE,
}
LIMITS |= {observe.TITLE, observe.DETAIL, facets.TEXT}


@pytest.mark.parametrize("limit", sorted(LIMITS))
def test_half_a_secret_at_a_cut_goes_too(limit: int) -> None:
    step = 5 if limit == min(LIMITS) else 41
    cut = [(secret, text) for secret in MARKED + NAMED for _, text in contexts.cuts(secret, [limit], step)]
    assert all(len(text) == limit for _, text in cut)
    assert [text[-80:] for secret, text in cut if survives(secret, redact(text))] == []


def test_half_a_secret_does_not_stay_where_spaces_were_taken_out() -> None:
    secret = next(secret for secret in MARKED if secret.format == "GitHub")
    for left in range(1, 40):
        text = (" " * 2000)[: observe.TITLE * 2 - left] + secret.value
        assert not survives(secret, redact(observe.one_line(f"a{text[1:]} and more")), 4)


def test_colours_stay_in_a_text_without_secrets() -> None:
    text = "\x1b[1;31mFAILED\x1b[0m test_login.py: token is not valid"
    assert redact(text) == text


def test_nothing_is_nothing() -> None:
    assert (redact(None), redact("")) == (None, "")
