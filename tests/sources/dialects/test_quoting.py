"""
What is written as a value is read back as it is, by workerctl and by the real python-dotenv.
"""

import io
import os
from unittest.mock import patch

import pytest
from dotenv import dotenv_values
from hypothesis import example, given
from hypothesis import strategies as st

from workerctl.sources import envfile
from workerctl.sources.dialects.quoting import quoted
from workerctl.sources.expansion import Expander

_PIECES = ["\\", "'", '"', "$", "${HOME}", "${X:-a}", "{", "}", "`", " ", "#", " #", "=", "a", "é"]
_TEXTS = st.lists(st.sampled_from(_PIECES) | st.characters(codec="utf-8"), max_size=8).map("".join)
# A form whose quote is not closed would be read on to one of these lines, and lose them.
_AFTER = "\nB=\"b\"\nC='c'\nD=d\n"
_REST = {"B": "b", "C": "c", "D": "d"}


@given(_TEXTS)
@example("D:\\spool\\")
@example("it\\'s")
@example('{"re":"a\\\\b"}')
@example("'")
@example('"')
def test_python_dotenv_reads_back_what_is_written(text: str) -> None:
    """It expands `${NAME}` whatever the quotes are, and loses nothing of what follows."""
    form = quoted("A", text, literal_quotes=False)

    assert form is not None or "${" in text or not text.isprintable()
    if form is not None:
        with patch.dict(os.environ, {"HOME": "/home/me", "X": "x"}, clear=True):
            read = dotenv_values(stream=io.StringIO(f"A={form}{_AFTER}"))
        assert read == {"A": text, **_REST}


@given(_TEXTS)
@example("it's ${HOME}")
def test_workerctl_reads_back_what_is_written(text: str) -> None:
    """It does not expand anything in single quotes, so that every line of text has a form."""
    form = quoted("A", text, literal_quotes=True)

    assert (form is None) <= (not text.isprintable())
    if form is not None:
        expander = Expander({"HOME": "/home/me", "X": "x"})
        entries = envfile.parse(f"A={form}{_AFTER}", "").entries
        read = {one.name: expander.expand("A", one.value or "", one.quote) for one in entries}
        assert read == {"A": text, **_REST}


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("fast,slow", "fast,slow"),
        ("", ""),
        ('["a","b"]', '["a","b"]'),
        ("two words", "'two words'"),
        ("D:\\spool", "'D:\\spool'"),
        ("D:\\spool\\", '"D:\\\\spool\\\\"'),
        ("it's", '"it\'s"'),
        ("one\ntwo", '"one\\ntwo"'),
        ("it's ${HOME}", "'it\\'s ${HOME}'"),
    ],
)
def test_the_form_is_the_one_that_most_programs_read_alike(text: str, form: str) -> None:
    """Quotes and escapes are added only where they are needed."""
    assert quoted("A", text, literal_quotes=True) == form


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("A", "\x1b"),
        ("A", f"a{' ' * 300}b"),
        ("A", "'" + "${X}" * 500),
        ("a name", "a"),
        ("#A", "a"),
    ],
)
def test_what_cannot_be_read_back_has_no_form(name: str, text: str) -> None:
    """So is a text that takes too long to read, and a name that no line can set."""
    assert quoted(name, text, literal_quotes=False) is None
