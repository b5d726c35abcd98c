"""
Tests of the checks of what each environment requires.
"""

import pytest

from tests.support.configurations import KEY, MakeContext
from workerctl.checks import environment
from workerctl.report.findings import Location, Severity

W, E = Severity.WARNING, Severity.ERROR


@pytest.mark.parametrize(
    ("env", "suggested"),
    [
        ("prod", "production"),
        ("Production", "production"),
        ("PRODUCTION", "production"),
        ("'production '", "production"),
        ("prodcution", "production"),
        ("stg", "staging"),
        ("dev", "development"),
    ],
)
def test_env001_suggests_and_judges_as_production(
    context: MakeContext, env: str, suggested: str
) -> None:
    """A misspelt environment is an error with a suggestion, and the rules of production apply."""
    made = context(f"ENV={env}\n")

    assert made.env == "production"
    assert [(finding.severity, finding.hint) for finding in environment.ENV001.run(made)] == [
        (E, f"Did you mean ENV={suggested}?")
    ]


def test_env001_repeats_no_unknown_name(context: MakeContext) -> None:
    """An unknown environment is not shown, because it may be a secret in the wrong place."""
    found = list(environment.ENV001.run(context(f"ENV={KEY}\n")))

    assert [finding.hint for finding in found] == ["Set ENV to one of the three."]
    assert KEY[:6] not in found[0].message


def test_env001_warns_of_an_empty_name_only(context: MakeContext) -> None:
    """An unset environment is development; an empty one is too, with a warning."""
    empty = context("ENV=\n")

    assert empty.env == "development"
    assert [finding.severity for finding in environment.ENV001.run(empty)] == [W]
    assert list(environment.ENV001.run(context("DEBUG=0\n"))) == []


def test_env001_reports_that_the_worker_boots_as_another(context: MakeContext) -> None:
    """
    If the rules differ from those of the worker's environment, it is a warning.

    No setting changes.
    """
    made = context("ENV=staging\n", env="production")

    assert (made.env, made.settings.ENV) == ("production", "staging")
    assert [(finding.severity, finding.message) for finding in environment.ENV001.run(made)] == [
        (W, "The worker will boot as staging, but this run applies the rules of production.")
    ]
    assert list(environment.ENV001.run(context("ENV=staging\n", env="staging"))) == []


def test_env002_lists_what_production_requires(context: MakeContext) -> None:
    """Each missing variable is one finding, at the line that requires it."""
    text = "ENV=production\nANALYSIS_MODE=phase_2\nWEBHOOK_URL=https://a.b/c\nWEBHOOK_SECRET=\n"

    found = list(environment.ENV002.run(context(text)))
    assert [(finding.fields[0], finding.severity, finding.location) for finding in found] == [
        ("REDIS_URL", E, Location("env-file", "worker.env", 1)),
        ("SUPABASE_URL", E, Location("env-file", "worker.env", 1)),
        ("SUPABASE_SERVICE_ROLE_KEY", E, Location("env-file", "worker.env", 1)),
        ("OPENAI_API_KEY", E, Location("env-file", "worker.env", 1)),
        ("ANTHROPIC_API_KEY", E, Location("env-file", "worker.env", 2)),
        ("WEBHOOK_SECRET", E, Location("env-file", "worker.env", 4)),
        ("GEMINI_API_KEY", W, Location("env-file", "worker.env", 1)),
    ]


def test_env002_requires_nothing_in_development(context: MakeContext) -> None:
    """In development, no variable is required."""
    assert list(environment.ENV002.run(context("ANALYSIS_MODE=phase_2\n"))) == []


@pytest.mark.parametrize(
    ("env", "severities"), [("development", []), ("staging", [W]), ("production", [E])]
)
def test_env003_grades_debug(context: MakeContext, env: str, severities: list[Severity]) -> None:
    """DEBUG is allowed in development only."""
    on, off = context(f"ENV={env}\nDEBUG=on\n"), context(f"ENV={env}\nDEBUG=off\n")

    assert [finding.severity for finding in environment.ENV003.run(on)] == severities
    assert list(environment.ENV003.run(off)) == []


