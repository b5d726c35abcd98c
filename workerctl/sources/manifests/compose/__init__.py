"""
docker compose: what its files say of the services that they start.

`read` is the way in. The files are loaded as docker compose loads them: their values are
interpolated, included and extended files are added, and several files are merged.
"""

from __future__ import annotations

from workerctl.sources.manifests.compose.reading import read

__all__ = ["read"]
