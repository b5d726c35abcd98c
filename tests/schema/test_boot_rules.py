"""
Tests of the rules of booting: the environment, its required values, and the encryption key.
"""

import pytest

from tests.support.configurations import KEY, MakeLoaded
from workerctl.report.findings import ENVIRONMENTS, Finding, Location, Severity
from workerctl.schema.boot_rules import rules
from workerctl.schema.boot_rules.view import judged_as

REQUIRED = ["REDIS_URL", "SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "OPENAI_API_KEY"]


def line(number: int) -> Location:
    """Return the location of a line in the env file."""
    return Location("env-file", "worker.env", number)


@pytest.mark.parametrize("env", ENVIRONMENTS)
def test_a_known_environment_is_judged_as_itself(loaded: MakeLoaded, env: str) -> None:
    """A known environment applies its own rules and has no finding."""
    values = loaded(f"ENV={env}\n").view

    assert judged_as(values) == env
    assert list(rules.environment_name(values)) == []


def test_no_environment_is_development(loaded: MakeLoaded) -> None:
    """Without ENV the rules of development apply, and there is no finding."""
    values = loaded().view

    assert judged_as(values) == "development"
    assert list(rules.environment_name(values)) == []


def test_an_empty_environment_is_development_with_a_warning(loaded: MakeLoaded) -> None:
    """An empty ENV is a warning, because a value was probably intended."""
    values = loaded("\nENV=\n").view

    assert judged_as(values) == "development"
    assert list(rules.environment_name(values)) == [
        Finding(
            "ENV001",
            Severity.WARNING,
            "ENV is empty, so the worker boots as development.",
            "Set ENV, or remove the empty assignment.",
            ("ENV",),
            line(2),
        )
    ]


@pytest.mark.parametrize(
    ("env", "suggestion"),
    [
        ("prod", "production"),
        ("PROD", "production"),
        ("Production", "production"),
        ("\"'production'\"", "production"),
        ("'production '", "production"),
        ("live", "production"),
        ("produciton", "production"),
        ("stage", "staging"),
        ("stg", "staging"),
        ("dev", "development"),
        ("local", "development"),
        ("test", "development"),
        ("developement", "development"),
    ],
)
def test_an_unknown_environment_is_judged_as_production(
    loaded: MakeLoaded, env: str, suggestion: str
) -> None:
    """A typo must not disable rules, so the intended environment is only suggested."""
    values = loaded(f"ENV={env}\n").view

    assert judged_as(values) == "production"
    assert list(rules.environment_name(values)) == [
        Finding(
            "ENV001",
            Severity.ERROR,
            "ENV is not development, staging or production, so production's rules apply.",
            f"Did you mean ENV={suggestion}?",
            ("ENV",),
            line(1),
        )
    ]


def test_a_dissimilar_environment_gets_no_suggestion(loaded: MakeLoaded) -> None:
    """A value that resembles no environment gets a general hint, because it may be a secret."""
    (found,) = rules.environment_name(loaded("ENV=xyz\n").view)

    assert found.hint == "Set ENV to one of the three."


@pytest.mark.parametrize(
    ("text", "override", "messages"),
    [
        ("ENV=staging\n", "staging", []),
        (
            "ENV=staging\n",
            "production",
            ["The worker will boot as staging, but this run applies the rules of production."],
        ),
        ("", "development", []),
        (
            "",
            "staging",
            ["The worker will boot as development, but this run applies the rules of staging."],
        ),
        (
            "ENV=prod\n",
            "production",
            ["ENV is not development, staging or production, so production's rules apply."],
        ),
        (
            "ENV=qa\n",
            "staging",
            [
                (
                    "ENV is not development, staging or production, so production's rules apply "
                    "at boot, but this run applies those of staging."
                )
            ],
        ),
    ],
)
def test_an_override_of_the_environment_is_reported(
    loaded: MakeLoaded, text: str, override: str, messages: list[str]
) -> None:
    """An override selects the rules, and a finding names the environment of the worker."""
    values = loaded(text).view

    assert judged_as(values, override) == override
    assert [found.message for found in rules.environment_name(values, override)] == messages


def test_an_override_of_an_empty_environment_is_reported_too(loaded: MakeLoaded) -> None:
    """An empty ENV and an override are two findings."""
    found = list(rules.environment_name(loaded("ENV=\n").view, "staging"))

    assert [(each.severity, each.location) for each in found] == [(Severity.WARNING, line(1))] * 2


def test_development_requires_nothing(loaded: MakeLoaded) -> None:
    """Development requires no value, so a worker starts on a fresh clone."""
    values = loaded("ANALYSIS_MODE=phase_2\nWEBHOOK_URL=https://h.example\n").view

    assert list(rules.required_values(values, "development")) == []
    assert rules.required_names(values, "development") == frozenset()


@pytest.mark.parametrize("env", ["staging", "production"])
def test_each_missing_value_is_a_finding(loaded: MakeLoaded, env: str) -> None:
    """
    A missing value is reported at the line that requires it, which is that of `ENV` by default.
    """
    values = loaded(f"\nENV={env}\n").view

    assert list(rules.required_values(values, env)) == [
        *(
            Finding(
                "ENV002",
                Severity.ERROR,
                f"{name} is not set, but {env} requires it.",
                f"Set {name} where the worker gets its configuration.",
                (name,),
                line(2),
            )
            for name in REQUIRED
        ),
        Finding(
            "ENV002",
            Severity.WARNING,
            "GEMINI_API_KEY is not set, so the analysis has one model fewer to compare.",
            "Set GEMINI_API_KEY, or suppress this warning if that is intended.",
            ("GEMINI_API_KEY",),
            line(2),
        ),
    ]


def test_a_value_may_be_required_by_another(loaded: MakeLoaded) -> None:
    """A missing value is reported at the setting that requires it, or at its own empty line."""
    text = "ENV=staging\nANALYSIS_MODE=phase_2\nWEBHOOK_URL=https://h.example\nOPENAI_API_KEY=\n"
    values = loaded(text).view

    found = {
        each.fields[0]: (each.message, each.location)
        for each in rules.required_values(values, "staging")
    }
    assert found["ANTHROPIC_API_KEY"] == (
        "ANTHROPIC_API_KEY is not set, but ANALYSIS_MODE=phase_2 requires it.",
        line(2),
    )
    assert found["WEBHOOK_SECRET"] == (
        "WEBHOOK_SECRET is not set, but WEBHOOK_URL requires it.",
        line(3),
    )
    assert found["OPENAI_API_KEY"][1] == line(4)
    assert rules.required_names(values, "staging") == {
        *REQUIRED,
        "ENCRYPTION_KEY",
        "ANTHROPIC_API_KEY",
        "WEBHOOK_SECRET",
    }


def test_what_is_set_is_not_missing(loaded: MakeLoaded) -> None:
    """A value that is set is not missing, even if it is invalid."""
    text = "".join(f"{name}=x\n" for name in (*REQUIRED, "GEMINI_API_KEY"))

    assert list(rules.required_values(loaded(text).view, "production")) == []


@pytest.mark.parametrize(
    ("env", "severity"),
    [
        ("development", Severity.WARNING),
        ("staging", Severity.ERROR),
        ("production", Severity.ERROR),
    ],
)
def test_a_missing_or_malformed_key_is_graded(
    loaded: MakeLoaded, env: str, severity: Severity
) -> None:
    """A missing or malformed key is a warning in development, and an error elsewhere."""
    missing, malformed = loaded(f"ENV={env}\n").view, loaded(f"ENCRYPTION_KEY={KEY}a\n").view

    (absent,) = rules.key_presence(missing, env)
    assert (absent.code, absent.severity, absent.location) == ("KEY001", severity, line(1))
    assert list(rules.key_form(missing, env)) == []
    (formless,) = rules.key_form(malformed, env)
    assert (formless.code, formless.severity, formless.message, formless.location) == (
        "KEY002",
        severity,
        "ENCRYPTION_KEY has 65 characters, not 64.",
        line(1),
    )
    assert list(rules.key_presence(malformed, env)) == []


def test_a_key_of_the_right_form_has_no_finding(loaded: MakeLoaded) -> None:
    """These rules do not judge the strength of a key."""
    values = loaded(f"ENCRYPTION_KEY={'a' * 64}\n").view

    assert list(rules.key_presence(values, "production")) == []
    assert list(rules.key_form(values, "production")) == []


def test_a_key_that_cannot_be_read_has_no_form(loaded: MakeLoaded) -> None:
    """An unreadable key file is reported by SET001, so these rules report nothing."""
    values = loaded("ENCRYPTION_KEY_FILE=missing\n").view

    assert list(rules.key_presence(values, "production")) == []
    assert list(rules.key_form(values, "production")) == []


def test_a_placeholder_and_a_damaged_key_get_different_hints(loaded: MakeLoaded) -> None:
    """A placeholder is to be replaced, but a damaged key is to be repaired."""
    hints = {
        finding.hint
        for text in ("changeme", KEY[1:])
        for finding in rules.key_form(loaded(f"ENCRYPTION_KEY={text}\n").view, "staging")
    }

    assert len(hints) == 2


def test_booting_applies_all_rules_by_the_environment_of_the_worker(loaded: MakeLoaded) -> None:
    """
    The findings are in the order of the checks, and an unknown ENV applies the rules of production.
    """
    found = list(rules.boot_findings(loaded("ENV=prod\nENCRYPTION_KEY=x\n").view))

    assert [(each.code, each.severity.label) for each in found] == [
        ("ENV001", "error"),
        *[("ENV002", "error")] * 4,
        ("ENV002", "warning"),
        ("KEY002", "error"),
    ]
    assert list(rules.boot_findings(loaded(f"ENCRYPTION_KEY={KEY}\n").view)) == []