@pytest.mark.parametrize("origin", ["*", "http://localhost:3000", "https://127.0.0.1"])
def test_env006_refuses_any_and_local_origins(context: MakeContext, origin: str) -> None:
    """In production, neither every origin nor a local one is allowed."""
    text = f"ENV=production\nALLOWED_ORIGINS=https://app.resume-works.net,{origin}\n"

    assert [finding.severity for finding in environment.ENV006.run(context(text))] == [E]
    assert list(environment.ENV006.run(context(text.replace("production", "development")))) == []


def test_env007_names_both_and_shows_neither(context: MakeContext) -> None:
    """Two secrets with the same value are reported by name."""
    text = f"ENV=production\nENCRYPTION_KEY={KEY}\nWEBHOOK_SECRET={KEY}\n"

    found = list(environment.ENV007.run(context(text)))
    assert [(finding.severity, finding.message) for finding in found] == [
        (E, "ENCRYPTION_KEY and WEBHOOK_SECRET hold the same value.")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "OPENAI_API_KEY=changeme\nGEMINI_API_KEY=changeme\n",
        "WEBHOOK_URL=https://a.b/c\nSENTRY_DSN=https://a.b/c\n",
        "OPENAI_API_KEY=oai_1\nGEMINI_API_KEY=oai_2\n",
    ],
)
def test_env007_ignores_placeholders_and_urls(context: MakeContext, text: str) -> None:
    """ENV004 reports placeholders, and two services may share a URL."""
    assert list(environment.ENV007.run(context(f"ENV=production\n{text}"))) == []


@pytest.mark.parametrize(
    "line",
    [
        "OPENAI_MODEL=${OPENAI_API_KEY}",
        "OPENAI_BASE_URL=https://proxy.example-works.net/${OPENAI_API_KEY}/v1",
        "ENCRYPTION_CANARY_CONTEXT=a-${OPENAI_API_KEY}-b",
    ],
)
def test_env008_finds_a_secret_in_a_public_setting(context: MakeContext, line: str) -> None:
    """The finding names both settings and no value."""
    found = context(f"ENV=production\nOPENAI_API_KEY=oai_7Hq2mV9xWz4L\n{line}\n")
    (finding,) = environment.ENV008.run(found)

    name = line.partition("=")[0]
    assert finding.fields == (name, "OPENAI_API_KEY")
    assert finding.message == f"{name} is public, but its value contains that of OPENAI_API_KEY."
    assert finding.severity is Severity.ERROR
    assert "7Hq2mV" not in repr(finding)


@pytest.mark.parametrize(
    "text",
    [
        "OPENAI_BASE_URL=https://u:${OPENAI_API_KEY}@proxy.example-works.net/v1",
        "OPENAI_BASE_URL=https://proxy.example-works.net/v1?key=${OPENAI_API_KEY}",
        "WEBHOOK_SECRET=${OPENAI_API_KEY}",
        "OPENAI_MODEL=gpt-4o",
    ],
)
def test_env008_passes_what_is_never_shown(context: MakeContext, text: str) -> None:
    """Userinfo and query of a URL are masked everywhere; ENV007 compares secrets."""
    found = context(f"ENV=production\nOPENAI_API_KEY=oai_7Hq2mV9xWz4L\n{text}\n")

    assert list(environment.ENV008.run(found)) == []


@pytest.mark.parametrize("secret", ["short1", "postgres", "changeme-123"])
def test_env008_ignores_what_may_occur_by_chance(context: MakeContext, secret: str) -> None:
    """Short secrets, words and placeholders are not searched for."""
    found = context(f"ENV=production\nHANCOM_API_KEY={secret}\nOPENAI_MODEL=x-{secret}\n")

    assert list(environment.ENV008.run(found)) == []


def test_env007_any_characters_can_be_compared(context: MakeContext) -> None:
    """A value that no encoding can represent does not end the check."""
    made = context("", dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY"), "\ud800hT5zqN8vYc3K"))

    (found,) = environment.ENV007.run(made)
    assert set(found.fields) == {"OPENAI_API_KEY", "ANTHROPIC_API_KEY"}
