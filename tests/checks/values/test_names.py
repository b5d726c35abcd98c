"""
Tests of the checks of names: near misses, names of other programs, and files that are not read.
"""

from pathlib import Path

import pytest

from tests.support.configurations import KEY, MakeContext
from workerctl.checks.values import names
from workerctl.preflight import Request, context_of
from workerctl.report.findings import Finding, Location, Severity
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options


@pytest.mark.parametrize(
    ("name", "suggested", "severity"),
    [
        ("LLM_TIMEOUT_SECOND", "LLM_TIMEOUT_SECONDS", Severity.ERROR),
        ("LLM_TIMEOUT_SECONDSS", "LLM_TIMEOUT_SECONDS", Severity.ERROR),
        ("LLM_TIMEOUT_SECODNS", "LLM_TIMEOUT_SECONDS", Severity.ERROR),
        ("llm_timeout_second", "LLM_TIMEOUT_SECONDS", Severity.ERROR),
        ("LLM_CONNECT_TIMEOU", "LLM_CONNECT_TIMEOUT", Severity.ERROR),
        ("CHUNKING_KOREAN_SIZE", "CHUNK_KOREAN_SIZE", Severity.INFO),
    ],
)
def test_set002_suggests_the_known_name(
    context: MakeContext, name: str, suggested: str, severity: Severity
) -> None:
    """A name with one typing error is an error; a similar name is an information."""
    assert list(names.SET002.run(context(f"{name}=1\n"))) == [
        Finding(
            "SET002",
            severity,
            f"{name} is not a known setting.",
            f"Did you mean {suggested}?",
            (suggested,),
            Location("env-file", "worker.env", 1),
        )
    ]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("WORKER_LLM_TIMEOUT_SECONDS", "Did you mean LLM_TIMEOUT_SECONDS?"),
        ("MY_APP_OPENAI_API_KEY", "Did you mean OPENAI_API_KEY?"),
        ("LLM_TIMEOUT", "Did you mean LLM_TIMEOUT_SECONDS?"),
        ("JOB_TIMEOUT", "Did you mean JOB_TIMEOUT_SECONDS?"),
        ("job_timeout", "Did you mean JOB_TIMEOUT_SECONDS?"),
        ("WORKER_JOB_TIMEOUT", "Did you mean JOB_TIMEOUT_SECONDS?"),
        ("LLM_TIMEOUT_SECS", "Did you mean LLM_TIMEOUT_SECONDS?"),
        ("LLM_TIMEOUT_MS", "Did you mean LLM_TIMEOUT_SECONDS, in seconds?"),
        ("APP_WEBHOOK_TIMEOUT_MINUTES", "Did you mean WEBHOOK_TIMEOUT_SECONDS, in seconds?"),
        ("MAX_FILE_SIZE", "Did you mean MAX_FILE_SIZE_MB?"),
        ("MAX_FILE_SIZE_BYTES", "Did you mean MAX_FILE_SIZE_MB, in megabytes?"),
        ("LOGLEVEL", "Did you mean LOG_LEVEL?"),
        ("EMBEDDING_DIMENSION", "Did you mean EMBEDDING_DIMENSIONS?"),
        ("SUPABASE_URI", "Did you mean SUPABASE_URL?"),
        ("OPENAI_API_KEY2", "Did you mean OPENAI_API_KEY?"),
        ("OPENAI-API-KEY", "Did you mean OPENAI_API_KEY?"),
        ("MYSQL_LLM_CONNECT_TIMEOUT_SECONDS", "Did you mean LLM_CONNECT_TIMEOUT_SECONDS?"),
    ],
)
def test_set002_reports_a_variant_of_a_known_name_as_information(
    context: MakeContext, name: str, hint: str
) -> None:
    """Prefixes, units, plurals, digits and separators may be those of another program."""
    found = list(names.SET002.run(context(f"{name}=1\n")))

    assert [(finding.severity, finding.hint) for finding in found] == [(Severity.INFO, hint)]


@pytest.mark.parametrize(
    "name",
    [
        "MYSQL_CONNECT_TIMEOUT_SECONDS",
        "VLM_TIMEOUT_SECONDS",
        "CONNECT_TIMEOUT_MS",
        "TIMEOUT_SECONDS",
        "PATH",
        "ENW",
        "DATABASE_URL",
        "DEBGU",
        "APP_DEBUG",
    ],
)
def test_set002_does_not_suggest_the_names_of_other_things(context: MakeContext, name: str) -> None:
    """A name with another first word, and a short one, are not near misses."""
    found = list(names.SET002.run(context(f"{name}=1\n")))

    assert [(finding.severity, finding.message) for finding in found] == [
        (Severity.INFO, f"1 variable is not in the schema: {name}.")
    ]


def test_set002_reports_the_other_unknown_names_of_a_file_together(context: MakeContext) -> None:
    """Names are counted once and shown unless they may be secrets; near misses are separate."""
    pasted = "sk-proj-4fJ8kLm2NqRs7TvW"
    shown = "OTHER_A, OTHER_B, OTHER_C, OTHER_D, OTHER_E"
    others = "".join(f"OTHER_{letter}=1\n" for letter in "ABCDEFG")

    found = list(names.SET002.run(context(f"{pasted}=1\n{others}OTHER_A=2\nLOGLEVEL=1\n")))

    assert [(finding.message, str(finding.location)) for finding in found] == [
        ("LOGLEVEL is not a known setting.", "worker.env:10"),
        (f"8 variables are not in the schema: {shown} and 3 more.", "worker.env:1"),
    ]
    assert (
        found[-1].hint
        == "Correct the names that are misspelt, and delete the lines that no program reads."
    )


