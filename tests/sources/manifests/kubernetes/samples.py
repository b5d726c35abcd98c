"""
Manifests for tests, and reading them from standard input.
"""

import io

from workerctl.sources.manifests import kubernetes
from workerctl.sources.manifests.containers import Container, Manifest
from workerctl.sources.manifests.selection import Selection

_WORKER = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: worker
spec:
  template:
    spec:
      containers:
        - name: worker
          image: app:1
"""


def indented(text: str, spaces: int) -> str:
    """
    Return a text with its lines indented.
    """
    return "".join(f"{' ' * spaces}{line}\n" for line in text.splitlines())


def worker(container: str = "", *objects: str, pod: str = "") -> str:
    """
    Return a Deployment whose container and Pod have these lines, and the objects before it.
    """
    texts = [*objects, _WORKER + indented(container, 10) + indented(pod, 6)]
    return "---\n".join(texts)


def config_map(data: str, name: str = "worker-env") -> str:
    """
    Return a ConfigMap with these lines.
    """
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n{data}"


def secret(data: str, name: str = "worker-keys") -> str:
    """
    Return a Secret with these lines.
    """
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\n{data}"


def read(text: str, name: str | None = None, container: str | None = None) -> Manifest:
    """
    Return what is read from a text.
    """
    selection = Selection("kubernetes", ("-",), name, container)
    return kubernetes.read(selection, io.BytesIO(text.encode()))


def judged(text: str) -> Container:
    """
    Return the container of a text that has one, of which nothing is remarked.
    """
    found = read(text)
    assert found.remarks == ()
    return found.judged


def remarks(manifest: Manifest) -> list[str]:
    """
    Return the remarks with their lines, each with its hint if it has one.
    """
    return [
        " ".join(filter(None, [str(each.location.line), each.value, each.hint]))
        for each in manifest.remarks
    ]


def line_of(text: str, part: str) -> int:
    """
    Return the number of the only line that contains a part.
    """
    (number,) = (at for at, line in enumerate(text.splitlines(), 1) if part in line)
    return number
