"""
Tests of deferred modules, which behave like the real ones however they are imported.
"""

import subprocess
import sys
from pathlib import Path

import pytest

import workerctl

ROOT = str(Path(workerctl.__file__).parents[1])
ASYNCIO = "defer('asyncio')"
METADATA = "defer('importlib.metadata', 'entry_points')"

THREADS = """
import concurrent.futures, asyncio
with concurrent.futures.ThreadPoolExecutor(8) as pool:
    assert len(set(pool.map(lambda _: asyncio.run, range(64)))) == 1
"""
MISSING = """
import asyncio
try:
    asyncio.nothing
except AttributeError:
    pass
else:
    raise SystemExit(1)
"""


def output(*programs: str) -> list[str]:
    """
    Return the words that programs print in one new process, which must not issue a warning.
    """
    text = "\n".join(["from workerctl.commands.shared.deferred import defer", *programs])
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", text],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(
    "program",
    [
        "import asyncio; asyncio.run(asyncio.sleep(0))",
        "from asyncio import run, sleep; run(sleep(0))",
        "import asyncio as other; other.run(other.sleep(0))",
        "import asyncio.events; asyncio.events.new_event_loop().close()",
        "from asyncio import events; events.new_event_loop().close()",
        "from asyncio import *; run(sleep(0))",
        "import importlib; importlib.import_module('asyncio').run",
        "import asyncio, inspect; inspect.getsource(asyncio)",
        "import asyncio; assert isinstance(asyncio.Queue, type)",
        "import asyncio; import asyncio.subprocess; asyncio.subprocess.PIPE",
        "import importlib.util; assert importlib.util.find_spec('asyncio')",
        "import importlib.util; assert importlib.util.find_spec('asyncio.events').origin",
        THREADS,
        MISSING,
    ],
)
def test_every_style_of_import_gets_the_real_module(program: str) -> None:
    """The placeholder is replaced by the real module at the first attribute access."""
    output(
        ASYNCIO,
        program,
        "import asyncio, sys",
        "asyncio.run",
        "assert type(sys.modules['asyncio']).__name__ == 'module'",
    )


@pytest.mark.parametrize(
    "program",
    [
        "from importlib.metadata import entry_points; entry_points(group='pydantic')",
        "from importlib.metadata import entry_points, version; version('pydantic')",
        "from importlib.metadata import version; version('pydantic')",
        "from importlib import metadata; metadata.version('pydantic')",
        "import importlib.metadata; importlib.metadata.version('pydantic')",
        "import importlib.metadata as other; other.entry_points(group='pydantic')",
        "import importlib.metadata; importlib.metadata.entry_points(group='pydantic')",
        "import importlib; importlib.import_module('importlib.metadata').version('pydantic')",
        "from importlib.metadata import *; version('pydantic')",
        "from importlib.metadata import Distribution as other; assert isinstance(other, type)",
        "import importlib.metadata._meta; importlib.metadata.version('pydantic')",
        "from importlib.metadata import _meta; _meta.PackageMetadata",
        "from importlib.metadata._meta import PackageMetadata",
        "import importlib.util; assert importlib.util.find_spec('importlib.metadata')",
        "import importlib.metadata, inspect; inspect.getsource(importlib.metadata)",
        "import importlib.resources; importlib.resources.files('pydantic')",
    ],
)
def test_every_style_of_import_gets_the_functions_of_the_real_module(program: str) -> None:
    """A deferred module with deferred functions is replaced by the real module when it is used."""
    output(
        METADATA,
        program,
        "import importlib.metadata, sys",
        "importlib.metadata.distributions",
        "assert importlib.metadata is sys.modules['importlib.metadata']",
        "assert importlib.metadata.__file__ and importlib.metadata.entry_points.__module__",
        "assert type(importlib.metadata).__name__ == 'module'",
    )


def test_importing_a_deferred_function_does_not_import_its_module() -> None:
    """Only a call of the function loads the module, and returns what the real function returns."""
    found = output(
        METADATA,
        "import sys",
        "from importlib.metadata import entry_points",
        "print('email' in sys.modules)",
        "found = list(entry_points(group='console_scripts'))",
        "print('email' in sys.modules)",
        "import importlib.metadata",
        "real = list(importlib.metadata.entry_points(group='console_scripts'))",
        "print(found == real, bool(found))",
    )

    assert found == ["False", "True", "True", "True"]


def test_a_module_that_is_not_used_is_not_imported() -> None:
    """An import without an attribute access does not load the module."""
    found = output(ASYNCIO, "import asyncio, sys", "print('asyncio.events' in sys.modules)")

    assert found == ["False"]


def test_a_module_that_is_already_imported_is_left_alone() -> None:
    """A module that is already imported is not deferred."""
    found = output(
        "import asyncio, sys",
        "real = asyncio",
        ASYNCIO,
        "print(sys.modules['asyncio'] is real)",
    )

    assert found == ["True"]
