"""
Sources → Settings: which files count, what they give, and every problem of type at once.
"""

import os
from collections.abc import Container, Iterable, Mapping, MutableMapping
from typing import Any, BinaryIO, NamedTuple

from pydantic import BaseModel, Field, SecretStr, ValidationError, create_model

from workerctl.errors import ConfigurationError, SourceError, UsageError
from workerctl.report.findings import Finding, Location, Severity
from workerctl.schema import introspection, rules
from workerctl.secrecy.masking import is_conventional_name, is_like_secret
from workerctl.sources import project as projects
from workerctl.sources import reading
from workerctl.sources.project import Project
from workerctl.sources.values import Value, Values

DEFAULT_ENV_FILE = ".env"

_SEE = "See the class for what it requires."


class Options(NamedTuple):
    """
    What the command line says about sources. `env_files` None means the default, () means none.

    `isolated` leaves the process environment out; `settings` is a `module:Class`.
    """

    env_files: tuple[str, ...] | None = None
    secrets_dir: str | None = None
    isolated: bool = False
    settings: str | None = None


class Loaded(NamedTuple):
    """
    A configuration as far as it could be read.

    Fields in `invalid` hold their defaults in `settings`; `findings` say why (SET001).
    `settings_class` is the one that was asked for; that of `settings` may require less.
    """

    settings: Any
    values: Values
    invalid: frozenset[str]
    findings: tuple[Finding, ...]
    project: Project
    settings_class: type[Any]


def load(
    default: type[BaseModel],
    options: Options | None = None,
    *,
    environ: MutableMapping[str, str] = os.environ,
    stdin: BinaryIO | None = None,
) -> Loaded:
    """
    Read the sources into `default`, or the subclass that the project or the options name.

    Raises SourceError for a named file that cannot be used, ProjectError for a project or
    settings class that does not load. A bad value raises nothing: it becomes a finding.
    """
    project = projects.here()
    options = resolved(options or Options(), project, environ)
    target = options.settings
    settings_class = default if target is None else _settings_class(project, target, default)
    values = _read(settings_class, options, environ, stdin)
    return _loaded(settings_class, values, project)


def changed(loaded: Loaded, texts: Mapping[str, str]) -> Loaded:
    """
    The configuration as it would be with these texts for some fields, whatever the sources say.
    """
    new = {name: Value(text, Location("default")) for name, text in texts.items()}
    values = loaded.values._replace(chosen={**loaded.values.chosen, **new})
    return _loaded(loaded.settings_class, values, loaded.project)


def _loaded(settings_class: type[BaseModel], values: Values, project: Project) -> Loaded:
    settings, findings = _build(settings_class, values, project)
    invalid = frozenset(name for finding in findings for name in finding.fields)
    if any(not finding.fields for finding in findings):
        invalid = frozenset(settings_class.model_fields)
    typed = tuple(finding for finding in findings if finding.code == "SET001")
    return Loaded(
        settings=settings,
        values=values,
        invalid=invalid,
        findings=typed,
        project=project,
        settings_class=settings_class,
    )


def read(settings_class: type[BaseModel]) -> tuple[Values, Project]:
    """
    Return what the default sources say, for a settings class that is called directly, and the
    project.
    """
    project = projects.here()
    options = resolved(Options(), project, os.environ)
    return _read(settings_class, options, os.environ, None), project


def resolved(options: Options, project: Project, environ: Mapping[str, str]) -> Options:
    """
    The options with what they leave to the environment, the project and the working directory.

    `env_files` is a tuple then, in which paths are as they were given.
    """
    outer: Mapping[str, str] = {} if options.isolated else environ
    secrets_dir = options.secrets_dir or outer.get("WORKERCTL_SECRETS_DIR") or project.secrets_dir
    settings = options.settings or outer.get("WORKERCTL_SETTINGS") or project.settings
    env_files = _env_files(options, project, outer)
    return options._replace(env_files=env_files, secrets_dir=secrets_dir, settings=settings)


def without(values: Values, given: Iterable[str]) -> Values:
    """
    The values that arguments of these names leave to the sources; an argument wins over them all.
    """
    fields = {(values.names.resolve(name) or (name,))[0] for name in given}
    return _without(values, fields)


def inputs(settings_class: type[BaseModel], values: Values) -> dict[str, object]:
    """
    The texts of the sources as pydantic is to validate them.
    """
    fields = settings_class.model_fields
    return {
        name: introspection.decode(fields[name], value.text)
        for name, value in values.chosen.items()
        if name in fields and value.problem is None
    }


def further_secrets(settings_class: type[BaseModel], values: Values) -> dict[str, SecretStr]:
    """
    The secrets that the class names by a family, and has no field for.
    """
    fields = settings_class.model_fields
    return {
        name: SecretStr(value.text) for name, value in values.chosen.items() if name not in fields
    }


