"""
Redaction of the texts that are stored in Redis with a job: tracebacks, reasons and warnings.
"""

from __future__ import annotations

from typing import Any

from workerctl.report.errors import WorkerctlError
from workerctl.schema.secrets.texts import secret_texts
from workerctl.secrecy.redaction import Redactor
from workerctl.settings import get_settings


class _Redacting:
    """
    Redact with a cached `Redactor`, which is made again only if the settings instances change.
    """

    def __init__(self) -> None:
        self._instances: tuple[Any, ...] = ()
        self._redactor = Redactor(())

    def __call__(self, text: str) -> str:
        """
        Return the text without the secrets in any settings instance of this process.
        """
        instances = _instances()
        if [*map(id, instances)] != [*map(id, self._instances)]:
            texts = (secret for each in instances for secret in secret_texts(each))
            self._instances, self._redactor = instances, Redactor(texts)
        return self._redactor.redact(text)


redact = _Redacting()


def _instances() -> tuple[Any, ...]:
    try:
        settings = get_settings()
    except WorkerctlError:  # only under a worker that did not check the configuration
        return get_settings.instances
    others = (each for each in get_settings.instances if each is not settings)
    return (settings, *others)
