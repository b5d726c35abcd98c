"""
A fingerprint of a worker's configuration, by which workers can be compared without reading it.

Each public setting is published as a digest, keyed with a key that only holders of ENCRYPTION_KEY
can derive. Workers with the same key publish equal digests for equal values, and nobody else can
recover `LOG_LEVEL=INFO` by trying the few values it may have. Of secrets, only the ids of the
encryption keys are published. Without a strong ENCRYPTION_KEY, digests are omitted.
"""

import hmac
import json
from collections.abc import Mapping

from workerctl import __version__, keys
from workerctl.schema import introspection
from workerctl.settings import Settings

PREFIX = "workerctl:"
"""The prefix of the published fields in RQ's record of a worker."""

VERSION = f"{PREFIX}version"
"""The field with the version of workerctl, which every worker publishes."""

_LABEL = b"workerctl/v1/config-fingerprint"
_KEY = "ENCRYPTION_KEY"


def published(settings: Settings) -> dict[str, str]:
    """
    Return the fields to publish: version, key ids, a digest per setting and one of all settings.

        {
            "workerctl:version": "0.1.0",
            "workerctl:keys": '{"ENCRYPTION_KEY":"wk1:10bc9d…"}',
            "workerctl:fields": '{"ALLOWED_ORIGINS":"fed4bf…","ANALYSIS_MODE":"0447a1…",…}',
            "workerctl:fingerprint": "dc0c16…",
        }

    Without a strong ENCRYPTION_KEY, these are the version and the ids of other strong keys alone.
    """
    ids = _key_ids(settings)
    fields = {VERSION: __version__, f"{PREFIX}keys": _json(ids)}
    if _KEY in ids:
        key = keys.derived(settings.ENCRYPTION_KEY.get_secret_value(), _LABEL)
        digests = _digests(settings, key)
        fields[f"{PREFIX}fields"] = _json(digests)
        fields[f"{PREFIX}fingerprint"] = _digest(key, _json([ids, digests]))
    return fields


def _key_ids(settings: Settings) -> dict[str, str]:
    secrets = {_KEY: settings.ENCRYPTION_KEY, **settings.further_secrets}
    ids = {}
    for name, secret in secrets.items():
        try:
            ids[name] = keys.key_id(secret.get_secret_value())
        except ValueError:
            continue  # the id of a weak key would confirm a guess of it
    return ids


def _digests(settings: Settings, key: bytes) -> dict[str, str]:
    public = set(type(settings).model_fields) - introspection.names(type(settings)).secrets
    values = settings.model_dump(mode="json", include=public, context={"secrets": True})
    # The name is part of the digest, so that equal values of two settings do not look equal.
    return {name: _digest(key, _json([name, value])) for name, value in sorted(values.items())}


def _digest(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256")[:8].hex()


def _json(value: Mapping[str, str] | list[object]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
