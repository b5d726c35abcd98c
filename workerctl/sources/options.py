"""
Which sources count: options of the command line, else environment, else project, else defaults.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from workerctl.report.errors import SourceError, UsageError
from workerctl.report.records import Record
from workerctl.sources.project import Project

if TYPE_CHECKING:
    from workerctl.sources.manifests.selection import Selection

DEFAULT_ENV_FILE = ".env"


class Options(Record):
    """
    The sources that the command line names.

    `env_files` None means the default file, or those of a settings class that names its own; an
    empty tuple means no file. `isolated` ignores the process environment. `settings` is a settings
    class, or names one as `module:Class`. With `alone`, no other source counts than those named
    here, whatever the environment and the project name. `manifest` names a container whose
    environment is read in place of this process's and of the files.
    """

    env_files: tuple[str, ...] | None = None
    secrets_dir: str | None = None
    isolated: bool = False
    settings: type | str | None = None
    alone: bool = False
    manifest: Selection | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """
        The paths of all sources that the options name.
        """
        manifests = () if self.manifest is None else self.manifest.files
        secrets = () if self.secrets_dir is None else (self.secrets_dir,)
        return (*(self.env_files or ()), *secrets, *manifests)


def resolve(options: Options, project: Project, environ: Mapping[str, str]) -> Options:
    """
    Return the options with unset ones filled in from the environment, the project and defaults.

    The result's `env_files` is always a tuple; its paths are as they were given.
    """
    return with_default_file(resolve_named(options, project, environ))


def with_default_file(options: Options) -> Options:
    """
    Return the options with the default env file, if it exists and they name none.
    """
    if options.env_files is not None:
        return options
    found = (DEFAULT_ENV_FILE,) if os.path.lexists(DEFAULT_ENV_FILE) else ()
    return options.replace(env_files=found)


def resolve_named(options: Options, project: Project, environ: Mapping[str, str]) -> Options:
    """
    Return the options with unset ones filled in from the environment and the project.

    The result's `env_files` is None if neither of them names a file. Raises UsageError for an empty
    name, which a variable of a shell without a value makes.
    """
    if options.settings == "":
        raise UsageError(
            "--settings is empty, so it names no settings class.",
            "Write it like `--settings app.config:Settings`, or omit it.",
        )
    if "" in (options.env_files or ()) and not options.alone:
        raise UsageError("--env-file is empty, so it names no file.", "Name a file, or omit it.")
    if options.secrets_dir == "":
        raise UsageError(
            "--secrets-dir is empty, so it names no directory.", "Name a directory, or omit it."
        )
    variables: Mapping[str, str] = {} if options.isolated else environ
    settings = options.settings or variables.get("WORKERCTL_SETTINGS") or project.settings
    if options.alone:
        return options.replace(settings=settings)
    return options.replace(
        env_files=_env_files(options, project, variables),
        secrets_dir=(
            options.secrets_dir or variables.get("WORKERCTL_SECRETS_DIR") or project.secrets_dir
        ),
        settings=settings,
    )


def require_no_secret(paths: Iterable[str]) -> None:
    """
    Raise SourceError if a path that does not exist may be a misplaced secret.

    The error for a missing file would repeat it.
    """
    missing = [path for path in paths if path and not os.path.lexists(path)]
    if not missing:
        return
    from workerctl.secrecy.masking import is_like_secret  # most sources exist

    if any(map(is_like_secret, missing)):
        raise SourceError(
            "A named file does not exist; its name is not shown because it may be a secret.",
            "Check the options and variables that name files.",
        )


def _env_files(
    options: Options, project: Project, variables: Mapping[str, str]
) -> tuple[str, ...] | None:
    if options.env_files is not None:
        return options.env_files
    paths = variables.get("WORKERCTL_ENV_FILE")
    if paths:
        return tuple(path for path in paths.split(os.pathsep) if path)
    return project.env_files or None
