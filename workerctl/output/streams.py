"""
Writing to standard streams that may be closed, full, or unable to encode a character.

This module imports as little as possible, because `workerctl keygen` depends on it.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would take longer than the work
    from collections.abc import Callable
    from typing import TextIO


def write(
    stream: TextIO | None,
    render: Callable[[TextIO], object],
    *,
    reader_may_leave: bool = True,
) -> bool:
    """
    Call `render(stream)` and flush the stream; return whether the output was delivered.

    `stream` is None if it was closed before the process started. A stream that fails is silenced.
    By default, output counts as delivered if a reader closes its end early, as `head` does.
    """
    if stream is None:
        return False
    try:
        render(stream)
        stream.flush()
    except (OSError, ValueError) as error:
        silence(stream)
        return reader_may_leave and isinstance(error, BrokenPipeError)
    return True


def say(stream: TextIO | None, *sentences: str | None) -> bool:
    """
    Write the sentences as one line; return whether it was delivered.

    Characters that the stream cannot encode are escaped. A failure raises no exception, because a
    message that cannot be written must not stop the program.
    """
    if stream is None:
        return False
    text = " ".join(sentence for sentence in sentences if sentence) + "\n"
    encoding = stream.encoding or "ascii"
    line = text.encode(encoding, "backslashreplace").decode(encoding)
    return write(stream, lambda open_stream: open_stream.write(line))


def silence(stream: TextIO) -> None:
    """
    Redirect a broken stream to the null device, so that the flush at interpreter exit succeeds.
    """
    try:
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
    except (OSError, ValueError):
        pass
