"""Secrets with a mark of their service: known wherever they stand, also glued to a word before or behind.

The marks are facts that the services publish for secret scanners (gitleaks, detect-secrets and trufflehog list them).
A mark alone is not enough: what follows has to look drawn at random (`values.is_drawn`). No format has an upper length.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache

from claude_metrics.redaction.values import MARK, is_drawn

# A token may follow a letter only where that letter ends an escape: `\n`, `%3D`, `\u003d`, a colour's `31m`.
EDGE = r"(?:(?<![A-Za-z0-9])|(?<=\\[nrtfvb0])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})|(?<=[0-9][mK]))"

# The characters that follow a mark, and how many at least: `w16` are 16 or more of letters, digits, `_` and `-`.
_CHARACTERS = {
    "w": r"[\w-]{%d,}",
    "x": r"[A-Za-z0-9]{%d,}",
    "u": r"[A-Z0-9]{%d,}",
    "h": r"[0-9a-fA-F]{%d,}",
    "b": r"[\w+/-]{%d,}=*",
    "d": r"[\w.=-]{%d,}(?<!\.)",
    "m": r"[\w.+/=-]{%d,}(?<!\.)",
}
# Marks that no word ends with.
_ANYWHERE = """
w16 sk-ant- sk-proj- sk-svcacct- sk-admin- sk-or-v1- sk-lf- AIza AQ.Ab GOCSPX- 1//0 gsk_ hf_ r8_ api_org_ nvapi-
w16 pplx- xai- csk- tgp_v1_ tvly- jina_ llx- lsv2_pt_ lsv2_sk_ pcsk_ crsr_ e2b_ apify_api_ KGAT_ esecret_ ghp_ gho_
w16 ghu_ ghs_ ghr_ github_pat_ gldt- glrtr- GR1348941 glcbt- glptt- glft- glffct- glimt- glagent- glsoat- gloas-
w16 glwt- _gitlab_session= ATBB ATTA pypi- rubygems_ CLOJARS_ packagist_ dckr_pat_ dckr_oat_ SWMTKN-1- ovsxp_
w16 ovsxat_ xapp- amzn.mws. cfut_ cfat_ cfk_ tk-us- HRKU- nfp_ nfc_ nfo_ nfu_ vcp_ vci_ vca_ vcr_ vck_
w16 vercel_blob_rw_ fo1_ rnd_ dop_v1_ doo_v1_ dor_v1_ v1.0- sbp_ sb_secret_ napi_ mdb_sa_sk_ AVNS_ pul- ico- tskey-
w16 AGE-SECRET-KEY- pnu_ pnb_ CCIPAT_ CCIPRJ_ bkua_ squ_ sqa_ sqp_ sgp_ sgd_ slk_ sk_live_ sk_test_ sk_prod_
w16 rk_live_ rk_test_ rk_prod_ sq0atp- sq0csp- sq0idp- FLWSECK pdl_live_apikey_ pdl_sdbx_apikey_ access-sandbox-
w16 access-development- access-production- shpat_ shpca_ shppa_ shpss_ shptka_ shippo_live_ shippo_test_ EZAK EZTK
w16 duffel_live_ duffel_test_ xkeysib- xsmtpsib- pat-na1- pat-na2- pat-eu1- pat-ap1- lin_api_ lin_oauth_ ntn_ CFPAT-
w16 figd_ figu_ fio-u- PMAK- rdme_ p8e- dnkey- s-s4t2ud- s-s4t2af- sm_pat_ sm_aat_ sm_sat_ NRAK- NRJS- NRII- NRIQ-
w16 NRRA- sntryu_ sntrya_ sntryi_ ddapp_ ddpat_ hcaik_ hcxik_ hcamk_ phx_ phs_ xaat- xapt- syt_ alcht_ dbtc_ dbtu_
w16 polar_ rootly_ unkey_ waka_ secret-live- secret-test- essu_ IGQV IGAA bb_live_ bb_test_ AKCp LTAI AKLT AQVN
w30 sha256~ sdk- mob- cmVmd
x30 npm_
h32 dapi
b16 whsec_ ABSK BBDC- IQoJb3JpZ2lu FwoGZXIvYXdz FQoGZXIvYXdz ops_eyJ glc_ sntrys_ dG9rOj
b50 cflt fm1a_ fm1r_ fm2_ eyJrIjoi AAAAAAAAAAAAAAAAAAAAAA
d16 ya29. glpat- glrt- ATATT3 ATCTT3 hvs. hvb.
d16 hvr. pscale_tkn_ pscale_pw_ pscale_oauth_ dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit. SG. dt0c01. dt0s01. dt0s02.
d16 tfp_ glsa_ mlsn. sk.eyJ
""".strip()
# Marks that words end with too (`task-`, `core_`): only at an edge.
_AT_AN_EDGE = """
w20 sk- fw_ md- as- secret_
w14 rzp_live_ rzp_test_
w30 re_
w34 pa- pk_ YC EAAA EAAB EAAC EAAG EAAM
w40 live_ sandbox_
x24 s.
x32 cio AKID
x34 live_ test_
x38 oy2 4b1d
u26 API-
u50 SU SA SO SN SC
w30 A3-
h32 key- fc- SK AC
h40 v1. sk_
d60 pat. sat. pat t1. sl.
m60 sc_ ext_ scauth_ authress_
""".strip()


def _rows(table: str) -> Iterator[tuple[str, str]]:
    """Each mark with the pattern of what follows it."""
    for line in table.splitlines():
        kind, *marks = line.split()
        yield from ((mark, _CHARACTERS[kind[0]] % int(kind[1:])) for mark in marks)


def _tree(rows: list[tuple[str, str]]) -> str:
    """An alternation by first characters, so that most places are passed after one look; longer marks first."""
    by_letter: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for mark, body in rows:
        by_letter[mark[0]].append((mark[1:], body))
    branches = []
    for letter, group in by_letter.items():
        by_body: defaultdict[str, list[str]] = defaultdict(list)
        for rest, body in sorted(group, key=lambda row: -len(row[0])):
            by_body[body].append(re.escape(rest))
        bodies = "|".join(f"(?:{'|'.join(rests)}){body}" for body, rests in by_body.items())
        branches.append(f"{re.escape(letter)}(?:{bodies})")
    return f"(?:{'|'.join(branches)})"


# No mark begins them: 32 hexadecimal digits and a part (Mailgun, Zhipu, Mailchimp), a Discord bot's, Asana's.
_UNMARKED = (
    r"(?<!-)[0-9a-f]{32}(?:-[0-9a-f]{8}-[0-9a-f]{8}(?![0-9a-f-])|\.[A-Za-z0-9]{16}(?![A-Za-z0-9])|-us\d)"
    r"|[MNO][\w-]{22,27}\.[\w-]{6}\.[\w-]{27,}|[0-2]/\d{10,}(?:/\d{10,})?:[0-9a-f]{32,}"
)
# Marks that are enough: what follows is digits and capitals (AWS), or numbers (Slack).
_SURE = r"A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{16,}|xox[a-z]-(?=[\w.-]{0,40}\d)[\w.-]{10,}(?<!\.)"
_MARKED = f"(?P<anywhere>{_tree(list(_rows(_ANYWHERE)))})|{EDGE}(?:{_tree(list(_rows(_AT_AN_EDGE)))}|{_UNMARKED})"
_TOKENS = f"(?P<sure>{_SURE})|{_MARKED}"
# Whether there may be one: without edges and groups it takes a tenth of the time, as `re` then knows the first letters.
_AWS_AND_SLACK = [(mark, "[A-Z0-9]{16}") for mark in ("AKIA", "ASIA", "ABIA", "ACCA")] + [("xox", "[a-z]-")]
_MARKS = re.compile(_tree([*_rows(_ANYWHERE), *_rows(_AT_AN_EDGE), *_AWS_AND_SLACK]), re.ASCII)
_STARTS = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (r"[0-9a-f][0-9a-f]{31}(?:\.|-us|-[0-9a-f]{8}-)", r"[MNO][\w-]{22,27}\.[\w-]{6}\.", r"[0-2]/\d{10}")
)
# Runs of characters that tokens are made of. Most texts have none that is long enough, and are done.
_RUNS = re.compile(r"[\w+/=.~:%\\-]{18,}", re.ASCII)

_PEM_END = r"-----END[ A-Z0-9]{0,40}PRIVATE\ KEY[ A-Z]{0,10}-----"
_PEM = rf"""-----BEGIN[ A-Z0-9]{{0,40}}PRIVATE\ KEY(?:\ BLOCK)?-----.*?(?:{_PEM_END}|\Z)
    |(?:^|(?<=\\n))(?:[\w+/=]{{40,80}}\s{{1,4}}){{1,99}}(?:[\w+/=]{{1,80}}\s{{1,4}})?{_PEM_END}"""
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# What every secret of a kind contains, and how the whole looks: formats whose mark is not their beginning.
_SHAPES: tuple[tuple[str, str], ...] = (
    ("eyJ", r"eyJ[\w-]{8,1024}(?:\.[\w-]*){2,4}"),
    ("Q~", r"[\w~.]{3}\dQ~[\w~.-]{30,}"),
    (":AA", r"\d{8,10}:AA[\w-]{30,}"),
    (":APA91b", r"[\w-]{8,40}:APA91b[\w-]{60,}"),
    (".atlasv1.", r"[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,}"),
    ("_mmk", r"[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk"),
    (":fx", _UUID + ":fx"),
    ("|", r"\d{15,16}\|[\w-]{27,}"),
    ("!AQ", r"00D[A-Za-z0-9]{12,15}!AQ[\w.]{40,}"),
    ("oauth:", r"(?<=oauth:)[a-z0-9]{30,}"),
    *(
        (azure, rf"[\w+/-]{{33,80}}{re.escape(azure)}[\w+/-]{{2,}}=*")
        for azure in ("AzSe", "AzFu", "AZDO", "JQQJ99", "+ASt", "+ACR", "+ARm", "+ASb", "+AEh", "APIM", "ACDb")
    ),
    ("hooks.slack.com", r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/-]{20,}"),
    ("/webhooks/", r"(?<=/webhooks/)\d{17,20}/[\w-]{60,}"),
    ("/webhookb2/", r"(?<=/webhookb2/)[\w@/-]{36,}"),
    ("/hooks/catch/", r"(?<=/hooks/catch/)\d+/\w+"),
    ("AccountKey=", r"(?<=AccountKey=)[\w+/]{20,}=*"),
    ("AccessKey=", r"(?<=SharedAccessKey=)[\w+/]{20,}=*"),
    ("sig=", r"(?<=[?&;]sig=)[\w%+/-]{20,}=*"),
    ("-Signature=", r"(?<=-Signature=)[\w%+/-]{20,}=*"),
    ("LS0tLS1CRUdJTi", r"LS0tLS1CRUdJTi(?!BDRVJU|BQVUJM)[\w+/]{20,}=*"),  # PEM in base64, but no certificate
    ("PRIVATE KEY", _PEM),
)
_SPACED = ("PRIVATE KEY", "|", "!AQ")  # these hints are no part of a run
_HINTS = re.compile(_tree([(hint, "") for hint, _ in _SHAPES if hint not in _SPACED]))


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """When it is first needed: all at once would take longer than a short command."""
    return re.compile(pattern, re.ASCII | re.DOTALL | re.VERBOSE | re.MULTILINE)


def without_tokens(text: str) -> str:
    """`text` without the secrets of known formats."""
    runs = _RUNS.findall(text)
    if not runs:
        return text
    joined = "\n".join(runs)
    if _HINTS.search(joined) or any(hint in text for hint in _SPACED):
        for hint, pattern in _SHAPES:
            text = _compiled(pattern).sub(MARK, text) if hint in text else text
    marked = _MARKS.search(joined) or (len(joined) >= 36 and any(start.search(joined) for start in _STARTS))
    return _compiled(_TOKENS).sub(_drawn, text) if marked else text


def _drawn(found: re.Match[str]) -> str:
    return MARK if found["sure"] or is_drawn(found[0], 2 if found["anywhere"] else 3) else found[0]
