"""
Tests of the checks of the encryption key: set, well-formed, strong, usable.
"""

import subprocess
import sys
from datetime import date

import pytest

from tests.support.configurations import KEY, MakeContext
from workerctl.checks.engine.run import run
from workerctl.checks.keys import encryption
from workerctl.checks.table import CHECKS
from workerctl.report.findings import Location, Severity, Suppression
from workerctl.report.results import Status

GRADES = [
    ("development", Severity.WARNING),
    ("staging", Severity.ERROR),
    ("production", Severity.ERROR),
]


@pytest.mark.parametrize(("env", "severity"), GRADES)
def test_key001_requires_a_key(context: MakeContext, env: str, severity: Severity) -> None:
    """
    A missing key is reported at the line that requires it, or at the line that sets it to nothing.
    """
    missing = list(encryption.KEY001.run(context(f"ENV={env}\n")))
    empty = list(encryption.KEY001.run(context(f"ENV={env}\n\nENCRYPTION_KEY=\n")))

    assert [(finding.severity, finding.location) for finding in missing + empty] == [
        (severity, Location("env-file", "worker.env", 1)),
        (severity, Location("env-file", "worker.env", 3)),
    ]


@pytest.mark.parametrize(("env", "severity"), GRADES)
@pytest.mark.parametrize("key", [KEY[:-1], KEY + "0", KEY[:-1] + "g", f"'{KEY} '"])
def test_key002_judges_the_form_in_every_environment(
    context: MakeContext, env: str, severity: Severity, key: str
) -> None:
    """Anything but 64 hexadecimal characters is reported, without a part of the text."""
    found = list(encryption.KEY002.run(context(f"ENV={env}\nENCRYPTION_KEY={key}\n")))

    assert [finding.severity for finding in found] == [severity]
    assert KEY[:6] not in found[0].message


@pytest.mark.parametrize(("env", "severity"), GRADES)
def test_key003_refuses_a_guessable_key(context: MakeContext, env: str, severity: Severity) -> None:
    """A well-formed key with a pattern is reported."""
    found = list(encryption.KEY003.run(context(f"ENV={env}\nENCRYPTION_KEY={'a' * 64}\n")))

    assert [finding.severity for finding in found] == [severity]


def test_a_good_key_passes_all_four(context: MakeContext) -> None:
    """A random key passes all four checks."""
    results = run(context(f"ENV=production\nENCRYPTION_KEY={KEY}\n"), CHECKS)

    judged = {result.code: result.status for result in results}
    for code in ("KEY001", "KEY002", "KEY003", "KEY004"):
        assert judged[code] == Status.PASSED


def test_key004_reports_that_cryptography_does_not_load() -> None:
    """A missing cryptography package is reported by the type of its exception."""
    program = f"""
import sys
from datetime import date
sys.modules["cryptography"] = None
from workerctl.keyring import round_trip_failure
print(round_trip_failure("{KEY}"))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "ModuleNotFoundError\n"


def test_key004_finding_carries_no_key(context: MakeContext) -> None:
    """The finding names the exception's type only."""
    found = list(encryption.KEY004.run(context("ENCRYPTION_KEY=not-a-key\n")))

    assert [(finding.code, finding.severity) for finding in found] == [("KEY004", Severity.ERROR)]
    assert "ValueError" in found[0].message


def test_checks_of_a_key_are_skipped_if_a_missing_key_is_accepted(
    context: MakeContext,
) -> None:
    """If KEY001 is suppressed, the checks of the key itself are skipped and do not crash."""
    accepted = Suppression("KEY001", "no personal data here", date.max)
    judged = run(context("").replace(suppressions=(accepted,)), CHECKS)
    ended = {result.code: (result.status, result.reason) for result in judged}
    assert ended["KEY001"] == (Status.PASSED, None)
    assert ended["KEY003"] == ended["KEY004"] == (Status.SKIPPED, "ENCRYPTION_KEY is not set")
