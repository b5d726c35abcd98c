"""
The environment of a container, as the kubelet makes it from `envFrom` and `env`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.report.suggest import did_you_mean
from workerctl.sources.manifests.containers import Fact, Variable
from workerctl.sources.manifests.documents import Node
from workerctl.sources.manifests.keys import corrected
from workerctl.sources.manifests.kubernetes.data import Data
from workerctl.sources.manifests.kubernetes.expansion import LONGEST, expand
from workerctl.sources.manifests.kubernetes.naming import key_of, may_show, named, sentence, thing
from workerctl.sources.manifests.kubernetes.scalars import is_given, is_true, kind_of, text_of
from workerctl.sources.manifests.kubernetes.scope import Scope

_OBJECTS = {"configMapRef": "ConfigMap", "secretRef": "Secret"}
_KEYS = {"configMapKeyRef": "ConfigMap", "secretKeyRef": "Secret"}
_ENTRY = frozenset({"name", "value", "valueFrom"})
_KEY = r"[-._A-Za-z0-9]+"
_NUL = "\0"
_TOO_LONG = f"is longer than {LONGEST // 1024} KiB, with which Linux starts no program"


class Environment(Record):
    """
    The variables of a container, the sources of further ones, and what Kubernetes would refuse.
    """

    variables: Mapping[str, Variable]
    further: tuple[Fact[str], ...] = ()
    remarks: tuple[Fact[str], ...] = ()

    def value(self, name: str) -> str | None:
        """
        Return the text of a variable, or None if there is not one in the files.
        """
        found = self.variables.get(name)
        return None if found is None else found.text

    def __repr__(self) -> str:
        return f"Environment({len(self.variables)} variables)"


def read(container: Node, scope: Scope) -> Environment:
    """
    Return the environment of a container.

    A variable of `env` replaces those of `envFrom` and earlier ones of its name. `$(NAME)` is
    expanded if an earlier variable has the name.
    """
    reader = _Reader(scope)
    for entry in _sources(container.get("envFrom")):
        reader.add_all(entry)
    for entry in _variables(container.get("env")):
        reader.add(entry)
    return Environment(reader.variables, tuple(reader.further), tuple(reader.remarks))


def _sources(node: Node | None) -> tuple[Node, ...]:
    """
    Return the entries of `envFrom`. A mapping, which Kubernetes refuses, counts as one entry.
    """
    if node is None:
        return ()
    return (node,) if node.kind == "map" else node.items


def _variables(node: Node | None) -> Iterator[Node]:
    """
    Yield the entries of `env`. Those of a mapping, which Kubernetes refuses, are judged as well.

    A mapping is one entry without its hyphen, or has the values by name, as in a compose file.
    """
    if node is None or node.kind != "map":
        yield from () if node is None else node.items
    elif "name" in node.entries and _ENTRY.issuperset(node.entries):
        yield node
    else:
        for name, value in node.entries.items():
            entry = {"name": Node("str", name, value.location), "value": value}
            yield Node("map", entry, value.location)


class _Reader:
    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self.variables: dict[str, Variable] = {}
        self.further: list[Fact[str]] = []
        self.remarks: list[Fact[str]] = []
        self._prefixes: list[tuple[str, str]] = []
        self._used: set[tuple[str, str]] = set()

    def add_all(self, entry: Node) -> None:
        """
        Add the variables of an entry of `envFrom`.
        """
        self._scope.budget.spend(entry.location)
        prefix = text_of(entry.get("prefix"))
        for reference, kind in _OBJECTS.items():
            name = entry.get(reference, "name")
            if name is None:
                continue
            found = self._scope.data(kind, text_of(name))
            if found is None or not found.is_complete:
                which = "optional " if is_true(entry.get(reference, "optional")) else ""
                what = thing(f"{which}{kind}", text_of(name))
                self.further.append(Fact(what, name.location))
                self._prefixes.append((prefix, what))
            if found is not None:
                self._use(found)
                self._add_data(found, prefix, entry.location)

    def _add_data(self, found: Data, prefix: str, entry: Location) -> None:
        for key, datum in found.entries.items():
            self._scope.budget.spend(datum.location)
            name = prefix + key
            # Kubernetes before 1.32 leaves out names that begin with a digit; no setting has one.
            if not datum.is_variable or name[:1].isdigit() or not _is_name(name):
                continue
            if datum.fault is not None:
                self._remark(f"{datum.source} {datum.fault}.", datum.location)
            self.variables[name] = Variable(
                text=datum.text,
                location=datum.location,
                source=datum.source if datum.text is None else "",
                in_clear=datum.in_clear and datum.text is not None,
                entry=entry,
            )

    def add(self, entry: Node) -> None:
        """
        Add a variable of `env`.
        """
        entry, wrong = corrected(entry, _ENTRY, "variable")
        self.remarks += wrong
        name, value, source = entry.get("name"), entry.get("value"), entry.get("valueFrom")
        self._scope.budget.spend(entry.location)
        if name is None or not _is_name(text_of(name)):
            self._remark("A variable does not have a valid name.", entry.location)
            return
        shown = _shown(text_of(name))
        if source is None or not is_given(source):
            found: Variable | None = self._literal(shown, value, entry.location)
        elif _is_empty(value):
            found = self._referred(shown, source)
        else:
            self._remark(f"{sentence(shown)} has both `value` and `valueFrom`.", source.location)
            found = self._literal(shown, value, entry.location)
        if found is not None:
            self._scope.budget.spend(found.location, found.text or found.partial)
            self.variables[text_of(name)] = found

    def _literal(self, shown: str, node: Node | None, location: Location) -> Variable:
        if node is None:
            return Variable("", location, in_clear=True)
        kind = kind_of(node)
        if kind in {"map", "list"}:
            problem = f"is a {kind}; Kubernetes accepts only strings"
            return self._faulty(shown, problem, node.location)
        if kind in {"number", "boolean"}:
            problem = f"is a {kind}; Kubernetes accepts only strings"
            self._remark(f"The value of {shown} {problem}.", node.location, "Quote the value.")
        text = text_of(node)
        if _NUL in text:
            return self._faulty(shown, "contains a NUL byte", node.location)
        return self._expanded(shown, text, node.location)

    def _expanded(self, shown: str, text: str, location: Location) -> Variable:
        later: list[str] = []
        hidden: list[str] = []

        def value(name: str) -> str | None:
            known = self.variables.get(name)
            if known is None:
                later.extend(self._elsewhere(name))
                return None
            if known.text is None:
                later.append(known.source)
                return known.partial
            if not known.in_clear:
                hidden.append(name)
            return known.text

        expanded = expand(text, value)
        if expanded is None:
            return self._faulty(shown, _TOO_LONG, location)
        if later:
            return Variable(None, location, later[0], partial=expanded)
        return Variable(expanded, location, in_clear=not hidden)

    def _elsewhere(self, name: str) -> Iterator[str]:
        """
        Yield where the value of a variable may come from that the files do not set.
        """
        service = self._scope.links.source(name)
        if service is not None:
            yield service
        if re.fullmatch(_KEY, name):
            yield from (what for prefix, what in self._prefixes if name.startswith(prefix))

    def _referred(self, shown: str, source: Node) -> Variable | None:
        """
        Return the variable that `valueFrom` gives; None if it is optional and not there.
        """
        for reference, kind in _KEYS.items():
            node = source.get(reference)
            if node is not None and is_given(node):
                return self._of_key(shown, source.location, node, kind)
        field = source.get("fieldRef", "fieldPath")
        if field is not None:
            return Variable(None, source.location, f"{_path(field)} of the Pod")
        resource = source.get("resourceFieldRef", "resource")
        if resource is not None:
            return Variable(None, source.location, f"{_path(resource)} of the container")
        if is_given(source.get("fileKeyRef")):
            return Variable(None, source.location, "a file that another container writes")
        self._remark(f"The `valueFrom` of {shown} does not name a source.", source.location)
        return Variable(None, source.location, "valueFrom")

    def _of_key(
        self, shown: str, location: Location, reference: Node, kind: str
    ) -> Variable | None:
        key, name = text_of(reference.get("key")), text_of(reference.get("name"))
        is_optional = is_true(reference.get("optional"))
        found = self._scope.data(kind, name)
        if found is not None:
            self._use(found)
            datum = found.entries.get(key)
            if datum is not None and datum.is_variable:
                if datum.fault is not None:
                    self._remark(f"{datum.source} {datum.fault}.", datum.location)
                return Variable(
                    text=datum.text,
                    location=datum.location,
                    source=datum.source if datum.text is None else "",
                    in_clear=datum.in_clear and datum.text is not None,
                    entry=location,
                )
            if found.is_complete and is_optional:
                return None
            if found.is_complete:
                self._missing(shown, key, kind, found, reference.location)
        what = key_of(key, kind, name)
        return Variable(None, location, f"optional {what}" if is_optional else what)

    def _missing(self, shown: str, key: str, kind: str, found: Data, location: Location) -> None:
        what = f"key {key}" if may_show(key) else "such key"
        known = [each for each in found.entries if may_show(each)]
        hint = did_you_mean(key, known)
        if key in found.entries:
            hint = "It is in binaryData, of which no variables are made: move it to data."
        problem = f"{thing(kind, found.name)} has no {what}, to which {shown} refers"
        self._remark(f"The container cannot start: {problem}.", location, hint)

    def _faulty(self, shown: str, problem: str, location: Location) -> Variable:
        self._remark(f"The value of {shown} {problem}.", location)
        return Variable(None, location, "a value that is not valid")

    def _use(self, found: Data) -> None:
        if (found.kind, found.name) not in self._used:
            self._used.add((found.kind, found.name))
            self.remarks += found.remarks

    def _remark(self, problem: str, location: Location, hint: str | None = None) -> None:
        self.remarks.append(Fact(sentence(problem), location, hint))


def _is_name(name: str) -> bool:
    """
    Return whether Kubernetes accepts the name of a variable.
    """
    return bool(name) and name.isascii() and name.isprintable() and "=" not in name


def _shown(name: str) -> str:
    return named(name, "a variable")


def _is_empty(value: Node | None) -> bool:
    return value is None or (kind_of(value) not in {"map", "list"} and not text_of(value))


def _path(node: Node) -> str:
    """
    Return the path of a field without the key of a label, such as `metadata.labels`.
    """
    return named(text_of(node).partition("[")[0], "a field")
