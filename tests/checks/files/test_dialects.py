"""
Tests of SET009: which programs read a line of an env file differently.
"""

from datetime import date
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from tests.support.configurations import KEY, MakeContext
from workerctl.checks.files import dialects
from workerctl.preflight import Request, context_of
from workerctl.report.findings import Finding, Location, Severity, Suppression
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options


class Foreign(BaseSettings):
    """A class that pydantic-settings reads."""

    model: str = ""


def found(context: MakeContext, text: str) -> list[Finding]:
    """
    Return what SET009 finds in the text of a file.
    """
    return list(dialects.SET009.run(context(text)))


@pytest.mark.parametrize(
    ("line", "severity", "difference"),
    [
        ("DEBUG=  # comment", Severity.WARNING, "docker compose and systemd read the comment"),
        ("OPENAI_MODEL='${MODEL}'", Severity.WARNING, "python-dotenv expands `${…}` in single"),
        ("OPENAI_MODEL=$MODEL", Severity.WARNING, "docker compose and bash expand the `$`"),
        ("OPENAI_MODEL=${MODEL}", Severity.INFO, "docker run and systemd do not expand `${…}`"),
        ("OPENAI_MODEL=a b", Severity.WARNING, "bash runs a command"),
        ("OPENAI_MODEL='a b'", Severity.INFO, "docker run keeps the quotes"),
        ("OPENAI_MODEL=a # b", Severity.INFO, "docker run and systemd keep the comment"),
        ("export DEBUG=1", Severity.INFO, "docker run refuses the whole file; systemd ignores"),
        ("DEBUG = 1", Severity.WARNING, "docker run refuses the whole file; bash runs a command"),
        (
            "WEBHOOK_URL=https://a.b/?c=1&d=2",
            Severity.WARNING,
            "bash ends the value at an operator of the shell",
        ),
        ("MY/NAME=1", Severity.WARNING, "docker compose refuses the whole file"),
        (f"ENCRYPTION_KEY='{KEY}'", Severity.WARNING, "docker run keeps the quotes"),
        (
            f"ENCRYPTION_KEY={KEY} # key",
            Severity.WARNING,
            "docker run and systemd keep the comment",
        ),
    ],
)
def test_set009_names_the_programs_and_what_they_do(
    context: MakeContext, line: str, severity: Severity, difference: str
) -> None:
    """It is a warning for a secret, and where docker compose, python-dotenv or bash differs."""
    (finding,) = found(context, f"{line}\n")

    assert finding.severity is severity
    assert difference in finding.message
    assert finding.location == Location("env-file", "worker.env", 1)


@pytest.mark.parametrize(
    "line",
    [
        f"ENCRYPTION_KEY={KEY}",
        "  OPENAI_MODEL=gpt-4o",
        "OPENAI_MODEL=",
        "ALLOWED_ORIGINS=https://a.net,https://b.net:8080",
        "WEBHOOK_URL=https://app.resume-works.net/hook?a=1%20b#part",
        "OPENAI_MODEL=\u00e9\ud55c",
        "WEBHOOK_SECRET=<your secret>",
    ],
)
def test_set009_passes_what_all_programs_read_alike(context: MakeContext, line: str) -> None:
    """Plain lines pass, and so does what only bash makes of a placeholder."""
    assert found(context, f"{line}\n") == []


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("# spool: D:\\spool\\\nOPENAI_MODEL=a\n", [2]),
        ("  # a\\\\\\\nOPENAI_MODEL=a\nQUEUES=a\n", [2]),
        ("# a\n# b\\\nOPENAI_MODEL=a\n", [3]),
        ("# a\\\n# b\nOPENAI_MODEL=a\n", []),
        ("# a\\\\\nOPENAI_MODEL=a\n", []),
        ("# a\\ \nOPENAI_MODEL=a\n", []),
        ("# a\\\n\nOPENAI_MODEL=a\n", []),
        ("OPENAI_MODEL=a\n# a\\\n", []),
        ("OPENAI_MODEL=a\n# a\\", []),
    ],
)
def test_set009_finds_lines_that_systemd_takes_for_a_comment(
    context: MakeContext, text: str, lines: list[int]
) -> None:
    """A backslash at the end of the comment directly in front of a line hides the line."""
    findings = found(context, text)

    assert [finding.location and finding.location.line for finding in findings] == lines
    for finding in findings:
        assert finding.message == (
            "OPENAI_MODEL is read differently: systemd before 254 ignores the line."
        )
        assert finding.hint == "Remove the backslash at the end of the comment above."
        assert finding.severity is Severity.INFO


