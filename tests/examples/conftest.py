"""
Fixtures that put the example on the import path and run the services it uses.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

# A worker has the example on its path, since the example is not an installed package.
sys.path.insert(0, str(EXAMPLES))

from resume_worker.local.machine import Local, local  # noqa: E402 -- needs the path above
from resume_worker.local.worker_process import LOG  # noqa: E402 -- see above

from workerctl.settings import Settings, get_settings  # noqa: E402 -- see above


@pytest.fixture(name="everything", scope="session")
def _everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """
    Yield services, documents and a configuration that all tests share.
    """
    directory = tmp_path_factory.mktemp("worker")
    with contextlib.ExitStack() as running:
        with contextlib.chdir(directory):  # only for the setup: other tests read their directory
            everything = running.enter_context(local(directory))
        yield everything


@pytest.fixture(name="here")
def _here(everything: Local, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    """
    Yield the shared services as new, in their directory, and restore the configuration.
    """
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(everything.directory)
    env, log = everything.directory / ".env", everything.directory / LOG
    configuration = env.read_text()
    log.unlink(missing_ok=True)
    everything.services.forget()
    get_settings.cache_clear()
    yield everything
    get_settings.cache_clear()
    env.write_text(configuration)
