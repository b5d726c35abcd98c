"""
Undo what the import of a module in a temporary directory changes in this process.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType


@contextlib.contextmanager
def undone(directory: Path) -> Iterator[None]:
    """
    Forget the modules of the directory that the block imports, and restore `sys.path`.

    Installed packages stay imported: an extension module such as PyYAML's parser keeps the classes
    of its first import, and after a second one it would raise exceptions that nobody expects.
    """
    path, known = list(sys.path), set(sys.modules)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - known:
            if _is_in(directory, sys.modules[name]):
                del sys.modules[name]


def _is_in(directory: Path, module: ModuleType) -> bool:
    places = (getattr(module, "__file__", None), *getattr(module, "__path__", ()))
    return any((directory / place).is_relative_to(directory) for place in filter(None, places))
