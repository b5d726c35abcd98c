"""
Modules whose import is deferred until their first use.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class _Deferred(ModuleType):
    """
    Placeholder for a module; the first access to an attribute imports the real module.
    """

    def __getattr__(self, name: str) -> Any:
        # A caller may keep using the placeholder after the real module has replaced it.
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def defer(name: str, *functions: str) -> None:
    """
    Defer the import of a module until it is used, unless it has been imported already.

        defer("importlib.metadata", "entry_points")

    To import one of `functions` from the module does not count as its use, only to call it does.
    """
    if name in sys.modules:
        return
    module = _Deferred(name)
    module.__spec__ = ModuleSpec(name, None)  # without one, importlib.util.find_spec fails
    for function in functions:
        setattr(module, function, _deferred_function(module, function))
    parent, _, last = name.rpartition(".")
    if parent:
        # The import system does both when it loads a submodule, and `from` asks for the path.
        package = importlib.import_module(parent)
        module.__path__ = [f"{path}/{last}" for path in package.__path__]
        setattr(package, last, module)
    sys.modules[name] = module


def _deferred_function(module: _Deferred, name: str) -> Callable[..., Any]:
    def call(*arguments: Any, **named: Any) -> Any:
        return module.__getattr__(name)(*arguments, **named)

    return call
