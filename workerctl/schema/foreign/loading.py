"""
Load a settings class that is not workerctl's own: read its sources, build it, trace every value.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from itertools import islice
from pathlib import Path as FilePath
from typing import Any, BinaryIO

from pydantic_settings import BaseSettings

from workerctl.report.errors import SourceError
from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.report.words import listed
from workerctl.rules import EncryptionKey
from workerctl.schema import declarations, rule_table
from workerctl.schema.declarations import Schema
from workerctl.schema.foreign.building import Built, Texts, build
from workerctl.schema.foreign.environment import with_environment
from workerctl.schema.foreign.judged import JudgedEnvironment
from workerctl.schema.foreign.naming import as_written
from workerctl.schema.foreign.origins import with_origins
from workerctl.schema.foreign.rejected.messages import findings_of
from workerctl.schema.foreign.variables import schema_of, settings_classes
from workerctl.schema.loaded import Loaded
from workerctl.schema.secrets.texts import secret_variables
from workerctl.sources import envfile, reading
from workerctl.sources import options as source_options
from workerctl.sources.names import Names
from workerctl.sources.options import Options
from workerctl.sources.project import Project
from workerctl.sources.reading import Dialect
from workerctl.sources.values import Place, Source, Value, Values, in_environment

_NO_NAMES = Names(frozenset(), frozenset(), {})


class Inputs(Record):
    """
    What a configuration is loaded from. `options.env_files` is None if nobody names a file.
    """

    project: Project
    options: Options
    environ: MutableMapping[str, str]
    stdin: BinaryIO | None = None
    place: Place = in_environment

    @property
    def process(self) -> MutableMapping[str, str]:
        """
        The process environment, empty if it is to be ignored.
        """
        return {} if self.options.isolated else self.environ


class Judged(Record):
    """
    What the class was given to read, and what it was taken from.
    """

    environment: JudgedEnvironment
    texts: Texts

    def __repr__(self) -> str:
        return "Judged()"


def import_environment(inputs: Inputs) -> JudgedEnvironment:
    """
    Return the environment under which a module is imported, whose classes are not known yet.

    They find the variables of the named files where they look for them: in their own env files, or
    in the process environment.
    """
    files, secrets = inputs.options.env_files, inputs.options.secrets_dir
    source_options.require_no_secret((*(files or ()), secrets or ""))
    # Standard input can be read only once, and that is needed later.
    paths = [file for file in files or () if file != envfile.STDIN]
    found = tuple(_mappings(source for path in paths for source in _at_import(path, inputs)))
    return JudgedEnvironment(
        process=_merged([*found, inputs.process]),
        files=None if files is None else found,
        secrets_dirs=None if secrets is None else (secrets,),
    )


def _at_import(path: str, inputs: Inputs) -> tuple[Source, ...]:
    """
    Read an env file before the class that could name its encoding is known.
    """
    for encoding in ("utf-8", "latin-1"):
        dialect = Dialect(pydantic=True, encoding=encoding)
        with suppress(SourceError):
            return reading.read(
                _NO_NAMES, environ=inputs.process, env_files=[path], dialect=dialect
            ).env_files
    return reading.read(_NO_NAMES, environ=inputs.process, env_files=[path]).env_files


def load(settings_class: type[BaseSettings], inputs: Inputs) -> Loaded:
    """
    Load a class from its sources, or from those that the options name instead.

    Raises SourceError for a named file that cannot be read, ProjectError for a rule that names a
    field that does not exist. An invalid value becomes a finding instead.
    """
    with JudgedEnvironment(inputs.process, ()).entered():
        schema = schema_with_rules(settings_class, inputs.project)
    schema, values = as_written(schema, _read(schema, inputs))
    texts = _texts(schema, values, inputs)
    judged = Judged(_environment(schema, values, inputs), texts)
    return _loaded(schema, values, inputs.project, judged)


def changed(loaded: Loaded, texts: Mapping[str, str]) -> Loaded:
    """
    Return the configuration as it would be if the environment set these variables to these texts.
    """
    schema, judged = loaded.schema, loaded.judged
    names = [name for each in texts for name in schema.variables[each].names]
    environment: JudgedEnvironment = judged.environment.without(names)
    process = {**environment.visible("environment", environment.process), **texts}
    kept = {(kind, name) for kind, name in environment.hidden if kind != "environment"}
    environment = environment.replace(process=process, hidden=frozenset(kept))
    folded = {schema.fold(name): text for name, text in process.items()}
    values = loaded.values.replace(
        chosen={
            **loaded.values.chosen,
            **{name: Value(text, Location("default")) for name, text in texts.items()},
        }
    )
    new = Judged(environment, {**judged.texts, "environment": folded})
    return _loaded(schema, values, loaded.project, new)


def started(loaded: Loaded, environ: MutableMapping[str, str]) -> Loaded:
    """
    Return the configuration that a process with this environment reads without workerctl.
    """
    inputs = Inputs(loaded.project, Options(), environ)
    return load(loaded.schema.settings_class, inputs)


def names_of(schema: Schema) -> Names:
    """
    Return the names that the sources look for.
    """
    variables = schema.variables.values()
    secret = secret_variables(schema)
    return Names(
        fields=frozenset(schema.variables),
        secrets=secret,
        deprecated={},
        families=tuple(f"{each.name}_V" for each in schema.of(EncryptionKey)),
        aliases={
            alias: variable.name
            for variable in variables
            for alias in variable.aliases
            if alias not in schema.variables
        },
        open_prefixes=schema.open_prefixes,
        secret_prefixes=tuple(
            prefix
            for prefix in schema.open_prefixes
            if prefix.removesuffix(schema.fold(schema.delimiter or "")) in secret
        ),
        case_sensitive=schema.case_sensitive,
        reads_files=False,
    )


def schema_with_rules(settings_class: Any, project: Project) -> Schema:
    """
    Return the schema of a class, with the rules at its fields and those of the project.

    Raises ProjectError for a rule that names a field that does not exist.
    """
    schema = schema_of(settings_class)
    further = () if project.rules is None else rule_table.parsed(schema, project.rules)
    return with_environment(declarations.with_rules(schema, further))


def _loaded(schema: Schema, values: Values, project: Project, judged: Judged) -> Loaded:
    built = build(schema, judged.environment, judged.texts)
    if _has_own_sources(schema):
        values = with_origins(schema, values, built.readings, built.hidden)
        others = (each.label for each in built.readings if each.kind == "other" and each.data)
        values = values.replace(files=(*values.files, *dict.fromkeys(others)))
    perhaps: dict[str, str] = {}
    rejections = built.rejections
    if built.remote:
        source = listed(built.remote)
        perhaps = {name: source for name in schema.variables if not values.is_set(name)}
        rejections = tuple(
            each for each in rejections if each.cause != "missing" or each.variable not in perhaps
        )
    findings = findings_of(schema, values, rejections)
    invalid = _invalid(schema, built)
    if any(value.problem is not None for value in values.chosen.values()):
        from workerctl.schema.rejections import unreadable_files  # most files can be read

        # Whatever the class makes of a file that it cannot read, the file is the cause.
        unreadable = unreadable_files(values)
        names = frozenset(each.fields[0] for each in unreadable)
        rest = (each for each in findings if names.isdisjoint(each.fields))
        findings, invalid = (*unreadable, *rest), invalid | names
    return Loaded(
        settings=built.instance,
        values=values,
        invalid=invalid,
        findings=findings,
        project=project,
        schema=schema,
        perhaps=perhaps,
        judged=judged,
    )


def _invalid(schema: Schema, built: Built) -> frozenset[str]:
    """
    Return the variables whose fields have no value of the configuration.
    """
    if built.instance is None:
        return frozenset(schema.variables)
    known = [each for each in built.rejections if each.cause != "unknown"]
    rejected = {each.variable for each in known if each.variable is not None}
    of_keys = [each.path for each in known if each.variable not in schema.variables]
    below = {
        variable.name
        for variable in schema.variables.values()
        for path in (*built.left_out, *filter(None, of_keys))
        if variable.path[: len(path)] == path
    }
    return frozenset(rejected | below)


def _read(schema: Schema, inputs: Inputs) -> Values:
    config = schema.settings_class.model_config
    options = inputs.options
    secrets: tuple[str, ...] = _own_directories(schema)
    if options.secrets_dir is not None:
        secrets = (options.secrets_dir,)
    files = options.env_files
    return reading.read(
        names_of(schema),
        environ=None if options.isolated else inputs.environ,
        env_files=_own_files(schema) if files is None else files,
        secrets_dir=secrets,
        stdin=inputs.stdin,
        place=inputs.place,
        dialect=Dialect(
            pydantic=True,
            ignores_empty=bool(config.get("env_ignore_empty")),
            encoding=config.get("env_file_encoding") or "utf-8",
            in_environment=files is not None and config.get("env_file") is None,
        ),
    )


def _environment(schema: Schema, values: Values, inputs: Inputs) -> JudgedEnvironment:
    """
    Return what the class is to read.

    A class that names no env file gets the variables of the named files in its environment, as a
    container or `workerctl run` would start it; so it does with a secrets directory.
    """
    options = inputs.options
    files = tuple(_mappings(values.env_files))
    return JudgedEnvironment(
        process=_process(schema, values, inputs),
        files=None if options.env_files is None else files,
        secrets_dirs=None if options.secrets_dir is None else (options.secrets_dir,),
        case_sensitive=schema.case_sensitive,
    )


def _process(schema: Schema, values: Values, inputs: Inputs) -> dict[str, str]:
    config, options = schema.settings_class.model_config, inputs.options
    layers: list[Mapping[str, str]] = []
    if options.secrets_dir is not None and config.get("secrets_dir") is None:
        layers.append(_secret_texts(values))
    # Only a nested class reads the files that it names by itself.
    if options.env_files is not None and config.get("env_file") is None:
        layers += _mappings(values.env_files)
    return _merged([*layers, inputs.process])


def _secret_texts(values: Values) -> dict[str, str]:
    return {
        name: value.text
        for name, value in values.chosen.items()
        if value.location.source == "secret-file" and value.problem is None
    }


def _texts(schema: Schema, values: Values, inputs: Inputs) -> Texts:
    """
    Return the texts of all variables that the sources of each kind show to the class.
    """
    fold = schema.fold
    files: dict[str, str] = {}
    for mapping in _mappings(values.env_files):
        files |= {fold(name): text for name, text in mapping.items()}
    process = _process(schema, values, inputs)
    return {
        "environment": {fold(name): text for name, text in process.items()},
        "env-file": files,
        "secret-file": {fold(name): text for name, text in _secret_texts(values).items()},
    }


def _mappings(sources: Iterable[Source]) -> Iterator[dict[str, str]]:
    for source in sources:
        yield {assignment.name: assignment.text for assignment in source.assignments}


def _merged(layers: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """
    Return all variables, the last layer over the others, and its names last.
    """
    merged: dict[str, str] = {}
    for layer in layers:
        merged = {name: text for name, text in merged.items() if name not in layer} | dict(layer)
    return merged


def _own_files(schema: Schema) -> list[str]:
    """
    Return the env files that exist of those that the class and the nested ones name.
    """
    found: list[str] = []
    for settings_class in reversed(settings_classes(schema).values()):
        config = settings_class.model_config
        for file in _listed(config.get("env_file")):
            path = _resolved(FilePath(file).expanduser(), config.get("env_file_depth") or 0)
            if path is not None:
                found.append(str(path))
    return list(dict.fromkeys(found))


def _resolved(path: FilePath, depth: int) -> FilePath | None:
    candidates = [path]
    if not path.is_absolute():
        candidates += [parent / path for parent in islice(FilePath.cwd().parents, max(depth, 0))]
    return next((each for each in candidates if each.is_file()), None)


def _own_directories(schema: Schema) -> tuple[str, ...]:
    found: list[str] = []
    for settings_class in reversed(settings_classes(schema).values()):
        for directory in _listed(settings_class.model_config.get("secrets_dir")):
            path = FilePath(directory).expanduser()
            if path.is_dir():
                found.append(str(path))
    return tuple(dict.fromkeys(found))


def _listed(paths: Any) -> list[Any]:
    if paths is None:
        return []
    return [paths] if isinstance(paths, str | os.PathLike) else list(paths)


def _has_own_sources(schema: Schema) -> bool:
    """
    Return whether the values may come from other sources than those of a class by default.

    That is so if it changes them, or contains a settings class, which reads by itself.
    """
    own: Any = BaseSettings.settings_customise_sources
    classes = settings_classes(schema)
    return len(classes) > 1 or any(
        getattr(each.settings_customise_sources, "__func__", None) is not own.__func__
        for each in classes.values()
    )
