"""
URL001 to URL003 report what a client makes of a URL, without any part of it.
"""

from typing import Annotated

import pytest
from pydantic import RedisDsn, SecretStr
from pydantic_settings import BaseSettings

from tests.support.any_class import judged
from tests.support.configurations import MakeContext
from workerctl.checks.base import Check, NotApplicable, SkipCheck
from workerctl.checks.values import urls
from workerctl.report.findings import Location, Severity
from workerctl.rules import Endpoint, Origins, RedisUrl

I, W, E = Severity.INFO, Severity.WARNING, Severity.ERROR  # noqa: E741 -- as in the other tests
HOST = "queue.example-works.net"
PASSWORD = "hT5zqN8vYc3K"


class Urls(BaseSettings):
    """URLs of several types."""

    env: str = "production"
    redis_url: Annotated[str, RedisUrl()] = "redis://localhost"
    secret_url: SecretStr = SecretStr("redis://localhost")
    dsn: RedisDsn | None = None
    api: Annotated[str, Endpoint()] = ""
    cache: str = "redis://localhost:6379/0"
    database_url: str = "postgresql+asyncpg://localhost/app"
    celery_broker_url: str = ""
    celery_result_backend: str = ""
    kafka_bootstrap_servers: list[str] | str = ""
    brokers: list[str] = []
    nodes: str = ""
    cors: Annotated[str, Origins()] = ""
    timeout: int = 1


class Switches(BaseSettings):
    """Settings that may switch off certificates."""

    env: str = "production"
    verify_ssl: bool = True
    es_verify_certs: bool = False


def seen(check: Check, **environ: str) -> list[tuple[str, Severity]]:
    """
    Return the settings and severities of what a check finds.
    """
    given = {name.upper(): text for name, text in environ.items()}
    found = list(check.run(judged(Urls, given)))
    assert {one.code for one in found} <= {"URL001", "URL002", "URL003"}
    assert PASSWORD not in repr(found)
    return [(one.fields[0], one.severity) for one in found]


@pytest.mark.parametrize(
    ("name", "url", "severity"),
    [
        ("redis_url", f"rediss://{HOST}/0?ssl_cert_reqs=CERT_NONE", E),
        ("redis_url", f"redis://{HOST}/0?ssl_cert_reqs=none", E),
        ("redis_url", f"redis://{HOST}/0?socket_timeout={PASSWORD}", E),
        ("redis_url", f"redis://{HOST}/0?{PASSWORD}=1", E),
        ("redis_url", f"redis://:{PASSWORD}/x@{HOST}/0", E),
        ("redis_url", f"redis://:{PASSWORD}#x@{HOST}/0", E),
        ("redis_url", f"redis://:{PASSWORD}?x@{HOST}/0", E),
        ("redis_url", f"redis://{HOST}:6379,other:6379/0", E),
        ("redis_url", f"redis://{HOST}:65536/0", E),
        ("redis_url", f"redis://{HOST}:{PASSWORD}/0", E),
        ("redis_url", f"http://{HOST}", E),
        ("redis_url", f"{HOST}:6379", E),
        ("secret_url", f"rediss://{HOST}/0?ssl_cert_reqs=CERT_NONE", E),
        ("secret_url", f"reddis://{HOST}/0", E),
        ("dsn", f"rediss://{HOST}/0?ssl_cert_reqs=CERT_NONE", E),
        ("cache", f"{HOST}:6379", E),
        ("api", HOST, E),
        ("api", "https:///v1", E),
        ("api", f"https://https://{HOST}", E),
        ("api", f"https://{HOST}:99999", E),
        ("database_url", f"postgres://{HOST}/app", E),
        ("database_url", f"postgresql://{HOST}/app", W),
        ("database_url", f"postgresql+asyncpg://{HOST}/app?sslmode=require", E),
        ("database_url", f"postgresql+asyncpg://u:{PASSWORD}@x@{HOST}/app", E),
        ("kafka_bootstrap_servers", f"kafka://{HOST}:9092", W),
        ("kafka_bootstrap_servers", f"{HOST}:9092;other:9092", E),
        ("brokers", f'["redis://ok", "redis://{HOST}:x"]', E),
        ("nodes", f"rediss://{HOST}:x,rediss://{HOST}:y", E),
        ("redis_url", f"rediss://u:{PASSWORD}@{HOST}:1/0,rediss://u:{PASSWORD}@{HOST}:2/0", E),
    ],
)
def test_url001_finds_what_a_client_refuses(name: str, url: str, severity: Severity) -> None:
    """What the client refuses is an error; what only some clients refuse, a warning."""
    assert seen(urls.URL001, **{name: url}) == [(name.upper(), severity)]
    assert seen(urls.URL002, **{name: url}) == []


