"""
Writing to standard streams that may be closed, full, narrow of mind about letters, or gone.

Imports next to nothing: `workerctl keygen` starts through here.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing typing would take longer than the work
    from typing import TextIO


def say(stream: "TextIO | None", *sentences: str | None) -> bool:
    """
    Write a line to a stream, if there is one: what cannot be said must not stop the work.

    Returns whether it was written; a reader that left has heard enough.
    """
    if stream is None:
        return False
    text = " ".join(sentence for sentence in sentences if sentence) + "\n"
    encoding = stream.encoding or "ascii"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except (OSError, ValueError) as error:
        silence(stream)
        return isinstance(error, BrokenPipeError)
    return True


def silence(stream: "TextIO") -> None:
    """
    Point a broken stream at nothing, so that the interpreter's last flush does not fail on it.
    """
    try:
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
    except (OSError, ValueError):
        pass
