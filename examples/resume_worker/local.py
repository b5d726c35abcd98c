"""
All that a worker needs to run here: its services, a configuration with fresh keys, sample résumés.
"""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from workerctl import keys
from workerctl.keyring import KeyRing
from workerctl.settings import Settings

from .samples import make_samples
from .services.process import RunningServices, running_services
from .services.server import Keys
from .stages.privacy import Sealer

QUEUE = "fast"

_PROJECT = Path(__file__).with_name("pyproject.toml")


class Local(NamedTuple):
    """
    Where the worker runs, what it talks to, and what opens the rows that it stores.
    """

    directory: Path
    services: RunningServices
    documents: dict[str, str]
    sealer: Sealer


@contextlib.contextmanager
def local(directory: Path, **changes: object) -> Iterator[Local]:
    """
    Services that run while the block does, and a directory that is ready for a worker.

    `changes` are settings, on top of the impatient ones that suit services of this machine.
    """
    access = Keys(*(f"{name}_{keys.generate()[:40]}" for name in ("llm", "svc", "whs")))
    storage = directory / "storage"
    storage.mkdir()
    documents = {kind: file.name for kind, file in make_samples(storage).items()}
    with running_services(storage, access) as services:
        values = {**_values(services.url, access), **changes}
        write_configuration(directory, values)
        yield Local(directory, services, documents, _sealer(str(values["ENCRYPTION_KEY"])))


def write_configuration(directory: Path, values: dict[str, object]) -> None:
    """
    The `.env` of a worker, for its owner's eyes, and the project file that names what to preload.
    """
    shutil.copy(_PROJECT, directory)
    env = directory / ".env"
    env.touch(0o600)
    env.write_text("".join(f"{name}={value}\n" for name, value in values.items()))


def _sealer(key: str) -> Sealer:
    """
    What opens the rows; made of this key alone, and of nothing that this process has for settings.
    """
    settings = Settings.model_construct(ENCRYPTION_KEY=SecretStr(key))
    return Sealer(KeyRing.from_settings(settings))


def _values(url: str, access: Keys) -> dict[str, object]:
    return {
        "ENV": "development",
        "QUEUES": QUEUE,
        "JOB_TIMEOUT_SECONDS": 60,
        "JOB_MAX_RETRIES": 1,
        "JOB_RETRY_INTERVALS_SECONDS": 1,
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": access.openai,
        "LLM_TIMEOUT_SECONDS": 2,
        "LLM_CONNECT_TIMEOUT_SECONDS": 1,
        "LLM_MAX_RETRIES": 1,
        "LLM_RETRY_BASE_WAIT": 0.2,
        "LLM_RETRY_MAX_WAIT": 1,
        "EMBEDDING_TIMEOUT_SECONDS": 2,
        "EMBEDDING_MAX_RETRIES": 1,
        "EMBEDDING_RETRY_BASE_WAIT": 0.2,
        "EMBEDDING_RETRY_MAX_WAIT": 1,
        "SUPABASE_URL": url,
        "SUPABASE_SERVICE_ROLE_KEY": access.supabase,
        "STORAGE_MAX_RETRIES": 1,
        "STORAGE_RETRY_DELAY_SECONDS": 0.2,
        "WEBHOOK_URL": f"{url}/hooks/worker",
        "WEBHOOK_SECRET": access.webhook,
        "WEBHOOK_MAX_RETRIES": 1,
        "WEBHOOK_RETRY_DELAY_SECONDS": 0.2,
        "ENCRYPTION_KEY": keys.generate(),
    }
