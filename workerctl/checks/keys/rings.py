"""
The key rings of a configuration: one for each field that is marked `EncryptionKey`.
"""

from __future__ import annotations

from workerctl.checks.base import Context
from workerctl.keyring import versions
from workerctl.keyring.versions import Ring
from workerctl.schema.declarations import Declaration


def ring_of(context: Context, key: Declaration) -> Ring:
    """
    Return the current key that a declaration names, if it is set, and the older ones.
    """
    version = key.others.get("version")
    number = 0 if version is None else context.value(version)
    return versions.keys_of(context.values.texts(), number or 0, key.name)
