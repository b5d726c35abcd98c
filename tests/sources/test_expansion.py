"""
Tests of the expansion of `${NAME}`: as in python-dotenv, within limits of time and memory.
"""

import io
import time

import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from workerctl.sources import envfile
from workerctl.sources.expansion import RESULT_LIMIT, TOTAL_LIMIT, Expander, ExpansionError


def expanded(text: str, environ: dict[str, str] | None = None) -> dict[str, str]:
    """Return the expanded variables of an env file, where later lines win."""
    expander = Expander({} if environ is None else environ)
    return {
        entry.name: expander.expand(entry.name, entry.value, entry.quote)
        for entry in envfile.parse(text, ".env").entries
        if entry.name is not None and entry.value is not None
    }


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("${A}", "a"),
        ("x${A}y", "xay"),
        ("${A}${A}", "aa"),
        ("${MISSING}", ""),
        ("${MISSING:-d}", "d"),
        ("${MISSING:-}", ""),
        ("${A:-d}", "a"),
        ("${EMPTY:-d}", ""),
        ("${OUTER}", "outer"),
        ("${A", "${A"),
        ("$A", "$A"),
        ("$${A}", "$a"),
        ("${}", ""),
        ("${A:-${B}}", "a}"),
        ("${MISSING-d}", ""),
        ("plain", "plain"),
        ("", ""),
    ],
)
def test_a_reference_becomes_the_value(value: str, result: str) -> None:
    """A reference takes an earlier value, else the environment, else the default after `:-`."""
    expander = Expander({"OUTER": "outer", "A": "hidden"})
    expander.expand("A", "a", "")
    expander.expand("EMPTY", "", "")

    assert expander.expand("B", value, "") == result
    assert expander.expand("C", value, '"') == result
    assert expander.expand("D", value, "'") == value


def test_a_reference_sees_earlier_lines() -> None:
    """A reference does not see later lines, and sees the last value of a repeated name."""
    text = "B=${A}\nA=1\nC=${A}\nA=2\nD=${A}${C}\n"

    assert expanded(text) == {"B": "", "A": "2", "C": "1", "D": "21"}


def test_names_of_an_earlier_file_are_known() -> None:
    """One expander is used for all files of a run."""
    expander = Expander({})
    expander.expand("HOST", "db", "")

    assert expander.expand("URL", "http://${HOST}", "") == "http://db"


NAMES = st.sampled_from(["A", "B", "C", "OUTER"])
PIECES = st.one_of(
    st.sampled_from(["${", "}", "$", ":-", "{", ":", "-", "x", " ", "\\n", "é"]),
    st.builds("${{{}}}".format, NAMES),
    st.builds("${{{}:-{}}}".format, NAMES, st.sampled_from(["", "d", "$", "{"])),
)
VALUES = st.lists(PIECES, max_size=8).map("".join)


@given(st.lists(st.tuples(NAMES, VALUES, st.sampled_from(["", '"'])), max_size=6))
def test_it_equals_python_dotenv(lines: list[tuple[str, str, str]]) -> None:
    """Unquoted and double-quoted values are expanded as python-dotenv does."""
    text = "".join(f"{name}={quote}{value}{quote}\n" for name, value, quote in lines)

    assert expanded(text) == dotenv_values(stream=io.StringIO(text), interpolate=True)


def test_it_equals_python_dotenv_in_an_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values of the files take precedence over the environment."""
    monkeypatch.setenv("WORKERCTL_TEST_OUTER", "outer")
    text = (
        "A=${WORKERCTL_TEST_OUTER}\nWORKERCTL_TEST_OUTER=inner\n"
        'B="${WORKERCTL_TEST_OUTER:-d}"\nC=${WORKERCTL_TEST_NONE:-d}\n'
    )
    environ = {"WORKERCTL_TEST_OUTER": "outer"}

    assert expanded(text, environ) == dotenv_values(stream=io.StringIO(text), interpolate=True)
    assert expanded(text, environ)["A"] == "outer"
    assert expanded(text)["A"] == ""


def test_one_value_has_a_limit() -> None:
    """A value of 64 Ki characters is expanded, and one more character is refused."""
    expander = Expander({})
    expander.expand("A", "x" * RESULT_LIMIT, "")

    assert len(expander.expand("B", "${A}", "")) == RESULT_LIMIT
    with pytest.raises(ExpansionError):
        expander.expand("C", "${A}x", "")


def test_a_refused_value_is_unknown_to_later_ones() -> None:
    """A refused value counts as not set, and its text is not in the error."""
    expander = Expander({})
    expander.expand("A", "x" * RESULT_LIMIT, "")
    with pytest.raises(ExpansionError) as caught:
        expander.expand("B", "${A}${A}", "")

    assert str(caught.value) == ""
    assert expander.expand("C", "${B:-unknown}", "") == "unknown"


def test_all_values_together_have_a_limit() -> None:
    """After a mebibyte of expanded text, only values without references are accepted."""
    expander = Expander({})
    expander.expand("A", "x" * RESULT_LIMIT, "")
    for number in range(TOTAL_LIMIT // RESULT_LIMIT):
        expander.expand(f"B{number}", "${A}", "")

    with pytest.raises(ExpansionError):
        expander.expand("C", "${A}", "")
    assert expander.expand("D", "plain", "") == "plain"


def test_all_work_together_has_a_limit() -> None:
    """The work for all values is limited, not only that for each of them."""
    expander = Expander({})
    with pytest.raises(ExpansionError):
        expander.expand("A", "${" * 300, "")
    refused = 0
    for number in range(100):
        try:
            expander.expand(f"A{number}", "${" * 200, "")
        except ExpansionError:
            refused += 1

    assert 0 < refused < 50


def test_a_value_without_a_reference_has_no_limit() -> None:
    """A value without a reference does not grow, so its length is not limited."""
    value = "x" * (2 * RESULT_LIMIT)

    assert Expander({}).expand("A", value, "") == value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("A=" + "${" * 40_000, id="open braces"),
        pytest.param("A=" + "${A}" * 200_000, id="many references"),
        pytest.param("A=" + "${A:-" * 100_000 + "}" * 100_000, id="nested defaults"),
        pytest.param("A=" + "${A:-x" * 500 + "\n", id="unclosed defaults"),
        pytest.param("A=x\n" + "A=${A}${A}\n" * 80_000, id="doubling"),
        pytest.param(
            "A=x\n" + "".join(f"A{n + 1}=${{A{n}}}${{A{n}}}\n" for n in range(64)), id="a chain"
        ),
        pytest.param(f"A={'x' * 60_000}\n" + "B=${A}\n" * 100_000, id="a long value, often"),
        pytest.param(("A=" + "${" * 200 + "\n") * 2_500, id="as much work as is allowed, often"),
    ],
)
def test_hostile_text_is_bounded(text: str) -> None:
    """A mebibyte of any text takes seconds and a few megabytes."""
    entries = envfile.parse(text, ".env").entries
    expander = Expander({})
    started = time.process_time()
    for entry in entries:
        try:
            expander.expand(entry.name or "", entry.value or "", entry.quote)
        except ExpansionError:
            continue

    assert time.process_time() - started < 10
    assert sum(map(len, expander._known.values())) < 4 * TOTAL_LIMIT
