"""
Findings for what a settings class rejects, in words that never contain a value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from itertools import islice
from typing import Any

from pydantic.fields import FieldInfo

from workerctl.report.findings import Finding, Location, Severity
from workerctl.schema import description
from workerctl.schema.boot_rules import forms
from workerctl.schema.declarations import Schema, Variable
from workerctl.schema.foreign.annotations import is_complex, item_type, models_in
from workerctl.schema.foreign.rejected.mapping import Rejection
from workerctl.schema.foreign.rejected.unreadable import Unreadable
from workerctl.secrecy.masking import is_conventional_name, is_like_secret
from workerctl.sources.values import Source, Values

_MOST_NAMES = 4
_WORDS = {
    **description.CONSTRAINTS,
    "finite_number": "a finite number",
    "decimal_max_digits": "a number of fewer digits",
    "decimal_whole_digits": "a number of fewer digits before the decimal point",
    "decimal_max_places": "a number of fewer decimal places",
    "union_tag_invalid": "of a kind that its discriminator knows",
    "union_tag_not_found": "of a kind that its discriminator knows",
    "json_invalid": "valid JSON",
}
_LENGTHS = {"too_short": "longer", "too_long": "shorter"}
"""The words for a text, which some types measure like a list."""


def findings_of(
    schema: Schema, values: Values, rejections: Iterable[Rejection]
) -> tuple[Finding, ...]:
    """
    Return a SET001 finding for every rejection that SET002 does not report.

    SET002 reports the names in files that neither the class nor a nested one knows.
    """
    return tuple(
        _finding(schema, values, each) for each in rejections if not _is_of_a_file(each, values)
    )


def _is_of_a_file(rejection: Rejection, values: Values) -> bool:
    if rejection.cause != "unknown" or rejection.path or rejection.variable is None:
        return False
    return any(
        assignment.sets is None and assignment.name.upper() == rejection.variable.upper()
        for source in values.env_files
        for assignment in source.assignments
    )


def _finding(schema: Schema, values: Values, rejection: Rejection) -> Finding:
    if rejection.cause == "unknown":
        return _unknown(schema, values, rejection)
    variable = schema.variables.get(rejection.variable or "") or _below(schema, rejection)
    if variable is None:
        return _as_a_whole(schema, rejection)
    if rejection.cause == "missing":
        return _missing(schema, variable, values, rejection)
    if rejection.cause == "machine":
        return _of_machine(variable, values, rejection)
    name = variable.name
    if rejection.takes_no_text:
        return _set001(
            f"{name} has a type that accepts no text.",
            "Change the type in the class: a variable can only be set to a text.",
            name,
            _location(variable, values, rejection),
        )
    if rejection.cause == "type" and not _is_set(values, {name, rejection.variable or name}):
        message = f"{name} is not set, and its default is not valid."
        return _set001(message, f"Set {name}.", name, None)
    message = f"{name} must be {_expectation(variable, rejection)}."
    if rejection.cause == "validator":
        message = f"{name} is rejected by {_validator(rejection)}."
    remedy = forms.remedy_of(name, values.text(name), variable.info, json=True)
    hint = remedy or _hint(schema, variable)
    return _set001(message, hint, name, _location(variable, values, rejection))


def _below(schema: Schema, rejection: Rejection) -> Variable | None:
    """
    Return a variable that the class does not declare, such as that of a key of a dictionary.

    If its name may be a secret, the one of the whole dictionary is returned.
    """
    name = rejection.variable
    variable = next((v for v in schema.variables.values() if v.path == rejection.path), None)
    if variable is None or name is None or shown_name(name, "") != name:
        return variable
    delimiter = schema.fold(schema.delimiter or "\0")
    found = next(each for each in variable.names if name.startswith(f"{each}{delimiter}"))
    kind: Any = variable.info.annotation
    for key in name.removeprefix(f"{found}{delimiter}").split(delimiter):
        kind = item_type(kind, key)
    return variable.replace(name=name, info=FieldInfo.from_annotation(kind), aliases=())


def _expectation(variable: Variable, rejection: Rejection) -> str:
    info = variable.info
    if not is_complex(info.annotation) and rejection.type in _LENGTHS:
        return _LENGTHS[rejection.type]
    if rejection.type in _WORDS:
        return _WORDS[rejection.type]
    if info.annotation is Any:  # of a key whose type is not known
        return "of the form that the class declares"
    expected = description.expectation(info, is_own=False)
    is_object = "JSON object" in expected
    return f"{expected} of the form that the class declares" if is_object else expected


def _hint(schema: Schema, variable: Variable) -> str:
    """
    Return the hint for a bad value. Only a default that cannot be a secret is shown.
    """
    name, default = variable.name, variable.info.default
    plain = default.value if isinstance(default, Enum) else default
    text = description.default_text(schema, name) if isinstance(plain, bool | int | float) else ""
    return f"The default is {name}={text}." if text else f"Correct {name}."


def _missing(schema: Schema, variable: Variable, values: Values, rejection: Rejection) -> Finding:
    name = variable.name
    is_held = values.is_set(name) or rejection.variable != name
    if is_held and (rejection.lacks or rejection.path != variable.path):
        *above, last = (
            *rejection.path[len(variable.path) :],
            *([rejection.lacks] if rejection.lacks else []),
        )
        message = f"{'.'.join([name, *above])} must contain {last}."
        return _set001(message, f"Add it to {name}.", name, values.location(name))
    unread = values.unread.get(name)
    if unread is not None:
        message = f"{name} is required, but {unread.words}."
        return _set001(message, unread.remedy, name, unread.location)
    required = _required_in(schema, variable)
    names = ", ".join(required) if 0 < len(required) <= _MOST_NAMES else name
    finding = _set001(f"{name} is required but not set.", f"Set {names}.", name, None)
    # The first field decides whether an image may be built without it, as without a secret.
    fields = sorted(required, key=values.names.is_secret)
    return finding.replace(fields=tuple(fields)) if fields else finding


def _required_in(schema: Schema, variable: Variable) -> tuple[str, ...]:
    """
    Return the names of the variables that a nested model requires.

    Nothing is returned for a choice of models, which require different ones.
    """
    if len(tuple(models_in(variable.info.annotation))) != 1:
        return ()
    depth = len(variable.path) + 1
    inner = [
        each
        for each in schema.variables.values()
        if each.path[: depth - 1] == variable.path and len(each.path) == depth
    ]
    names: list[str] = []
    for each in inner:
        if each.info.is_required():
            names += _required_in(schema, each) or (each.name,)
    return tuple(names)


def _of_machine(variable: Variable, values: Values, rejection: Rejection) -> Finding:
    where = "" if rejection.place is None else f", says {_validator(rejection)}"
    finding = _set001(
        f"{variable.name} refers to something that this machine does not have{where}.",
        "Repeat the check on the machine of the worker, or create it.",
        variable.name,
        _location(variable, values, rejection),
    )
    return finding.replace(severity=Severity.WARNING)


def _as_a_whole(schema: Schema, rejection: Rejection) -> Finding:
    name = schema.settings_class.__name__
    source = rejection.unreadable
    if source is not None and rejection.cause == "source":
        return _unreadable(name, source, rejection)
    if rejection.cause == "machine":
        by = _validator(rejection) if source is None else source.name
        return Finding(
            code="SET001",
            severity=Severity.WARNING,
            message=f"{name} cannot be judged on this machine ({rejection.type} in {by}).",
            hint="Repeat the check on the machine of the worker.",
        )
    return Finding(
        code="SET001",
        severity=Severity.ERROR,
        message=f"The values are rejected by {_validator(rejection)}.",
        hint="See the validator for what it requires.",
    )


def _unreadable(name: str, source: Unreadable, rejection: Rejection) -> Finding:
    where = None if source.format is None else Location("other", source.name, source.line)
    message = f"A source of {name} cannot be read: {source.name} ({rejection.type})."
    hint = "Correct it, or remove it from the class."
    if where is not None:
        message, hint = f"{where} is not readable {source.format}.", "Correct the file."
    elif rejection.place is not None:
        hint = f"See {rejection.place.where}."
    return Finding(
        code="SET001", severity=Severity.ERROR, message=message, hint=hint, location=where
    )


def _unknown(schema: Schema, values: Values, rejection: Rejection) -> Finding:
    variable = schema.variables.get(rejection.variable or "")
    if variable is not None and rejection.path:
        return _set001(
            f"{variable.name} contains a key that the class forbids.",
            "Remove the key, or correct its name.",
            variable.name,
            values.location(variable.name),
        )
    shown = shown_name(rejection.variable or "", "A key of a source")
    location = None
    if rejection.variable is not None:
        location = next(_places(values.sources(), rejection.variable), Location("environment"))
    is_top = not rejection.path
    reason = f" to {schema.settings_class.__name__}, which" if is_top else ", and the class"
    name = rejection.variable or ""
    above = (
        n for n, each in schema.variables.items() if not is_top and each.path == rejection.path
    )
    # By the name, SET002 and SET003 see that it has been reported.
    names = [*([name] if shown == name and not is_top else []), *islice(above, 1)]
    remedy = "Correct the name, remove it, or set extra='ignore' in the class."
    return Finding(
        code="SET001",
        severity=Severity.ERROR,
        message=f"{shown} is unknown{reason} forbids other names.",
        hint=(None if is_top else _did_you_mean(schema, name)) or remedy,
        fields=tuple(names),
        location=location,
    )


def _did_you_mean(schema: Schema, name: str) -> str | None:
    """
    Return a hint that suggests a known name in the same nested model, or None.
    """
    from workerctl.report import suggest  # most configurations have no such name

    delimiter = schema.fold(schema.delimiter or "\0")
    model = name[: len(name) - len(name.rpartition(delimiter)[2])]
    known = (each for variable in schema.variables.values() for each in variable.names)
    keys = [each.removeprefix(model) for each in known if each.startswith(model)]
    near = suggest.closest(name.removeprefix(model), keys, 0.6)
    return None if near is None else f"Did you mean {model}{near}?"


def shown_name(name: str, otherwise: str) -> str:
    """
    Return the name of an unknown variable, or other words if it may be a secret itself.
    """
    return name if is_conventional_name(name) and not is_like_secret(name) else otherwise


def _validator(rejection: Rejection) -> str:
    if rejection.place is None:
        return "a validator of the class"
    return f"validator `{rejection.place.function}` ({rejection.place.where})"


def _location(variable: Variable, values: Values, rejection: Rejection) -> Location | None:
    if rejection.kinds == ("env-file",):
        found = [each for name in variable.names for each in _places(values.env_files, name)]
        if found:
            return found[-1]
    names = (variable.name, rejection.variable or variable.name)
    return next((values.location(name) for name in names if values.is_set(name)), None)


def _is_set(values: Values, names: Iterable[str]) -> bool:
    return any(map(values.is_set, names))


def _places(sources: Iterable[Source], name: str) -> Iterator[Location]:
    for source in sources:
        for assignment in source.assignments:
            if assignment.name.upper() == name.upper():
                yield assignment.location


def _set001(message: str, hint: str, name: str, location: Location | None) -> Finding:
    return Finding(
        code="SET001",
        severity=Severity.ERROR,
        message=message,
        hint=hint,
        fields=(name,),
        location=location,
    )
