"""
Tests of references and of the text of missing values: they are found, and working values are not.
"""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workerctl.sources.forms.plain import may_refer
from workerctl.sources.forms.references import Holds, recognised

SECRETS = r"""
$(OPENAI_API_KEY)
$(openai-key)
$(cat /run/secrets/key)
Bearer $(openai_key)
${{ secrets.OPENAI_API_KEY }}
{{ openai_key }}
{{OPENAI_KEY}}
{{ .Values.openai.key | quote }}
{{ op://prod/openai/key }}
{{resolve:secretsmanager:x:SecretString:y}}
{% raw %}key{% endraw %}
sk-{{ key }}
<%= ENV["KEY"] %>
<% key %>
%(OPENAI_KEY)s
%OPENAI_API_KEY%
%env(OPENAI_API_KEY)%
#{OpenAiKey}
$[variables.key]
((openai-key))
[[ .Secrets.key ]]
`cat key.txt`
op://vault/item/field
"op://vault/item/field"
@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/x/)
@Microsoft.AppConfiguration(Endpoint=https://x; Key=y)
vault:secret/data/openai#key
vault://secret/data/openai#key
>>vault:secret/data/openai#key
arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/openai-AbCdEf
arn:aws-cn:ssm:cn-north-1:123456789012:parameter/x
ssm:///prod/key
ssm:/prod/key
awsssm://prod/key
gcp:secretmanager:projects/x/secrets/y/versions/1
gcp:///projects/x/secrets/y/versions/latest
projects/x/secrets/y/versions/latest
sm://project/secret
azurekeyvault://v/key
ref+vault://secret/a#/b
ref+awssecrets://x/y
secretref+k8s://x
secretref:openai-key
ENC[AES256_GCM,data:abc=,iv:x,tag:y,type:str]
ENC[PKCS7,MIIB]
ENC(abcdef==)
{cipher}0011aa
$ANSIBLE_VAULT;1.1;AES256
vault:v1:c2VjcmV0
doppler://project/config/NAME
infisical://project/name
bws://0-1-2
keyring://service/name
gsm://project/openai
awskms://alias/openai
encrypted:BDqDBibm4wsYqMpCjTQ6BsDHmMadg9K3dAt+Z9HPMfLEIRVz50hmLXPXRuDBXaJi
https://kv-prod.vault.azure.net/secrets/openai
https://kv-prod.vault.azure.net/secrets/openai/0123456789abcdef
env:OPENAI_API_KEY
env://OTHER
env:secret/openai
k8s://namespace/secret/openai
kubernetes://namespace/openai
k8s:secret/openai
!Ref OpenAiKey
!Sub {X}
!GetAtt Secret.Arn
Fn::GetAtt
{"Ref": "Key"}
{"Fn::GetAtt": ["a", "b"]}
secretKeyRef
valueFrom: {secretKeyRef: {name: x, key: y}}
<path:secret/data/x#key>
$__file{/run/secrets/key}
process.env.OPENAI_API_KEY
os.environ["OPENAI_API_KEY"]
os.getenv("OPENAI_API_KEY")
ENV["OPENAI_API_KEY"]
$env:OPENAI_API_KEY
${OPENAI_API_KEY}
${openai.key}
${PROD_KEY:-}
${PROD_KEY:-none}
${PROD_KEY-${OTHER_KEY:-x}}
${PROD_KEY:?is not set}
${openai.key:none}
"${OPENAI_API_KEY}"
$OPENAI_API_KEY
$PROD_KEY
$TOKEN
$OPENAITOKEN
sk-${KEY_BODY}
Bearer ${openai_key}
/run/secrets/openai_key
/var/run/secrets/openai
/var/secrets/openai
/mnt/secrets-store/openai
/etc/secrets/openai
/vault/secrets/openai
/run/credentials/worker.service/openai
./secrets/openai.txt
C:\secrets\openai.txt
file:///run/secrets/openai
file:/etc/openai
""".strip().splitlines()
MISSING = """
undefined
null
NULL
None
nil
NaN
Unknown
Undefined
UNDEFINED
NIL
N/A
n/a
[object Object]
[object Promise]
<nil>
<no value>
(null)
(known after apply)
%!s(<nil>)
Bearer undefined
Token None
<function get_key at 0x7f00ab>
<app.Key object at 0x7f00ab>
<bound method A.b of <A object at 0x7f>>
Promise { <pending> }
""".strip().splitlines()
URLS = """
redis://:{{ pw }}@cache:6379/0
redis://:${REDIS_PASSWORD}@cache:6379/0
redis://:${redis_password}@cache:6379/0
redis://${REDIS_HOST:-cache}:6379/0
redis://cache:6379/${REDIS_DB}
${REDIS_HOST}:6379
${REDIS_SCHEME}://cache:6379
${redis.url}
$REDIS_URL
redis://:$(PW)@cache:6379/0
redis://:%(pw)s@cache:6379/0
redis://:%REDIS_PASSWORD%@cache:6379/0
redis://:undefined@cache:6379
redis://None:6379/0
redis://cache:undefined/0
postgres://u:p@db/undefined
https://null/v1
https://<%= host %>/v1
op://vault/item/url
null
None
undefined
""".strip().splitlines()
TEXTS = """
op://vault/item/model
${{ vars.MODEL }}
{{ model }}
$(MODEL)
prefix-$(MODEL)
undefined
[object Object]
%MODEL%
<%= model %>
!Ref Model
ssm://models/main
${MODEL}
${model}
${MODEL:-gpt-4o}
$OPENAI_MODEL
$MODEL
$DEFAULT_MODEL
https://${MODEL_HOST}/v1
https://$MODEL_HOST/v1
https://models.works.net/$MODEL_VERSION
redis://u:$REDIS_PASSWORD@cache:6379/0
""".strip().splitlines()
WORKING = (
    ("LOG_FORMAT", Holds.TEXT, "%(asctime)s %(levelname)s %(message)s"),
    ("LOG_LINE", Holds.TEXT, "%(message)s"),
    ("SAMESITE", Holds.TEXT, "None"),
    ("FILLER", Holds.TEXT, "null"),
    ("PATH_TEMPLATE", Holds.TEXT, "/data/{year}/{month}"),
    ("GREETING_TEMPLATE", Holds.TEXT, "{{ name }}"),
    ("IMAGE", Holds.TEXT, "worker-{runtime}"),
    ("ROLE_ARN", Holds.TEXT, "arn:aws:iam::123456789012:role/worker"),
    ("DB_SECRET_ARN", Holds.SECRET, "arn:aws:secretsmanager:eu-west-1:1:secret:db"),
    ("PARAMETER", Holds.TEXT, "arn:aws:ssm:eu-west-1:1:parameter/c"),
    ("KEY_FILE", Holds.SECRET, "/run/secrets/key"),
    ("TOKEN_PATH", Holds.SECRET, "/run/secrets/token"),
    ("TLS_KEY", Holds.SECRET, "/run/secrets/tls.key"),
    ("GOOGLE_APPLICATION_CREDENTIALS", Holds.SECRET, "/run/secrets/google.json"),
    ("CONFIG", Holds.TEXT, "/run/secrets/config.toml"),
    ("SECRET_STORE", Holds.TEXT, "vault://vault.internal:8200"),
    ("KEY_VAULT_SECRET_URL", Holds.FORM, "https://kv-prod.vault.azure.net/secrets/openai"),
    ("API_KEY", Holds.SECRET, "env:a/b"),
    ("STATE", Holds.TEXT, "encrypted:yes"),
    ("DD_TAGS", Holds.TEXT, "env:production"),
    ("VAULT_ADDR", Holds.FORM, "https://vault.internal:8200"),
    ("API_URL", Holds.FORM, "https://api.resume-works.net/users/{id}"),
    ("API_URL", Holds.FORM, "https://resume-works.net/%E4%BD%A0%E5%A5%BD"),
    ("API_URL", Holds.FORM, "https://resume-works.net/null/undefined-behaviour"),
    ("API_KEY", Holds.SECRET, "/abc/def+secret=="),
    ("API_KEY", Holds.SECRET, "NONE"),
    ("API_KEY", Holds.SECRET, "none"),
    ("API_KEY", Holds.SECRET, "stub"),
    ("API_KEY", Holds.SECRET, "ollama"),
    ("CRON", Holds.TEXT, "*/5 * * * *"),
    ("MAIL_FROM", Holds.TEXT, "Name <a@b.c>"),
    ("OPTIONS", Holds.TEXT, '{"a": {"b": null}}'),
    ("REGEX", Holds.TEXT, "^[[a-z]]$"),
    ("COLOR", Holds.TEXT, "#363636"),
    ("PROMPT", Holds.TEXT, "Answer {{ question }} in Korean."),
    ("HEADER", Holds.TEXT, "X-Api-Key: a"),
    ("MLFLOW_TRACKING_URI", Holds.FORM, "file:///srv/mlruns"),
    ("STORAGE_URL", Holds.FORM, "file:///var/lib/worker"),
    ("ARTIFACT_ROOT", Holds.TEXT, "file:/srv/artifacts"),
    ("SOURCES", Holds.TEXT, "file:///run/secrets/list.csv"),
    ("SPARK_MASTER", Holds.TEXT, "k8s://https://kubernetes.default.svc:443"),
    ("LLM_ENDPOINT", Holds.FORM, "kubernetes:///llm.default:50051"),
    ("LLM_TARGET", Holds.TEXT, "kubernetes:///llm.default:50051"),
    ("DD_TAGS", Holds.TEXT, "env:secret/x"),
    ("SELECTOR", Holds.TEXT, "k8s:secret:app"),
    ("LOG_LINE", Holds.TEXT, "${time} ${level} ${message}"),
    ("LOG_FORMAT", Holds.TEXT, "${message}"),
    ("MAIL_SUBJECT", Holds.TEXT, "${SUBJECT}"),
    ("ENTRYPOINT", Holds.TEXT, "exec worker --queue ${QUEUE}"),
    ("SCRIPT", Holds.TEXT, 'echo "$HOME"'),
    ("CACHE_DIR", Holds.TEXT, "${HOME}/cache"),
    ("SYMBOLS", Holds.TEXT, "$TSLA"),
    ("CURRENCY", Holds.TEXT, "$"),
    ("PRICE", Holds.TEXT, "$100"),
    ("PIPELINE", Holds.TEXT, '{"$match": {"a": 1}}'),
    ("USER_URL", Holds.FORM, "https://resume-works.net/users/${user_id}/jobs"),
    ("API_URL", Holds.FORM, "https://resume-works.net/$metadata"),
    ("REDIS_URL", Holds.FORM, "redis://:pa$$W0RD@cache:6379/0"),
    ("REDIS_URL", Holds.FORM, "redis://:pa$W0_RD@cache:6379/0"),
    ("REDIS_URL", Holds.FORM, "redis://:$ecret_1@cache:6379/0"),
    ("DB_PASSWORD", Holds.SECRET, "$GHOST"),
    ("DB_PASSWORD", Holds.SECRET, "$UPERMAN"),
    ("DB_PASSWORD", Holds.SECRET, "$password"),
    ("DB_PASSWORD", Holds.SECRET, "$WORD"),
    ("DB_PASSWORD", Holds.SECRET, "$2b$12$Kq9xZpLwTnYb5RcJd7vXxO"),
    ("DB_PASSWORD", Holds.SECRET, "q7$Zk9$}{x"),
    ("DB_PASSWORD", Holds.SECRET, "q7${x}Zk9"),
    ("DB_PASSWORD", Holds.SECRET, "q7${nP4Fm}Zk9"),
    ("DB_PASSWORD", Holds.SECRET, "${YW#vH:woV.X3}q7Zk9"),
)


