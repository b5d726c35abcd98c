"""
Findings for values that a settings class rejects, in words that never contain the value.
"""

from __future__ import annotations

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from workerctl.report.findings import Finding, Location, Severity
from workerctl.schema import declarations
from workerctl.schema.boot_rules import forms, rules
from workerctl.schema.boot_rules.view import View
from workerctl.schema.vocabulary import Expects
from workerctl.secrecy.masking import is_conventional_name
from workerctl.sources.values import Values

_OF_VALIDATOR = ("value_error", "assertion_error")
_SEE_CLASS = "See the class for what it requires."


def unreadable_files(values: Values) -> list[Finding]:
    """
    Return a SET001 finding for every secret file that cannot be read.
    """
    return [
        Finding(
            code="SET001",
            severity=Severity.ERROR,
            message=f"{value.problem}.",
            hint="Check that the file exists and that the worker may read it.",
            fields=(name,),
            location=value.location,
        )
        for name, value in values.chosen.items()
        if value.problem is not None
    ]


def rejected_values(
    schema: declarations.Schema, values: Values, error: ValidationError
) -> list[Finding]:
    """
    Return a SET001 finding for every value that pydantic rejected; ENV001 for the environment.

    None of pydantic's own text is used: `errors()` contains the values even when the error message
    hides them.
    """
    settings_class = schema.settings_class
    findings: dict[str, Finding] = {}
    for item in error.errors(include_input=False, include_context=False, include_url=False):
        name = str(item["loc"][0]) if item["loc"] else ""
        if name not in settings_class.model_fields:
            finding = _no_field(name) if is_conventional_name(name) else rejected_as_whole()
        elif item["type"] == "missing":
            finding = _missing(name, _environment_location(schema, values))
        elif _is_by_validator(settings_class.model_fields[name], item):
            finding = _rejected_by_validator(settings_class, name, values)
        else:
            finding = _bad_value(schema, name, values, item)
        findings.setdefault(name, finding)
    return list(findings.values())


def rejected_as_whole(exception: str | None = None) -> Finding:
    """
    Return the SET001 finding for a class whose validator rejects the values together.

    `exception` is the name of the exception type if the validator raised an unexpected one.
    """
    raised = "" if exception is None else f" ({exception})"
    message = f"The settings class rejects the values as a whole{raised}."
    return Finding("SET001", Severity.ERROR, message, _SEE_CLASS)


def _bad_value(
    schema: declarations.Schema, name: str, values: Values, item: ErrorDetails
) -> Finding:
    if schema.environment is not None and schema.environment.name == name:
        for finding in rules.environment_name(View(schema, values)):
            if finding.severity is Severity.ERROR:
                return finding
    info = schema.variables[name].info
    from workerctl.schema import description

    default = description.default_text(schema, name)
    hint = f"The default is {name}={default}." if default else f"Correct {name}."
    remedy = forms.remedy_of(name, values.text(name), info, json=False)
    return Finding(
        code="SET001",
        severity=Severity.ERROR,
        message=f"{name} must be {_expectation(info, item)}.",
        hint=hint if remedy is None else remedy,
        fields=(name,),
        location=values.location(name) if values.is_set(name) else None,
    )


def _expectation(info: FieldInfo, item: ErrorDetails) -> str:
    """
    Return what the value must be: of the constraints of the class, the one that it breaks.
    """
    from workerctl.schema import description

    is_whole = len(item["loc"]) == 1  # not an item of a list
    if is_whole and item["type"] in description.CONSTRAINTS and not _says_what_it_expects(info):
        return description.CONSTRAINTS[item["type"]]
    return description.expectation(info)


def _is_by_validator(info: FieldInfo, item: ErrorDetails) -> bool:
    """
    Return whether a validator of a subclass refused the value, not the type of the field.
    """
    return item["type"] in _OF_VALIDATOR and not _says_what_it_expects(info)


def _says_what_it_expects(info: FieldInfo) -> bool:
    """
    Return whether a field says in words what it requires, as those of the vocabulary do.
    """
    return any(isinstance(each, Expects) for each in info.metadata)


def _rejected_by_validator(settings_class: type[BaseModel], name: str, values: Values) -> Finding:
    return Finding(
        code="SET001",
        severity=Severity.ERROR,
        message=f"{name} is rejected by a validator of {settings_class.__name__}.",
        hint=_SEE_CLASS,
        fields=(name,),
        location=values.location(name) if values.is_set(name) else None,
    )


def _missing(name: str, location: Location) -> Finding:
    return Finding(
        code="SET001",
        severity=Severity.ERROR,
        message=f"{name} is required but not set.",
        hint=f"Set {name}.",
        fields=(name,),
        location=location,
    )


def _environment_location(schema: declarations.Schema, values: Values) -> Location:
    environment = schema.environment
    return Location("default") if environment is None else values.location(environment.name)


def _no_field(name: str) -> Finding:
    message = f"The settings class has no field {name}."
    return Finding("SET001", Severity.ERROR, message, _SEE_CLASS)
