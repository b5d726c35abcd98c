"""
Command lines in hints, with the sources that the user has typed.

A hint that left them out would name another configuration, or the built-in schema.
"""

import shlex
import sys
from collections.abc import Iterable, Iterator

from workerctl.schema.source_options import Options
from workerctl.secrecy.typed import named
from workerctl.sources.manifests.selection import Selection

_DEFAULT = Options()


def command_line(
    words: Iterable[str], options: Options = _DEFAULT, further: Iterable[str] = ()
) -> str:
    """
    Return a command as a hint names it, with the options that name its sources.

        >>> command_line(["check"], Options(env_files=("my worker.env",)))
        "`workerctl check --env-file 'my worker.env'`"

    `further` options follow. A word that may be a secret is not repeated.
    """
    typed = ["workerctl", *words, *_sources(options), *further]
    return f"`{' '.join(map(shlex.quote, typed))}`"


def _sources(options: Options) -> Iterator[str]:
    if options.env_files == ():
        yield "--no-env-file"
    for file in options.env_files or ():
        yield from ("--env-file", named(file, "FILE"))
    if options.secrets_dir is not None:
        yield from ("--secrets-dir", named(options.secrets_dir, "DIRECTORY"))
    if options.isolated:
        yield "--isolated"
    if isinstance(options.settings, str):
        yield from ("--settings", _class(options.settings))
    if options.manifest is not None:
        yield from _manifest(options.manifest)


def _class(settings: str) -> str:
    """
    Return the name of a settings class; one that is imported cannot be a secret.
    """
    module, _, name = settings.partition(":")
    is_imported = hasattr(sys.modules.get(module), name.partition(".")[0])
    return settings if is_imported else named(settings, "MODULE:CLASS")


def _manifest(manifest: Selection) -> Iterator[str]:
    for file in manifest.files:
        yield from (f"--{manifest.kind}", named(file, "FILE"))
    if manifest.name is not None:
        option = "--service" if manifest.kind == "compose" else "--workload"
        yield from (option, named(manifest.name, "NAME"))
    if manifest.container is not None:
        yield from ("--container", named(manifest.container, "NAME"))
