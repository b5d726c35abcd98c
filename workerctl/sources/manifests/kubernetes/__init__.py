"""
Kubernetes: what the objects in manifests say of the containers of a workload.

`read` is the way in. The rules are those of kubectl, which parses the files, of the API server,
which refuses objects, and of the kubelet, which makes the environment of a container.
"""

from __future__ import annotations

from workerctl.sources.manifests.kubernetes.reading import read

__all__ = ["read"]
