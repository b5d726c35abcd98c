"""
Sources → Settings: build an instance of a settings class, and report every value it rejects.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any, BinaryIO

from pydantic import BaseModel, Field, SecretStr, create_model

from workerctl.report.errors import ConfigurationError, ProjectError
from workerctl.report.findings import Finding, Location
from workerctl.schema import declarations, inputs, instances
from workerctl.schema.declarations import Schema
from workerctl.schema.instances import Origin
from workerctl.schema.loaded import Loaded as Loaded  # noqa: PLC0414 -- re-exported
from workerctl.sources import options as source_options
from workerctl.sources import project as projects
from workerctl.sources import reading
from workerctl.sources.options import Options
from workerctl.sources.project import Project
from workerctl.sources.values import Place, Value, Values, in_environment

if TYPE_CHECKING:
    from workerctl.sources.manifests.containers import Manifest


def load(
    default: type[BaseModel],
    options: Options | None = None,
    *,
    environ: MutableMapping[str, str] = os.environ,
    stdin: BinaryIO | None = None,
    project: Project | None = None,
) -> Loaded:
    """
    Load the sources into `default`, or into the class that options, environment or project name.

    The project is that of the working directory, unless the caller has read it already.

    Raises SourceError for a named file that cannot be read, ProjectError or UsageError for a
    project or a settings class that cannot be used. An invalid value becomes a finding instead.
    """
    project = project or projects.here()
    named = source_options.resolve_named(options or Options(), project, environ)
    if named.manifest is None:
        return _load(default, named, project, environ, stdin)
    from workerctl.sources.manifests import reading as manifests  # most do not read one

    manifest = manifests.read(named.manifest, {} if named.isolated else environ, stdin)
    # The container has the environment of the manifest, and no file of this machine.
    inside = named.replace(env_files=(), secrets_dir=None, isolated=False)
    loaded = _load(default, inside, project, manifest.texts, None, manifest.location)
    return _deployed(loaded, manifest)


def _load(  # noqa: PLR0913, PLR0917 -- the sources, and what reads them
    default: type[BaseModel],
    named: Options,
    project: Project,
    environ: MutableMapping[str, str],
    stdin: BinaryIO | None,
    place: Place = in_environment,
) -> Loaded:
    found = default if named.settings is None else named.settings
    own = (named, project, environ, stdin, place)
    if isinstance(found, type) and issubclass(found, default):
        return _load_own(found, *own)
    from workerctl.schema.foreign import loading, target  # the built-in class needs none of it

    inputs = loading.Inputs(project, named, environ, stdin, place)
    settings_class = target.settings_class(found, project, loading.import_environment(inputs))
    if issubclass(settings_class, default):
        return _load_own(settings_class, *own)
    return loading.load(settings_class, inputs)


def _deployed(loaded: Loaded, manifest: Manifest) -> Loaded:
    """
    Return what was loaded from a manifest, with the variables whose values its files do not have.
    """
    from workerctl.sources.manifests.provided import provided

    paths = {name: each.path for name, each in loaded.schema.variables.items()}
    secrets_dir = loaded.schema.settings_class.model_config.get("secrets_dir")
    found = provided(manifest, loaded.values, paths, secrets_dir)
    return loaded.replace(
        values=loaded.values.replace(files=(*manifest.files, *loaded.values.files)),
        manifest=manifest,
        later=found.later,
        perhaps={**found.perhaps, **loaded.perhaps},
    )


def changed(loaded: Loaded, texts: Mapping[str, str]) -> Loaded:
    """
    Return the configuration as it would be if the sources set these variables to these texts.
    """
    if not loaded.schema.is_own:
        from workerctl.schema.foreign import loading

        return loading.changed(loaded, texts)
    kept = {name: value for name, value in loaded.values.chosen.items() if name not in texts}
    # An empty text means that a variable is not set.
    new = {name: Value(text, Location("default")) for name, text in texts.items() if text}
    values = loaded.values.replace(chosen={**kept, **new})
    return _loaded(loaded.schema, values, loaded.project)


def read(settings_class: type[BaseModel]) -> tuple[Values, Project]:
    """
    Return the values of the default sources and the project, for a class that is called directly.
    """
    project = projects.here()
    options = source_options.resolve(Options(), project, os.environ)
    return _read(settings_class, options, os.environ, None), project


def schema_of_call(settings_class: type[BaseModel], project: Project | None) -> Schema:
    """
    Return the schema of a class that is called directly.

    The table of the project may be meant for another class. As long as it is not known what the
    rules hide, every field is hidden.
    """
    try:
        if project is None:
            return declarations.declared(settings_class)
        return _schema(settings_class, project)
    except ProjectError:
        return declarations.hidden(settings_class)


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


def constructed(default: type[BaseModel], target: type | str | None) -> Any:
    """
    Return an instance of a class for a module that is being imported.
    """
    found: Any = target
    if not isinstance(target, type):
        project = projects.here()
        options = source_options.resolve_named(Options(settings=target), project, os.environ)
        found = default if options.settings is None else options.settings
        if isinstance(found, str):
            from workerctl.sources import modules

            found = modules.load(project, found)
    return found() if isinstance(found, type) else found


def schema_of(settings: Any) -> Schema:
    """
    Return the schema of an instance of any settings class, even if a team's code has made it.
    """
    origin = instances.known(settings)
    if origin is not None:
        return origin.schema
    project = instances.project_of(settings) or projects.here()
    if instances.is_own(settings):
        return _schema(type(settings), project)
    from workerctl.schema.foreign import loading

    return loading.schema_with_rules(type(settings), project)


def further_secrets(settings: Any) -> Mapping[str, SecretStr]:
    """
    Return the secrets, by variable, that the sources of an instance hold besides its fields.

    For an instance that a team's code has made, the sources are read as they are now.
    """
    if instances.known(settings) is None and not instances.is_own(settings):
        from workerctl.schema.foreign import loading

        project = projects.here()
        options = source_options.resolve_named(Options(), project, os.environ)
        loaded = loading.load(type(settings), loading.Inputs(project, options, os.environ))
        instances.remember(settings, _origin(loaded))
    return instances.further_secrets(settings)


def _origin(loaded: Loaded) -> Origin:
    schema, values = loaded.schema, loaded.values
    further = inputs.further_secrets(schema.variables, values)
    texts = inputs.field_texts(schema.variables, values)
    return Origin(schema, loaded.project, further, texts)


def _schema(settings_class: type[BaseModel], project: Project) -> Schema:
    if not _is_own(settings_class):
        from workerctl.schema.foreign import loading

        return loading.schema_with_rules(settings_class, project)
    schema = declarations.declared(settings_class)
    if project.rules is None:
        return schema
    from workerctl.schema import rule_table  # most projects declare rules at the fields

    return declarations.with_rules(schema, rule_table.parsed(schema, project.rules))


def _is_own(settings_class: type[BaseModel]) -> bool:
    """
    Return whether a class is the built-in one or a subclass, by what only they have.
    """
    return hasattr(settings_class, "further_secrets")


def _load_own(  # noqa: PLR0913, PLR0917 -- as for _load
    settings_class: type[BaseModel],
    named: Options,
    project: Project,
    environ: MutableMapping[str, str],
    stdin: BinaryIO | None,
    place: Place,
) -> Loaded:
    options = source_options.with_default_file(named)
    values = _read(settings_class, options, environ, stdin, place)
    schema = _schema(settings_class, project)
    if project.rules is not None:
        from workerctl.schema.secrets.texts import secret_variables

        # What the table hides is read like any other field, but not shown.
        values = values.replace(names=values.names.replace(secrets=secret_variables(schema)))
    return _loaded(schema, values, project)


def _read(
    settings_class: type[BaseModel],
    options: Options,
    environ: MutableMapping[str, str],
    stdin: BinaryIO | None,
    place: Place = in_environment,
) -> Values:
    files = options.env_files or ()
    source_options.require_no_secret((*files, options.secrets_dir or ""))
    names = inputs.names(settings_class)
    if place is not in_environment:
        from workerctl.sources.manifests.provided import without_files

        environ = without_files(environ, names)
    return reading.read(
        names,
        environ=None if options.isolated else environ,
        env_files=files,
        secrets_dir=options.secrets_dir,
        stdin=stdin,
        place=place,
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
        from workerctl.schema import rejections

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
