"""
Exit without a traceback if a worker must not start, although RQ's command line would show one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from workerctl.report.errors import WorkerctlError


@contextlib.contextmanager
def without_traceback() -> Iterator[None]:
    """
    Raise SystemExit in place of a WorkerctlError: Python writes its message and exits with 1.
    """
    try:
        yield
    except WorkerctlError as error:
        text = f"{error.message}\n{error.hint}" if error.hint else error.message
    else:
        return
    raise SystemExit(text)
