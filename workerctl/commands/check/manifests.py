"""
The options of `workerctl check` that name a container of a manifest.
"""

from collections.abc import Iterable

from workerctl.report.errors import UsageError
from workerctl.schema.source_options import Options
from workerctl.sources.manifests.selection import Selection


def of_container(  # noqa: PLR0913, PLR0917 -- one for each option
    options: Options,
    compose: Iterable[str] | None,
    service: str | None,
    kubernetes: Iterable[str] | None,
    workload: str | None,
    container: str | None,
) -> Options:
    """
    Return the options for the container of a manifest.

    Raises UsageError for options that contradict each other.
    """
    _require_file("--compose", compose, {"--service": service})
    _require_file("--kubernetes", kubernetes, {"--workload": workload, "--container": container})
    if compose and kubernetes:
        raise UsageError(
            "--compose and --kubernetes cannot be combined.",
            "Check them one after the other, or declare a target for each.",
        )
    others = {"--env-file": options.env_files, "--secrets-dir": options.secrets_dir}
    kind = "compose" if compose else "kubernetes"
    for name, value in others.items():
        if value is not None:
            given = "--no-env-file" if value == () else name
            raise UsageError(
                f"--{kind} and {given} cannot be combined.",
                "A container gets only what its manifest says.",
            )
    files = tuple(compose or kubernetes or ())
    of = service if compose else workload
    return options._replace(manifest=Selection(kind, files, of, container))


def _require_file(option: str, files: object, others: dict[str, str | None]) -> None:
    for name, value in others.items():
        if value is not None and not files:
            raise UsageError(f"{name} needs {option} FILE.", f"Name the file with {option}.")