def test_set009_warns_of_a_secret_that_systemd_takes_for_a_comment(context: MakeContext) -> None:
    """What else is different about the line is another finding, whose hint would not help."""
    findings = found(context, f"# key \\\nENCRYPTION_KEY='{KEY}'\n")

    assert [finding.severity for finding in findings] == [Severity.WARNING] * 2
    assert [finding.message.rpartition(": ")[2] for finding in findings] == [
        "docker run keeps the quotes.",
        "systemd before 254 ignores the line.",
    ]


def test_set009_reports_lines_with_the_same_difference_together(context: MakeContext) -> None:
    """Many quoted values are one finding, which names six lines and counts the others."""
    text = "".join(f'OTHER_{number}="a b"\n' for number in range(9))
    (finding,) = found(context, f"{text}OPENAI_MODEL='a b'\n")

    assert finding.message == (
        "10 values are read differently: docker run keeps the quotes "
        "(lines 1, 2, 3, 4, 5, 6 and 4 more)."
    )
    assert finding.fields == ()


def test_set009_keeps_a_line_apart_that_a_suppression_names(context: MakeContext) -> None:
    """A suppression of one field accepts the finding of this field only."""
    made = context("OPENAI_MODEL='a b'\nEMBEDDING_MODEL='a b'\nGEMINI_MODEL='a b'\n")
    accepted = Suppression("SET009", "why", date.max, field="EMBEDDING_MODEL")
    findings = dialects.SET009.run(made.replace(suppressions=(accepted,)))

    assert {finding.fields for finding in findings} == {
        ("OPENAI_MODEL", "GEMINI_MODEL"),
        ("EMBEDDING_MODEL",),
    }


def test_set009_leaves_out_a_line_whose_value_the_class_rejects(context: MakeContext) -> None:
    """It has to change in any case; a line that another source overrides does not."""
    rejected = context("LLM_TIMEOUT_SECONDS=60 s\n")
    overridden = context("LLM_TIMEOUT_SECONDS=60 # s\n", {"LLM_TIMEOUT_SECONDS": "1m"})

    assert list(dialects.SET009.run(rejected)) == []
    (difference,) = dialects.SET009.run(overridden)
    assert difference.fields == ("LLM_TIMEOUT_SECONDS",)
    assert overridden.invalid == {"LLM_TIMEOUT_SECONDS"}


def test_set009_does_not_show_an_unknown_name(context: MakeContext) -> None:
    """The name may be a secret that was pasted into the file."""
    (finding,) = found(context, "pastedtoken='x'\n")

    assert finding.message.startswith("The variable on line 1 is read differently:")
    assert finding.hint == "Write NAME=value without quotes."


def test_set009_is_about_the_name_if_the_name_is_refused(context: MakeContext) -> None:
    """Advice about quotes would not help."""
    (finding,) = found(context, "MY.NAME='x y'\n")

    assert finding.hint is not None
    assert finding.hint.startswith("Rename the variable")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("DEBUG=1\r\nQUEUES=a\r\n", "has CRLF line ends, and bash reads each carriage return"),
        ("\ufeffDEBUG=1\n", "begins with a byte order mark, with which bash and systemd lose"),
    ],
)
def test_set009_reports_what_concerns_the_whole_file_once(
    context: MakeContext, text: str, problem: str
) -> None:
    """Line ends and a byte order mark concern every line."""
    assert [finding.message.startswith(f"worker.env {problem}") for finding in found(context, text)]
    assert len(found(context, text)) == 1


def test_set009_compares_with_pydantic_settings_for_another_class(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There, `${…}` is expanded in single quotes, too, and all other programs differ from that."""
    monkeypatch.chdir(tmp_path)
    Path("a.env").write_text("MODEL='${X}'\n")
    loaded = load(Settings, Options(("a.env",), settings=Foreign), environ={})
    (finding,) = dialects.SET009.run(context_of(loaded, Request(), date(2026, 1, 1)))

    assert "docker compose, docker run, systemd and bash do not expand `${…}`" in finding.message
