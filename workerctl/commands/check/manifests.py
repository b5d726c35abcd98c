"""
The options of `workerctl check` that name a container of a manifest.
"""

from __future__ import annotations

from workerctl.report.errors import UsageError
from workerctl.report.records import Record
from workerctl.sources.manifests.selection import Selection
from workerctl.sources.options import Options


class Given(Record):
    """
    The options as they were given: a service of compose files, or a container of a workload.
    """

    compose: tuple[str, ...] = ()
    service: str | None = None
    kubernetes: tuple[str, ...] = ()
    workload: str | None = None
    container: str | None = None


def with_manifest(options: Options, given: Given) -> Options:
    """
    Return the options with the container that is named.

    Raises UsageError for options that contradict each other.
    """
    option = _required(given)
    others = {"--env-file": options.env_files, "--secrets-dir": options.secrets_dir}
    for name, value in others.items():
        if value is not None:
            other = "--no-env-file" if value == () else name
            raise UsageError(
                f"{option} and {other} cannot be combined.",
                "A container gets only what its manifest says.",
            )
    if given.compose:
        selection = Selection("compose", given.compose, given.service)
    else:
        selection = Selection("kubernetes", given.kubernetes, given.workload, given.container)
    return options.replace(manifest=selection)


def _required(given: Given) -> str:
    """
    Return the option that names the files. Raises UsageError without one, or with two of them.
    """
    if given.compose and given.kubernetes:
        raise UsageError("--compose and --kubernetes cannot be combined.", "Drop one of them.")
    needing = {
        "--service": (given.service, "--compose", given.compose),
        "--workload": (given.workload, "--kubernetes", given.kubernetes),
        "--container": (given.container, "--kubernetes", given.kubernetes),
    }
    for name, (value, option, files) in needing.items():
        if value is not None and not files:
            raise UsageError(f"{name} needs {option} FILE.", f"Name the file with {option}.")
    option = "--compose" if given.compose else "--kubernetes"
    if not all(given.compose + given.kubernetes):
        # A variable of a shell without a value makes it.
        raise UsageError(f"{option} is empty, so it names no file.", "Name a file.")
    return option
