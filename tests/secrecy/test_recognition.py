"""
Tests of shapes: secrets are recognised in any field, and ordinary values are not taken for secrets.
"""

import base64
import uuid
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaks.oracle import Mint
from workerctl.secrecy.recognition import has_userinfo, is_random, is_token, secret_spans
from workerctl.secrecy.shapes import SHAPES

RANDOM = Random(5)
MINT = Mint(5)


def _token(length: int = 24) -> str:
    return MINT.token(length)


TOKENS: dict[str, Callable[[], str]] = {
    "OpenAI": lambda: f"sk-proj-{_token(40)}",
    "OpenAI, old": lambda: f"sk-{_token(48)}",
    "Anthropic": lambda: f"sk-ant-api03-{_token(60)}",
    "OpenRouter": lambda: f"sk-or-v1-{_token(40)}",
    "Stripe": lambda: f"sk_live_{_token(24)}",
    "GitHub": lambda: f"ghp_{_token(36)}",
    "GitHub, fine-grained": lambda: f"github_pat_{_token(22)}_{_token(40)}",
    "GitLab": lambda: f"glpat-{_token(20)}",
    "Slack": lambda: f"xoxb-{RANDOM.randrange(10**11)}-{_token(24)}",
    "Slack webhook": lambda: f"https://hooks.slack.com/services/T0AB/B0CD/{_token(24)}",
    "AWS": lambda: "AKIA" + _token(16).upper(),
    "Google": lambda: f"AIza{_token(35)}",
    "Hugging Face": lambda: f"hf_{_token(34)}",
    "SendGrid": lambda: f"SG.{_token(22)}.{_token(43)}",
    "Telegram": lambda: f"https://api.telegram.org/bot123456:{_token(35)}/getMe",
    "JWT": lambda: f"eyJ{_token(20)}.eyJ{_token(30)}.{_token(43)}",
    "PEM": lambda: f"-----BEGIN RSA PRIVATE KEY-----\n{_token(64)}\n-----END RSA PRIVATE KEY-----",
    "OpenSSH": lambda: f"-----BEGIN OPENSSH PRIVATE KEY-----\n{_token(64)}",
    "Bearer": lambda: f"Bearer {_token()}",
    "Bearer in a header": lambda: f"Authorization: Bearer {_token()}",
    "Basic": lambda: f"Basic {base64.b64encode(f'user:{_token()}'.encode()).decode()}",
    "libpq": lambda: f"host=db.internal user=app password={_token()} dbname=app",
    "libpq, quoted": lambda: f"host=db.internal password = '{_token()}'",
    "ADO.NET": lambda: (
        f"Server=tcp:db,1433;Database=app;User Id=app;Password={_token()};Encrypt=True"
    ),
    "ODBC": lambda: f"DRIVER={{ODBC Driver 18}};SERVER=db;UID=app;PWD={_token()}",
    "JDBC": lambda: f"jdbc:sqlserver://db:1433;user=app;password={_token()}",
    "Azure storage": lambda: f"AccountName=app;AccountKey={_token(64)}==;EndpointSuffix=x.net",
    "Azure bus": lambda: f"Endpoint=sb://a/;SharedAccessKeyName=k;SharedAccessKey={_token(44)}",
    "signed URL": lambda: f"https://a.example/b?sv=2024-01-01&sig={_token(44)}",
    "JSON": lambda: f'{{"password": "{_token()}"}}',
}


@pytest.mark.parametrize("kind", TOKENS)
def test_a_known_token_is_recognised(kind: str) -> None:
    """Tokens, headers and connection strings are recognised, alone and inside other text."""
    for before, after in (("", ""), ("first, ", ""), ("", "\n"), ('{"x": "', '"}')):
        if kind == "JSON" and before.startswith("{"):
            continue
        assert is_token(before + TOKENS[kind]() + after), (before, after)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("host=db password=hunter2 user=app", ["hunter2"]),
        ("host=db password='two words' user=app", ["two words"]),
        ("Server=db;Password=a b c;Encrypt=True", ["a b c"]),
        ("Bearer tok3n.part", ["tok3n.part"]),
        ("Authorization: Bearer tok3n.part", ["tok3n.part"]),
        ("ordinary text", []),
    ],
)
def test_the_secret_is_separated_from_its_surroundings(text: str, spans: list[str]) -> None:
    """Only the secret itself is redacted elsewhere, not words such as host or Bearer."""
    assert list(secret_spans(text)) == spans


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://app:hunter2@db/app",
        "postgresql+asyncpg://app:hunter2@db:5432/app",
        "amqp://guest:gu/est@mq//",
        "https://token@host/x",
        "redis://:hunter2@cache:6379/0",
        "postgres://u:hunter2@a:1,b:2/app",
        "jdbc:postgresql://u:hunter2@db/app",
        "https://host/x?api_key=hunter2",
        "see https://u:hunter2@host/ for more",
    ],
)
def test_credentials_in_a_url_are_recognised(url: str) -> None:
    """Userinfo and credential parameters are found, even if the URL is not sound."""
    assert has_userinfo(url)


