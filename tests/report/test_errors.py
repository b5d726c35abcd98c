"""
Tests of errors: message, hint, exit code, and that tracebacks contain no values.
"""

import copy
import pickle
import traceback

import pytest

from workerctl.report import errors
from workerctl.report.errors import (
    ConfigurationError,
    SourceError,
    UsageError,
    WorkerctlError,
    shielded,
)
from workerctl.report.exit_codes import ExitCode
from workerctl.report.findings import Finding, Location, Severity

FINDINGS = (
    Finding(
        "SET001",
        Severity.ERROR,
        "DEBUG must be true or false.",
        "Correct DEBUG.",
        ("DEBUG",),
        Location("env-file", ".env", 3),
    ),
    Finding("SET001", Severity.ERROR, "The settings class rejects the values as a whole."),
)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.UsageError, ExitCode.USAGE),
        (errors.SourceError, ExitCode.USAGE),
        (errors.ProjectError, ExitCode.USAGE),
        (errors.EnvFileWriteError, ExitCode.USAGE),
        (errors.RefusedError, ExitCode.FINDINGS),
        (errors.OutputError, ExitCode.INCOMPLETE),
    ],
)
def test_an_error_has_its_exit_code(error: type[WorkerctlError], code: ExitCode) -> None:
    """An error has an exit code, a message and an optional hint."""
    made = error("It is so.", "Do this.")

    assert (made.exit_code, made.message, made.hint, str(made)) == (
        code,
        "It is so.",
        "Do this.",
        "It is so.",
    )
    assert error("It is so.").hint is None


def test_a_configuration_error_lists_every_finding() -> None:
    """The text has the code, message, location and hint of every finding."""
    error = ConfigurationError(FINDINGS)

    assert error.findings == FINDINGS
    assert error.exit_code is ExitCode.FINDINGS
    assert str(error) == error.message
    assert str(error).splitlines() == [
        "The configuration has 2 errors:",
        "  SET001 DEBUG must be true or false. (.env:3)",
        "    Correct DEBUG.",
        "  SET001 The settings class rejects the values as a whole.",
    ]


@pytest.mark.parametrize(("count", "words"), [(0, "0 errors"), (1, "1 error"), (2, "2 errors")])
def test_the_number_of_errors_is_grammatical(count: int, words: str) -> None:
    """The noun agrees with the number."""
    first = str(ConfigurationError(FINDINGS[:count])).splitlines()[0]

    assert first == f"The configuration has {words}:"


def test_a_configuration_error_counts_warnings_apart_and_lists_them_last() -> None:
    """A warning does not prevent the start."""
    warning = FINDINGS[0].replace(code="ENV002", severity=Severity.WARNING, hint=None)

    assert str(ConfigurationError([warning, *FINDINGS])).splitlines() == [
        "The configuration has 2 errors:",
        "  SET001 DEBUG must be true or false. (.env:3)",
        "    Correct DEBUG.",
        "  SET001 The settings class rejects the values as a whole.",
        "and 1 warning:",
        "  ENV002 DEBUG must be true or false. (.env:3)",
    ]


def test_a_configuration_error_is_a_value_error() -> None:
    """Callers that do not know workerctl can catch ValueError."""
    with pytest.raises(ValueError, match="DEBUG must be"):
        raise ConfigurationError(iter(FINDINGS))


@pytest.mark.parametrize(
    "error", [ConfigurationError(FINDINGS), UsageError("It is so.", "Do this.")], ids=type
)
def test_an_error_can_be_pickled_and_copied(error: WorkerctlError) -> None:
    """Process pools and queues pickle the exceptions of a job."""
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 -- own data
        assert type(again) is type(error)
        assert vars(again) == vars(error)
        assert str(again) == str(error)


def _fails(value: str) -> None:
    raise SourceError(f"{len(value)} characters")


def test_a_shielded_error_has_no_inner_frames() -> None:
    """Local variables of the inner frames may hold values, and error trackers send them."""
    word = "swordfish"
    with pytest.raises(SourceError, match="9 characters") as caught:
        shielded(lambda length: _fails(word[:length]), 9)

    frames = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert frames[-1] == "shielded"
    assert caught.value.__context__ is None


def test_shielded_returns_the_result() -> None:
    """The result is returned, and other exceptions pass unchanged."""
    assert shielded(len, "abc") == 3
    with pytest.raises(TypeError):
        shielded(len, 3)  # type: ignore[arg-type]
