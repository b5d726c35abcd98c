"""
Tests of suppressions in comments of env files: with `check`, when a worker boots, in messages.
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.leaks.oracle import Mint
from tests.support.configurations import MakeLoaded
from workerctl.preflight import Request, judge
from workerctl.report.errors import ConfigurationError, SourceError
from workerctl.report.findings import Location
from workerctl.report.results import Report
from workerctl.settings import get_settings

Run = Callable[..., CompletedProcess[str]]

TODAY = date(2026, 6, 1)
DEBUG = "DEBUG=true"


def written(path: Path, old: str, new: str) -> None:
    """
    Replace a line of a file.
    """
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture(name="debugging")
def _debugging(good: Path) -> Path:
    """
    Return an env file whose only error is that DEBUG is on.
    """
    good.write_text(f"{good.read_text()}{DEBUG}\n")
    return good


@pytest.mark.parametrize(
    "new",
    [
        f"{DEBUG} # workerctl: ignore[ENV003,SET009] until 2026-06-01 a demo",
        f"# workerctl: ignore[ENV003] until 2026-06-01 a demo\n{DEBUG}",
    ],
)
def test_a_comment_suppresses_what_is_found_on_its_line(
    call: Run, debugging: Path, new: str
) -> None:
    """The finding stays in the report, with the reason and the date, and fails nothing."""
    assert call("check", debugging.name).returncode == 1
    written(debugging, DEBUG, new)
    done = call("check", debugging.name, "--fail-on", "warning")

    assert done.returncode == 0
    assert "suppressed until 2026-06-01: a demo" in done.stdout


def test_a_comment_at_the_top_is_for_the_file(call: Run, debugging: Path) -> None:
    """The findings of other files stay."""
    text = debugging.read_text()
    debugging.write_text(f"# workerctl: ignore[ENV003] until 2026-06-01 a demo\n\n{text}")
    Path("other.env").write_text(f"{DEBUG}\n")

    assert call("check", debugging.name).returncode == 0
    both = ("--env-file", debugging.name, "--env-file", "other.env")
    assert call("check", *both).returncode == 1


@pytest.mark.parametrize(
    ("comment", "message", "hint"),
    [
        (
            "ignore[ENV03]",
            "There is no code ENV03, which good.env:9 names.",
            "Did you mean ENV003?",
        ),
        (
            "ignore[SET001]",
            "SET001 cannot be suppressed at good.env:9: all other results depend on it.",
            "Delete the comment.",
        ),
        ("ignored[ENV003]", "The comment at good.env:9 is not an instruction for workerctl.", ""),
    ],
)
def test_a_comment_that_is_not_valid_is_an_error(
    call: Run, debugging: Path, comment: str, message: str, hint: str
) -> None:
    """Nothing is checked, because nobody knows what was meant."""
    written(debugging, DEBUG, f"# workerctl: {comment} until 2026-06-01 a demo\n{DEBUG}")
    done = call("check", debugging.name)

    assert done.returncode == 2
    assert message in done.stderr
    assert hint in done.stderr


def test_expired_and_unused_comments_are_findings(call: Run, debugging: Path) -> None:
    """SUP001 is located at the comment, and says what to do with it."""
    expired = "# workerctl: ignore[ENV003] until 2026-05-31 a demo"
    unused = "# workerctl: ignore[KEY002] until 2026-06-01 a demo"
    written(debugging, DEBUG, f"{expired}\n{unused}\n{DEBUG}")
    done = call("check", debugging.name)

    assert done.returncode == 1
    assert (
        "SUP001 The suppression of ENV003 in a comment expired on 2026-05-31.\n"
        "           good.env:9 → Resolve the finding, or decide again and extend `until`.\n"
    ) in done.stdout
    assert (
        "SUP001 The suppression of KEY002 in a comment suppresses nothing.\n"
        "           good.env:10 → Delete the comment.\n"
    ) in done.stdout


def _judged(make: MakeLoaded, text: str) -> Report:
    return judge(make(text), Request(), TODAY)


@pytest.mark.parametrize("code", ["SET002", "SET009"])
def test_a_line_is_not_reported_with_others(loaded: MakeLoaded, code: str) -> None:
    """A check that reports several lines in one finding leaves out the one that is suppressed."""
    text = (
        "TOOL_A=one # two\n"
        f"# workerctl: ignore[{code}] until 2026-06-01 another program\n"
        "TOOL_B=one # two\n"
        "TOOL_C=one # two\n"
    )
    (result,) = (each for each in _judged(loaded, text).results if each.code == code)
    lines = {
        (None if each.location is None else each.location.line, each.suppressed is not None)
        for each in result.findings
    }

    assert lines == {(1, False), (3, True)}


def test_a_reason_shows_no_secret(loaded: MakeLoaded) -> None:
    """Neither one of the configuration nor one that has the shape of a token."""
    own, old = Mint(1).token(), Mint(2).key()
    report = _judged(
        loaded,
        f"OPENAI_API_KEY={own}\n"
        f"# workerctl: ignore[ENV003] until 2026-06-01 was {own}, before that {old}, see 12\n"
        f"ENV=production\n{DEBUG}\n",
    )
    shown = repr(report)

    assert own not in shown
    assert old not in shown


def test_a_reason_is_shown_otherwise(loaded: MakeLoaded) -> None:
    """Only what is secret is masked."""
    comment = "# workerctl: ignore[ENV003] until 2026-06-01 ticket 12, see docs/a.md"
    report = _judged(loaded, f"ENV=production\n{comment}\n{DEBUG}\n")
    found = [each for result in report.results for each in result.findings if each.suppressed]

    assert [each.suppressed.reason for each in found if each.suppressed] == [
        "ticket 12, see docs/a.md"
    ]
    assert found[0].location == Location("env-file", "worker.env", 3)


def test_a_worker_boots_with_what_a_comment_suppresses(
    good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`get_settings` accepts the same findings as `check`, and refuses a malformed comment."""
    monkeypatch.setenv("WORKERCTL_ENV_FILE", good.name)
    line = "ENCRYPTION_KEY="
    text = good.read_text().replace(line, "OTHER=")
    get_settings.cache_clear()
    good.write_text(text)
    with pytest.raises(ConfigurationError, match="KEY001"):
        get_settings()
    # KEY001 is found where the environment is named, because nothing sets the key.
    good.write_text(f"# workerctl: ignore[KEY001] until 2999-01-01 no personal data\n{text}")
    assert get_settings().ENV == "production"
    get_settings.cache_clear()
    good.write_text(f"# workerctl: ignore[KEY001] no personal data\n{text}")
    with pytest.raises(SourceError, match=r"The comment at good\.env:1 has no date"):
        get_settings()
    get_settings.cache_clear()
