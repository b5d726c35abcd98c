"""
Substitutes for classes of packages that are not installed.
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
package = types.ModuleType("workerctl.runtime")  # without the imports of its __init__
package.__path__ = [str(Path(workerctl.__file__).with_name("runtime"))]
sys.modules["workerctl.runtime"] = package
before = set(sys.modules)
"""
PRINT_IMPORTED = """
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(*sorted(names - set(sys.stdlib_module_names)))
"""


def imported_packages(code: str) -> str:
    """
    Return the packages that the code imports, without those of `workerctl.runtime.__init__`.
    """
    done = subprocess.run(
        [sys.executable, "-c", ALONE + code + PRINT_IMPORTED],
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def foreign(name: str, *bases: type[BaseException], **attributes: Any) -> type[Any]:
    """
    Return a class that looks like one of a package that is not installed.
    """
    module, _, bare = name.rpartition(".")
    return type(bare, bases or (Exception,), {"__module__": module, **attributes})


class Unusable:
    """
    An object on which every operation fails.
    """

    def __getattr__(self, name: str) -> Any:
        raise OSError(MARK)

    def __str__(self) -> str:
        raise KeyError(MARK)

    def __bool__(self) -> bool:
        raise TypeError(MARK)

    __repr__ = __str__
