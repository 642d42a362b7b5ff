"""Made-up secrets of the formats that scanners know, drawn from a seed, so that no scanner takes this file for a leak.

A format is a template: what stands outside braces is the service's own mark, `{w36}` are 36 random characters of
alphabet `w`, `{uuid}` is a random UUID. Facts (mark, alphabet, length) as gitleaks, detect-secrets, trufflehog
and the services themselves publish them.
"""

import random
import re
import string
import uuid
from typing import NamedTuple

ALPHABETS = {
    "w": string.ascii_letters + string.digits,
    "a": string.ascii_letters,
    "h": "0123456789abcdef",
    "l": string.ascii_lowercase + string.digits,
    "u": string.ascii_uppercase + string.digits,
    "t": "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
    "d": string.digits,
    "s": string.ascii_letters + string.digits + "_-",
    "b": string.ascii_letters + string.digits + "+/",
}
_FIELD = re.compile(r"\{(uuid|[wahlutdsb]\d+)\}")

# Formats with a mark: known wherever they stand.
MARKED = r"""
Anthropic: sk-ant-api03-{s93}AA
Anthropic OAuth: sk-ant-oat01-{s93}AA
Anthropic refresh: sk-ant-ort01-{s93}AA
Anthropic admin: sk-ant-admin01-{s93}AA
OpenAI: sk-{w20}T3BlbkFJ{w20}
OpenAI project: sk-proj-{s74}T3BlbkFJ{s74}
OpenAI service account: sk-svcacct-{s58}T3BlbkFJ{s58}
OpenAI admin: sk-admin-{s74}T3BlbkFJ{s74}
OpenRouter: sk-or-v1-{h64}
DeepSeek: sk-{h32}
Langfuse: sk-lf-{uuid}
Gemini: AIza{s35}
Google API, new: AQ.Ab8{s50}
Google OAuth access: ya29.a0{s160}
Google OAuth refresh: 1//0{s60}
Google OAuth client secret: GOCSPX-{s28}
Firebase Cloud Messaging: AAAA{s7}:APA91b{s134}
Groq: gsk_{w52}
Hugging Face: hf_{a34}
Hugging Face organisation: api_org_{a34}
Replicate: r8_{w37}
NVIDIA: nvapi-{s64}
Perplexity: pplx-{w48}
xAI: xai-{w80}
Cerebras: csk-{l48}
Fireworks: fw_{w24}
Together: tgp_v1_{s43}
Tavily: tvly-dev-{w32}
Firecrawl: fc-{h32}
Jina: jina_{h32}{s28}
LlamaCloud: llx-{w48}
LangSmith: lsv2_pt_{h32}_{h10}
LangSmith service: lsv2_sk_{h32}_{h10}
Pinecone: pcsk_{w6}_{w58}
Voyage: pa-{s43}
ElevenLabs: sk_{h48}
Cursor: crsr_{h64}
E2B: e2b_{h40}
Apify: apify_api_{w36}
Zhipu: {h32}.{w16}
Bedrock: ABSK{b128}
GitHub: ghp_{w36}
GitHub OAuth: gho_{w36}
GitHub user: ghu_{w36}
GitHub server: ghs_{w36}
GitHub refresh: ghr_{w76}
GitHub fine-grained: github_pat_{w22}_{w59}
GitHub installation, old: v1.{h40}
GitLab: glpat-{s20}
GitLab routable: glpat-{s27}.{l2}{l7}
GitLab deploy: gldt-{s20}
GitLab runner: glrt-{s20}
GitLab runner registration: GR1348941{s20}
GitLab CI job: glcbt-{w2}_{s20}
GitLab trigger: glptt-{h40}
GitLab feed: glft-{s20}
GitLab feature flags: glffct-{s20}
GitLab mail: glimt-{s25}
GitLab agent: glagent-{s50}
GitLab SCIM: glsoat-{s20}
GitLab OAuth application: gloas-{h64}
GitLab session: _gitlab_session={h32}
Bitbucket app: ATBB{w32}
Bitbucket server: BBDC-{b44}
Atlassian: ATATT3{s186}={u8}
Atlassian organisation: ATCTT3{s186}={u8}
Trello: ATTA{h64}
npm: npm_{w36}
npm in .npmrc: //registry.example.com/:_authToken={uuid}
PyPI: pypi-AgEIcHlwaS5vcmc{s150}
RubyGems: rubygems_{h48}
NuGet: oy2{l43}
crates.io: cio{w32}
Clojars: CLOJARS_{h60}
Packagist: packagist_uut_{h68}
Docker: dckr_pat_{s27}
Docker organisation: dckr_oat_{s32}
Docker swarm: SWMTKN-1-{l49}-{l25}
Artifactory: AKCp{w69}
Artifactory reference: cmVmd{w59}
Slack bot: xoxb-{d12}-{d13}-{w24}
Slack user: xoxp-{d12}-{d12}-{d13}-{h32}
Slack legacy: xoxs-{d11}-{d11}-{d11}-{h10}
Slack workspace: xoxa-2-{w40}
Slack refresh: xoxe-1-{u146}
Slack configuration: xoxe.xoxp-1-{u163}
Slack app: xapp-1-A{u10}-{d13}-{h64}
Slack hook: https://hooks.slack.com/services/T{u10}/B{u10}/{w24}
Slack workflow: https://hooks.slack.com/workflows/T{u10}/A{u10}/{d18}/{w24}
Discord bot: MT{w22}.{s6}.{s38}
Discord hook: https://discord.com/api/webhooks/{d18}/{s68}
Teams hook: https://x.webhook.office.com/webhookb2/{uuid}@{uuid}/IncomingWebhook/{h32}/{uuid}
Telegram bot: {d10}:AA{s33}
Twitch: oauth:{l30}
Matrix: syt_{w12}_{w20}_{w6}
Facebook: EAAC{w180}
Facebook application: {d15}|{s27}
Instagram: IGQV{w140}
X bearer: AAAAAAAAAAAAAAAAAAAAAA{w80}
AWS: AKIA{t16}
AWS session: ASIA{t16}
AWS, context-specific: ABIA{t16}
AWS session token: IQoJb3JpZ2luX2Vj{b900}
AWS session token, old: FwoGZXIvYXdz{b400}
AWS MWS: amzn.mws.{uuid}
AWS presigned: X-Amz-Signature={h64}
Azure storage: DefaultEndpointsProtocol=https;AccountName=x;AccountKey={b86}==;EndpointSuffix=core
Azure storage key: {b76}+ASt{b6}==
Azure bus: Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey={b43}=
Azure signature: https://x.blob.core.windows.net/c/b?sv=2022&sig={w43}%3D
Azure client: {w3}8Q~{s34}
Azure DevOps: {w76}AZDO{w4}
Azure OpenAI: {w52}JQQJ99{w26}
Azure functions: {s44}AzFu{s6}==
Azure search: {w42}AzSe{w6}
Alibaba: LTAI{w20}
Tencent: AKID{w32}
Volcengine: AKLT{w44}
Yandex: AQVN{s38}
Yandex access: t1.{s20}.{s86}
Yandex storage: YC{s38}
DigitalOcean: dop_v1_{h64}
DigitalOcean OAuth: doo_v1_{h64}
DigitalOcean refresh: dor_v1_{h64}
Cloudflare origin: v1.0-{h24}-{h146}
Cloudflare user: cfut_{w40}
Scalingo: tk-us-{s48}
Heroku: HRKU-AA{s58}
Netlify: nfp_{w36}
Vercel: vcp_{w56}
Vercel blob: vercel_blob_rw_{w16}_{w30}
Fly: fo1_{s43}
Fly macaroon: fm2_{b120}
Render: rnd_{w32}
Supabase: sbp_{h40}
Supabase secret: sb_secret_{s22}_{s8}
Neon: napi_{l64}
PlanetScale: pscale_tkn_{s43}
PlanetScale password: pscale_pw_{s43}
PlanetScale OAuth: pscale_oauth_{s43}
MongoDB: mdb_sa_sk_{s40}
ClickHouse: 4b1d{w38}
Databricks: dapi{h32}-2
Confluent: cflt{b60}
Aiven: AVNS_{s19}
Terraform: {w14}.atlasv1.{s67}
Pulumi: pul-{h40}
Infracost: ico-{w32}
Vault: hvs.{s92}
Vault batch: hvb.{s140}
Vault, old: s.{w24}
Doppler: dp.pt.{w43}
Doppler service: dp.st.prd.{w43}
1Password: A3-{u6}-{u6}-{u5}-{u5}-{u5}-{u5}
1Password service account: ops_eyJ{b260}
age: AGE-SECRET-KEY-1{u58}
NATS seed: SU{t56}
Tailscale: tskey-auth-{w11}CNTRL-{w32}
OpenShift: sha256~{s43}
Octopus: API-{u26}
Prefect: pnu_{w36}
Harness: pat.{s22}.{h24}.{w20}
CircleCI: CCIPAT_{w22}_{h40}
Buildkite: bkua_{h40}
Sonar: squ_{h40}
Sourcegraph: sgp_{h16}_{h40}
Snyk hook: whsec_{b32}
Stripe: sk_live_{w24}
Stripe test: sk_test_{w99}
Stripe restricted: rk_live_{w24}
Square: sq0atp-{s22}
Square secret: sq0csp-{s43}
Square access: EAAA{s60}
Razorpay: rzp_live_{w14}
Flutterwave: FLWSECK_TEST-{h32}-X
Paddle: pdl_live_apikey_{l26}_{w22}_{w3}
Plaid: access-sandbox-{uuid}
GoCardless: live_{s40}
Lob: live_{h35}
Shopify: shpat_{h32}
Shopify application: shpca_{h32}
Shopify private: shppa_{h32}
Shopify shared: shpss_{h32}
Shippo: shippo_live_{h40}
EasyPost: EZAK{w54}
EasyPost test: EZTK{w54}
Duffel: duffel_live_{s43}
SendGrid: SG.{s22}.{s43}
Mailgun: key-{h32}
Mailgun signing: {h32}-{h8}-{h8}
Mailchimp: {h32}-us12
Mandrill: md-{s22}
MailerSend: mlsn.{h64}
Brevo: xkeysib-{h64}-{w16}
Brevo SMTP: xsmtpsib-{h64}-{w16}
Resend: re_{w8}_{w24}
Twilio: SK{h32}
HubSpot: pat-na1-{uuid}
Intercom: dG9rOj{b54}=
Salesforce: 00D{w12}!AQ{w90}
Typeform: tfp_{s59}
Airtable: pat{w14}.{h64}
Asana: 2/{d16}/{d16}:{h32}
ClickUp: pk_{d8}_{u32}
Linear: lin_api_{w40}
Notion: ntn_{d11}{w35}
Notion, old: secret_{w43}
Contentful: CFPAT-{s43}
Figma: figd_{s40}
Frame.io: fio-u-{s64}
Postman: PMAK-{h24}-{h34}
Readme: rdme_{l70}
Dropbox: sl.{s135}
Adobe: p8e-{l32}
Intra42: s-s4t2ud-{h64}
MaxMind: {w6}_{w29}_mmk
Mapbox: sk.eyJ{w60}.{s22}
Authress: sc_{l20}.{l4}.acc_{l16}.{b43}
Defined networking: dnkey-{s26}-{s52}
Settlemint: sm_pat_{w16}
New Relic: NRAK-{u27}
New Relic browser: NRJS-{h19}
New Relic insert: NRII-{s32}
Grafana: glsa_{w32}_{h8}
Grafana cloud: glc_{b80}=
Grafana, old: eyJrIjoi{w80}==
Sentry: sntrys_{b160}_{b43}
Sentry user: sntryu_{h64}
Dynatrace: dt0c01.{u24}.{u64}
Datadog application: ddapp_{w34}
Honeycomb: hcaik_01{l60}
PostHog: phx_{w43}
LaunchDarkly: sdk-{uuid}
Tines hook: whsec_{w40}
DeepL: {uuid}:fx
JWT: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIx{s20}.{s43}
JWT, unsigned: eyJhbGciOiJub25lIn0.eyJzdWIiOiIx{s30}.
JWE: eyJhbGciOiJkaXIifQ..{s16}.{s60}.{s22}
key in PEM: -----BEGIN PRIVATE KEY-----\n{b64}\n{b64}\n-----END PRIVATE KEY-----
key of RSA: -----BEGIN RSA PRIVATE KEY-----\n{b64}\n{b64}\n-----END RSA PRIVATE KEY-----
key of OpenSSH: -----BEGIN OPENSSH PRIVATE KEY-----\n{b64}\n{b64}\n-----END OPENSSH PRIVATE KEY-----
key, encrypted: -----BEGIN ENCRYPTED PRIVATE KEY-----\n{b64}\n{b64}\n-----END ENCRYPTED PRIVATE KEY-----
key of PGP: -----BEGIN PGP PRIVATE KEY BLOCK-----\n\n{b64}\n{b64}\n-----END PGP PRIVATE KEY BLOCK-----
key without its end: -----BEGIN EC PRIVATE KEY-----\n{b64}\n{b64}
key in base64: LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQo{b300}
password in a URL: postgres://app:{w20}@db.example.com/app
token in a URL: https://{h32}@git.example.com/x.git
basic authorization: Authorization: Basic {b28}==
""".strip()

