"""
Read the manifest of a container.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from workerctl.sources.manifests.containers import Manifest
from workerctl.sources.manifests.selection import Selection


def read(
    selection: Selection, environ: Mapping[str, str], stdin: BinaryIO | None = None
) -> Manifest:
    """
    Return the container that is selected, and the others of its deploy.

    `environ` is the environment from which docker compose takes the values of `${NAME}`.

    Raises SourceError if a file cannot be read, is not a manifest, or has no such container.
    """
    if selection.kind == "kubernetes":
        from workerctl.sources.manifests import kubernetes

        return kubernetes.read(selection, stdin)
    from workerctl.sources.manifests import compose

    return compose.read(selection, environ, stdin)
