"""
REF001 and REF002: values that a tool was to resolve, and the text of missing values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from workerctl.report.findings import Finding, Location, Severity, by_environment
from workerctl.report.records import Record
from workerctl.schema.boot_rules.view import View
from workerctl.schema.introspection import SEQUENCES, bare_type, sequence_type
from workerctl.sources.forms.plain import may_refer
from workerctl.sources.forms.references import Holds, Recognised, recognised
from workerctl.sources.values import Values

_URL_NAMES = frozenset(
    ["URL", "URI", "DSN", "ENDPOINT", "HOST", "HOSTNAME", "ADDR", "ADDRESS", "BROKER"]
)
"""The last words in the names of variables that hold a URL or a host."""


class Unresolved(Record):
    """
    A variable whose value is not the one that was meant, and what it is instead.

    `in_file` is true for a value that stands in an env file, which a tool may still render.
    """

    name: str
    what: Recognised
    location: Location
    in_file: bool


def findings(
    view: View, env: str, *, starting: bool = False, rendered_by: str | None = None
) -> Iterator[Finding]:
    """
    Yield REF001 for every reference that nothing has resolved, and REF002 for missing values.

    Whatever has arrived in the process, or is read while a worker starts, is final: an error. An
    env file may be rendered before the worker reads it, if `rendered_by` names the tool.
    """
    none = getattr(view.schema.settings_class, "model_config", {}).get("env_parse_none_str")
    for found in _unresolved(view):
        if none is not None and view.values.text(found.name) == none:
            continue  # the class itself reads it as None
        final = starting or not found.in_file
        rendered = None if final or found.what.nothing else rendered_by
        severity = by_environment(
            env,
            development=Severity.ERROR if final else Severity.WARNING,
            staging=Severity.ERROR,
            production=Severity.ERROR,
        )
        if severity is not None:
            later = f"is left to {rendered}, which renders the file"
            yield Finding(
                code="REF002" if found.what.nothing else "REF001",
                severity=Severity.INFO if rendered else severity,
                message=f"{found.name} {later if rendered else found.what.words}.",
                hint=None if rendered else _remedy(view, found),
                fields=(found.name,),
                location=found.location,
            )


def _remedy(view: View, found: Unresolved) -> str:
    name = found.name
    if found.what.nothing:
        return f"Set {name} to its value, or leave it out where it has none."
    if found.what.path and view.values.names.reads_files:
        return f"Set {name}_FILE to the path, or {name} to the content of the file."
    if found.what.variable:
        if found.in_file:
            return f"Write it as `${{NAME}}`, not in single quotes, or set {name} to the value."
        return f"Set {name} to the value, or let a shell or `envsubst` replace the variable."
    if found.in_file:
        return "Render the file first, or name the tool that does so as `rendered_by`."
    return f"Start the worker with the tool that resolves it, or set {name} to the value."


def _unresolved(view: View) -> Iterator[Unresolved]:
    """
    Yield the chosen values that are references or the text of a missing value.
    """
    for name, value in view.values.chosen.items():
        if not may_refer(value.text):
            continue
        in_file = value.location.source == "env-file"
        written = _as_written(view.values, name, value.location) if in_file else None
        what = recognised(written or value.text, name, _holds(view, name))
        if what is None or (in_file and what.quoted):
            what = _in_part(view, name)
        if what is not None and not (in_file and what.quoted):
            yield Unresolved(name, what, value.location, in_file)


def _in_part(view: View, name: str) -> Recognised | None:
    """
    Return what the first item of a list or entry of a mapping is, if it was to be resolved.
    """
    variable = view.schema.variables.get(name)
    if variable is None or name in view.invalid:
        return None
    value = view.schema.value(view.settings, name)
    if not _may_refer_in_part(value):
        return None
    from workerctl.schema.secrets.shown import parts  # few values have parts, and most are plain

    is_list = isinstance(value, SEQUENCES)
    for number, item in enumerate(value if is_list else (value,), 1):
        for part in parts(variable.path[-1], variable.info, item, variable.path[:-1]):
            holds = _held_by(part.place.name, secret=part.place.secret)
            found = recognised(part.text, part.place.name, holds)
            if found is not None:
                is_field = part.place.name in getattr(type(item), "model_fields", ())
                entry = f"a field {part.place.name}" if is_field else "an entry"
                where = f"an item {number}" if is_list else entry
                return found.replace(words=f"has {where} that {found.words}")
    return None


def _may_refer_in_part(value: Any) -> bool:
    if isinstance(value, SEQUENCES):
        return any(not isinstance(item, str) or may_refer(item) for item in value)
    return isinstance(value, Mapping | BaseModel)


def _held_by(name: str, *, secret: bool) -> Holds:
    is_url = name.upper().rpartition("_")[2] in _URL_NAMES
    return Holds.SECRET if secret else Holds.FORM if is_url else Holds.TEXT


def _holds(view: View, name: str) -> Holds:
    """
    Return what a variable holds. What its class has accepted as a whole number is one.

    One word, such as `null`, is rather the text of a missing list than its only item.
    """
    variable = view.schema.variables.get(name)
    is_number = variable is not None and bare_type(variable.info.annotation) is float
    is_list = variable is not None and sequence_type(variable.info) is not None
    is_form = is_number or name in view.invalid or (is_list and view.values.text(name).isalpha())
    held = _held_by(name, secret=view.values.names.is_secret(name))
    return Holds.FORM if held is Holds.TEXT and is_form else held


def _as_written(values: Values, name: str, location: Location) -> str | None:
    """
    Return the text of an env file with a `${{ … }}`, of which expansion has left a brace only.
    """
    if "}" not in values.text(name):
        return None
    for source in values.env_files:
        for assignment in source.assignments:
            if assignment.sets == name and assignment.location == location and assignment.entry:
                written = assignment.entry.value or ""
                return written if "${{" in written else None
    return None
