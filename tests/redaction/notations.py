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
DB_PASS={p}
MYSQL_ROOT_PASSWORD: {p}
spring.datasource.password={p}
"dbPassword": "{p}",
ADMIN_PW={p}
rootpw {p}
password => {p}
self.password = "{p}"
self._api_key = '{t}'
client = OpenAI(api_key="{t}")
boto3.client("s3", aws_access_key_id="AKIA", aws_secret_access_key="{t}")
x-api-key:{t}
--header 'Authorization: Bearer {t}'
-H "authorization: bearer {t}"
{"headers": {"Authorization": "Token {t}"}}
{"Authorization":"Basic {t}=="}
Authorization=Bearer%20{t}
https://api.example.com/v1?apiKey={t}&q=1
ftp://user:{p}@ftp.example.com
smtp://apikey:{t}@smtp.example.com:587
snowflake://me:{p}@acct/db
mssql+pyodbc://sa:{p}@host/db
sqlserver://host;user=sa;password={p}
DATABASE_URL=postgres://u:{p}@h/db
psql "host=h user=u password={p}"
psql postgresql://u:{p}@h
export PGPASSWORD="{p}"; psql
kubectl create secret docker-registry x --docker-password={p}
kubectl create secret generic x --from-literal='api-key={t}'
aws configure set aws_session_token {t}
npm login --password {p}
twine upload -u __token__ -p {t} dist/*
pip install --index-url https://__token__:{t}@pypi.example.com/simple x
git clone https://oauth2:{t}@gitlab.com/x/y
git remote set-url origin https://me:{t}@github.com/x/y
az storage blob list --account-key {t}
az acr login -u x -p {p}
terraform apply -var="db_password={p}"
terraform apply -var 'token={t}'
ansible-playbook x.yml -e "ansible_become_pass={p}"
ansible_ssh_pass: {p}
ansible_password: "{p}"
mongosh -u me -p {p} db
mongo --username me --password {p}
mongodump --uri="mongodb://me:{p}@h"
psql -c "ALTER USER me WITH PASSWORD '{p}'"
CREATE USER me IDENTIFIED BY '{p}';
GRANT ALL ON x TO me IDENTIFIED BY "{p}"
SET PASSWORD FOR me = PASSWORD('{p}');
New-Object PSCredential("me", (ConvertTo-SecureString "{p}" -AsPlainText -Force))
$cred = "{p}" | ConvertTo-SecureString
passwd: {p}
pass: "{p}"
Pass = {p}
pw: {p}
pw={p}
user/password: me/{p}
username: me, password: {p}
Password is {p}
pwd: {p}
my password for the server is {p}
use the password {p} to log in
the api key is: {t}
API key: {t}
api-key {t}
key = "{t}"
secret {t}
token: "{t}"
Your token: {t}
Your API token is `{t}`
new token ({t})
client_id=abc&client_secret={t}&grant_type=x
grant_type=password&username=me&password={p}
refresh_token={t}
id_token={t}
"access_token":"{t}","expires_in":3600
session_token: {t}
csrf_token={t}
JWT_SECRET={t}
app.secret_key = b'{t}'
app.config["SECRET_KEY"] = "{t}"
config['secret_key'] = '{t}'
Rails.application.credentials.x = "{t}"
settings.SECRET_KEY="{t}"
SENTRY_AUTH_TOKEN={t}
STRIPE_WEBHOOK_SECRET={t}
<connectionString>Server=x;Password={p}</connectionString>
<param name="api_key">{t}</param>
<string name="google_api_key">{t}</string>
<entry key="password">{p}</entry>
[default]¶aws_secret_access_key = {t}
password:¶  {p}
password: "{p}" # prod
# password: {p}
// const token = "{t}";
/* secret={t} */
password	{p}
password:	{p}
"password"  :  "{p}"
'password':'{p}'
password='{p}',
password="{p}"/>
(password: {p})
[password={p}]
password={p})
password={p}\n
password={p}"
&password={p}#x
;PWD={p}
password[0]={p}
passwords: ["{p}"]
tokens = ["{t}"]
api_keys: [{t}]
secrets.API_KEY = {t}
token2 = "{t}"
tokenA: {t}
oauth_token_secret="{t}"
consumerSecret: "{t}"
X_API_SECRET={t}
accessKeyId: "AKIA", secretAccessKey: "{t}"
.setPassword("{p}")
.password("{p}")
withToken("{t}")
setApiKey('{t}')
setToken("{t}");
basicAuth("me", "{p}")
auth: { user: "me", pass: "{p}" }
auth: {username: 'me', password: '{p}'}
new Pool({ user: 'me', password: '{p}' })
requests.get(u, auth=("me", "{p}"))
requests.get(u, headers={"X-Token": "{t}"})
xhr.setRequestHeader("X-Api-Key", "{t}")
headers.append("Authorization", "Bearer {t}")
req.headers["authorization"] = `Bearer {t}`
os.environ.update(API_KEY="{t}")
os.environ |= {"API_KEY": "{t}"}
env: { API_KEY: {t} }
env:¶  - API_KEY={t}
environment:¶  API_KEY: {t}
- "API_KEY={t}"
API_KEY={t} python x.py
env API_KEY={t} python x.py
!export API_KEY={t}
%env API_KEY={t}
fly secrets set API_KEY={t}
vercel env add API_KEY {t}
doppler secrets set API_KEY {t}
railway variables set TOKEN={t}
supabase secrets set KEY={t}
firebase functions:config:set stripe.secret="{t}"
docker run -e "API_KEY={t}" x
docker run --env API_KEY={t} x
curl -u :{p} https://x
curl --user "me:{p}" https://x
curl https://me:{p}@x
curl -d 'password={p}' https://x
curl -d '{"password":"{p}"}' https://x
curl -F token={t} https://x
curl -H "X-Token: {t}" https://x
curl -b "session={t}" https://x
curl --cookie "session={t}" https://x
curl --oauth2-bearer {t} https://x
http -a me:{p} https://x
wget --header="Authorization: Bearer {t}" https://x
openssl rsa -passin pass:{p} -in x
ssh-keygen -N "{p}" -f x
7z x -p{p} a.7z
unzip -P {p} a.zip
zip -e -P {p} a.zip b
pdftk a output b user_pw {p}
restic --password-command "echo {p}"
RESTIC_PASSWORD={p} restic
borg BORG_PASSPHRASE='{p}'
gpg --passphrase '{p}'
htpasswd -bc f me {p}
useradd -p {p} me
echo '{p}' | sudo -S ls
echo "me:{p}" | chpasswd
echo {t} | gh auth login --with-token
printf '%s' '{p}' | docker login --password-stdin
ldapsearch -x -D a -w '{p}'
redis-cli -a '{p}'
redis-cli --pass {p}
mysqladmin -u root password '{p}'
mysql -h h -u me --password='{p}'
mysql -p{p}
sqlcmd -U sa -P {p}
smbclient -U 'me%{p}' //x/y
mount -o username=me,password={p} //x /y
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
