"""
SEC001: secrets that two environments have in common.
"""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.configurations import MakeContext, MakeLoaded
from workerctl.checks.base import Other
from workerctl.checks.engine.run import run
from workerctl.checks.values.shared_secrets import SEC001
from workerctl.report.findings import Finding, Severity
from workerctl.report.results import Result, Status

KEY = "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2"
TOKEN = "oai_R4tq9WmZ2vB7nK5xD8cL3jH6fG1sPyTe"

Judge = Callable[..., Result]


@pytest.fixture(name="judge")
def _judge(context: MakeContext, loaded: MakeLoaded) -> Judge:
    """
    Return a function that judges the text of a production file next to that of a staging file.
    """

    def judge(own: str, other: str, *, env: str = "staging", **environs: Any) -> Result:
        held = Other("staging.env", env, loaded(other, environs.get("other_environ")).view)
        it = context(own, environs.get("environ"), env="production")
        (result,) = run(it.replace(others=(held,)), (SEC001,))
        return result

    return judge


def said(result: Result) -> list[tuple[str, Severity]]:
    """
    Return the messages of a result with their severities.
    """
    return [(finding.message, finding.severity) for finding in result.findings]


def test_a_secret_of_two_environments_is_reported_where_it_is_set(judge: Judge) -> None:
    """An API key is a warning; the name, the line and the other configuration are said."""
    line = f"ENV=production\nOPENAI_API_KEY={TOKEN}\n"
    (finding,) = judge(line, f"OPENAI_API_KEY={TOKEN}\n").findings

    assert finding.replace(location=None) == Finding(
        "SEC001",
        Severity.WARNING,
        "OPENAI_API_KEY has the same value in staging.env (staging).",
        "Issue one for each environment, or mark the field as `Shared` if there can be only one.",
        ("OPENAI_API_KEY",),
    )
    assert str(finding.location) == "worker.env:2"


def test_an_encryption_key_of_production_is_an_error(judge: Judge) -> None:
    """So is one that staging still keeps as an older key."""
    assert said(judge(f"ENCRYPTION_KEY={KEY}\n", f"ENCRYPTION_KEY={KEY}\n")) == [
        ("ENCRYPTION_KEY has the same value in staging.env (staging).", Severity.ERROR)
    ]
    assert said(judge(f"ENCRYPTION_KEY={KEY}\n", f"ENCRYPTION_KEY_V0={KEY}\n")) == [
        (
            "ENCRYPTION_KEY has the same value as ENCRYPTION_KEY_V0 in staging.env (staging).",
            Severity.ERROR,
        )
    ]


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("OPENAI_API_KEY=", "OPENAI_API_KEY="),
        ("OPENAI_API_KEY=your-key-here", "OPENAI_API_KEY=your-key-here"),
        ("OPENAI_API_KEY=op://vault/openai/key", "OPENAI_API_KEY=op://vault/openai/key"),
        ("OPENAI_API_KEY=undefined", "OPENAI_API_KEY=undefined"),
        ("REDIS_URL=redis://queue:6379/0", "REDIS_URL=redis://queue:6379/0"),
        ("OPENAI_MODEL=gpt-4o", "OPENAI_MODEL=gpt-4o"),
        (f"OPENAI_API_KEY={TOKEN}", f"OPENAI_API_KEY={TOKEN}x"),
        ("SENTRY_DSN=https://9f2c4a7be1083d56c7fa91e20b6d84f3@sentry.example.net/1",) * 2,
        ("OTHER_SIZE=4711471147114711", "OTHER_SIZE=4711471147114711"),
    ],
)
def test_what_is_not_a_secret_may_be_the_same(judge: Judge, own: str, other: str) -> None:
    """Empty values, placeholders, references, plain URLs and fields marked `Shared` are not."""
    result = judge(f"ENV=production\n{own}\n", f"ENV=staging\n{other}\n")

    assert (result.status, said(result)) == (Status.PASSED, [])


def test_of_a_url_the_password_counts(judge: Judge) -> None:
    """It is the same secret if the hosts differ."""
    own, other = (f"REDIS_URL=rediss://:kX8vQ2mR7tY4@{host}:6380/0\n" for host in ("a.b", "c.d"))

    assert said(judge(own, other)) == [
        ("REDIS_URL has the same password in staging.env (staging).", Severity.WARNING)
    ]


def test_lines_of_other_programs_are_compared_by_the_names_of_credentials(judge: Judge) -> None:
    """A name that may be a secret is not repeated."""
    token = "K7XV9QMR2T" * 2
    own = f"POSTGRES_PASSWORD=kX8vQ2mR7tY4\nDB_PASSWORD_{token}=bW5nT3cP9dF2\n"
    result = judge(own, own)

    assert said(result) == [
        ("POSTGRES_PASSWORD has the same value in staging.env (staging).", Severity.WARNING),
        (
            "This variable has the same value in staging.env (staging).",
            Severity.WARNING,
        ),
    ]
    assert [finding.fields for finding in result.findings] == [("POSTGRES_PASSWORD",), ()]
    assert token not in str(result)


def test_values_that_are_not_valid_are_compared_too(judge: Judge) -> None:
    """A key that is cut short is the same secret, however useless."""
    cut = f"ENCRYPTION_KEY={KEY[:50]}\n"

    assert len(said(judge(cut, cut))) == 1


def test_what_the_machine_has_is_not_compared(judge: Judge) -> None:
    """The environment and a secret file of this machine say nothing about two deployments."""
    environ = {"OPENAI_API_KEY": TOKEN}

    assert said(judge("", "", environ=environ, other_environ=environ)) == []
    assert len(said(judge("", f"OPENAI_API_KEY={TOKEN}\n", environ=environ))) == 1


def test_one_environment_is_not_compared_with_itself(judge: Judge, context: MakeContext) -> None:
    """Two regions of production may share a secret, and one configuration has no other."""
    line = f"OPENAI_API_KEY={TOKEN}\n"
    same = judge(line, line, env="production")
    (alone,) = run(context(line), (SEC001,))

    for result in (same, alone):
        assert (result.status, result.reason) == (
            Status.NOT_APPLICABLE,
            "this run judges no other environment",
        )
