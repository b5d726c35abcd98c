"""
The import of a settings class by workerctl, during which calls for settings decide nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

LOCK = threading.RLock()
"""Held while a class is imported or built under another environment than that of the process."""

PATIENCE_SECONDS = 10.0
"""How long a thread waits for the import of a settings class in another one."""


class _Importer:
    """
    The thread that imports a settings class, or None.
    """

    thread: int | None = None


@contextmanager
def importing() -> Iterator[None]:
    """
    Until the context is left, calls for settings in this thread come from an imported module.
    """
    before, _Importer.thread = _Importer.thread, threading.get_ident()
    try:
        yield
    finally:
        _Importer.thread = before


def is_importing() -> bool:
    """
    Return whether a call for settings comes from a module that is imported for its class.

    Another thread may be importing that module, and wait for an import that this one has begun. A
    call that cannot wait for the end of the import counts as a part of it.
    """
    importer = _Importer.thread
    if importer in {None, threading.get_ident()}:
        return importer is not None
    is_free = LOCK.acquire(timeout=PATIENCE_SECONDS)
    if is_free:
        LOCK.release()
    return not is_free
