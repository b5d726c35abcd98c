"""
The data of ConfigMaps and Secrets, and of the objects that create Secrets.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping

from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources.manifests.containers import Fact
from workerctl.sources.manifests.documents import Node
from workerctl.sources.manifests.kubernetes.naming import key_of, sentence
from workerctl.sources.manifests.kubernetes.scalars import kind_of, text_of

_ENCRYPTED = "ENC["
_NUL = "\0"


class Datum(Record):
    """
    A value of a ConfigMap or a Secret.

    `text` is None if it is not in the files, or not a text; `source` says where it comes from, and
    `fault` why no variable can have it. `is_variable` is false for binary data of a ConfigMap, of
    which no variables are made.
    """

    text: str | None
    location: Location
    source: str
    fault: str | None = None
    in_clear: bool = False
    is_variable: bool = True

    def __repr__(self) -> str:
        return f"Datum(at {self.location})"


class Data(Record):
    """
    The values of a ConfigMap or a Secret by key, as far as the files show them.

    `kind` and `name` are those of the object that has or creates them; `name` is that of the
    Secret. If it `is_complete`, there are no other keys. `remarks` are why the API server would
    refuse the object.
    """

    kind: str
    name: str
    entries: Mapping[str, Datum]
    is_complete: bool = True
    remarks: tuple[Fact[str], ...] = ()

    def __repr__(self) -> str:
        return f"Data({self.kind}, {len(self.entries)} keys)"


def of_config_map(node: Node, name: str) -> Data:
    """
    Return the data of a ConfigMap.
    """
    reader = _Reader("ConfigMap", name, node)
    entries = {key: reader.text(key, value) for key, value in _entries(node, "data")}
    for key, value in _entries(node, "binaryData"):
        entries.setdefault(key, reader.encoded(key, value).replace(is_variable=False))
    entries = {key: one.replace(in_clear=True) for key, one in entries.items()}
    return Data("ConfigMap", name, entries, remarks=tuple(reader.remarks))


def of_secret(node: Node, name: str) -> Data:
    """
    Return the data of a Secret; `stringData` is over `data`.
    """
    reader = _Reader("Secret", name, node)
    entries = {key: reader.encoded(key, value) for key, value in _entries(node, "data")}
    entries |= {key: reader.text(key, value) for key, value in _entries(node, "stringData")}
    return Data("Secret", name, entries, remarks=tuple(reader.remarks))


def of_sealed_secret(node: Node, name: str) -> Data:
    """
    Return the data of the Secret that a SealedSecret becomes in the cluster.
    """
    keys = [*_entries(node, "spec", "encryptedData")]
    keys += _entries(node, "spec", "template", "data")
    return Data("SealedSecret", name, _from_elsewhere("SealedSecret", name, keys))


def of_external_secret(node: Node, name: str) -> Data:
    """
    Return the data of the Secret that an ExternalSecret creates from another store.
    """
    data = node.get("spec", "data")
    named = [one.get("secretKey") for one in (() if data is None else data.items)]
    keys = [(text_of(key), key) for key in named if key is not None]
    template = [*_entries(node, "spec", "target", "template", "data")]
    # Both of these add keys that only the store knows.
    is_open = node.get("spec", "dataFrom") or node.get("spec", "target", "template", "templateFrom")
    return Data(
        kind="ExternalSecret",
        name=text_of(node.get("spec", "target", "name")) or name,
        entries=_from_elsewhere("ExternalSecret", name, [*keys, *template]),
        is_complete=is_open is None,
    )


def _entries(node: Node, *path: str) -> Iterator[tuple[str, Node]]:
    found = node.get(*path)
    yield from () if found is None else found.entries.items()


def _from_elsewhere(kind: str, name: str, keys: list[tuple[str, Node]]) -> dict[str, Datum]:
    return {key: Datum(None, node.location, key_of(key, kind, name)) for key, node in keys}


class _Reader:
    """
    Reads the values of an object, and collects what the API server would refuse.
    """

    def __init__(self, kind: str, name: str, node: Node) -> None:
        self._kind = kind
        self._name = name
        self._is_encrypted = node.get("sops") is not None
        self.remarks: list[Fact[str]] = []

    def text(self, key: str, node: Node) -> Datum:
        """
        Return a value that is written as it is.
        """
        kind = kind_of(node)
        if self._is_sealed(node):
            return self._sealed(key, node)
        if kind in {"map", "list"}:
            self._remark(key, node, f"is a {kind}; Kubernetes accepts only strings")
            return self._datum(key, node, None, "is not a string")
        if kind in {"number", "boolean"}:
            problem = f"is a {kind}; Kubernetes accepts only strings"
            self._remark(key, node, problem, "Quote the value.")
        text = text_of(node)
        return self._datum(key, node, text, "contains a NUL byte" if _NUL in text else None)

    def encoded(self, key: str, node: Node) -> Datum:
        """
        Return a value that is written in base64.
        """
        if self._is_sealed(node):
            return self._sealed(key, node)
        if kind_of(node) not in {"string", "null"}:
            self._remark(key, node, "is not a string; Kubernetes accepts only base64")
            return self._datum(key, node, None, "is not base64")
        decoded = _decoded(text_of(node))
        if decoded is None:
            self._remark(key, node, "is not valid base64; Kubernetes refuses the object")
            return self._datum(key, node, None, "is not base64")
        text = _as_text(decoded)
        return self._datum(key, node, text, _fault_of(text))

    def _datum(self, key: str, node: Node, text: str | None, fault: str | None) -> Datum:
        source = key_of(key, self._kind, self._name)
        return Datum(text if fault is None else None, node.location, source, fault)

    def _is_sealed(self, node: Node) -> bool:
        return self._is_encrypted and text_of(node).startswith(_ENCRYPTED)

    def _sealed(self, key: str, node: Node) -> Datum:
        source = f"{key_of(key, self._kind, self._name)}, which SOPS decrypts"
        return Datum(None, node.location, source)

    def _remark(self, key: str, node: Node, problem: str, hint: str | None = None) -> None:
        what = sentence(key_of(key, self._kind, self._name))
        self.remarks.append(Fact(f"{what} {problem}.", node.location, hint))


def _decoded(text: str) -> bytes | None:
    """
    Return what a text in base64 encodes, or None. Line ends are ignored, as Go does.
    """
    try:
        return base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError):
        return None


def _as_text(decoded: bytes) -> str | None:
    try:
        return decoded.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _fault_of(text: str | None) -> str | None:
    if text is None:
        return "is not UTF-8 text"
    return "contains a NUL byte" if _NUL in text else None
