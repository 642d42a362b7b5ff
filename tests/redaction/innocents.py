"""Texts without a secret that look a little like one: hashes, ids, paths, code, shell, prose. They stay as they are."""

import base64
import hashlib
import random
import uuid

WRITTEN = r"""
git show 3f78685
toolu_01a2b41bbaa7000100
msg_01XFDUDYJgAACzvnptvVoYEL
req_011CSHoEeqs5C35K2UUqR7Fy
chatcmpl-9aBcDeFgHiJkLmNoPqRsTuVwXyZ01
call_abc123DEF456ghi789JKL012
data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ
//# sourceMappingURL=data:application/json;base64,eyJ2ZXJzaW9uIjozLCJzb3VyY2VzIjpbXX0=
def token(self, key=None): return self.tokens[key]
max_tokens=4096, input_tokens: 12345678
token_count: 512
token_limit = 200000
tokens_per_second: 1234.5678
total_tokens: 1234567890
"max_output_tokens": 8192
cache_read_input_tokens=123456789
primary_key=True
foreign_key = "users.id1"
sorted(x, key=lambda row: row.total)
max(found, key=len)
{"key": "value1"}
{"key": "build-cache-v1-linux"}
cache-key: v1-deps-2026-11-20
key: ${{ runner.os }}-node-${{ hashFiles('**/package-lock.json') }}
password: str | None = None
password: string;
password: String!
password: Mapped[str] = mapped_column(String(128))
password: str = Field(min_length=8)
token: CancellationToken
token: Uint8Array,
secret: Vec<u8>,
if password == other.password:
if token != expected_token:
token = tokenizer.next_token()
token = tokens[index1]
tokens = text.split()
password = getpass.getpass()
password = get_password()
password = get_password2()
password = input("Password: ")
password = sha256(raw)
password=password, token=token
password = self.password1
password = request.form["password"]
secret = os.environ['SECRET']
secret = os.environ.get("SECRET")
api_key = settings.api_key
api_key = os.getenv("API_KEY")
api_key=config.OPENAI_API_KEY
apiKey: process.env.API_KEY
const token = await getToken(user1)
const { token, secret } = config
headers: { Authorization: `Bearer ${token}` }
Authorization: Bearer $TOKEN
Authorization: Bearer ${TOKEN}
Authorization: Bearer <token>
Authorization: Bearer {token}
Authorization: required
"Authorization": f"Bearer {api_key}"
Bearer authentication is required
basic authentication is enough
Basic knowledge of programming
a bearer of bad news
curl -u $USER:$PASS x
curl -u "$USER:$PASS" https://example.com
curl -u "${USER}:${PASS}" https://example.com
--token ${TOKEN}
--password-file /run/secrets/db_password1
--password-stdin
--secret id=npmrc,src=/root/.npmrc
--mount=type=secret,id=token1
API_KEY=$(pass show api)
API_KEY=$API_KEY2
export TOKEN=$(cat /run/secrets/token1)
export PATH=/usr/local/bin:$PATH
PWD=/home/dev/app2
OLDPWD=/home/dev/app1
token: ${{ secrets.GITHUB_TOKEN }}
password=<password>
password: <your-password-123>
password: ********
PASSWORD=xxxxxxxx
API_KEY=your-api-key-here
api_key: "YOUR_API_KEY"
api_key = "<your-api-key>"
API_KEY=changeme
secret: null
password: required
password: ""
token = ""
token=None
passed: 128 tests in 12.5s
tests pass: 1204
pass: 12/14
compass: N123E456
bypass: true
passport: P1234567
passthrough: enabled2
password reset link sent
password must have at least 12 characters and 1 digit
the password is reset by mail
the password is required
the password is too short
the token is expired
the token is invalid since 2026-11-20
passwords do not match
secretary: Smith2
key-value store
keyboard: qwerty12
monkey: banana42
the key is in the details
the key to success
https://example.com:8080/a/b?x=1
https://example.com/a?page=2&sort=token
https://example.com/reset-password?step=2
https://registry.example.com/@scope/package/-/package-1.2.3.tgz
git@github.com:owner/repo.git
git+ssh://git@github.com/owner/repo.git
ssh://git@host:22/x
http://[::1]:3000/@vite/client
http://localhost:5173/@fs/home/dev/app/src/main.ts
user@example.com
me+tag@example.com
std::string token::value
sk-learn is not a key
sk-fading-circle-container-12
class='sk-fading-circle'
task-runner-configuration-2026-11
risk-assessment-for-2026-Q1
disk-usage-of-all-volumes-2026
mask-image-position-x-123456
from sklearn import x
hf_transfer_enabled=1
hf_hub_download_with_retry_2
npm_config_registry=https://registry.example.com
npm_lifecycle_event=test2
npm_package_version=1.22.333
r8_model_checkpoint_loader
gh_actions_runner_images_2026
github_pattern_of_workflows_2
re_compile_all_the_patterns_2
live_reload_server_started_on_3000
test_a_secret_goes_wherever_it_stands_2
def test_password_is_hashed_with_bcrypt_12(): ...
key-frames-animation-2026
pk-table-column-names-2026
pat-matching-in-python-3-11
pul-request-template-2026
secret_key_base_is_missing
whsec_ is how it begins
glob-to-regexp
glpat- is how it begins
eyJ is how it begins
AKIA is how it begins
ghp_ is how it begins
BEGIN PRIVATE KEY is the first line
-----BEGIN CERTIFICATE-----
-----BEGIN PUBLIC KEY-----
ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0 dev@example.com
SHA256:uNiVztksCsDhcc0u9e8BrmeXfUVsN6jzLFDmW2vZ6tQ
import { xoxo } from 'x'
SKU 12345678
--tokenize 12 files
ps -u root
sort -u file
mkdir -u 1000
docker run -u 1000:1000 image
docker run --user 1000:1000 image
docker exec -u www-data:www-data web sh
podman run --user app:app1234 image
chown -R 1000:1000 /srv
rsync -u src:dest99 .
sudo -u postgres psql
git push -u origin feature/login2
su -u deploy:deploy2
date -u +%Y:%m:%d
mysql -u root -p app
mkdir -p src/app2/tests
docker run -p 8080:80 image
ssh -p 2222 host
cp -p a1 b2
pytest -k 'password'
pytest -k "token and not secret"
grep -rn "api_key" src
grep -rn 'password=' .
rg "secret|token" --type py
sed -i 's/password/passphrase/' x
fix: reset password flow
feat(auth): rotate tokens every 24h
docs: say where API_KEY comes from
refactor: move secret handling into vault2.py
2026-11-20T03:45:12.123Z
/home/dev/app/secret.txt
/run/secrets/db_password
secrets/production/token1.json
~/.config/app/credentials.json
secret: projects/app1/secrets/db/versions/2
secretName: db-credentials-v2
secretKeyRef:
tokenizer: "gpt2-xl-124m"
token_type: "Bearer"
token_url: https://example.com/oauth/token1
tokenUrl = "https://example.com/oauth2/token"
password_hash_algorithm = "argon2id"
password_min_length: 12
password_reset_timeout=3600
secret_name: "my-app-secret-2"
secret_id: 1234567890
api_key_env: OPENAI_API_KEY_2
api_key_header = "X-Api-Key-2"
apiKeyName: "default-key-1"
key_id: abcd1234efgh5678
key_path = /etc/ssl/private/server1.key
public_key: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ
keyCode: 13
keyword: async2
access: read-write2
author: Smith2026
authority: https://login.example.com/tenant1
auth: true
auth: oauth2
auth_method: oidc2
authentication: oauth2
credentials: include
credentials: same-origin
credentials = load_credentials2(path)
claude-opus-4-5-20251101
claude-3-5-sonnet-20241022
gpt-4o-mini-2024-07-18
model: anthropic/claude-sonnet-4.5
gemini-2.5-flash-preview-09-2025
text-embedding-3-large
meta-llama/Llama-3.3-70B-Instruct
v1.22.3-rc.1+build.20261120
python-3.11.7-linux-x86_64.tar.gz
node_modules/.pnpm/@babel+core@7.26.0/node_modules/@babel/core
src/components/PasswordResetForm.test.tsx
tests/fixtures/tokens/expected_output_2026.json
SomeVeryLongClassNameWithManyWordsInIt2Factory
someVeryLongFunctionNameThatGoesOnAndOn2()
THE_LONGEST_CONSTANT_NAME_IN_THE_FILE_2
registry.example.com/team/app@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
arn:aws:iam::123456789012:role/deploy-role
arn:aws:secretsmanager:eu-west-1:123456789012:secret:app/db
projects/my-project-123/locations/europe-west1
i-0123456789abcdef0
vpc-0a1b2c3d4e5f67890
0x742d35Cc6634C0532925a3b844Bc454e4438f44e
et al. 2026 (doi:10.1145/3368089.3409742)
A1b2.C3d4
s.split(',')
self.assertEqual(expected.value1, found.value2)
x = a.b.c.d1.e2.f3
1/2 of 3/4
+49 30 1234567
SELECT token, secret FROM sessions WHERE id = 42;
INSERT INTO tokens (value) VALUES (?);
UPDATE users SET password = ? WHERE id = 1;
UPDATE users SET password = :password1 WHERE id = :id;
password VARCHAR(255) NOT NULL
token varchar(64)
Enter password for user1:
error: invalid token at line 12, column 34
SyntaxError: Unexpected token '}' at position 1234
unexpected token: identifier2
Token limit exceeded: 200000 > 128000
cookie: required
set-cookie header is missing
user:password@host is the form
3f786850e387550fdab836ed7e6dc881de23001b
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
52685edc-c474-531c-a916-326317f3eddb
sha512-z3bTwF2NLh9SNkvbrdkxuUsY3Fv8CzAxVSwDZd5rzXxk4YqH6kXw==
keyboard: qwerty
basic understanding of it
tokens: 4096
passthrough: enabled
compass: north
username:password
""".strip().splitlines()


