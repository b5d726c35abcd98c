"""
Fixtures for the projects of other teams: modules in an empty directory, loaded as targets.
"""

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support import imports
from workerctl.schema.loading import Loaded, load
from workerctl.settings import Settings
from workerctl.sources.options import Options

Load = Callable[..., Loaded]

IMPORTS = """\
import enum, os
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from pydantic import *
from pydantic_settings import *
"""


@pytest.fixture(name="here")
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """
    Yield an empty working directory; which modules a test imports is undone.
    """
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    with imports.undone(tmp_path):
        yield tmp_path


@pytest.fixture(name="load_module")
def _load_module(here: Path) -> Load:
    """
    Return a function that writes a module, and loads a target in it.
    """

    def load_module(
        text: str,
        environ: Mapping[str, str] | None = None,
        *,
        target: str = "Settings",
        name: str = "config",
        **options: Any,
    ) -> Loaded:
        sys.modules.pop(name, None)
        (here / f"{name}.py").write_text(IMPORTS + text, "utf-8")
        importlib.invalidate_caches()
        sys.path_importer_cache.pop(str(here), None)
        return load(
            Settings,
            Options(settings=f"{name}:{target}", **options),
            environ=dict(environ or {}),
        )

    return load_module


def messages(found: Loaded) -> list[str]:
    """
    Return the messages of the findings.
    """
    return [finding.message for finding in found.findings]
