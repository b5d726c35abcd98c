"""
The rules of booting: the environment, what it requires, the key's presence and form.
"""

import pytest

from tests.support.configurations import KEY, MakeLoaded
from workerctl.report.findings import Finding, Location, Severity
from workerctl.schema import rules

REQUIRED = ["SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "REDIS_URL", "OPENAI_API_KEY"]


def line(number: int) -> Location:
    """A line of the env file."""
    return Location("env-file", "worker.env", number)


@pytest.mark.parametrize("env", rules.ENVIRONMENTS)
def test_a_known_environment_is_judged_as_itself(loaded: MakeLoaded, env: str) -> None:
    """And nothing is said of it."""
    values = loaded(f"ENV={env}\n").values

    assert rules.judged_as(values) == env
    assert list(rules.environment_name(values)) == []


def test_no_environment_is_development(loaded: MakeLoaded) -> None:
    """That is the default, and a silent one."""
    values = loaded().values

    assert rules.judged_as(values) == "development"
    assert list(rules.environment_name(values)) == []


def test_an_empty_environment_is_development_and_told(loaded: MakeLoaded) -> None:
    """Somebody meant to say something."""
    values = loaded("\nENV=\n").values

    assert rules.judged_as(values) == "development"
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
    ("env", "meant"),
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
    loaded: MakeLoaded, env: str, meant: str
) -> None:
    """A typo must not switch the rules off; which one is meant is only asked."""
    values = loaded(f"ENV={env}\n").values

    assert rules.judged_as(values) == "production"
    assert list(rules.environment_name(values)) == [
        Finding(
            "ENV001",
            Severity.ERROR,
            "ENV is not development, staging or production, so production's rules apply.",
            f"Did you mean ENV={meant}?",
            ("ENV",),
            line(1),
        )
    ]


def test_what_resembles_no_environment_gets_no_question(loaded: MakeLoaded) -> None:
    """It may be anything, a secret too."""
    (found,) = rules.environment_name(loaded("ENV=xyz\n").values)

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
    ],
)
def test_another_judge_is_told(
    loaded: MakeLoaded, text: str, override: str, messages: list[str]
) -> None:
    """What was asked for is judged by, and the worker's own environment is said."""
    values = loaded(text).values

    assert rules.judged_as(values, override) == override
    assert [found.message for found in rules.environment_name(values, override)] == messages


def test_another_judge_of_an_empty_environment_is_told_beside_it(loaded: MakeLoaded) -> None:
    """Both are worth knowing."""
    found = list(rules.environment_name(loaded("ENV=\n").values, "staging"))

    assert [(each.severity, each.location) for each in found] == [(Severity.WARNING, line(1))] * 2


def test_development_requires_nothing(loaded: MakeLoaded) -> None:
    """A worker starts on a fresh clone."""
    values = loaded("ANALYSIS_MODE=phase_2\nWEBHOOK_URL=https://h.example\n").values

    assert list(rules.required_values(values, "development")) == []
    assert rules.required_names(values, "development") == frozenset()


@pytest.mark.parametrize("env", ["staging", "production"])
def test_each_missing_value_is_a_finding(loaded: MakeLoaded, env: str) -> None:
    """At the line that demands it: `ENV`, where nothing nearer does."""
    values = loaded(f"\nENV={env}\n").values

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


def test_a_value_is_demanded_by_another(loaded: MakeLoaded) -> None:
    """phase_2 by the line of the mode, a webhook by its URL's, an empty line by itself."""
    text = "ENV=staging\nANALYSIS_MODE=phase_2\nWEBHOOK_URL=https://h.example\nOPENAI_API_KEY=\n"
    values = loaded(text).values

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
    """Whether it is right is for others to judge."""
    text = "".join(f"{name}=x\n" for name in (*REQUIRED, "GEMINI_API_KEY"))

    assert list(rules.required_values(loaded(text).values, "production")) == []


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
    """A warning where there is no personal data, an error elsewhere."""
    missing, malformed = loaded(f"ENV={env}\n").values, loaded(f"ENCRYPTION_KEY={KEY}a\n").values

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
    """Its strength is not judged here."""
    values = loaded(f"ENCRYPTION_KEY={'a' * 64}\n").values

    assert list(rules.key_presence(values, "production")) == []
    assert list(rules.key_form(values, "production")) == []


def test_a_key_that_cannot_be_read_has_no_form(loaded: MakeLoaded) -> None:
    """Its file is told by SET001, and that is enough."""
    values = loaded("ENCRYPTION_KEY_FILE=missing\n").values

    assert list(rules.key_presence(values, "production")) == []
    assert list(rules.key_form(values, "production")) == []


def test_a_stand_in_and_a_damaged_key_get_different_hints(loaded: MakeLoaded) -> None:
    """A key that is in use must not be replaced, only mended."""
    hints = {
        finding.hint
        for text in ("changeme", KEY[1:])
        for finding in rules.key_form(loaded(f"ENCRYPTION_KEY={text}\n").values, "staging")
    }

    assert len(hints) == 2


def test_booting_applies_all_rules_by_the_environment_of_the_worker(loaded: MakeLoaded) -> None:
    """The order is that of the checks; an unknown environment is judged as production."""
    found = list(rules.boot_findings(loaded("ENV=prod\nENCRYPTION_KEY=x\n").values))

    assert [(each.code, each.severity.label) for each in found] == [
        ("ENV001", "error"),
        *[("ENV002", "error")] * 4,
        ("ENV002", "warning"),
        ("KEY002", "error"),
    ]
    assert list(rules.boot_findings(loaded(f"ENCRYPTION_KEY={KEY}\n").values)) == []
