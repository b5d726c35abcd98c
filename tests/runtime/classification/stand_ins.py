"""
Classes that stand in for those of packages that are not installed here.
"""

import subprocess
import sys
from typing import Any

MARK = "sw0rdfish"
FOREIGN = frozenset(
    {
        *("openai", "anthropic", "google", "httpx", "httpx2", "httpcore", "httpcore2", "anyio"),
        *("requests", "urllib3", "aiohttp", "storage3", "postgrest", "redis", "psycopg", "rq"),
        *("stamina", "tenacity", "typer", "rich", "cryptography"),
    }
)
ALONE = """
import sys, types
from pathlib import Path
import workerctl
package = types.ModuleType("workerctl.runtime")  # without what its front imports
package.__path__ = [str(Path(workerctl.__file__).with_name("runtime"))]
sys.modules["workerctl.runtime"] = package
before = set(sys.modules)
"""
BROUGHT = """
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(names - set(sys.stdlib_module_names)))
"""


def brought(code: str) -> str:
    """
    The packages that a piece of code imports, the modules of the runtime taken one by one.
    """
    done = subprocess.run(
        [sys.executable, "-c", ALONE + code + BROUGHT], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def foreign(name: str, *bases: type[BaseException], **attributes: Any) -> type[Any]:
    """
    A class of a package that is not installed here.
    """
    module, _, bare = name.rpartition(".")
    return type(bare, bases or (Exception,), {"__module__": module, **attributes})


class Evil:
    """
    An object that fails however it is looked at.
    """

    def __getattr__(self, name: str) -> Any:
        raise OSError(MARK)

    def __str__(self) -> str:
        raise KeyError(MARK)

    def __bool__(self) -> bool:
        raise TypeError(MARK)

    __repr__ = __str__
