"""
The texts of the secrets that a settings instance holds, so that they can be redacted.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretBytes, SecretStr

from workerctl.schema.instances import further_secrets
from workerctl.schema.introspection import names
from workerctl.secrecy.masking import hidden_parts


def secret_texts(settings: Any) -> Iterator[str]:
    """
    Yield the text of every secret of a settings instance.

    Further secrets such as older encryption keys are included, and so are public URLs with parts
    that are not shown, such as a password.
    """
    secrets = names(type(settings)).secrets
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name in secrets or isinstance(value, SecretBytes):
            yield from _texts(value)
        elif isinstance(value, str) and any(hidden_parts(value)):
            yield urlsplit(value)._replace(path="").geturl()
    for secret in further_secrets(settings).values():
        yield secret.get_secret_value()


def _texts(value: Any) -> Iterator[str]:
    """
    Yield the texts in the value of a secret setting, whose type a subclass may choose freely.
    """
    if isinstance(value, SecretStr | SecretBytes):
        value = value.get_secret_value()
    if isinstance(value, bytes):
        value = value.decode("utf-8", "surrogateescape")
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from _texts(item)
    elif value is not None:
        yield str(value)