@pytest.mark.parametrize(
    ("name", "url", "severity"),
    [
        ("redis_url", f"rediss://{HOST}/prod", W),
        ("redis_url", f"redis://{HOST}/0?db=1", W),
        ("redis_url", "redis://:6379/0", W),
        ("redis_url", f"redis://worker:@{HOST}/0", W),
        ("redis_url", f"redis://{PASSWORD}@{HOST}/0", W),
        ("redis_url", f"redis://:{PASSWORD}@x@{HOST}/0", I),
        ("kafka_bootstrap_servers", f"{HOST},other:9092", W),
        ("brokers", f'["amqp://{HOST}//"]', W),
        ("brokers", f'["mongodb://{HOST}/?maxPoolSize=many"]', W),
    ],
)
def test_url002_finds_what_has_another_effect(name: str, url: str, severity: Severity) -> None:
    """The client connects, but not as it was meant."""
    assert seen(urls.URL002, **{name: url}) == [(name.upper(), severity)]
    assert seen(urls.URL001, **{name: url}) == []


@pytest.mark.parametrize(
    ("url", "staging", "production"),
    [
        (f"rediss://{HOST}/0?ssl_cert_reqs=none", W, E),
        ("rediss://cache/0?ssl_check_hostname=false", W, E),
        (f"postgresql://{HOST}/app?sslmode=disable", W, E),
        (f"postgresql://{HOST}/app?sslmode=allow", W, E),
        (f"postgresql://{HOST}/app?sslmode=prefer", W, E),
        ("postgresql://db/app?sslmode=prefer", W, W),
        (f"mongodb://{HOST}/?tls=true&tlsInsecure=true", W, E),
        (f"mongodb://{HOST}/?tls=true&tlsAllowInvalidCertificates=true", W, E),
        (f"mongodb://{HOST}/?ssl=false", W, E),
        (f"https://{HOST}/?verify=false", W, E),
        (f"postgresql://{HOST}/app?sslmode=require", None, None),
        ("postgresql://localhost/app?sslmode=disable", None, None),
        (f"rediss://{HOST}/0?ssl_cert_reqs=required", None, None),
    ],
)
def test_url003_finds_parameters_that_give_up_protection(
    url: str, staging: Severity | None, production: Severity | None
) -> None:
    """An error in production and a warning in staging; within one machine, nothing."""
    for env, severity in (("development", None), ("staging", staging), ("production", production)):
        found = [one for _, one in seen(urls.URL003, env=env, cache=url)]
        assert found == ([severity] if severity else [])


def test_url003_finds_switches() -> None:
    """A setting, its default, and a variable that no setting has are judged alike."""
    environ = {"VERIFY_SSL": "false", "NODE_TLS_REJECT_UNAUTHORIZED": "0", "SSL_VERIFY": "/ca.pem"}
    found = [(one.message, one.location) for one in urls.URL003.run(judged(Switches, environ))]

    says = "switches off the check of servers' certificates"
    assert found == [
        (f"VERIFY_SSL {says}.", Location("environment")),
        (f"ES_VERIFY_CERTS {says}.", Location("default")),
        (f"NODE_TLS_REJECT_UNAUTHORIZED {says}.", Location("environment")),
    ]
    assert list(urls.URL003.run(judged(Switches, {**environ, "ENV": "development"}))) == []


def test_url003_judges_env_files(context: MakeContext) -> None:
    """A switch for another program in an env file is found at its line."""
    (found,) = urls.URL003.run(context("ENV=production\nPYTHONHTTPSVERIFY=0\n"))

    assert found.location == Location("env-file", "worker.env", 2)


def test_celery_reads_its_own_words() -> None:
    """Celery accepts CERT_REQUIRED and several brokers; redis-py does not."""
    accepted = f"rediss://{HOST}/0?ssl_cert_reqs=CERT_REQUIRED;redis://other/0"

    assert seen(urls.URL001, celery_broker_url=accepted) == []
    assert seen(urls.URL001, celery_broker_url="redis://a/0;redis://b:x/0") == [
        ("CELERY_BROKER_URL", E)
    ]
    assert seen(urls.URL001, celery_broker_url="redis://a/prod") == [("CELERY_BROKER_URL", E)]
    over_tls = f"rediss://:{PASSWORD}@{HOST}:6380/0"
    assert seen(urls.URL001, celery_broker_url=over_tls) == []
    assert seen(urls.URL001, celery_result_backend=over_tls) == [("CELERY_RESULT_BACKEND", W)]


