"""
RQ writes its log to stdout, where the answer of a script should be alone.
"""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def stdout_for_answers() -> Iterator[None]:
    """
    What is written to stdout in the block, by children also, goes to stderr.
    """
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