# Formats without a mark: known by the name before them.
NAMED = """
AWS_SECRET_ACCESS_KEY: {b40}
AZURE_CLIENT_SECRET: {s40}
ADAFRUIT_IO_KEY: {l32}
AIRTABLE_API_KEY: {w17}
ALGOLIA_ADMIN_KEY: {h32}
ALIBABA_SECRET_KEY: {w30}
ASANA_CLIENT_SECRET: {h32}
BITBUCKET_CLIENT_SECRET: {s64}
BITTREX_SECRET_KEY: {h32}
CISCO_MERAKI_KEY: {h40}
CLOUDFLARE_API_KEY: {h37}
CLOUDFLARE_API_TOKEN: {s40}
CODECOV_TOKEN: {uuid}
COHERE_API_KEY: {w40}
COINBASE_ACCESS_TOKEN: {s64}
CONFLUENT_SECRET_KEY: {w64}
CONTENTFUL_DELIVERY_TOKEN: {s43}
DATADOG_APP_KEY: {h40}
DD_API_KEY: {h32}
DISCORD_CLIENT_SECRET: {s32}
DRONE_TOKEN: {w32}
DROPBOX_APP_SECRET: {l15}
ETSY_ACCESS_TOKEN: {l24}
FACEBOOK_APP_SECRET: {h32}
FASTLY_API_TOKEN: {s32}
FINNHUB_TOKEN: {l20}
FLICKR_ACCESS_TOKEN: {h32}
GITTER_TOKEN: {h40}
HEROKU_API_KEY: {uuid}
HUBSPOT_API_KEY: {uuid}
INTERCOM_TOKEN: {s60}
JFROG_IDENTITY_TOKEN: {w64}
KRAKEN_PRIVATE_KEY: {b86}==
KUCOIN_SECRET_KEY: {uuid}
LINKEDIN_CLIENT_SECRET: {w16}
MATTERMOST_TOKEN: {l26}
MESSAGEBIRD_TOKEN: {w25}
MISTRAL_API_KEY: {w32}
OKTA_API_TOKEN: 00{s40}
PLAID_SECRET: {h30}
RAILS_MASTER_KEY: {h32}
RAPIDAPI_KEY: {w50}
SECRET_KEY_BASE: {h128}
SENDBIRD_TOKEN: {h40}
SNYK_TOKEN: {uuid}
SUMOLOGIC_ACCESS_KEY: {w64}
TRAVIS_TOKEN: {w22}
TWITCH_CLIENT_SECRET: {l30}
TWITTER_API_SECRET: {w50}
WANDB_API_KEY: {h40}
ZENDESK_SECRET_KEY: {h40}
""".strip()


