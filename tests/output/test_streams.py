"""
Tests of writing to streams that are closed, full, disconnected or of a limited encoding.
"""

import io
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from workerctl.output.streams import say, silence


@pytest.fixture(name="disconnected")
def _disconnected() -> Iterator[TextIO]:
    """Yield a pipe whose reader has closed its end."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", encoding="utf-8") as stream:  # noqa: PTH123 -- a descriptor
        yield stream


def written(encoding: str, *sentences: str | None) -> bytes:
    """Return what is written to a stream of this encoding."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    assert say(stream, *sentences)
    return stream.buffer.getvalue()


def test_sentences_become_one_line() -> None:
    """Sentences that are None or empty are left out, and the line is flushed."""
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
def test_a_letter_that_cannot_be_encoded_is_escaped(encoding: str, line: bytes) -> None:
    """A letter outside the encoding is escaped: nothing is lost, and nothing raises."""
    assert written(encoding, "é • \udcff") == line


def test_a_stream_without_an_encoding_gets_ascii() -> None:
    """A stream without an encoding receives ASCII."""
    stream = io.StringIO()

    assert say(stream, "é")
    assert stream.getvalue() == "\\xe9\n"


def test_a_missing_stream_is_not_an_error() -> None:
    """Python represents a stream that was closed before the start as None."""
    assert not say(None, "It is so.")


def test_a_closed_stream_is_not_an_error() -> None:
    """The return value says that nothing was written."""
    stream = io.TextIOWrapper(io.BytesIO(), "utf-8")
    stream.close()

    assert not say(stream, "It is so.")


def test_a_reader_that_left_is_not_an_error(disconnected: TextIO) -> None:
    """The line counts as written, and the flush at the end of the program does not fail."""
    assert say(disconnected, "It is so.")
    assert say(disconnected, "It is so again.")
    disconnected.flush()


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_a_full_disk_is_reported() -> None:
    """The return value says that the line was lost; later lines are discarded without an error."""
    with Path("/dev/full").open("w", encoding="utf-8") as stream:
        assert not say(stream, "It is so.")
        assert say(stream, "It is so again.")


def test_silencing_leaks_no_descriptor(disconnected: TextIO) -> None:
    """Silencing a stream, with or without a descriptor, leaves no descriptor open."""
    before = len(os.listdir("/dev/fd"))  # noqa: PTH208 -- entries may vanish

    silence(disconnected)
    silence(io.StringIO())
    assert len(os.listdir("/dev/fd")) == before  # noqa: PTH208 -- see above
