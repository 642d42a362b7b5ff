"""Hard notations: a password (`{p}`) or a token (`{t}`) that only its place tells, as people and programs write it."""

import random

from tests.redaction.made_up import Secret

NOTATIONS = r"""
DB_PASSWORD_PROD={p}
export DB_PASSWORD_PROD='{p}'
PASSWORD2={p}
apiKeyProd = "{t}"
API_KEY_2={t}
api_key: str = "{t}"
api_key: Optional[str] = "{t}"
api_key: str | None = '{t}'
const apiKey: string = "{t}";
const apiKey = '{t}'
let password: &str = "{p}";
val token: String = "{t}"
var apiKey string = "{t}"
private static final String PASSWORD = "{p}";
String dbPassword = "{p}";
std::string api_key = "{t}";
char *password = "{p}";
password := "{p}"
$password = '{p}';
@password = "{p}"
:password => "{p}",
define('DB_PASSWORD', '{p}');
os.environ["API_KEY"] = "{t}"
os.environ['DB_PASSWORD'] = '{p}'
os.environ.setdefault("API_KEY", "{t}")
os.environ.get("API_KEY", "{t}")
os.getenv("API_KEY", "{t}")
os.putenv("API_KEY", "{t}")
os.Setenv("API_KEY", "{t}")
monkeypatch.setenv("API_KEY", "{t}")
setenv("API_KEY", "{t}", 1);
process.env.API_KEY = '{t}'
process.env["API_KEY"] = '{t}'
ENV['API_KEY'] = '{t}'
ENV["API_KEY"] ||= "{t}"
$env:API_KEY = "{t}"
[Environment]::SetEnvironmentVariable("API_KEY", "{t}")
set API_KEY={t}
setx API_KEY "{t}"
setenv API_KEY {t}
set -x API_KEY {t}
set -gx API_KEY "{t}"
ENV API_KEY {t}
ENV DB_PASSWORD={p}
docker run -e API_KEY={t} image
docker run -e DB_PASSWORD="{p}" image
docker build --build-arg NPM_TOKEN={t} .
- name: DB_PASSWORD\n  value: {p}
- name: DB_PASSWORD¶  value: {p}
- name: DB_PASSWORD¶  value: "{p}"
- name: API_KEY¶  value: '{t}'
{"name": "DB_PASSWORD", "value": "{p}"}
{"Name":"API_KEY","Value":"{t}"}
{"key": "api_key", "value": "{t}"}
{"value": "{p}", "name": "DB_PASSWORD"}
<add key="ApiKey" value="{t}" />
<property name="password" value="{p}"/>
<password>{p}</password>
<ApiKey>{t}</ApiKey>
variable "db_password" {¶  default = "{p}"¶}
stringData:¶  password: {p}
data:¶  password: {t}
password: |¶  {p}
password: >-¶  {p}
password: !!str {p}
{"password": "{p}"}
{"password":"{p}"}
{\"password\": \"{p}\"}
{\\\"password\\\": \\\"{p}\\\"}
password = '''{p}'''
password="{p}\"x"
"client_secret" : "{t}"
Authorization: token {t}
Authorization: Token {t}
Authorization: Token token={t}
Authorization: Bearer {t}
Authorization: bearer {t}
Authorization: ApiKey {t}
Authorization: Bot {t}
Authorization: Basic {t}
Authorization: Splunk {t}
Authorization: {t}
Proxy-Authorization: Basic {t}
"Authorization": "Bearer {t}"
'Authorization': 'token {t}'
headers["Authorization"] = "Bearer {t}"
headers = {"Authorization": f"Bearer {t}"}
headers.set('X-Api-Key', '{t}')
req.Header.Set("X-Api-Key", "{t}")
curl -H "Authorization: token {t}" https://api.example.com
curl -H 'X-Auth-Token: {t}' https://api.example.com
curl -H PRIVATE-TOKEN:{t} https://git.example.com
curl --header "X-API-Key: {t}" https://api.example.com
Ocp-Apim-Subscription-Key: {t}
x-functions-key: {t}
X-Vault-Token: {t}
Cookie: sessionid={t}; theme=dark
Set-Cookie: sid={t}; HttpOnly
curl -u admin:{p} https://example.com
curl -uadmin:{p} https://example.com
curl --user admin:{p} https://example.com
curl --user=admin:{p} https://example.com
curl -sS -X POST -u "admin:{p}" https://example.com
curl https://example.com -u 'admin:{p}'
curl -x proxy:3128 --proxy-user me:{p} https://example.com
wget --user me --password={p} https://example.com
wget --http-password={p} https://example.com
mysql -uroot -p{p} app
mysql -u root -p'{p}' app
mysqldump --password={p} app
mysql --password {p} app
sshpass -p {p} ssh host
sshpass -p '{p}' ssh host
docker login -u me -p {p} registry.example.com
docker login --password {p}
echo {p} | docker login --password-stdin
redis-cli -h x -a {p} ping
PGPASSWORD={p} psql -h x
MYSQL_PWD={p} mysql
ldapsearch -D cn=me -w {p} -b dc=x
smbclient //x/y -U me%{p}
echo "root:{p}" | chpasswd
openssl enc -aes-256-cbc -pass pass:{p} -in x
gpg --batch --passphrase {p} -d x
keytool -list -storepass {p} -keystore x
java -Dpassword={p} -jar x.jar
java -Djavax.net.ssl.keyStorePassword={p} -jar x.jar
msbuild /p:Password={p}
zip -P {p} x.zip y
az login --service-principal -u x -p {t}
kubectl create secret generic x --from-literal=password={p}
helm upgrade x y --set db.password={p}
helm upgrade x y --set auth.token={t},replicas=2
gh secret set API_KEY --body "{t}"
gh secret set API_KEY -b {t}
heroku config:set API_KEY={t}
aws configure set aws_secret_access_key {t}
npm config set //registry.example.com/:_authToken {t}
//registry.example.com/:_authToken={t}
//registry.example.com/:_password={t}
_auth={t}
git config --global example.token {t}
vault kv put secret/x password={p}
machine example.com login me password {p}
postgres://me:{p}@db.example.com/app
postgresql+psycopg2://me:{p}@db/app
mongodb+srv://me:{p}@cluster.example.com
redis://:{p}@localhost:6379/0
amqp://me:{p}@mq:5672/
https://me:{p}@example.com/x.git
https://{t}@github.com/x/y.git
https://x-access-token:{t}@github.com/x/y
jdbc:postgresql://db/app?user=me&password={p}
Server=db;Database=app;User Id=me;Password={p};
Driver={ODBC};Server=db;Uid=me;Pwd={p};
cloudinary://123456789012345:{t}@cloud
https://example.com/?access_token={t}&x=1
https://example.com/?x=1&token={t}
https://example.com/#access_token={t}
https://example.com/?apikey={t}
https://example.com/?key={t}
https://example.com/?client_secret={t}
password%3D{p}
access_token%3D{t}%26x
my password is {p}
the password is: {p}
Password: {p}
password - {p}
**Password:** {p}
| password | {p} |
`password`: `{p}`
my api key is {t}
the api key for staging: {t}
here is the token: {t}
the token is {t}, please use it
passphrase: {p}
client secret = {t}
login: me / password: {p}
user=me password={p} host=db
if password == "{p}":
connect(user="me", password="{p}")
connect(host, user, passwd='{p}')
auth=("me", "{p}")
HTTPBasicAuth('me', '{p}')
jwt_secret = '{t}'
SECRET_KEY = 'django-insecure-{t}'
SESSION_SECRET={t}
NEXTAUTH_SECRET="{t}"
encryption_key: {t}
"privateKey": "{t}"
secretAccessKey: '{t}'
AWS_SESSION_TOKEN={t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}{t}
refreshToken: "{t}"
bot_token="{t}"
webhook_secret: {t}
signing-key = {t}
storage_account_key: {t}
STRIPE_KEY={t}
credentials: {t}
creds = "me:{p}"
PASSWORT={p}
contraseña: {p}
mot de passe : {p}
\x1b[32mpassword\x1b[0m=\x1b[33m{p}\x1b[0m
""".strip().splitlines()


def notations(seed: int = 11) -> list[tuple[str, Secret]]:
    """Each notation with its made-up value: passwords of 12 characters with a digit in front, tokens of 24."""
    dice = random.Random(seed)
    letters = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
    found = []
    for notation in NOTATIONS:
        kind = "t" if "{t}" in notation else "p"
        value = "7" * (kind == "p") + "".join(dice.choices(letters, k=24 if kind == "t" else 11))
        if kind == "p" and not notation.startswith(("https://", "jdbc")) and "%" not in notation:
            value = f"{value[:6]}!{value[7:]}"
        text = notation.replace("¶", "\n").replace(r"\x1b[", "\x1b[").replace("{" + kind + "}", value)
        found.append((text, Secret(notation, "", value, tuple(value.split("!")))))
    return found