class Secret(NamedTuple):
    """One made-up value, the name it is usually kept under, and its random parts."""

    format: str
    name: str
    value: str
    parts: tuple[str, ...]


def draw(dice: random.Random, field: str) -> str:
    """A random value for one field of a template; it holds what makes it differ from a word: a digit or a capital."""
    if field == "uuid":
        return str(uuid.UUID(int=dice.getrandbits(128), version=4))
    letters, count = ALPHABETS[field[0]], int(field[1:])
    return "".join(dice.choices(letters, k=count))


def made(template: str, dice: random.Random, format_: str, name: str) -> Secret:
    parts: list[str] = []

    def fill(found: re.Match[str]) -> str:
        parts.append(draw(dice, found[1]))
        return parts[-1]

    value = _FIELD.sub(fill, template.replace(r"\n", "\n"))
    return Secret(format_, name, value, tuple(part for part in parts if len(part) >= 6))


def _rows(table: str) -> list[tuple[str, str]]:
    return [(line.split(": ", 1)[0], line.split(": ", 1)[1]) for line in table.splitlines()]


def marked(seed: int = 7) -> list[Secret]:
    """One secret of every format that is known wherever it stands."""
    dice = random.Random(seed)
    return [made(template, dice, format_, "VALUE") for format_, template in _rows(MARKED)]


def named(seed: int = 7) -> list[Secret]:
    """One secret of every format that only its name tells."""
    dice = random.Random(seed)
    return [made(template, dice, name, name) for name, template in _rows(NAMED)]


def survives(secret: Secret, text: str | None, piece: int = 8) -> bool:
    """True when `piece` characters in a row of a random part are still in `text`."""
    return any(
        part[start : start + piece] in (text or "")
        for part in secret.parts
        for start in range(max(1, len(part) - piece + 1))
    )
