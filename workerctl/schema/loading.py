"""
Sources → Settings: build an instance of a settings class, and report every value it rejects.
"""

import os
from collections.abc import Mapping, MutableMapping
from typing import Any, BinaryIO, NamedTuple

from pydantic import BaseModel, Field, SecretStr, create_model

from workerctl.report.errors import ConfigurationError, UsageError
from workerctl.report.findings import Finding, Location, Suppression
from workerctl.schema import (
    declarations,
    inputs,
    instances,
    introspection,
    rejections,
    source_options,
)
from workerctl.schema.boot_rules import View
from workerctl.schema.declarations import Schema
from workerctl.schema.instances import Origin
from workerctl.schema.source_options import Options
from workerctl.sources import project as projects
from workerctl.sources import reading
from workerctl.sources.project import Project
from workerctl.sources.values import Value, Values


class Loaded(NamedTuple):
    """
    A configuration, loaded as far as its values are valid.

    Variables in `invalid` have their defaults in `settings`; `findings` (SET001) say why. The class
    of `settings` may require fewer fields than the requested one, that of `schema`.
    """

    settings: Any
    values: Values
    invalid: frozenset[str]
    findings: tuple[Finding, ...]
    project: Project
    schema: Schema

    @property
    def view(self) -> View:
        """
        What the rules of booting look at.
        """
        return View(self.schema, self.values, self.settings)

    @property
    def suppressions(self) -> tuple[Suppression, ...]:
        """
        The suppressions of the project. Their fields are variables, as those of findings are.
        """
        return tuple(map(self._of_variable, self.project.suppressions))

    def _of_variable(self, suppression: Suppression) -> Suppression:
        field = suppression.field
        if field is None:
            return suppression
        name = declarations.variable_named(self.schema, field)
        return suppression._replace(field=name or field)


def load(
    default: type[BaseModel],
    options: Options | None = None,
    *,
    environ: MutableMapping[str, str] = os.environ,
    stdin: BinaryIO | None = None,
) -> Loaded:
    """
    Load the sources into `default`, or into the subclass that options, environment or project name.

    Raises SourceError for a named file that cannot be read, ProjectError or UsageError for a
    project or a settings class that cannot be used. An invalid value becomes a finding instead.
    """
    project = projects.here()
    options = source_options.resolve(options or Options(), project, environ)
    target = options.settings
    settings_class = default if target is None else _settings_class(project, target, default)
    values = _read(settings_class, options, environ, stdin)
    return _loaded(_schema(settings_class, project), values, project)


def changed(loaded: Loaded, texts: Mapping[str, str]) -> Loaded:
    """
    Return the configuration as it would be if the sources set these fields to these texts.
    """
    new = {name: Value(text, Location("default")) for name, text in texts.items()}
    values = loaded.values._replace(chosen={**loaded.values.chosen, **new})
    return _loaded(loaded.schema, values, loaded.project)


def read(settings_class: type[BaseModel]) -> tuple[Values, Project]:
    """
    Return the values of the default sources and the project, for a class that is called directly.
    """
    project = projects.here()
    options = source_options.resolve(Options(), project, os.environ)
    return _read(settings_class, options, os.environ, None), project


def names_settings() -> bool:
    """
    Return whether the environment or the project names a settings class.
    """
    return source_options.resolve(Options(), projects.here(), os.environ).settings is not None


def remember(loaded: Loaded) -> None:
    """
    Keep what `origin_of` returns for the instance of a loaded configuration.
    """
    instances.remember(loaded.settings, _origin(loaded))


def schema_of(settings: Any) -> Schema:
    """
    Return the schema of an instance of any settings class, whoever has made it.
    """
    origin = instances.known(settings)
    if origin is not None:
        return origin.schema
    return _schema(type(settings), instances.project_of(settings) or projects.here())


def further_secrets(settings: Any) -> Mapping[str, SecretStr]:
    """
    Return the secrets, by variable, that the sources of an instance hold besides its fields.

    For an instance that a team's code has made, the sources are read as they are now.
    """
    if instances.known(settings) is None and not hasattr(settings, "further_secrets"):
        loaded = load(type(settings), Options(settings=type(settings)))
        instances.remember(settings, _origin(loaded))
    return instances.further_secrets(settings)


def _origin(loaded: Loaded) -> Origin:
    further = inputs.further_secrets(loaded.schema.settings_class, loaded.values)
    return Origin(loaded.schema, loaded.project, further)


def _schema(settings_class: type[BaseModel], project: Project) -> Schema:
    schema = declarations.declared(settings_class)
    if project.rules is None:
        return schema
    from workerctl.schema import rule_table  # most projects declare rules at the fields

    return declarations.with_rules(schema, rule_table.parsed(schema, project.rules))


def _settings_class(
    project: Project, target: type | str, default: type[BaseModel]
) -> type[BaseModel]:
    found = projects.load(project, target) if isinstance(target, str) else target
    if not (isinstance(found, type) and issubclass(found, default)):
        raise UsageError(
            f"{target} is not a subclass of workerctl.settings.Settings.",
            "Declare it as `class Settings(workerctl.settings.Settings)`.",
        )
    return found


def _read(
    settings_class: type[BaseModel],
    options: Options,
    environ: MutableMapping[str, str],
    stdin: BinaryIO | None,
) -> Values:
    files = options.env_files or ()
    source_options.require_no_secret((*files, options.secrets_dir or ""))
    return reading.read(
        introspection.names(settings_class),
        environ=None if options.isolated else environ,
        env_files=files,
        secrets_dir=options.secrets_dir,
        stdin=stdin,
    )


def _loaded(schema: Schema, values: Values, project: Project) -> Loaded:
    settings_class = schema.settings_class
    settings, findings = _build(settings_class, values, project)
    invalid = frozenset(name for finding in findings for name in finding.fields)
    if any(not finding.fields for finding in findings):
        invalid = frozenset(settings_class.model_fields)
    return Loaded(
        settings=settings,
        values=values,
        invalid=invalid,
        findings=tuple(finding for finding in findings if finding.code == "SET001"),
        project=project,
        schema=schema,
    )


def _build(
    settings_class: type[Any], values: Values, project: Project
) -> tuple[Any, tuple[Finding, ...]]:
    """
    Return an instance in which invalid values are replaced by defaults, and the findings.
    """
    try:
        return settings_class(_values=values, _project=project), ()
    except ConfigurationError as error:
        findings = error.findings
    bad = {name for finding in findings for name in finding.fields}
    rest = inputs.without(values, bad)
    for is_last in (False, True):
        # Creating a class takes longer than reading the sources, so it is the last attempt.
        attempt = _without_required(settings_class, bad) if is_last else settings_class
        try:
            return attempt(_values=rest, _project=project), findings
        except ConfigurationError:
            continue
    # The class rejects the remaining values as well, so no field can be checked.
    if all(finding.fields for finding in findings):
        findings = (*findings, rejections.rejected_as_whole())
    return settings_class.model_construct(), findings


def _without_required(settings_class: type[Any], names: set[str]) -> type[Any]:
    """
    Return a subclass in which the required fields among `names` default to None, unvalidated.
    """
    fields = settings_class.model_fields
    optional = {
        name: (fields[name].annotation, Field(None, validate_default=False))
        for name in names
        if name in fields and fields[name].is_required()
    }
    return create_model(settings_class.__name__, __base__=settings_class, **optional)  # type: ignore[call-overload,no-any-return]