@pytest.mark.parametrize("separator", [",", ", ", ";", " "])
def test_a_list_in_a_text_holds_urls(separator: str) -> None:
    """A class may split a text itself; each URL has its own host, database and parameters."""
    nodes = [f"amqps://u:{PASSWORD}@n{number}.{HOST}:5671/vhost" for number in (1, 2, 3)]
    near = f"postgresql://db/app{separator}postgresql://db/app?sslmode=disable"
    far = f"postgresql://db/app{separator}postgresql://{HOST}/app?sslmode=disable"

    for check in (urls.URL001, urls.URL002, urls.URL003):
        assert seen(check, nodes=separator.join(nodes)) == []
    assert seen(urls.URL003, nodes=near) == [("NODES", W)]
    assert seen(urls.URL003, nodes=far) == [("NODES", E)]


def test_a_text_of_origins_is_a_list() -> None:
    """FRM005 reports an origin without a scheme; it is not a second host."""
    assert seen(urls.URL001, cors=f"https://{HOST},other.{HOST}") == []
    assert seen(urls.URL001, cors=f"https://{HOST},https://{HOST}:99999") == [("CORS", E)]


@pytest.mark.parametrize("check", [urls.URL001, urls.URL002, urls.URL003])
def test_sound_urls_pass(check: Check) -> None:
    """URLs as people write them."""
    sound = {
        "redis_url": f"rediss://:{PASSWORD}@{HOST}:6380/15?socket_timeout=5&health_check_interval=30",
        "secret_url": "unix:///run/redis.sock?db=2",
        "dsn": f"redis://worker:{PASSWORD}%40%2F%23@{HOST}",
        "api": f"https://{HOST}/npm/vue@3/?q=a@b",
        "cache": "memory://",
        "database_url": f"postgresql+asyncpg://u:{PASSWORD}@{HOST}:5432/app?ssl=require",
        "celery_broker_url": f"amqps://u:{PASSWORD}@{HOST}/%2F?heartbeat=30",
        "kafka_bootstrap_servers": "a.example-works.net:9092, b.example-works.net:9092",
        "brokers": f'["mongodb+srv://u:{PASSWORD}@{HOST}/?retryWrites=true&w=majority", "x://y"]',
    }
    assert seen(check, **sound) == []


def test_a_placeholder_has_one_finding() -> None:
    """ENV004 reports it; the parts of such a URL mean nothing."""
    url = "redis://:your-password@host.example-works.net:port/0"

    assert seen(urls.URL001, cache=url) == seen(urls.URL002, cache=url) == []


def test_an_empty_variable_has_one_finding(context: MakeContext) -> None:
    """SET011 reports that a password is empty because of `${…}`."""
    made = context("REDIS_URL=redis://worker:${NOWHERE}@cache/0\n", {})

    assert list(urls.URL002.run(made)) == []


def test_an_invalid_url_is_left_to_set001(context: MakeContext) -> None:
    """The others are judged; then the check is skipped."""
    text = (
        "ENV=production\nSUPABASE_URL=https://a.example-works.net:6/#x\nREDIS_URL=nonsense://x y\n"
    )
    with pytest.raises(SkipCheck, match="REDIS_URL is invalid"):
        list(urls.URL001.run(context(text)))


def test_a_class_without_urls_has_nothing_to_judge() -> None:
    """Without a URL, a check is not applicable."""
    with pytest.raises(NotApplicable):
        list(urls.URL001.run(judged(Switches)))


class Rewriting(BaseSettings):
    """A class whose validator turns the scheme into the one of its driver."""

    database_url: str = "postgresql+asyncpg://localhost/app"

    def model_post_init(self, _: object) -> None:
        """Name the driver."""
        url = self.database_url.replace("postgres://", "postgresql+asyncpg://")
        object.__setattr__(self, "database_url", url)


def test_the_url_that_a_class_rewrites_is_judged_as_rewritten() -> None:
    """The client gets the URL of the instance, not the text of the file."""
    assert list(urls.URL001.run(judged(Rewriting, {"DATABASE_URL": "postgres://db/app"}))) == []
