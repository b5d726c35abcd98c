"""
The form of every value that the sources set, and the secrets that no HTTP header can carry.

`faults` looks at the value that the settings have in the end, which the class may have cleaned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from os import PathLike, fspath
from typing import Any, Protocol

from pydantic.fields import FieldInfo

from workerctl.report.findings import Finding, Severity
from workerctl.report.records import Record
from workerctl.rules import EncryptionKey, Environment, LogLevel, Origins, Queues
from workerctl.schema.declarations import Schema, Variable
from workerctl.schema.introspection import holds_url, sequence_type
from workerctl.secrecy.credential_names import Use, use_of
from workerctl.sources.forms.characters import Fault
from workerctl.sources.forms.plain import is_plain, is_twice
from workerctl.sources.forms.wrappings import Role, bare_fault
from workerctl.sources.values import Values

CODES = {"space": "FRM001", "hidden": "FRM002", "wrapped": "FRM003", "list": "FRM004"}
UNSENDABLE = "so no HTTP header can carry it"

_ROLES: dict[Use, Role] = {
    "sent": Role.HEADER,
    "shared": Role.SHARED,
    "private": Role.PRIVATE,
}
_URL = r"[\"'`]?[A-Za-z][A-Za-z0-9+.-]*://"
_LISTS_OF_NAMES = (
    *("QUEUES", "HOSTS", "ORIGINS", "DOMAINS", "TOPICS", "EXTENSIONS", "MODELS", "IDS", "IPS"),
    *("CIDRS", "REGIONS", "BUCKETS"),
)
_COMMON = frozenset("\"'`=#\\;|{&% ")


class View(Protocol):
    """
    What is looked at: the schema, the values of the sources, and the instance.
    """

    @property
    def schema(self) -> Schema:
        """
        What the settings class declares.
        """

    @property
    def values(self) -> Values:
        """
        What the sources set.
        """

    @property
    def settings(self) -> Any:
        """
        The instance of the class.
        """


class Judged(Record):
    """
    A fault of a variable, and what the value is used for.
    """

    name: str
    fault: Fault
    role: Role
    unsendable: bool = False


def unsendable(view: View, names: Iterable[str]) -> Iterator[Finding]:
    """
    Yield a finding for those of the secrets that no HTTP header can carry.
    """
    left_out = _judged_elsewhere(view)
    for name in names:
        found = None if name in left_out else _of_variable(view, name)
        if found is not None and found.unsendable:
            yield _finding(view, found)


def faults(view: View, names: Iterable[str]) -> Iterator[Finding]:
    """
    Yield a finding for each of the values that is not written as it is meant.
    """
    left_out = _judged_elsewhere(view)
    for name in names:
        found = None if name in left_out else _of_variable(view, name)
        if found is not None:
            yield _finding(view, found)


def role_of(name: str, text: str, *, secret: bool) -> Role:
    """
    Return what a value is used for, by the name of its variable.
    """
    import re

    if "://" in text and re.match(_URL, text.strip()):
        return Role.URL
    return _ROLES[use_of(name)] if secret else Role.TEXT


def remedy_of(name: str, text: str, info: FieldInfo, *, json: bool) -> str | None:
    """
    Return what to do about a value that its type rejects, if its form explains that.

    `json` says that a list can only be written as JSON.
    """
    found = bare_fault(text, (name,), role_of(name, text, secret=False))
    if found is not None:
        return found.remedy
    if sequence_type(info) is None:
        return "Begin it with the scheme and `://`." if _lacks_scheme(text, info) else None
    from workerctl.sources.forms.lists import syntax_hint

    return syntax_hint(text, json=json)


def _lacks_scheme(text: str, info: FieldInfo) -> bool:
    return bool(text) and "://" not in text and holds_url(info)


def _of_variable(view: View, name: str) -> Judged | None:
    value = view.values.chosen[name]
    if not value.text or value.problem is not None:
        return None
    variable = view.schema.variables.get(name)
    effective = value.text if variable is None else view.schema.value(view.settings, name)
    found = _of_value(view, name, variable, _text(effective))
    return None if found is None or _is_placeholder(view, name) else found


def _judged_elsewhere(view: View) -> frozenset[str]:
    """
    Return the variables whose form other checks describe: encryption keys (KEY002, KEY005).
    """
    keys = [each.name for each in view.schema.of(EncryptionKey)]
    clean = [each.name for kind in (Environment, LogLevel) for each in view.schema.of(kind)]
    older = [
        name
        for name in view.values.chosen
        if view.values.names.is_in_family(name) or any(name.startswith(f"{k}_V") for k in keys)
    ]
    return frozenset([*keys, *clean, *older])


def _text(value: Any) -> Any:
    """
    Return the text of a value, or the list of its items; anything else unchanged.
    """
    if hasattr(value, "get_secret_value"):
        return _text(value.get_secret_value())
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, PathLike):
        return fspath(value)
    if type(value).__module__ in {"pydantic.networks", "pydantic_core._pydantic_core"}:
        return str(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_text(item) for item in value]
    return value


def _of_value(view: View, name: str, variable: Variable | None, value: Any) -> Judged | None:
    secret = view.values.names.is_secret(name)
    names = (name,) if variable is None else variable.names
    is_queues = any(each.name == name for each in view.schema.of(Queues))
    is_origins = any(each.name == name for each in view.schema.of(Origins))
    if isinstance(value, str) and (is_queues or is_origins) and not value.startswith("["):
        value = value.split(",")
        if not any(value):
            return None
        value = [each.strip() for each in value]
    if isinstance(value, str) and not isinstance(value, Enum):
        return _of_text(name, names, value, secret=secret)
    if isinstance(value, list) and value and all(type(each) is str for each in value):
        is_json = view.values.text(name).lstrip().startswith("[")
        return _of_items(name, names, value, secret=secret, named=is_queues, json=is_json)
    return None


def _of_text(name: str, names: tuple[str, ...], text: str, *, secret: bool) -> Judged | None:
    plain = is_plain(text)
    if (
        plain
        and _COMMON.isdisjoint(text)
        and not (":" in text or text[-1:] == "," or is_twice(text))
    ):
        return None
    role = role_of(name, text, secret=secret)
    found = bare_fault(text, names, role)
    if found is None:
        return None
    sendable = role is not Role.HEADER or plain
    return Judged(name, found, role, unsendable=not sendable)


def _of_items(  # noqa: PLR0913 -- what is known of the list
    name: str, names: tuple[str, ...], items: list[str], *, secret: bool, named: bool, json: bool
) -> Judged | None:
    from workerctl.sources.forms.lists import list_fault

    role = Role.TEXT
    if not secret:
        words = set(name.upper().split("_"))
        named = named or not words.isdisjoint(_LISTS_OF_NAMES)
        found = list_fault(items, named=named, json=json)
        if found is not None:
            return Judged(name, found, role)
    for number, item in enumerate(items, 1):
        judged = _of_text(name, names, item, secret=secret)
        if judged is not None:
            words_ = f"has an item {number} that {judged.fault.words}"
            return judged.replace(fault=judged.fault.replace(words=words_))
    return None


def _is_placeholder(view: View, name: str) -> bool:
    from workerctl.sources.forms.placeholders.recognition import is_placeholder

    secret = view.values.names.is_secret(name)
    return is_placeholder(view.values.text(name), name, secret=secret)


def _finding(view: View, judged: Judged) -> Finding:
    name, fault = judged.name, judged.fault
    words = f"{fault.words}, {UNSENDABLE}" if judged.unsendable else fault.words
    return Finding(
        code=CODES[fault.kind],
        severity=_severity(view, judged),
        message=f"{name} {words}.",
        hint=fault.remedy,
        fields=(name,),
        location=view.values.location(name),
    )


def _severity(view: View, judged: Judged) -> Severity:
    """
    Return an error where the value cannot work, and a warning where it may be meant like this.
    """
    if judged.role in {Role.HEADER, Role.SHARED}:
        return Severity.ERROR
    if judged.fault.plainly and judged.role is Role.PRIVATE:
        return Severity.ERROR
    is_queues = any(each.name == judged.name for each in view.schema.of(Queues))
    return Severity.ERROR if is_queues else Severity.WARNING
