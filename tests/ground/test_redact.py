"""Secrets go, everything else stays. The keys are made up here, so that no scanner takes this file for a leak."""

import random
import re
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claude_metrics.activity import observe
from claude_metrics.agents import _json, _tools
from claude_metrics.agents.claude import reader as claude_reader
from claude_metrics.agents.claude import tools as claude_tools
from claude_metrics.recording import facets
from claude_metrics.redact import MARK, redact

DICE = random.Random(7)
WORD, HEX, UPPER = string.ascii_letters + string.digits, "0123456789abcdef", string.ascii_uppercase + string.digits


def some(count: int, letters: str = WORD) -> str:
    return (
        "7a" + "".join(DICE.choices(letters, k=count - 2))
        if letters != UPPER
        else "".join(DICE.choices(UPPER, k=count))
    )


PEM = "-----BEGIN {0}PRIVATE KEY-----\n{1}\n{1}\n-----END {0}PRIVATE KEY-----"
SECRETS = {
    "Anthropic": f"sk-ant-api03-{some(93)}AA",
    "Anthropic OAuth": f"sk-ant-oat01-{some(93)}AA",
    "Anthropic admin": f"sk-ant-admin01-{some(93)}AA",
    "OpenAI": f"sk-{some(20)}T3BlbkFJ{some(20)}",
    "OpenAI project": f"sk-proj-{some(74)}T3BlbkFJ{some(74)}",
    "OpenAI service": f"sk-svcacct-{some(70)}",
    "OpenAI admin": f"sk-admin-{some(70)}",
    "OpenRouter": f"sk-or-v1-{some(64, HEX)}",
    "DeepSeek": f"sk-{some(32, HEX)}",
    "Gemini": f"AIza{some(35)}",
    "Google new": f"AQ.Ab{some(50)}",
    "Google OAuth": f"ya29.a0{some(60)}",
    "Google client": f"GOCSPX-{some(28)}",
    "Google refresh": f"1//0{some(60)}",
    "Groq": f"gsk_{some(52)}",
    "Hugging Face": f"hf_{some(34)}",
    "Replicate": f"r8_{some(37)}",
    "NVIDIA": f"nvapi-{some(64)}",
    "Perplexity": f"pplx-{some(48)}",
    "xAI": f"xai-{some(80)}",
    "Tavily": f"tvly-dev-{some(32)}",
    "LangSmith": f"lsv2_pt_{some(32, HEX)}_{some(10, HEX)}",
    **{f"GitHub {kind}": f"gh{kind}_{some(36)}" for kind in "pousr"},
    "GitHub fine-grained": f"github_pat_{some(22)}_{some(59)}",
    "GitLab": f"glpat-{some(20)}",
    "npm": f"npm_{some(36)}",
    "PyPI": f"pypi-AgEIcHlwaS5vcmc{some(150)}",
    "RubyGems": f"rubygems_{some(48, HEX)}",
    "Docker": f"dckr_pat_{some(27)}",
    "Slack bot": f"xoxb-{some(12, string.digits)}-{some(24)}",
    "Slack app": f"xapp-1-A{some(10)}-{some(60)}",
    "Slack hook": f"https://hooks.slack.com/services/T{some(8)}/B{some(8)}/{some(24)}",
    "Discord bot": f"MT{some(22)}.{some(6)}.{some(38)}",
    "Discord hook": f"https://discord.com/api/webhooks/{'1' * 18}/{some(68)}",
    "Telegram": f"{'5' * 10}:AAH{some(32)}",
    "AWS": f"AKIA{some(16, UPPER)}",
    "AWS session": f"ASIA{some(16, UPPER)}",
    "AWS secret": f"aws_secret_access_key = {some(40)}",
    "Bedrock": f"ABSK{some(100)}",
    "Azure storage": f"DefaultEndpointsProtocol=https;AccountName=x;AccountKey={some(86)}==;EndpointSuffix=core",
    "Azure bus": f"Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey={some(43)}=",
    "Azure signature": f"https://x.blob.core.windows.net/c/b?sv=2022&sig={some(43)}%3D",
    "Azure client": f"{some(3)}8Q~{some(34)}",
    "Stripe": f"sk_live_{some(24)}",
    "Stripe restricted": f"rk_live_{some(24)}",
    "Stripe hook": f"whsec_{some(32)}",
    "Square": f"sq0csp-{some(43)}",
    "Shopify": f"shpat_{some(32, HEX)}",
    "SendGrid": f"SG.{some(22)}.{some(43)}",
    "Mailgun": f"key-{some(32, HEX)}",
    "Mailchimp": f"{some(32, HEX)}-us12",
    "Brevo": f"xkeysib-{some(64, HEX)}-{some(16)}",
    "DigitalOcean": f"dop_v1_{some(64, HEX)}",
    "Databricks": f"dapi{some(32, HEX)}",
    "Heroku": f"HRKU-{some(36)}",
    "Netlify": f"nfp_{some(36)}",
    "Supabase": f"sbp_{some(40, HEX)}",
    "PlanetScale": f"pscale_tkn_{some(43)}",
    "Linear": f"lin_api_{some(40)}",
    "Notion": f"ntn_{some(46)}",
    "Figma": f"figd_{some(40)}",
    "Postman": f"PMAK-{some(24, HEX)}-{some(34, HEX)}",
    "Atlassian": f"ATATT3{some(180)}={some(8, UPPER)}",
    "Doppler": f"dp.pt.{some(43)}",
    "New Relic": f"NRAK-{some(27, UPPER)}",
    "Grafana": f"glsa_{some(32)}_{some(8, HEX)}",
    "Sentry": f"sntrys_{some(80)}",
    "Vault": f"hvs.{some(90)}",
    "age": f"AGE-SECRET-KEY-1{some(58, UPPER)}",
    "1Password": f"ops_eyJ{some(80)}",
    "Terraform": f"{some(14)}.atlasv1.{some(67)}",
    "Twilio": f"SK{some(32, HEX)}",
    "JWT": f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx{some(20)}.{some(43)}",
    "unsigned JWT": f"eyJhbGciOiJub25lIn0.eyJzdWIiOiIx{some(20)}.",
    **{f"key, {kind or 'plain'}": PEM.format(kind, some(64)) for kind in ("", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED ")},
    "half a key": f"-----BEGIN PRIVATE KEY-----\n{some(64)}\n{some(64)}",
    "PGP": f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{some(64)}\n-----END PGP PRIVATE KEY BLOCK-----",
}  # fmt: skip
# what goes is between the brackets
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
INNOCENTS = r"""
3f786850e387550fdab836ed7e6dc881de23001b
git show 3f78685
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
52685edc-c474-531c-a916-326317f3eddb
toolu_01a2b41bbaa7000100
msg_01XFDUDYJgAACzvnptvVoYEL
req_011CSHoEeqs5C35K2UUqR7Fy
sha512-z3bTwF2NLh9SNkvbrdkxuUsY3Fv8CzAxVSwDZd5rzXxk4YqH6kXw==
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ
//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbXX0=
def token(self, key=None): return self.tokens[key]
max_tokens=4096, input_tokens: 12345678
primary_key=True
sorted(x, key=lambda row: row.total)
password: str | None = None
if password == other.password:
token = tokenizer.next_token()
password = getpass.getpass()
password=password, token=token
secret = os.environ['SECRET']
api_key = settings.api_key
Authorization: Bearer $TOKEN
curl -u $USER:$PASS x
--token ${TOKEN}
API_KEY=$(pass show api)
token: ${{ secrets.GITHUB_TOKEN }}
password=<password>
password: ********
PASSWORD=xxxxxxxx
secret: null
https://example.com:8080/a/b?x=1
git@github.com:owner/repo.git
ssh://git@host:22/x
http://[::1]:3000/@vite/client
user@example.com
std::string token::value
keyboard: qwerty
the password is reset by mail
a bearer of bad news
basic understanding of it
sk-learn is not a key
class='sk-fading-circle'
from sklearn import x
key-value store
glob-to-regexp
eyJ is how it begins
import { xoxo } from 'x'
SKU 12345678
tokens: 4096
passthrough: enabled
compass: north
--tokenize 12 files
risk-assessment-for-2026-Q1
ps -u root
sort -u file
pytest -k 'password'
fix: reset password flow
2026-11-20T03:45:12.123Z
/home/dev/app/secret.txt
A1b2.C3d4
""".strip().splitlines()


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS)
@pytest.mark.parametrize("around", ["{}", "use {} please", "X='{}'", '{{"v":"{}"}}', "a\n{}\nb", "echo {}|sh", "({})"])
def test_a_secret_goes_wherever_it_stands(secret: str, around: str) -> None:
    text = redact(around.format(secret))
    assert text
    assert MARK in text
    pieces = [piece for piece in re.split(r"[^A-Za-z0-9]", secret) if piece.startswith("7a") and len(piece) > 8]
    assert not [piece for piece in [*pieces, secret] if piece in text]


@pytest.mark.parametrize("text", PLACED)
def test_what_a_name_or_place_makes_a_secret_goes_and_nothing_else(text: str) -> None:
    start, end = text.rindex("{"), text.rindex("}")
    start, end = (text.index('"{') + 1, text.index('}"')) if text[0] == "{" else (start, text.index("}", start))
    secret, given = text[start + 1 : end], text[:start] + text[start + 1 : end] + text[end + 1 :]
    assert redact(given) == given.replace(secret, MARK)


@pytest.mark.parametrize("text", INNOCENTS)
def test_an_innocent_text_stays(text: str) -> None:
    assert redact(text) == text


LIMITS = {claude_tools.SUMMARY, claude_reader.PROMPT, claude_reader.TEXT, _tools.SUMMARY, _json.TEXT}
LIMITS |= {observe.TITLE, observe.DETAIL, facets.TEXT}


@pytest.mark.parametrize("limit", sorted(LIMITS))
def test_half_a_secret_at_a_cut_goes_too(limit: int) -> None:
    secret = SECRETS["GitHub p"]
    for left in range(4, len(secret)):
        text = ("x " * limit)[: limit - left] + secret[:left]
        assert len(text) == limit
        assert secret[:left] not in str(redact(text))


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_it_takes_any_text_and_is_done_at_once(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


ENDLESS = ["a" * 200_000, "sk-" * 60_000, "eyJ" + "a." * 90_000, "password" * 20_000, "://" + ":" * 90_000]
ENDLESS += ["-----BEGIN PRIVATE KEY" * 5_000, "--" * 90_000 + "token", "=" * 99_999, "--a" * 60_000, "token=" * 40_000]


@pytest.mark.parametrize("text", ENDLESS, ids=[text[:12] for text in ENDLESS])
@pytest.mark.timeout(20)
def test_no_text_takes_more_than_a_moment(text: str) -> None:
    redact(text)


def test_nothing_is_nothing() -> None:
    assert (redact(None), redact("")) == (None, "")
