"""
Sources → Settings: build an instance of a settings class, and report every value it rejects.
"""

import os
from collections.abc import Mapping, MutableMapping
from typing import Any, BinaryIO

from pydantic import BaseModel, Field, create_model

from workerctl.report.errors import ConfigurationError
from workerctl.report.findings import Finding, Location
from workerctl.schema import declarations, inputs, introspection, rejections, source_options
from workerctl.schema.declarations import Schema
from workerctl.schema.loaded import Loaded as Loaded  # noqa: PLC0414 -- re-exported
from workerctl.schema.source_options import Options
from workerctl.sources import project as projects
from workerctl.sources import reading
from workerctl.sources.project import Project
from workerctl.sources.values import Value, Values


def load(
    default: type[BaseModel],
    options: Options | None = None,
    *,
    environ: MutableMapping[str, str] = os.environ,
    stdin: BinaryIO | None = None,
) -> Loaded:
    """
    Load the sources into `default`, or into the class that options, environment or project name.

    Raises SourceError for a named file that cannot be read, ProjectError or UsageError for a
    project or a settings class that cannot be used. An invalid value becomes a finding instead.
    """
    project = projects.here()
    named = source_options.resolve_named(options or Options(), project, environ)
    if named.settings is None:
        return _load_own(default, named, project, environ, stdin)
    from workerctl.schema.foreign import loading, target  # the built-in class needs none of it

    inputs = loading.Inputs(project, named, environ, stdin)
    judged = loading.environment_of_import(inputs)
    found = target.settings_class(named.settings, project, judged)
    if issubclass(found, default):
        return _load_own(found, named, project, environ, stdin)
    return loading.load(found, inputs)


def load_class(
    settings_class: type[BaseModel],
    default: type[BaseModel],
    options: Options | None = None,
    *,
    environ: MutableMapping[str, str] = os.environ,
    stdin: BinaryIO | None = None,
) -> Loaded:
    """
    Load the sources into a class that has been imported: `default`, a subclass or any other.

    Raises the errors that `load` raises.
    """
    project = projects.here()
    named = source_options.resolve_named(options or Options(), project, environ)
    if issubclass(settings_class, default):
        return _load_own(settings_class, named, project, environ, stdin)
    from workerctl.schema.foreign import loading

    found: Any = settings_class
    return loading.load(found, loading.Inputs(project, named, environ, stdin))


def changed(loaded: Loaded, texts: Mapping[str, str]) -> Loaded:
    """
    Return the configuration as it would be if the sources set these variables to these texts.
    """
    if not loaded.schema.is_own:
        from workerctl.schema.foreign import loading

        return loading.changed(loaded, texts)
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


def _schema(settings_class: type[BaseModel], project: Project) -> Schema:
    schema = declarations.declared(settings_class)
    if project.rules is None:
        return schema
    from workerctl.schema import rule_table  # most projects declare rules at the fields

    return declarations.with_rules(schema, rule_table.parsed(schema, project.rules))


def _load_own(
    settings_class: type[BaseModel],
    named: Options,
    project: Project,
    environ: MutableMapping[str, str],
    stdin: BinaryIO | None,
) -> Loaded:
    options = source_options.with_default_file(named)
    values = _read(settings_class, options, environ, stdin)
    return _loaded(_schema(settings_class, project), values, project)


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
