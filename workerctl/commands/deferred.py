"""
Modules that are imported when something looks into them.
"""

import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class _Deferred(ModuleType):
    """
    Stands for a module until the first look into it, which imports the real one.
    """

    def __getattr__(self, name: str) -> "Any":
        import importlib

        # `from module import name` asks again while the import is under way
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def defer(name: str) -> None:
    """
    Let `import name` cost nothing until the module is used, unless it is imported already.
    """
    if name not in sys.modules:
        sys.modules[name] = _Deferred(name)
