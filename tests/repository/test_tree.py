"""
The shape of the package: few modules in its root, small folders, and imports that load little.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import workerctl

PACKAGE = Path(workerctl.__file__).parent
TESTS = Path(__file__).parents[1]
EXAMPLES = TESTS.parent / "examples"
# Files that Python and type checkers require, which a reader does not need to look at.
_FORMAL = {"__init__.py", "__main__.py", "py.typed"}

_HEAVY = "asyncio cryptography pydantic pydantic_settings rich typer"
_IMPORTS = {
    "import workerctl": _HEAVY,
    "import workerctl.runtime": _HEAVY,
    "import workerctl.runtime.exceptions": f"{_HEAVY} workerctl.settings workerctl.report.errors",
    "from workerctl.runtime import InvalidFileError": f"{_HEAVY} workerctl.settings",
    "import workerctl.runtime.retry": f"{_HEAVY} workerctl.settings",
    "import workerctl.keyring": f"{_HEAVY} workerctl.settings workerctl.keyring.ring",
    "from workerctl.keyring import KeyRing": f"{_HEAVY} workerctl.settings",
    "import workerctl.budget": f"{_HEAVY} workerctl.settings workerctl.budget.pipeline",
    "from workerctl.budget import Pipeline": f"{_HEAVY} workerctl.settings",
    "import workerctl.keys": f"{_HEAVY} workerctl.report.errors",
    "import workerctl.settings": "cryptography rich typer workerctl.checks workerctl.output",
    "import workerctl.checks.base": "cryptography rich typer workerctl.output",
    "from workerctl.runtime import boot": "cryptography rich typer workerctl.checks",
    "from workerctl.runtime import run_async": "cryptography rich typer workerctl.checks",
    "from workerctl.runtime import configure_logging": "cryptography rich typer workerctl.checks",
    "from workerctl.runtime import stage_deadline": "cryptography rich typer workerctl.checks",
}
_LOADED = "import sys; {code}; print(*sys.modules)"


def folders() -> Iterator[Path]:
    """
    Yield every folder in the package, the tests and the examples, but none of expected output.
    """
    for root in (PACKAGE, TESTS, EXAMPLES):
        below = (path for path in root.rglob("*") if path.is_dir())
        yield from (path for path in below if path.name not in {"__pycache__", "golden"})


def entries(folder: Path) -> set[str]:
    """
    Return what a folder holds.
    """
    return {path.name for path in folder.iterdir()} - {"__pycache__"}


@pytest.mark.parametrize(
    "folder", list(folders()), ids=lambda path: str(path.relative_to(TESTS.parent))
)
def test_a_folder_shows_at_most_fifteen_entries(folder: Path) -> None:
    """
    A folder is small enough to be read at a glance.
    """
    assert len(entries(folder)) <= 15, sorted(entries(folder))


def test_the_root_shows_at_most_fifteen_entries() -> None:
    """
    The root of the package is small enough, too, apart from files that it must hold.
    """
    assert len(entries(PACKAGE) - _FORMAL) <= 15


def test_the_root_holds_few_modules() -> None:
    """
    Modules are in the folder of their subject, and only a few in the root.
    """
    assert len(list(PACKAGE.glob("*.py"))) <= 9


@pytest.mark.parametrize(("code", "unwanted"), list(_IMPORTS.items()), ids=list(_IMPORTS))
def test_a_public_import_loads_little(code: str, unwanted: str, environ: dict[str, str]) -> None:
    """
    A public import loads none of the modules that would slow it down.
    """
    done = subprocess.run(
        [sys.executable, "-c", _LOADED.format(code=code)],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = set(done.stdout.split())

    assert "workerctl" in loaded
    assert loaded.isdisjoint(unwanted.split())


@pytest.mark.parametrize("package", ["workerctl.budget", "workerctl.keyring", "workerctl.runtime"])
def test_every_public_name_is_there(package: str, environ: dict[str, str]) -> None:
    """
    Names that are imported on first use exist, even if their modules have been imported before.
    """
    code = (
        f"import importlib, pkgutil, {package} as it\n"
        "for module in pkgutil.iter_modules(it.__path__):\n"
        "    if not module.name.startswith('rq'):\n"
        "        importlib.import_module(f'{it.__name__}.{module.name}')\n"
        "for name in it.__all__:\n"
        "    assert not isinstance(getattr(it, name), type(it)), name\n"
        "try:\n"
        "    it.no_such_name\n"
        "except AttributeError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )

    assert done.stderr == ""
    assert done.stdout == f"module {package!r} has no attribute 'no_such_name'\n"
