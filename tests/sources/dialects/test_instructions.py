"""
Tests of comments in env files that suppress findings: what they cover, and what is not valid.
"""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaks.oracle import Mint
from workerctl.report.errors import SourceError
from workerctl.report.findings import Finding, Location, Severity
from workerctl.sources.dialects.instructions import suppressions

UNTIL = "until 2027-01-31"
IGNORE = f"# workerctl: ignore[ABC001] {UNTIL} why"


def lines(text: str) -> list[int | None]:
    """
    Return the line that each suppression covers, None for the whole file.
    """
    return [one.place.line for one in suppressions("a.env", text) if one.place is not None]


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        (f"A=b {IGNORE}\n", [1]),
        (f"A=b\t{IGNORE}", [1]),
        (f"A='b # c' {IGNORE}\n", [1]),
        (f'A="b\nc" {IGNORE}\n', [1]),
        (f"export A=b {IGNORE}\n", [1]),
        (f"A {IGNORE}\n", [1]),
        (f"B=1\nA=b #workerctl: ignore[ABC001] {UNTIL} why\n", [2]),
        (f"B=1\n\n{IGNORE}\nA=b\n", [4]),
        (f"B=1\r\n\r\n  {IGNORE}\r\nA=b\r\n", [4]),
        (f"B=1\n{IGNORE}\n# the tunnel\nA=b\n", [4]),
        (f"{IGNORE}\nA=b\n", [2]),
        (f"B=1\n{IGNORE}\nnot an assignment\n", [3]),
        (f"{IGNORE}\n\nA=b\n", [None]),
        (f"{IGNORE}\n", [None]),
        (f"# team\n\n{IGNORE}\n \nA=b\n", [None]),
        (f"{IGNORE.replace('ignore', 'ignore-file')}\nA=b\n", [None]),
        (f"B=1\n# workerctl: ignore[abc001 , ABC002] {UNTIL} why\nA=b\n", [3, 3]),
    ],
)
def test_a_comment_covers_its_line_or_the_file(text: str, covered: list[int | None]) -> None:
    """The line is that of the statement; a comment at the top, before a blank line, is for all."""
    assert lines(text) == covered


@pytest.mark.parametrize(
    "text",
    [
        f"A={IGNORE}\n",
        f"A= {IGNORE}\n",
        f"A='b {IGNORE}'\n",
        f"A=b{IGNORE}\n",
        f"A=b # see {IGNORE}\n",
        f"not an assignment {IGNORE}\n",
        "# how to write workerctl: in a comment\nA=b\n",
        "A=b\n",
    ],
)
def test_what_is_not_a_comment_suppresses_nothing(text: str) -> None:
    """python-dotenv decides where a value ends; other comments may mention workerctl."""
    assert suppressions("a.env", text) == ()


@pytest.mark.parametrize(
    ("comment", "problem"),
    [
        ("workerctl:", "is not an instruction for workerctl"),
        ("workerctl: ignored[ABC001] until 2027-01-31 why", "is not an instruction for workerctl"),
        ("workerctl: disable", "is not an instruction for workerctl"),
        ("workerctl: ignore", "has no codes in brackets"),
        ("workerctl: ignore[] until 2027-01-31 why", "has no codes in brackets"),
        ("workerctl: ignore[ABC001,] until 2027-01-31 why", "has no codes in brackets"),
        ("workerctl: ignore ABC001 until 2027-01-31 why", "has no codes in brackets"),
        ("workerctl: ignore[ABC001] why", "has no date `until`"),
        ("workerctl: ignore[ABC001] until tomorrow why", "has no date `until`"),
        ("workerctl: ignore[ABC001] until 2027-02-30 why", "has no date `until`"),
        ("workerctl: ignore[ABC001] until 2027-01-31T00:00 why", "has no date `until`"),
        ("workerctl: ignore[ABC001] until 2027-01-31", "has no reason after its date"),
    ],
)
@pytest.mark.parametrize("form", ["A=b\n\nB=c # {}\n", "A=b\n\n# {}\nB=c\n"])
def test_a_malformed_comment_is_an_error_that_names_its_line(
    form: str, comment: str, problem: str
) -> None:
    """A suppression that silently does not apply would surprise; so would one without an end."""
    with pytest.raises(SourceError) as caught:
        suppressions("deploy/a.env", form.format(comment))

    assert caught.value.message == f"The comment at deploy/a.env:3 {problem}."
    assert caught.value.hint == (
        "Write `# workerctl: ignore[ENV005] until 2027-01-31`, and then the reason."
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"A=b\n{IGNORE}\n\nB=c\n", "The comment at a.env:2 belongs to no assignment."),
        (f"A=b\n{IGNORE}", "The comment at a.env:2 belongs to no assignment."),
        (
            f"A=b\n{IGNORE.replace('ignore', 'ignore-file')}\nB=c\n",
            "The comment at a.env:2 is for the whole file, but stands below its beginning.",
        ),
    ],
)
def test_a_comment_that_would_cover_nothing_is_an_error(text: str, message: str) -> None:
    """It stands where neither a line nor the file can be meant."""
    with pytest.raises(SourceError, match=message.replace(".", r"\.")):
        suppressions("a.env", text)


def test_an_error_shows_nothing_of_the_comment() -> None:
    """A secret may stand in it, even where a word of the instruction belongs."""
    secret = Mint(1).token()
    with pytest.raises(SourceError) as caught:
        suppressions("a.env", f"A=b # workerctl: {secret}[{secret}] until {secret} {secret}\n")

    assert secret not in f"{caught.value.message} {caught.value.hint} {caught.value.__context__}"


def test_a_suppression_matches_by_place() -> None:
    """A finding on another line, in another file or without a location stays."""
    (on_line,) = suppressions("a.env", f"A=b {IGNORE}\n")
    (of_file,) = suppressions("a.env", f"{IGNORE}\n\nA=b\n")
    found = Finding("ABC001", Severity.ERROR, "x", location=Location("env-file", "a.env", 1))

    assert (on_line.reason, on_line.until) == ("why", date(2027, 1, 31))
    assert on_line.matches(found)
    assert not on_line.matches(found.replace(code="ABC002"))
    assert not on_line.matches(found.replace(location=Location("env-file", "a.env", 2)))
    assert not on_line.matches(found.replace(location=Location("env-file", "b.env", 1)))
    assert not on_line.matches(found.replace(location=None))
    assert of_file.matches(found)
    assert of_file.matches(found.replace(location=Location("env-file", "a.env")))
    assert not of_file.matches(found.replace(location=Location("environment")))


PIECES = (
    *"A=b\n\r '\"#[],\\é\u2028",
    *("workerctl:", " # ", "ignore", "-file", "[A1]", " until ", " 2027-01-31", " why", "\n"),
    *("export ", IGNORE),
)


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    """
    A comment covers a line of the file that it is in, or the file.
    """
    try:
        found = suppressions("a.env", text)
    except SourceError:
        return
    for one in found:
        assert one.place is not None
        assert one.written is not None
        line, written = one.place.line, one.written.line or 0
        assert line is None or written <= line <= len(text) + 1
        assert one.reason.strip() == one.reason != ""
