"""
The example as its worker imports it, and everything that it talks to.
"""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"

# A worker has the package on its path; nobody installs an example.
sys.path.insert(0, str(EXAMPLES))

from resume_worker.local import Local, local  # noqa: E402 -- found from here on
from resume_worker.worker_process import LOG  # noqa: E402 -- see above

from workerctl.settings import Settings, get_settings  # noqa: E402 -- see above


@pytest.fixture(name="everything", scope="session")
def _everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """
    Services, documents and a configuration, for one test after the other.
    """
    directory = tmp_path_factory.mktemp("worker")
    with contextlib.ExitStack() as running:
        with contextlib.chdir(directory):  # and out again: other tests read what is around them
            everything = running.enter_context(local(directory))
        yield everything


@pytest.fixture(name="here")
def _here(everything: Local, monkeypatch: pytest.MonkeyPatch) -> Iterator[Local]:
    """
    The same as if they were new, for a process that works where they are.
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
