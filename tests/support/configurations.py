"""
Fixtures that load the text of an env file, or turn it into the context of a check.
"""

from collections.abc import Callable, MutableMapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from workerctl.checks.base import Context
from workerctl.preflight import Request, context_of
from workerctl.schema.loading import Loaded, load
from workerctl.settings import Settings
from workerctl.sources.options import Options

MakeContext = Callable[..., Context]
MakeLoaded = Callable[..., Loaded]

KEY = "911d31690a8ff606eb0ecc1be9f51f7f7c0fa631639aae99aca8f3b30ad77224"


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeLoaded:
    """
    Return a function that loads the text of an env file and, if one is given, an environment.

    The working directory is an empty one, in which the env file is written.
    """
    monkeypatch.chdir(tmp_path)

    def make(
        text: str = "", environ: MutableMapping[str, str] | None = None, **options: Any
    ) -> Loaded:
        file = tmp_path / "worker.env"
        file.write_text(text, "utf-8", newline="")
        file.chmod(0o600)
        options.setdefault("env_files", ("worker.env",))
        options.setdefault("isolated", environ is None)
        return load(Settings, Options(**options), environ={} if environ is None else environ)

    return make


@pytest.fixture
def context(loaded: MakeLoaded) -> MakeContext:
    """
    Return a function that returns the context of the checks for the text of an env file.
    """

    def make(
        text: str = "", environ: MutableMapping[str, str] | None = None, **request: Any
    ) -> Context:
        today = request.pop("today", date(2026, 11, 22))
        return context_of(loaded(text, environ), Request(**request), today)

    return make