@pytest.mark.parametrize("name", ["hunter2hunter2", "A9x8B7c6D5e4F3g2"])
def test_set002_does_not_show_a_name_that_may_be_a_secret(context: MakeContext, name: str) -> None:
    """A pasted token is counted only."""
    found = list(names.SET002.run(context(f"{name}=1\n")))

    assert [finding.message for finding in found] == ["1 variable is not in the schema."]


def test_set002_does_not_report_a_name_to_which_another_line_refers(context: MakeContext) -> None:
    """A variable that `${NAME}` uses is read, whatever it is called."""
    text = "HOST=a\nLLM_TIMEOUT=9\nSUPABASE_URL=https://${HOST}/\nXX=${LLM_TIMEOUT:-5}\n"

    assert [finding.message for finding in names.SET002.run(context(text))] == [
        "1 variable is not in the schema: XX."
    ]


def test_set002_does_not_suggest_a_known_name_that_is_set_as_well(context: MakeContext) -> None:
    """The frontend's copy of an address is the name of another program; another unit is not."""
    text = "SUPABASE_URL=https://a.example-works.net\nNEXT_PUBLIC_SUPABASE_URL=x\n"
    assert [finding.message for finding in names.SET002.run(context(text))] == [
        "1 variable is not in the schema: NEXT_PUBLIC_SUPABASE_URL."
    ]

    text = "JOB_TIMEOUT_SECONDS=60\nJOB_TIMEOUT=600\n"
    assert [finding.hint for finding in names.SET002.run(context(text))] == [
        "Did you mean JOB_TIMEOUT_SECONDS?"
    ]


def test_set003_finds_a_misspelt_variable_in_the_environment(context: MakeContext) -> None:
    """A misspelt variable is reported if the setting that it resembles is not set."""
    found = list(names.SET003.run(context("", {"ENCRYPTION_KEYY": KEY})))

    assert [(finding.severity, finding.hint) for finding in found] == [
        (Severity.WARNING, "Did you mean ENCRYPTION_KEY?")
    ]
    assert KEY[:6] not in found[0].message


def test_set003_is_silent_when_the_setting_is_set(context: MakeContext) -> None:
    """If the correct name is set, a similar one is not reported."""
    environ = {"ENCRYPTION_KEYY": "1", "ENCRYPTION_KEY": KEY}

    assert list(names.SET003.run(context("", environ))) == []


def test_set003_ignores_the_environment_in_isolation(context: MakeContext) -> None:
    """An ignored environment is not judged."""
    assert list(names.SET003.run(context(""))) == []


@pytest.mark.parametrize("name", ["LLM_TIMEOUT", "WORKER_LLM_TIMEOUT_MS", "openai-api-key"])
def test_set003_reports_variants_of_long_names(context: MakeContext, name: str) -> None:
    """A name of three words is hardly that of another program."""
    found = list(names.SET003.run(context("", {name: "1"})))

    assert [(each.code, each.severity) for each in found] == [("SET003", Severity.INFO)]
    assert name in found[0].message


@pytest.mark.parametrize("name", ["LOGLEVEL", "RUST_LOG_LEVEL", "HEROKU_REDIS_URL", "VLM_TIMEOUT"])
def test_set003_is_silent_on_names_of_other_programs(context: MakeContext, name: str) -> None:
    """Most of an environment belongs to other programs."""
    assert list(names.SET003.run(context("", {name: "1"}))) == []


@pytest.mark.parametrize(
    "name", ["openai-api-key", "openai.api.key", "OPENAI-API-KEY", "OPENAI_API_KYE"]
)
def test_set003_finds_a_file_of_a_secrets_directory_that_is_not_read(
    tmp_path: Path, name: str
) -> None:
    """The keys of a Kubernetes secret often have hyphens, which no setting has."""
    (tmp_path / name).write_text("hunter2hunter2")
    (tmp_path / "tls.crt").write_text("x")
    loaded = load(Settings, Options((), str(tmp_path), isolated=True))

    found = list(names.SET003.run(context_of(loaded, Request())))

    assert [(each.severity, each.message, each.hint) for each in found] == [
        (
            Severity.WARNING,
            f"The file {name} of the secrets directory sets no known setting.",
            "Rename it to OPENAI_API_KEY.",
        )
    ]


@pytest.mark.parametrize("name", ["ENVIRONMENT", "APP_ENV", "stage"])
def test_set002_the_environment_under_another_name(context: MakeContext, name: str) -> None:
    """Without the setting itself, the rules of development would apply to production."""
    (found,) = names.SET002.run(context(f"{name}=production\n"))

    assert (found.severity, found.fields) == (Severity.WARNING, ("ENV",))
    assert (found.message, found.hint) == (f"{name} is not a known setting.", "Did you mean ENV?")


@pytest.mark.parametrize("text", ["ENV=production\nENVIRONMENT=production\n", "STAGE=3\n"])
def test_set002_another_name_of_another_program(context: MakeContext, text: str) -> None:
    """If the environment is set, or the value is not one, the line is that of another program."""
    (found,) = names.SET002.run(context(text))

    assert (found.severity, found.fields) == (Severity.INFO, ())
