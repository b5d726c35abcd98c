"""
A fingerprint of a worker's configuration, by which workers can be compared without reading it.

Each public setting is published as a digest, keyed with a key that only holders of the encryption
key can derive: ENCRYPTION_KEY, or the first strong one of the fields that a settings class marks
`EncryptionKey`. Workers with the same key publish equal digests for equal values, and nobody else
can recover `LOG_LEVEL=INFO` by trying the few values it may have. Of secrets, only the ids of the
encryption keys are published. Without a strong encryption key, digests are omitted.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import SecretStr
from pydantic_core import to_jsonable_python
from pydantic_settings import BaseSettings

from workerctl import __version__, keys
from workerctl.rules import EncryptionKey
from workerctl.schema.declarations import Schema
from workerctl.schema.instances import further_secrets, plain
from workerctl.schema.loading import schema_of
from workerctl.schema.secrets.texts import secret_variables, shown_variable

PREFIX = "workerctl:"
"""The prefix of the published fields in RQ's record of a worker."""

VERSION = f"{PREFIX}version"
"""The field with the version of workerctl, which every worker publishes."""

_LABEL = b"workerctl/v1/config-fingerprint"


def published(settings: BaseSettings) -> dict[str, str]:
    """
    Return the fields to publish: version, key ids, a digest per setting and one of all settings.

        {
            "workerctl:version": "0.1.0",
            "workerctl:keys": '{"ENCRYPTION_KEY":"wk1:10bc9d…"}',
            "workerctl:fields": '{"ALLOWED_ORIGINS":"fed4bf…","ANALYSIS_MODE":"0447a1…",…}',
            "workerctl:fingerprint": "dc0c16…",
        }

    Without a strong encryption key, these are the version and the ids of other strong keys alone.
    """
    schema = schema_of(settings)
    current = _current_keys(schema, settings)
    ids = _key_ids({**current, **further_secrets(settings)})
    fields = {VERSION: __version__, f"{PREFIX}keys": _json(ids)}
    strong = next((key for name, key in current.items() if name in ids), None)
    if strong is not None:
        key = keys.derived(strong.get_secret_value(), _LABEL)
        digests = _digests(schema, settings, key)
        fields[f"{PREFIX}fields"] = _json(digests)
        fields[f"{PREFIX}fingerprint"] = _digest(key, _json([ids, digests]))
    return fields


def _current_keys(schema: Schema, settings: BaseSettings) -> dict[str, SecretStr]:
    names = [declaration.name for declaration in schema.of(EncryptionKey)]
    return {name: SecretStr(str(plain(schema.value(settings, name)) or "")) for name in names}


def _key_ids(secrets: Mapping[str, SecretStr]) -> dict[str, str]:
    ids = {}
    for name, secret in secrets.items():
        try:
            ids[name] = keys.key_id(secret.get_secret_value())
        except ValueError:
            continue  # the id of a weak key would confirm a guess of it
    return ids


def _digests(schema: Schema, settings: BaseSettings, key: bytes) -> dict[str, str]:
    # The name is part of the digest, so that equal values of two settings do not look equal.
    return {
        name: _digest(key, _json([name, value])) for name, value in _public_values(schema, settings)
    }


def _public_values(schema: Schema, settings: BaseSettings) -> Iterator[tuple[str, Any]]:
    """
    Yield the values of the public settings in JSON types, and the public parts of nested ones.
    """
    secrets = secret_variables(schema)
    for name in sorted(schema.variables):
        if name not in secrets:
            yield name, _plain(schema.value(settings, name))
            continue
        visible = shown_variable(schema, settings, name).value
        if isinstance(visible, dict | list):
            yield name, visible


def _plain(value: Any) -> Any:
    """
    Return the value in JSON types; it is equal in all processes, unlike the order of a set.
    """
    if isinstance(value, set | frozenset):
        return sorted(map(_json, map(_plain, value)))
    if isinstance(value, list | tuple):
        return list(map(_plain, value))
    return to_jsonable_python(value, fallback=lambda other: type(other).__qualname__)


def _digest(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256")[:8].hex()


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