# One line each: what is found in public settings and templates, in the words of this test.
ORDINARY = """
gpt-4o
gpt-4o-mini-2024-07-18
claude-sonnet-4-20250514
text-embedding-3-small
gemini-2.0-flash-thinking-exp-01-21
meta-llama/Llama-3.3-70B-Instruct-Turbo
sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2
mistralai/Mixtral-8x7B-Instruct-v0.1
anthropic.claude-3-5-sonnet-20241022-v2:0
db.internal
postgres-primary.production.svc.cluster.local
ip-10-0-12-34.eu-central-1.compute.internal
worker-7d9f8b6c5d-x2k4p
document-processing-worker-7d9f8b6c5d-x2k4p
my-database.c9akciq32rbc.eu-central-1.rds.amazonaws.com
kqzvdmxhrtpw.supabase.co
https://api.openai.com/v1
https://example-works.net/path/to/a/rather/long/endpoint/with/many/parts
redis://localhost:6379/0
amqp://mq.internal:5672/vhost
postgresql://db.internal:5432/app
kafka1:9092,kafka2:9092,kafka3:9092
https://github.com/example-works/worker/blob/main/docs/adopting.md
/var/lib/worker/data/documents/incoming/2026
/usr/local/lib/python3.11/site-packages/workerctl/settings.py
C:\\Program Files\\Worker\\bin
./relative/path/to/some_configuration_file.production.yaml
app.workers.tasks.document_processing.ProcessUploadedDocumentTask
app.core.config:get_settings
DocumentEmbeddingProcessingConfigurationFactoryBean
0 3 * * *
*/15 8-18 * * 1-5
PT1H30M
2026-01-05T09:30:00.123456+00:00
20260105T093000Z
1767225600123456789012345678901234567890
3.14159265358979323846264338327950288419716939937510
v1.24.3-rc.2+build.20260105
sha256:9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2
registry.example-works.net/worker@sha256:9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2
f81d4fae-7dec-11d0-a765-00a0c91e6bf6
tenant-f81d4fae-7dec-11d0-a765-00a0c91e6bf6
2001:0db8:85a3:0000:0000:8a2e:0370:7334
00:1a:2b:3c:4d:5e
192.168.0.0/16,10.0.0.0/8,172.16.0.0/12
{"retries": 3, "queues": ["fast", "slow"], "model": "gpt-4o"}
{"user": "app", "scheme": "https", "timeout_seconds": 30}
["https://app.example-works.net", "https://admin.example-works.net"]
fast,slow,process,parse
Europe/Berlin
en_US.UTF-8
application/json; charset=utf-8
text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8
Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0
The quick brown fox jumps over the lazy dog, and then it rests.
Summarise the document in three sentences, and name the author.
You are a helpful assistant. Answer in the language of the question.
Forgot your password? Ask an administrator.
The bearer of this letter is basic to the plan
Basic information about the worker
Basic Authentication is enabled
Uses Bearer Tokens
bearer
basic
token
password
arn:aws:iam::123456789012:role/worker-production-execution-role
arn:aws:s3:::example-works-production-documents/incoming
projects/example-works/locations/europe-west3/keyRings/main/cryptoKeys/documents
example-works-production-document-processing-bucket-eu-central-1
s3://example-works-production/documents/2026/01/05/
noreply@example-works.net
Worker <noreply@example-works.net>
%(asctime)s %(levelname)s %(name)s: %(message)s
[%(levelname)s] %(asctime)s - %(name)s - %(message)s
^[A-Za-z0-9_-]{32,64}$
SELECT id, name FROM documents WHERE state = 'ready' ORDER BY created_at
skip_validation=true
sk-learn-pipeline
task-queue-high-priority
disk-cache
risk-assessment-model-v2
sslmode=require
password_min_length=12
use_password=false
ONNX_EXECUTION_PROVIDER_TENSORRT_WITH_FALLBACK
CUDAExecutionProvider,CPUExecutionProvider
AAAA
true
42
한국어로 된 긴 설명 문장입니다. 비밀은 여기에 없습니다.
""".strip().splitlines()


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_value_is_no_secret(text: str) -> None:
    """Models, hosts, paths, schedules, JSON, prose, numbers, versions and ids are shown."""
    assert not is_token(text)
    assert not has_userinfo(text)
    assert not is_random(text)


