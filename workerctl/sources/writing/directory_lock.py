"""
An exclusive lock on a directory, so that no lock file is left behind.

It is an advisory POSIX lock: it excludes other users of this module, on this host.
"""

from __future__ import annotations

import time
from contextlib import suppress
from types import ModuleType

from workerctl.report.errors import EnvFileWriteError

_POLL_SECONDS = 0.01


def posix_locks(path: str) -> ModuleType:
    """
    Return the `fcntl` module. Raises EnvFileWriteError for `path` where it does not exist.
    """
    with suppress(ImportError):
        import fcntl

        return fcntl
    raise EnvFileWriteError(
        f"{path} cannot be changed safely on this system, which has no POSIX file locks.",
        "Print a key with `workerctl keygen` and add it to the file by hand.",
    )


def lock(directory: int, path: str, seconds: float) -> None:
    """
    Lock a directory, given as a descriptor, until the descriptor is closed.

    Raises EnvFileWriteError for `path`, a file in the directory, if another process still has the
    lock after `seconds`.
    """
    fcntl = posix_locks(path)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            fcntl.flock(directory, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_POLL_SECONDS)
        else:
            return
    raise EnvFileWriteError(
        f"{path} is in a directory that another process keeps locked.",
        "Wait for that process to end, then try again.",
    )
