"""
The options of `workerctl check` that name a container of a manifest.
"""

from collections.abc import Iterable

from workerctl.report.errors import UsageError
from workerctl.schema.source_options import Options
from workerctl.sources.manifests.selection import Selection


def of_service(options: Options, compose: Iterable[str] | None, service: str | None) -> Options:
    """
    Return the options for a service of compose files.

    Raises UsageError for options that contradict each other.
    """
    files = tuple(compose or ())
    if not files:
        raise UsageError("--service needs --compose FILE.", "Name the file with --compose.")
    others = {"--env-file": options.env_files, "--secrets-dir": options.secrets_dir}
    for name, value in others.items():
        if value is not None:
            given = "--no-env-file" if value == () else name
            raise UsageError(
                f"--compose and {given} cannot be combined.",
                "A container gets only what its manifest says.",
            )
    return options._replace(manifest=Selection("compose", files, service))