WORDS = """
account admin analysis api app archive audio batch billing bucket cache chat chunk client cloud
cluster config connect content core customer data default delivery deploy document email embed
engine event export extract failure fast feature file filter gateway global group handler health
image import index ingest invoice language large local logger mailer main manager memory message
metrics model monitor network notify object order parser payment pipeline policy process product
profile public queue reader record region report request result retry router schedule schema
search server service session slow source staging status storage stream summary support system
task template tenant text thread transcript update upload user vector version video webhook
worker
""".split()


@given(
    st.lists(
        st.one_of(
            st.sampled_from(WORDS),
            st.sampled_from(WORDS).map(str.capitalize),
            st.sampled_from(WORDS).map(str.upper),
            st.integers(0, 2030).map(str),
            st.sampled_from(["v2", "eu", "prod", "3b", "x86", "sha256", "gpt4o"]),
        ),
        min_size=1,
        max_size=14,
    ),
    st.sampled_from(["-", "_", "/", ".", " ", ",", ", ", ":", "::", "--"]),
    st.sampled_from(
        [
            "{}",
            "/{}",
            "https://{}.example.net",
            "https://host.example.net/{}",
            '{{"name": "{}"}}',
            "{}.py",
            "s3://{}",
            "app:{}",
        ]
    ),
)
def test_no_combination_of_words_is_a_secret(words: list[str], joint: str, form: str) -> None:
    """Slugs, paths, hosts, module names, lists and sentences of any length are shown."""
    text = form.format(joint.join(words))

    assert not is_token(text)
    assert not is_random(text)
    assert not has_userinfo(text)


@given(st.lists(st.sampled_from(WORDS).map(str.capitalize), min_size=1, max_size=10))
def test_no_name_of_a_class_is_a_secret(words: list[str]) -> None:
    """Words differ from random letters even without anything between them."""
    assert not is_random("".join(words))
    assert not is_random("".join(words).lower())


@given(st.uuids(), st.binary(min_size=20, max_size=20))
def test_an_identifier_with_its_form_is_no_secret(found: uuid.UUID, digest: bytes) -> None:
    """UUIDs, and digests after the name of their algorithm, are shown in any field."""
    assert not is_random(str(found))
    assert not is_random(f"urn:uuid:{found}")
    assert not is_random(f"sha1:{digest.hex()}")


ALPHABETS = {
    "hexadecimal": lambda data: data.hex(),
    "base64": lambda data: base64.b64encode(data).decode().rstrip("="),
    "base64url": lambda data: base64.urlsafe_b64encode(data).decode().rstrip("="),
    "base32": lambda data: base64.b32encode(data).decode().rstrip("="),
    "base85 without signs": lambda data: "".join(
        c for c in base64.b85encode(data * 2).decode() if c.isalnum()
    ),
}


@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_random_characters_are_recognised(alphabet: str) -> None:
    """Of keys with 256 bits and more, at most one in a hundred is taken for words."""
    missed = sum(not is_random(ALPHABETS[alphabet](RANDOM.randbytes(40))) for _ in range(1000))

    assert missed <= 10


def test_a_search_takes_linear_time() -> None:
    """Long texts of any kind are searched in less than two seconds."""
    for piece in (
        "a",
        "a1",
        "://",
        "password=",
        "Bearer ",
        "sk-",
        "eyJ.",
        "=",
        "x:y@",
        "A",
        "-----BEGIN ",
    ):
        text = piece * (60_000 // len(piece))
        is_token(text)
        is_random(text)
        has_userinfo(text)


def test_every_shape_names_its_source() -> None:
    """Each form says where it is documented, and its hints are in lower case."""
    for shape in SHAPES:
        assert shape.source
        assert all(hint == hint.lower() for hint in shape.hints)


@pytest.mark.parametrize(
    "text",
    [
        "orders:QQhunter2hunter2@db:5432/x",
        ":hunter2x@h:6379/0",
        "redis//:hunter2x@h.internal:6379/0",
        "redis:/u:hunter2x@h:6379",
        "//u:hunter2x@h",
        "url=u:p4@h",
        "u:pa/ss@[::1]:80",
    ],
)
def test_a_login_without_a_sound_scheme_is_recognised(text: str) -> None:
    """What stands before the host of a damaged URL may be a password."""
    assert has_userinfo(text)


@pytest.mark.parametrize(
    "text",
    [
        "mailto:ops@example-works.net",
        "ops@example-works.net",
        "git@git.example-works.net:team/repo",
        "registry.internal:5000/worker@sha256:3b1f",
        "at 12:30 ask me @ the desk",
    ],
)
def test_an_address_is_no_login(text: str) -> None:
    """Mail addresses, repositories and digests of images are not secret."""
    assert not has_userinfo(text)
