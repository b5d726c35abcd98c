"""
What a container sees of volumes.
"""

import pytest

from tests.sources.manifests.kubernetes.samples import (
    config_map,
    judged,
    line_of,
    read,
    remarks,
    secret,
    worker,
)
from workerctl.sources.manifests.containers import Mount

KEYS = secret("data:\n  api-key: c2stMQo=\n  blob: /+8=\nstringData:\n  token: plain\n")
SETTINGS = config_map("data:\n  a.toml: x = 1\nbinaryData:\n  b.bin: YQ==\n")
ENV = "{configMap: {name: worker-env}}"


def mounted(volume: str, how: str = "mountPath: /run/keys") -> str:
    """
    Return a worker that mounts a volume.
    """
    container = f"volumeMounts:\n  - {{name: v, {how}}}"
    return worker(container, KEYS, SETTINGS, pod=f"volumes:\n  - name: v\n    {volume}")


@pytest.mark.parametrize(
    ("volume", "how", "mounts"),
    [
        (
            "secret: {secretName: worker-keys}",
            "mountPath: /run/keys",
            {"/run/keys/api-key": "sk-1\n", "/run/keys/blob": None, "/run/keys/token": "plain"},
        ),
        (
            "configMap: {name: worker-env}",
            "mountPath: etc/app/",
            {"/etc/app/a.toml": "x = 1", "/etc/app/b.bin": "a"},
        ),
        (
            "secret: {secretName: worker-keys, items: [{key: token, path: a/b}]}",
            "mountPath: /run",
            {"/run/a/b": "plain"},
        ),
        (
            "secret: {secretName: worker-keys, items: [{key: token, path: a/b}]}",
            "mountPath: /run, subPath: a",
            {"/run/b": "plain"},
        ),
        (
            "secret: {secretName: worker-keys}",
            "mountPath: /run/token, subPath: token",
            {"/run/token": "plain"},
        ),
        (
            "configMap: {name: worker-env}",
            "mountPath: /app.toml, subPathExpr: a.toml",
            {"/app.toml": "x = 1"},
        ),
        (
            "configMap: {name: worker-env}",
            "mountPath: /app.toml, subPathExpr: $(UNKNOWN)",
            {"/app.toml": None},
        ),
        (
            "projected: {sources: ["
            "{secret: {name: worker-keys, items: [{key: token, path: t}]}}, " + ENV + "]}",
            "mountPath: /run",
            {"/run/t": "plain", "/run/a.toml": "x = 1", "/run/b.bin": "a"},
        ),
        (
            "projected: {sources: [{serviceAccountToken: {path: t}}, " + ENV + "]}",
            "mountPath: /run",
            {"/run/a.toml": "x = 1", "/run/b.bin": "a", "/run": None},
        ),
        ("secret: {secretName: other}", "mountPath: /run/keys", {"/run/keys": None}),
        (
            "secret: {secretName: other, items: [{key: k, path: p}]}",
            "mountPath: /run/keys",
            {"/run/keys/p": None},
        ),
        ("secret: {secretName: other}", "mountPath: /run/k, subPath: k", {"/run/k": None}),
        ("emptyDir: {}", "mountPath: /tmp", {"/tmp": None}),
        ("csi: {driver: secrets-store.csi.k8s.io}", "mountPath: /mnt", {"/mnt": None}),
    ],
)
def test_files_of_objects(volume: str, how: str, mounts: dict[str, str | None]) -> None:
    """
    Each file of an object is mounted with its text, as `items` and `subPath` choose and name it.
    """
    found = judged(mounted(volume, how)).mounts

    assert {path: mount.text for path, mount in found.items()} == mounts
    assert not any(mount.is_kept for mount in found.values())


@pytest.mark.parametrize(
    "volume",
    [
        "persistentVolumeClaim: {claimName: x}",
        "hostPath: {path: /srv}",
        "nfs: {server: a, path: /}",
    ],
)
def test_what_is_kept(volume: str) -> None:
    """
    Other volumes outlive the container.
    """
    assert judged(mounted(volume)).mounts == {"/run/keys": Mount(is_kept=True)}


def test_a_volume_of_a_stateful_set() -> None:
    """
    A StatefulSet makes volumes from its templates, which are kept.
    """
    text = worker("volumeMounts: [{name: data, mountPath: /data}]")
    text = text.replace("Deployment", "StatefulSet") + (
        "  volumeClaimTemplates:\n    - metadata: {name: data}\n"
    )

    assert judged(text).mounts == {"/data": Mount(is_kept=True)}


def test_what_kubernetes_refuses() -> None:
    """
    A volume that is not declared, and a file of a key that is not there.
    """
    text = worker("volumeMounts: [{name: data, mountPath: /data}]")
    assert remarks(read(text)) == [
        f"{line_of(text, 'mountPath')} A mounted volume is not one of the Pod."
    ]

    text = mounted("secret: {secretName: worker-keys, items: [{key: none, path: p}]}")
    problem = "a volume needs key none of the Secret worker-keys, which it lacks."
    assert remarks(read(text)) == [
        f"{line_of(text, 'key: none')} The container cannot start: {problem}"
    ]
    text = text.replace("items:", "optional: true, items:")
    assert remarks(read(text)) == []
