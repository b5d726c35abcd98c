"""
`workerctl keygen` with options: which ones can be combined, what they do, and what is reported.

No key is printed here or put into an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from workerctl.commands.keygen import write_keys
from workerctl.commands.keygen.write_keys import Written
from workerctl.commands.shared.world import World
from workerctl.keyring import versions
from workerctl.report.errors import UsageError
from workerctl.report.exit_codes import ExitCode
from workerctl.report.records import Record
from workerctl.secrecy.masking import is_like_secret

if TYPE_CHECKING:
    from workerctl.sources.options import Options

# The characters that the env file writer accepts and all parsers read in the same way.
_PLAIN_CONTEXT = "[A-Za-z0-9_.:/+-]*"


class KeygenOptions(Record):
    """
    The options of the command. `start` is the version of `--from`, `identify` means `--id`.
    """

    write: str | None = None
    add: bool = False
    rotate: bool = False
    start: int | None = None
    retire: int | None = None
    in_use: int | None = None
    canary: bool = False
    context: str | None = None
    identify: bool = False

    @property
    def modes(self) -> list[str]:
        """
        The options given that choose an action; without any, the action is to make a key.
        """
        actions = {
            "--add": self.add,
            "--rotate": self.rotate,
            "--retire": self.retire is not None,
            "--canary": self.canary,
            "--id": self.identify,
        }
        return [name for name, is_given in actions.items() if is_given]


def execute(world: World, request: KeygenOptions, options: Options) -> int:
    """
    Do what the options choose, report it on standard error, and return the exit code.
    """
    _require_sound_options(request)
    _require_sound_file(request, options)
    if request.identify or request.canary:
        from workerctl.commands.keygen import show_key

        if request.identify:
            return world.output.write_lines(show_key.identities(world.load(options)))
        return show_key.canary(world, options, request.write, request.context)
    if request.write is None:
        from workerctl.commands.keygen.print_key import print_key

        return print_key(world.stdout, world.stderr)
    written = _written(world, request, request.write)
    world.output.note(*_sentences(request, request.write, written))
    return ExitCode.OK


def _require_sound_options(request: KeygenOptions) -> None:
    modes = request.modes
    if len(modes) > 1:
        raise UsageError(f"{modes[0]} and {modes[1]} cannot be combined.", "Drop one of them.")
    for name, required, value in (
        ("--from", "--rotate", request.start),
        ("--in-use", "--retire", request.in_use),
        ("--context", "--canary", request.context),
    ):
        if value is not None and modes != [required]:
            raise UsageError(f"{name} requires {required}.", f"Add {required}.")
    for mode in {"--add", "--rotate", "--retire"}.intersection(modes):
        if request.write is None:
            raise UsageError(f"{mode} requires --write.", "Name the env file: --write FILE.")
    if request.retire is not None and request.in_use is None:
        raise UsageError(
            "--retire requires --in-use COUNT, the number of values that still need the key.",
            "Count them (`workerctl explain KEY007`), and add --in-use COUNT.",
        )


def _require_sound_file(request: KeygenOptions, options: Options) -> None:
    if request.write is None:
        return
    if request.write == "-":
        raise UsageError(
            "--write - does not name an env file.",
            "Name one; without --write, the key is written to standard output.",
        )
    if request.identify:
        raise UsageError("--id does not write a file.", "Name the file to read: --env-file FILE.")
    if request.canary and options.env_files:
        raise UsageError("--write already names the env file.", "Drop --env-file.")
    if is_like_secret(request.write):
        raise UsageError(
            "--write names a file that does not exist, and the name may be a secret.",
            "Use a file name that ends in .env.",
        )
    if not re.fullmatch(_PLAIN_CONTEXT, request.context or ""):
        raise UsageError(
            "With --write, a context may contain only letters, digits and _.:/+- characters.",
            "Use a context such as production/db-eu.",
        )


def _written(world: World, request: KeygenOptions, path: str) -> Written:
    if request.add:
        return write_keys.add_key(path, world.environ)
    if request.rotate:
        return write_keys.rotate(path, world.environ, request.start)
    if request.retire is not None:
        return write_keys.retire(path, world.environ, request.retire, request.in_use or 0)
    return write_keys.write_key(path, world.environ)


def _sentences(request: KeygenOptions, path: str, written: Written) -> Iterator[str]:
    if not request.modes:
        where = f"{path}, a new file" if written.created else path
        yield f"{versions.CURRENT} is set in {where}: key id {written.ring[0].id}."
    else:
        yield f"{path}: {written.rotation.facts}."
        if request.retire is not None:
            was_current = request.retire < written.ring[0].version
            needed = "; backups of data that it encrypted still need it" if was_current else ""
            yield f"Version {request.retire} is retired{needed}."
        if request.rotate and any(key.version == 0 for key in written.ring):
            yield "A worker that reads only versions 1 to 255 does not find version 0."
        yield written.rotation.next_step or ""
    yield written.about_mode