@pytest.mark.parametrize("text", SECRETS)
def test_a_reference_to_a_secret_is_recognised(text: str) -> None:
    """
    A secret that is a reference, an expression, encrypted or a path is one that was to be resolved.
    """
    found = recognised(text, "OPENAI_API_KEY", Holds.SECRET)

    assert found is not None
    assert not found.nothing


@pytest.mark.parametrize("text", MISSING)
def test_the_text_of_a_missing_value_is_recognised(text: str) -> None:
    """
    What languages write for a value that does not exist, or for an object, is not a secret.
    """
    found = recognised(text, "OPENAI_API_KEY", Holds.SECRET)

    assert found is not None
    assert found.nothing


@pytest.mark.parametrize("text", URLS)
def test_a_url_is_never_one_of_them(text: str) -> None:
    """
    A URL, a host or a number is judged as strictly as a secret, in its parts as well.
    """
    assert recognised(text, "REDIS_URL", Holds.FORM) is not None


@pytest.mark.parametrize("text", TEXTS)
def test_some_are_certain_in_any_text(text: str) -> None:
    """
    What nobody would write as a text counts in every setting.
    """
    assert recognised(text, "OPENAI_MODEL", Holds.TEXT) is not None


@pytest.mark.parametrize(("name", "holds", "text"), WORKING)
def test_a_working_value_is_left_alone(name: str, holds: Holds, text: str) -> None:
    """
    A format, a template, an ARN or a path in a setting for one is a value.
    """
    assert recognised(text, name, holds) is None


