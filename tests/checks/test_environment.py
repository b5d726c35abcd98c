"""
What each environment demands.
"""

import pytest

from tests.support.configurations import KEY, MakeContext
from workerctl.checks import environment
from workerctl.checks.base import SkipCheck
from workerctl.report.findings import Location, Severity

W, E = Severity.WARNING, Severity.ERROR


@pytest.mark.parametrize(
    ("env", "meant"),
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
    context: MakeContext, env: str, meant: str
) -> None:
    """Another spelling is an error with the right word, judged as strictly as production."""
    made = context(f"ENV={env}\n")

    assert made.env == "production"
    assert [(finding.severity, finding.hint) for finding in environment.ENV001.run(made)] == [
        (E, f"Did you mean ENV={meant}?")
    ]


def test_env001_repeats_no_unknown_name(context: MakeContext) -> None:
    """What stands there may be a secret in the wrong place."""
    found = list(environment.ENV001.run(context(f"ENV={KEY}\n")))

    assert [finding.hint for finding in found] == ["Set ENV to one of the three."]
    assert KEY[:6] not in found[0].message


def test_env001_warns_of_an_empty_name_only(context: MakeContext) -> None:
    """Unset is development; empty is too, and told."""
    empty = context("ENV=\n")

    assert empty.env == "development"
    assert [finding.severity for finding in environment.ENV001.run(empty)] == [W]
    assert list(environment.ENV001.run(context("DEBUG=0\n"))) == []


def test_env001_tells_that_the_worker_boots_as_another(context: MakeContext) -> None:
    """Judging by other rules than the worker's own is told, and changes no setting."""
    made = context("ENV=staging\n", env="production")

    assert (made.env, made.settings.ENV) == ("production", "staging")
    assert [(finding.severity, finding.message) for finding in environment.ENV001.run(made)] == [
        (W, "The worker will boot as staging, but this run applies the rules of production.")
    ]
    assert list(environment.ENV001.run(context("ENV=staging\n", env="staging"))) == []


def test_env002_lists_what_production_requires(context: MakeContext) -> None:
    """Each missing variable is one finding, at the line that demands it."""
    text = "ENV=production\nANALYSIS_MODE=phase_2\nWEBHOOK_URL=https://a.b/c\nWEBHOOK_SECRET=\n"

    found = list(environment.ENV002.run(context(text)))
    assert [(finding.fields[0], finding.severity, finding.location) for finding in found] == [
        ("SUPABASE_URL", E, Location("env-file", "worker.env", 1)),
        ("SUPABASE_SERVICE_ROLE_KEY", E, Location("env-file", "worker.env", 1)),
        ("REDIS_URL", E, Location("env-file", "worker.env", 1)),
        ("OPENAI_API_KEY", E, Location("env-file", "worker.env", 1)),
        ("ANTHROPIC_API_KEY", E, Location("env-file", "worker.env", 2)),
        ("WEBHOOK_SECRET", E, Location("env-file", "worker.env", 4)),
        ("GEMINI_API_KEY", W, Location("env-file", "worker.env", 1)),
    ]


def test_env002_demands_nothing_of_development(context: MakeContext) -> None:
    """A developer's machine has defaults."""
    assert list(environment.ENV002.run(context("ANALYSIS_MODE=phase_2\n"))) == []


@pytest.mark.parametrize(
    ("env", "severities"), [("development", []), ("staging", [W]), ("production", [E])]
)
def test_env003_grades_debug(context: MakeContext, env: str, severities: list[Severity]) -> None:
    """Debugging is for development."""
    on, off = context(f"ENV={env}\nDEBUG=on\n"), context(f"ENV={env}\nDEBUG=off\n")

    assert [finding.severity for finding in environment.ENV003.run(on)] == severities
    assert list(environment.ENV003.run(off)) == []


@pytest.mark.parametrize(("env", "severity"), [("development", W), ("staging", E)])
def test_env004_finds_stand_ins(context: MakeContext, env: str, severity: Severity) -> None:
    """A stand-in is told by its variable, without the text."""
    text = f"ENV={env}\nOPENAI_API_KEY=sk-...\nSUPABASE_URL=https://your-project.supabase.co\n"

    found = list(environment.ENV004.run(context(text)))
    assert [(finding.fields, finding.severity) for finding in found] == [
        (("OPENAI_API_KEY",), severity),
        (("SUPABASE_URL",), severity),
    ]


@pytest.mark.parametrize(
    ("url", "staging", "production"),
    [
        ("redis://cache.resume-works.net:6379/0", W, E),
        ("redis://8.8.8.8:6379/0", W, E),
        ("redis://10.20.0.5:6379/0", W, W),
        ("redis://[::1]:6379/0", W, W),
        ("redis://cache:6379/0", W, W),
        ("redis://cache.prod.svc:6379/0", W, W),
        ("redis://db.internal/0", W, W),
        ("redis://localhost:6379/0", W, W),
        ("rediss://cache.resume-works.net:6380/0", None, None),
        ("unix:///run/redis.sock", None, None),
    ],
)
def test_env005_grades_by_where_the_host_is(
    context: MakeContext, url: str, staging: Severity | None, production: Severity | None
) -> None:
    """Unencrypted is an error towards a public host in production, a warning otherwise."""
    for env, severity in (("staging", staging), ("production", production), ("development", None)):
        found = list(environment.ENV005.run(context(f"ENV={env}\nREDIS_URL={url}\n")))
        assert [finding.severity for finding in found] == ([severity] if severity else [])


def test_env005_covers_every_url_of_the_schema(context: MakeContext) -> None:
    """Each endpoint is looked at; a bad one is told as unjudged and hides no other."""
    names = ["SUPABASE_URL", "OPENAI_BASE_URL", "WEBHOOK_URL", "SENTRY_DSN"]
    text = "ENV=production\n" + "".join(f"{name}=http://api.host.net\n" for name in names)
    run = iter(environment.ENV005.run(context(f"{text}REDIS_URL=nonsense\n")))

    assert [next(run).fields[0] for _ in names] == names
    with pytest.raises(SkipCheck, match="REDIS_URL is invalid"):
        next(run)


@pytest.mark.parametrize("origin", ["*", "http://localhost:3000", "https://127.0.0.1"])
def test_env006_refuses_any_and_local_origins(context: MakeContext, origin: str) -> None:
    """Neither everybody nor a developer's machine may call production."""
    text = f"ENV=production\nALLOWED_ORIGINS=https://app.resume-works.net,{origin}\n"

    assert [finding.severity for finding in environment.ENV006.run(context(text))] == [E]
    assert list(environment.ENV006.run(context(text.replace("production", "development")))) == []


def test_env007_names_both_and_shows_neither(context: MakeContext) -> None:
    """Two secrets with one value are told by name."""
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
def test_env007_leaves_stand_ins_and_urls_aside(context: MakeContext, text: str) -> None:
    """A stand-in is ENV004's, and two services may share a URL."""
    assert list(environment.ENV007.run(context(f"ENV=production\n{text}"))) == []
