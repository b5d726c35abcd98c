"""
Everything that a worker needs on this machine: services, sample résumés, and a configuration.
"""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import SecretStr

from resume_worker.samples.making import make_samples
from resume_worker.services.process import RunningServices, running_services
from resume_worker.services.server import Keys
from resume_worker.stages.privacy import Sealer
from workerctl import keys
from workerctl.keyring import KeyRing
from workerctl.settings import Settings

QUEUE = "fast"

_PROJECT = Path(__file__).parents[1] / "pyproject.toml"


class Local(NamedTuple):
    """
    A prepared worker directory, the running services, and the names of the sample résumés by kind.

    `sealer` decrypts the rows that the worker stores.
    """

    directory: Path
    services: RunningServices
    documents: dict[str, str]
    sealer: Sealer


@contextlib.contextmanager
def local(directory: Path, **changes: object) -> Iterator[Local]:
    """
    Run the services during the block, and prepare the directory for a worker.

    The default settings have short timeouts, which suit local services; `changes` overrides them.
    """
    service_keys = Keys(*(f"{name}_{keys.generate()[:40]}" for name in ("llm", "svc", "whs")))
    storage = directory / "storage"
    storage.mkdir()
    documents = {kind: file.name for kind, file in make_samples(storage).items()}
    with running_services(storage, service_keys) as services:
        values = {**_values(services.url, service_keys), **changes}
        write_configuration(directory, values)
        yield Local(directory, services, documents, _sealer(str(values["ENCRYPTION_KEY"])))


def write_configuration(directory: Path, values: dict[str, object]) -> None:
    """
    Write the `.env` of a worker, readable only by its owner, and the project file.
    """
    shutil.copy(_PROJECT, directory)
    env = directory / ".env"
    env.touch(0o600)
    env.write_text("".join(f"{name}={value}\n" for name, value in values.items()))


def _sealer(key: str) -> Sealer:
    """
    Return a sealer with this key.
    """
    # model_construct() does not read the environment or the env files of this process.
    settings = Settings.model_construct(ENCRYPTION_KEY=SecretStr(key))
    return Sealer(KeyRing.from_settings(settings))


def _values(url: str, service_keys: Keys) -> dict[str, object]:
    return {
        "ENV": "development",
        "QUEUES": QUEUE,
        "JOB_TIMEOUT_SECONDS": 60,
        "JOB_MAX_RETRIES": 1,
        "JOB_RETRY_INTERVALS_SECONDS": 1,
        "OPENAI_BASE_URL": f"{url}/v1",
        "OPENAI_API_KEY": service_keys.openai,
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
        "SUPABASE_SERVICE_ROLE_KEY": service_keys.supabase,
        "STORAGE_MAX_RETRIES": 1,
        "STORAGE_RETRY_DELAY_SECONDS": 0.2,
        "WEBHOOK_URL": f"{url}/hooks/worker",
        "WEBHOOK_SECRET": service_keys.webhook,
        "WEBHOOK_MAX_RETRIES": 1,
        "WEBHOOK_RETRY_DELAY_SECONDS": 0.2,
        "ENCRYPTION_KEY": keys.generate(),
    }
