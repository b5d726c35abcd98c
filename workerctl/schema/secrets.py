"""
The texts of the secrets that a settings instance holds, so that they can be redacted.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from workerctl.schema.disclosure import Part, parts
from workerctl.secrecy.masking import hidden_parts
from workerctl.secrecy.recognition import secret_spans

# The words before a credential in a header are not secret, and occur in many log lines.
_SCHEME = r"^(?i:bearer|basic|token)\s+"


def secret_texts(settings: Any) -> Iterator[str]:
    """
    Yield the text of every secret of a settings instance, whatever its class.

    These are the secrets at every depth, known by type, name or shape; the parts of public URLs
    that are not shown, such as a password; what computed fields and private attributes hold; and
    further secrets such as older encryption keys.
    """
    fields = type(settings).model_fields
    for name, info in fields.items():
        for part in parts(name, info, getattr(settings, name, None)):
            yield from _texts(part)
    private = settings.__pydantic_private__ or {}
    for name, value in {**(settings.model_extra or {}), **private, **_computed(settings)}.items():
        for part in parts(name, None, value):
            yield from _texts(part)
    further = getattr(settings, "further_secrets", None)
    for secret in further.values() if isinstance(further, Mapping) else ():
        yield secret.get_secret_value()


def secrets_in(name: str, text: str) -> Iterator[str]:
    """
    Yield the secrets in the text of a variable, known by its name or by their shapes.
    """
    for part in parts(name, None, text):
        yield from _texts(part)


def _texts(part: Part) -> Iterator[str]:
    text = part.text
    if part.place.secret and part.is_secret:
        yield re.sub(_SCHEME, "", text)
    elif isinstance(part.value, bool | int | float | None):
        return
    elif "://" in text and any(hidden_parts(text)):
        yield urlsplit(text)._replace(path="").geturl()
        if part.is_secret and any(secret_spans(urlsplit(text).path)):
            yield text
    elif part.is_secret:
        yield from secret_spans(text) or (text,)


def _computed(settings: Any) -> Mapping[str, Any]:
    """
    Return the values of the computed fields that can be computed.
    """
    found: dict[str, Any] = {}
    for name in type(settings).model_computed_fields:
        try:
            found[name] = getattr(settings, name)
        except Exception:  # noqa: BLE001, S112 -- a team's code may raise anything
            continue
    return found
