"""
The texts of the secrets that a settings instance holds, for those who have to redact them.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from pydantic import SecretBytes, SecretStr

from workerctl.schema.introspection import names
from workerctl.secrecy.masking import hidden_parts


def secret_texts(settings: Any) -> Iterator[str]:
    """
    Yield the text of every secret of a settings instance.

    Older encryption keys are included, and of a public URL the parts that are not shown.
    """
    secrets = names(type(settings)).secrets
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name in secrets or isinstance(value, SecretBytes):
            yield from _texts(value)
        elif isinstance(value, str) and any(hidden_parts(value)):
            yield urlsplit(value)._replace(path="").geturl()
    for secret in settings.further_secrets.values():
        yield secret.get_secret_value()


def _texts(value: Any) -> Iterator[str]:
    """
    The texts in a value of a secret setting, which another team may have given any type.
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
