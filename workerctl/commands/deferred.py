"""
Modules whose import is deferred until their first use.
"""

from __future__ import annotations

import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Deferred(ModuleType):
    """
    Placeholder for a module; the first access to an attribute imports the real module.
    """

    def __getattr__(self, name: str) -> Any:
        import importlib

        # A caller may keep using the placeholder after the real module has replaced it.
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def defer(name: str) -> None:
    """
    Defer the import of a module until it is used, unless it has been imported already.
    """
    if name not in sys.modules:
        sys.modules[name] = _Deferred(name)