def innocents(seed: int = 3, each: int = 20) -> list[str]:
    """What is written above, and `each` of every kind that is drawn."""
    dice = random.Random(seed)
    return list(dict.fromkeys(WRITTEN + [text for _ in range(each) for text in _drawn(dice)]))


def _drawn(dice: random.Random) -> list[str]:
    raw = dice.randbytes(64)
    sha1, sha256 = hashlib.sha1(raw).hexdigest(), hashlib.sha256(raw).hexdigest()
    md5 = sha256[:32]
    integrity = base64.b64encode(hashlib.sha512(raw).digest()).decode()
    some = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    word = "".join(dice.choices("ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789", k=22))
    number = dice.randrange(10**6)
    return [
        sha1, sha256, md5, some,
        f"git checkout {sha1}", f"commit {sha1}", f"Merge {sha1[:8]} into main",
        f"index {sha1[:7]}..{sha1[8:15]} 100644",
        f'"integrity": "sha512-{integrity}"', f"sha256:{sha256}", f"--hash=sha256:{sha256}", f"  resolved sha1-{sha1}",
        f"session {some}", f'"session_id": "{some}"', f"/home/dev/.claude/projects/app/{some}.jsonl",
        f"msg_01{word}", f"req_011C{word}", f"toolu_01{word}", f'"requestId": "req_{word}"', f"chatcmpl-{word}",
        f"data:image/png;base64,{integrity}{integrity}", f'<img src="data:image/gif;base64,R0lGODlh{integrity}">',
        f'ETag: W/"{md5}"', f"x-request-id: {some}", f"traceparent: 00-{md5}-{sha1[:16]}-01",
        f"token_count: {number}", f"key_{number}", f"tokens={number}", f"password_{number}.txt",
        f"user{number}@example.com",
        f"https://github.com/owner/repo/commit/{sha1}", f"/nix/store/{word.lower()}0123456789-python3-3.11",
        f"container {sha256[:12]} exited with {number % 256}", f"port {number % 65536}: open",
    ]  # fmt: skip
