"""
The configurations that a command judges or compares: files, declared targets, or the default.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

from workerctl.preflight import Request
from workerctl.report.errors import UsageError
from workerctl.report.records import Record
from workerctl.report.suggest import did_you_mean
from workerctl.secrecy.masking import is_like_secret
from workerctl.secrecy.typed import named
from workerctl.sources import envfile
from workerctl.sources.manifests.selection import Selection
from workerctl.sources.options import Options
from workerctl.sources.project import Project

if TYPE_CHECKING:
    from workerctl.sources.targets import Target


class Configuration(Record):
    """
    What to check; its name is None if it is the only one of the run and nobody named it.
    """

    name: str | None
    request: Request


def configurations(
    words: Iterable[str], request: Request, project: Project
) -> tuple[Configuration, ...]:
    """
    Return a configuration for each word, which is a target or a file, else for each target.

    Without words, and with options that name sources, there is one configuration: that of the
    options. A file is judged alone: without the process environment and the other sources.

    Raises UsageError for a word that is neither, and for options that contradict the words.
    """
    distinct = tuple(dict.fromkeys(words))
    if not distinct:
        if not project.targets or _names_sources(request.options):
            return (Configuration(None, request),)
        return tuple(_of_target(target, request, project) for target in project.targets)
    if _names_sources(request.options):
        raise UsageError(
            "Files and targets cannot be combined with options that name sources.",
            "Name the files as arguments, or with --env-file.",
        )
    targets = {target.name: target for target in project.targets}
    return tuple(
        _of_target(targets[word], request, project)
        if word in targets
        else _of_file(word, request, project)
        for word in distinct
    )


def _names_sources(options: Options) -> bool:
    is_named = options.env_files is not None or options.secrets_dir is not None
    return is_named or options.isolated or options.manifest is not None


def _of_target(target: Target, request: Request, project: Project) -> Configuration:
    options = Options(
        env_files=tuple(project.path(file) for file in target.env_files),
        secrets_dir=None if target.secrets_dir is None else project.path(target.secrets_dir),
        isolated=target.isolated,
        settings=request.options.settings or target.settings,
        alone=True,
        manifest=_placed(target.manifest, project),
    )
    request = _judged_as(request.replace(options=options), target)
    return Configuration(target.name, request)


def _judged_as(request: Request, *targets: Target) -> Request:
    """
    Return the request with the environment and the phase of the first target that names them.

    Those that the request has itself stay.
    """
    by = next((target for target in targets if target.env is not None), None)
    if request.env is None and by is not None:
        request = request.replace(env=by.env, env_by=f"target {by.name}")
    phases = (target.phase for target in targets if target.phase is not None)
    return request.replace(phase=request.phase or next(phases, None))


def _placed(manifest: Selection | None, project: Project) -> Selection | None:
    """
    Return a selection whose files are named as seen from the working directory.
    """
    if manifest is None:
        return None
    return manifest.replace(files=tuple(project.path(file) for file in manifest.files))


def _of_file(file: str, request: Request, project: Project) -> Configuration:
    if not _is_path(file):
        raise _unknown(file, project)
    options = request.options.replace(env_files=(file,), isolated=True, alone=True)
    listed = [target for target in project.targets if _lists(target, file, project)]
    listed.sort(key=lambda target: not _is_one_file(target))
    settings = options.settings or next((each.settings for each in listed if each.settings), None)
    options = options.replace(settings=settings)
    name = "a file that does not exist" if is_like_secret(file) else file
    return Configuration(name, _judged_as(request.replace(options=options), *listed))


def target_of(file: str, env: str | None, project: Project) -> str | None:
    """
    Return the only target that reads the file and nothing else, so that both are one configuration.

    It is None if the file was judged as another environment than the target is.
    """
    names = [
        target.name
        for target in project.targets
        if target.env in {None, env} and _is_one_file(target) and _lists(target, file, project)
    ]
    return names[0] if len(names) == 1 else None


def _is_one_file(target: Target) -> bool:
    return len(target.env_files) == 1 and target.secrets_dir is None and target.isolated


def _is_path(word: str) -> bool:
    """
    Return whether a word names a file, even if it is missing: such an error belongs to the file.
    """
    is_written_as_path = os.sep in word or os.extsep in word
    return word == envfile.STDIN or is_written_as_path or os.path.lexists(word)


def _lists(target: Target, file: str, project: Project) -> bool:
    paths = (project.path(each) for each in target.env_files)
    return any(os.path.abspath(path) == os.path.abspath(file) for path in paths)  # noqa: PTH100 -- links are kept


def _unknown(word: str, project: Project) -> UsageError:
    names = [target.name for target in project.targets]
    shown = named(word, otherwise="The argument")
    declared = f"The targets are {', '.join(names)}." if names else "No target is declared."
    return UsageError(
        f"{shown} is neither a file nor a declared target.", did_you_mean(word, names) or declared
    )
