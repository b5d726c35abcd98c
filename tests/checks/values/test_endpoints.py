"""
ENV005 judges the schemes of URLs that lead to other machines.
"""

from typing import Annotated

import pytest
from pydantic_settings import BaseSettings

from tests.support.any_class import judged
from tests.support.configurations import MakeContext
from workerctl.checks.base import SkipCheck
from workerctl.checks.values import endpoints
from workerctl.report.findings import Location, Severity
from workerctl.rules import Endpoint

W, E = Severity.WARNING, Severity.ERROR


class Remote(BaseSettings):
    """Defaults that lead to other machines, and to this one."""

    env: str = "production"
    api: Annotated[str, Endpoint()] = "http://api.example.net"
    base: str = "http://api.example.net"
    cache: str = "redis://cache:6379/0"
    local: str = "redis://localhost:6379/0"


@pytest.mark.parametrize(
    ("url", "staging", "production"),
    [
        ("redis://cache.resume-works.net:6379/0", W, E),
        ("redis://8.8.8.8:6379/0", W, E),
        ("redis://10.20.0.5:6379/0", W, W),
        ("redis://[fd00::1]:6379/0", W, W),
        ("redis://cache:6379/0", W, W),
        ("redis://cache.prod.svc:6379/0", W, W),
        ("redis://db.internal/0", W, W),
        ("redis://localhost:6379/0", None, None),
        ("redis://LOCALHOST.:6379/0", None, None),
        ("redis://worker:pw@127.0.0.1/0", None, None),
        ("redis://[::1]:6379/0", None, None),
        ("redis://[::ffff:127.0.0.1]/0", None, None),
        ("redis://app.localhost/0", None, None),
        ("redis://localhost.example-works.net/0", W, E),
        ("rediss://cache.resume-works.net:6380/0", None, None),
        ("unix:///run/redis.sock", None, None),
    ],
)
def test_env005_grades_by_where_the_host_is(
    context: MakeContext, url: str, staging: Severity | None, production: Severity | None
) -> None:
    """An unencrypted URL of a public host is an error in production, a warning if it is private."""
    for env, severity in (("staging", staging), ("production", production), ("development", None)):
        found = list(endpoints.ENV005.run(context(f"ENV={env}\nREDIS_URL={url}\n")))
        assert [finding.severity for finding in found] == ([severity] if severity else [])


def test_env005_covers_every_url_of_the_schema(context: MakeContext) -> None:
    """Each URL is judged; an invalid one skips the rest of the check and hides no other."""
    names = ["SUPABASE_URL", "OPENAI_BASE_URL", "WEBHOOK_URL", "SENTRY_DSN"]
    text = "ENV=production\n" + "".join(f"{name}=http://api.host.net\n" for name in names)
    run = iter(endpoints.ENV005.run(context(f"{text}REDIS_URL=nonsense\n")))

    assert [next(run).fields[0] for _ in names] == names
    with pytest.raises(SkipCheck, match="REDIS_URL is invalid"):
        next(run)


def test_env005_judges_the_default_of_a_class() -> None:
    """A default is judged where it applies; one that leads to this machine is not a finding."""
    found = list(endpoints.ENV005.run(judged(Remote, {"BASE": "https://api.example.net"})))

    assert [(one.fields, one.severity, one.location) for one in found] == [
        (("API",), E, Location("default")),
        (("CACHE",), W, Location("default")),
    ]
    assert found[0].message == "API reaches a public host without encryption by default (http:)."


@pytest.mark.parametrize(
    ("text", "severity", "words"),
    [
        ("rediss://one.example.net:6380/0,redis://two.example.net:6379/0", E, "a public host"),
        ("redis://cache:6379/0 redis://two.example.net:6379/0", E, "a public host"),
        ("redis://localhost:6379/0;redis://cache:6379/0", W, "a private host"),
        ("amqp://localhost,queue.example.net:5672/", E, "a public host"),
        ("nats://localhost:4222, nats://[fd00::1]:4222", W, "a private host"),
        ("http://one.example.net:9200,http://two.example.net:9200", E, "a public host"),
    ],
)
def test_env005_judges_every_url_and_host_of_a_list(
    text: str, severity: Severity, words: str
) -> None:
    """The worst of several URLs, or of several hosts of one, decides."""

    class Listed(BaseSettings):
        env: str = "production"
        servers: str = text

    (found,) = endpoints.ENV005.run(judged(Listed))

    assert (found.severity, found.fields) == (severity, ("SERVERS",))
    assert words in found.message


@pytest.mark.parametrize(
    "text",
    [
        "rediss://one.example.net:6380/0,rediss://two.example.net:6380/0",
        "redis://localhost:6379/0,redis://127.0.0.1:6380/0",
        "https://app.example.net,http://admin.example.net",
        "see http://docs.example.net and redis://example.net",
        "https://api.example.net/?next=http://example.net",
        "",
    ],
)
def test_env005_finds_nothing_in_texts_that_connect_to_nothing_in_plain_text(text: str) -> None:
    """Neither a sentence nor a list of origins is an endpoint."""

    class Listed(BaseSettings):
        env: str = "production"
        api: Annotated[str, Endpoint()] = "https://api.example.net"
        servers: str = text

    assert list(endpoints.ENV005.run(judged(Listed))) == []
