"""
ENV004 reports placeholders by the name of their variable, without their text.
"""

from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings

from tests.support.any_class import judged
from tests.support.configurations import MakeContext
from workerctl.checks.environment import ENV008
from workerctl.checks.values import placeholders
from workerctl.preflight import Request, context_of
from workerctl.report.findings import Severity
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options


@pytest.mark.parametrize(
    ("env", "severity"), [("development", Severity.WARNING), ("staging", Severity.ERROR)]
)
def test_env004_finds_placeholders(context: MakeContext, env: str, severity: Severity) -> None:
    """A placeholder is reported by the name of its variable, without the text."""
    text = f"ENV={env}\nOPENAI_API_KEY=sk-...\nSUPABASE_URL=https://your-project.supabase.co\n"

    found = list(placeholders.ENV004.run(context(text)))
    assert [(finding.fields, finding.severity) for finding in found] == [
        (("OPENAI_API_KEY",), severity),
        (("SUPABASE_URL",), severity),
    ]


@pytest.mark.parametrize("env", ["development", "production"])
def test_env004_warns_of_the_lines_of_other_programs(context: MakeContext, env: str) -> None:
    """Every line of an env file is judged; a name that may be a secret is not shown."""
    text = f"ENV={env}\nMAIL_PASS=changeme\nMAIL_HOST=mail.resume-works.net\na8Kq2Zx9=your-key\n"

    found = list(placeholders.ENV004.run(context(text)))
    assert [(each.severity, each.fields, each.message) for each in found] == [
        (
            Severity.WARNING,
            ("MAIL_PASS",),
            "MAIL_PASS is a placeholder; it is not a setting of the worker.",
        ),
        (
            Severity.WARNING,
            (),
            "This variable is a placeholder; it is not a setting of the worker.",
        ),
    ]
    assert [each.location.line for each in found if each.location] == [2, 4]


def test_env004_does_not_judge_the_environment_of_other_programs(context: MakeContext) -> None:
    """Only what the worker reads from the process environment is looked at."""
    assert list(placeholders.ENV004.run(context("", {"MAIL_PASS": "changeme"}))) == []


def test_env004_judges_the_value_that_is_used(context: MakeContext) -> None:
    """A template whose values the environment overrides is not a fault."""
    made = context("OPENAI_API_KEY=your-key\n", {"OPENAI_API_KEY": "oai_R4tq9WmZ2vB7nK5xD8"})

    assert list(placeholders.ENV004.run(made)) == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("OPENAI_API_KEY", "Replace it with the real value."),
        ("SENTRY_DSN", "Replace it with the real value, or remove SENTRY_DSN if it is optional."),
    ],
)
def test_env004_does_not_advise_to_remove_what_is_required(
    context: MakeContext, name: str, hint: str
) -> None:
    """A required setting cannot be removed."""
    (finding,) = placeholders.ENV004.run(context(f"ENV=production\n{name}=changeme\n"))

    assert finding.hint == hint


class Keyed(BaseSettings):
    """A class with keys of rows and messages, and with credentials by name and by type."""

    dynamodb_partition_key: str = ""
    rate_limit_key: str = ""
    jwt_key_id: str = ""
    routing_key: str = ""
    queue_name: str = ""
    redis_key: str = ""
    api_key: SecretStr = SecretStr("")


@pytest.mark.parametrize(
    ("environ", "hints"),
    [
        ({"DYNAMODB_PARTITION_KEY": "name", "RATE_LIMIT_KEY": "ip", "JWT_KEY_ID": "v2"}, []),
        ({"REDIS_KEY": "my-key"}, [", or mark the field `Public()` if it is not secret"]),
        ({"REDIS_KEY": "your-key"}, [", or remove REDIS_KEY if it is optional"]),
        ({"API_KEY": "my-key"}, [", or remove API_KEY if it is optional"]),
    ],
)
def test_env004_knows_which_keys_are_credentials(environ: dict[str, str], hints: list[str]) -> None:
    """A word is a placeholder in a credential; the hint says how to declare it public."""
    found = list(placeholders.ENV004.run(judged(Keyed, environ)))

    assert [each.hint for each in found] == [f"Replace it with the real value{x}." for x in hints]


def test_env008_knows_which_keys_are_credentials() -> None:
    """A routing key is public; the hint for a doubtful name says how to declare that it is."""
    environ = {"ROUTING_KEY": "resume.parse", "QUEUE_NAME": "resume.parse"}
    assert list(ENV008.run(judged(Keyed, environ))) == []

    found, *_ = ENV008.run(judged(Keyed, {**environ, "REDIS_KEY": "resume.parse"}))
    assert found.hint == (
        "Remove the secret from ROUTING_KEY, or declare ROUTING_KEY as a SecretStr,"
        " or mark REDIS_KEY as `Public()` if it is not secret."
    )


class Stored(BaseSettings):
    """A class with defaults that are meant for a developer's machine."""

    env: str = "development"
    minio_secret_key: str = "minioadmin"
    jwt_secret: SecretStr = SecretStr("changeme")
    api_key: SecretStr = SecretStr("")
    bot_token: SecretStr | None = None
    salt: str = "EMPTY"
    token_type: str = "bearer"
    title: str = "changeme"


@pytest.mark.parametrize(
    ("environ", "names"),
    [
        ({}, []),
        ({"ENV": "production"}, ["MINIO_SECRET_KEY", "JWT_SECRET"]),
        ({"ENV": "staging", "JWT_SECRET": "q8Zk3vXxV0pLw2TnYb5RcJd7"}, ["MINIO_SECRET_KEY"]),
    ],
)
def test_env004_finds_placeholders_in_the_defaults_of_secrets(
    directory: Path, environ: dict[str, str], names: list[str]
) -> None:
    """The default of a secret counts where it is used, outside development."""
    loaded = load(Settings, Options(settings=Stored), environ=environ)

    found = list(placeholders.ENV004.run(context_of(loaded, Request())))
    assert [(each.severity, *each.fields) for each in found] == [
        (Severity.ERROR, name) for name in names
    ]
