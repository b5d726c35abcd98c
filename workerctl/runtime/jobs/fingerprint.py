"""
What a worker tells of its configuration, so that workers can be compared and nothing be learned.

A field is told by a digest under a key that only holders of ENCRYPTION_KEY can derive: equal
values have equal digests on every worker with the same key, and `LOG_LEVEL=INFO` cannot be found
by trying the few values it may have. Secrets are not told, not even as a digest, but for the ids
of the encryption keys. Without a strong ENCRYPTION_KEY no field is told at all.
"""

import hmac
import json
from collections.abc import Mapping

from workerctl import __version__, keys
from workerctl.schema import introspection
from workerctl.settings import Settings

PREFIX = "workerctl:"
"""What the names of these fields begin with in RQ's record of a worker."""

VERSION = f"{PREFIX}version"
"""The field with the version of workerctl; a worker that tells anything tells this."""

_LABEL = b"workerctl/v1/config-fingerprint"
_KEY = "ENCRYPTION_KEY"


def published(settings: Settings) -> dict[str, str]:
    """
    The fields for Redis: versions, the ids of the keys, a digest per field and one of them all.
    """
    ids = _key_ids(settings)
    told = {VERSION: __version__, f"{PREFIX}keys": _json(ids)}
    if _KEY in ids:
        key = keys.derived(settings.ENCRYPTION_KEY.get_secret_value(), _LABEL)
        fields = _digests(settings, key)
        told[f"{PREFIX}fields"] = _json(fields)
        told[f"{PREFIX}fingerprint"] = _digest(key, _json([ids, fields]))
    return told


def _key_ids(settings: Settings) -> dict[str, str]:
    named = {_KEY: settings.ENCRYPTION_KEY, **settings.further_secrets}
    ids = {}
    for name, secret in named.items():
        try:
            ids[name] = keys.key_id(secret.get_secret_value())
        except ValueError:
            continue  # the id of a weak key would let anyone try guesses
    return ids


def _digests(settings: Settings, key: bytes) -> dict[str, str]:
    public = set(type(settings).model_fields) - introspection.names(type(settings)).secrets
    values = settings.model_dump(mode="json", include=public)
    # The name is part of it: two fields with the same value do not show that they have.
    return {name: _digest(key, _json([name, value])) for name, value in sorted(values.items())}


def _digest(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256")[:8].hex()


def _json(value: Mapping[str, str] | list[object]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
