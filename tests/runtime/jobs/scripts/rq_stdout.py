"""
Keep RQ's log off stdout, which is reserved for the answer of a script.
"""

import contextlib
import os
from collections.abc import Iterator


@contextlib.contextmanager
def stdout_for_answers() -> Iterator[None]:
    """
    Redirect stdout to stderr within the block, also for child processes.
    """
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