@pytest.mark.parametrize("text", ["${BUCKET}", "${DATA_ROOT:-/data}", "$DATA_ROOT"])
@pytest.mark.parametrize("name", ["BUCKET_NAME", "CLIENT_ID", "DATA_DIR", "KEY_PREFIX"])
def test_a_name_or_a_path_is_no_variable(name: str, text: str) -> None:
    """
    What a setting refers to is known by its name or its path, not by the variable that has it.
    """
    for holds in Holds:
        found = recognised(text, name, holds)
        assert found is not None
        assert found.variable


@pytest.mark.parametrize(
    "unit",
    [
        *("{{", "{{ a", "<%", "$(", "$(A", "%(a", "((", "[[", "/secrets", "secrets/", "a/", "#{"),
        *("%A", "%A_", "env(", "`a", "<a at 0x", "Fn::", "[object ", "a b ", "!Ref ", " ", "'\""),
        *(
            "${",
            "${A",
            "${A:",
            "${A:${B}",
            "$A_",
            "$",
            "a://${",
            "a://$A_",
            ":$A_A",
            "${A}://",
            "${A:-$",
        ),
        *("vault:a/", "gcp:secret", "projects/a/secrets/", "valueFrom ", "://", "@:", "secret-"),
    ],
)
def test_the_time_is_linear(unit: str) -> None:
    """
    Whatever a value contains, looking at a long one takes milliseconds.
    """
    start = time.process_time()
    for text in (unit * 4096, f"/{unit * 4096}!"):
        recognised(text, "API_KEY", Holds.SECRET)

    assert time.process_time() - start < 0.2


@pytest.mark.parametrize("text", dict.fromkeys([*SECRETS, *MISSING, *URLS, *TEXTS]))
def test_the_quick_look_overlooks_nothing(text: str) -> None:
    """
    Whatever is recognised, also in quotes, blanks or another case, gets the closer look.
    """
    for written in (text, f'"{text}"', f"  {text}\n", f"https://h/{text}", f"Bearer {text}"):
        for holds in Holds:
            if recognised(written, "API_KEY", holds) is not None:
                assert may_refer(written), written


@given(st.text(st.sampled_from("$({[%<`@!:/#-_ .aAeEnNuUlLvVsSrR0}_"), max_size=24))
def test_the_quick_look_overlooks_no_text(text: str) -> None:
    """
    So does any text of the characters of which references consist.
    """
    for holds in Holds:
        if recognised(text, "API_KEY", holds) is not None:
            assert may_refer(text)
