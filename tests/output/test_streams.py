"""
Standard streams that are closed, full, gone or narrow of mind.
"""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from workerctl.output.streams import say, silence


@pytest.fixture(name="left")
def _left() -> Iterator[TextIO]:
    """A pipe whose reader has left."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as stream:  # noqa: PTH123 -- a descriptor
        yield stream


def written(encoding: str, *sentences: str | None) -> bytes:
    """What arrives in a stream of this encoding."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    assert say(stream, *sentences)
    return stream.buffer.getvalue()


def test_sentences_become_one_line() -> None:
    """What is None or empty is left out, and the line is out at once."""
    assert written("utf-8", "It is so.", None, "", "Do this.") == b"It is so. Do this.\n"
    assert written("utf-8") == b"\n"


@pytest.mark.parametrize(
    ("encoding", "line"),
    [
        ("utf-8", "é • \udcff\n".encode("utf-8", "backslashreplace")),
        ("ascii", b"\\xe9 \\u2022 \\udcff\n"),
        ("latin-1", b"\xe9 \\u2022 \\udcff\n"),
    ],
)
def test_a_letter_that_a_stream_does_not_know_is_escaped(encoding: str, line: bytes) -> None:
    """Nothing is lost, and nothing is raised."""
    assert written(encoding, "é • \udcff") == line


def test_a_stream_without_an_encoding_gets_ascii() -> None:
    """One that is made of strings says nothing of bytes."""
    stream = io.StringIO()

    assert say(stream, "é")
    assert stream.getvalue() == "\\xe9\n"


def test_a_missing_stream_is_no_reason_to_fail() -> None:
    """Python has None for a stream that was closed before the start."""
    assert not say(None, "It is so.")


def test_a_closed_stream_is_no_reason_to_fail() -> None:
    """It was not written, and that is said."""
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8")
    stream.close()

    assert not say(stream, "It is so.")


def test_a_reader_that_left_has_heard_enough(left: TextIO) -> None:
    """The work counts as done, and the flush at the end of the program does not fail."""
    assert say(left, "It is so.")
    assert say(left, "It is so again.")
    left.flush()


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_is_told() -> None:
    """The line was lost; later ones go nowhere, without an error."""
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        assert not say(stream, "It is so.")
        assert say(stream, "It is so again.")


def test_silencing_leaks_no_descriptor(left: TextIO) -> None:
    """Neither for a real stream nor for one without a descriptor."""
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 -- entries come and go

    silence(left)
    silence(io.StringIO())
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208 -- see above