def unreadable(values: Values) -> list[Finding]:
    """
    SET001 for every secret file that cannot be read.
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


def refused(
    settings_class: type[BaseModel], values: Values, error: ValidationError
) -> list[Finding]:
    """
    SET001 for every value that pydantic refused (ENV001 for `ENV`), without a word of pydantic's.

    `errors()` holds the values even when input is hidden in its text, so it is asked without them.
    """
    findings: dict[str, Finding] = {}
    for item in error.errors(include_input=False, include_context=False, include_url=False):
        name = str(item["loc"][0]) if item["loc"] else ""
        if name not in settings_class.model_fields:
            finding = _no_field(name) if is_conventional_name(name) else refusal()
        elif item["type"] == "missing":
            finding = _missing(name, values.location("ENV"))
        else:
            finding = _bad_value(settings_class, name, values)
        findings.setdefault(name, finding)
    return list(findings.values())


def _without(values: Values, fields: Container[str]) -> Values:
    chosen = {name: value for name, value in values.chosen.items() if name not in fields}
    return values._replace(chosen=chosen)


def _bad_value(settings_class: type[BaseModel], name: str, values: Values) -> Finding:
    if name == "ENV":
        for finding in rules.environment_name(values):
            if finding.severity is Severity.ERROR:
                return finding
    info = settings_class.model_fields[name]
    from workerctl.schema import description

    default = description.setting(name, info).default_text
    return Finding(
        code="SET001",
        severity=Severity.ERROR,
        message=f"{name} must be {description.expectation(info)}.",
        hint=f"The default is {name}={default}." if default else f"Correct {name}.",
        fields=(name,),
        location=values.location(name) if values.is_set(name) else None,
    )


def _missing(name: str, location: Location) -> Finding:
    message = f"{name} is required and not set."
    return Finding(
        code="SET001",
        severity=Severity.ERROR,
        message=message,
        hint=f"Set {name}.",
        fields=(name,),
        location=location,
    )


def _no_field(name: str) -> Finding:
    message = f"The settings class has no field {name}."
    return Finding("SET001", Severity.ERROR, message, _SEE)


def refusal(kind: str | None = None) -> Finding:
    """
    SET001 for the values together: a validator of the class refused them, or raised `kind`.
    """
    because = "" if kind is None else f" ({kind})"
    message = f"The settings class refuses the values as a whole{because}."
    return Finding("SET001", Severity.ERROR, message, _SEE)


def _read(
    settings_class: type[BaseModel],
    options: Options,
    environ: MutableMapping[str, str],
    stdin: BinaryIO | None,
) -> Values:
    files = options.env_files or ()
    _require_no_secret((*files, options.secrets_dir or ""))
    return reading.read(
        introspection.names(settings_class),
        environ=None if options.isolated else environ,
        env_files=files,
        secrets_dir=options.secrets_dir,
        stdin=stdin,
    )


def _require_no_secret(paths: Iterable[str]) -> None:
    """
    Refuse a secret in the place of a path, which the error for a missing file would repeat.
    """
    if any(is_like_secret(path) for path in paths if path):
        raise SourceError(
            "A file that was named does not exist. Its name is not shown: it may be a secret.",
            "Check the options and variables that name files.",
        )


def _env_files(options: Options, project: Project, environ: Mapping[str, str]) -> tuple[str, ...]:
    if options.env_files is not None:
        return options.env_files
    named = environ.get("WORKERCTL_ENV_FILE")
    if named:
        return tuple(path for path in named.split(os.pathsep) if path)
    if project.env_files:
        return project.env_files
    return (DEFAULT_ENV_FILE,) if os.path.lexists(DEFAULT_ENV_FILE) else ()


def _settings_class(project: Project, target: str, default: type[BaseModel]) -> type[BaseModel]:
    found = projects.load(project, target)
    if not (isinstance(found, type) and issubclass(found, default)):
        raise UsageError(
            f"{target} is not a subclass of workerctl.settings.Settings.",
            "Write `class Settings(workerctl.settings.Settings)`.",
        )
    return found


def _build(
    settings_class: type[Any], values: Values, project: Project
) -> tuple[Any, tuple[Finding, ...]]:
    """
    The settings with every bad value at its default, and what was bad.
    """
    try:
        return settings_class(_values=values, _project=project), ()
    except ConfigurationError as error:
        findings = error.findings
    bad = {name for finding in findings for name in finding.fields}
    rest = _without(values, bad)
    for is_last in (False, True):
        # making a class takes longer than reading the sources
        attempt = _without_required(settings_class, bad) if is_last else settings_class
        try:
            return attempt(_values=rest, _project=project), findings
        except ConfigurationError:
            continue
    # the class refuses what is left: nothing of it can be judged, and that has to be said
    if all(finding.fields for finding in findings):
        findings = (*findings, refusal())
    return settings_class.model_construct(), findings


def _without_required(settings_class: type[Any], names: set[str]) -> type[Any]:
    """
    The class with required fields that are missing or bad allowed to be None, unseen by validators.
    """
    fields = settings_class.model_fields
    missing = {
        name: (fields[name].annotation, Field(None, validate_default=False))
        for name in names
        if name in fields and fields[name].is_required()
    }
    return create_model(settings_class.__name__, __base__=settings_class, **missing)  # type: ignore[call-overload,no-any-return]
