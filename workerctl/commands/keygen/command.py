"""
`workerctl keygen` with options: which of them go together, what they do, what people are told.

A key is never printed here, nor put into an error.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from workerctl.commands.keygen import write_keys
from workerctl.commands.keygen.write_keys import Written
from workerctl.commands.world import World
from workerctl.errors import UsageError
from workerctl.keyring import versions
from workerctl.report.exit_codes import ExitCode
from workerctl.secrecy.masking import is_like_secret

if TYPE_CHECKING:
    from workerctl.schema.source_options import Options

# What the env file writer takes, and every parser reads alike.
_PLAIN_CONTEXT = "[A-Za-z0-9_.:/+-]*"


class KeygenOptions(NamedTuple):
    """
    What the options ask for. `start` is the version of `--from`.
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
        The options given that say what to do; without any, it is to make a key.
        """
        is_given = {
            "--add": self.add,
            "--rotate": self.rotate,
            "--retire": self.retire is not None,
            "--canary": self.canary,
            "--id": self.identify,
        }
        return [name for name, given in is_given.items() if given]


def execute(world: World, wanted: KeygenOptions, options: "Options") -> int:
    """
    Do what is wanted, and tell of it on standard error. Returns the exit code.
    """
    _require_sense(wanted)
    _require_sound_file(wanted, options)
    if wanted.identify or wanted.canary:
        from workerctl.commands.keygen import show_key

        if wanted.identify:
            return world.output.write_lines(show_key.identities(world.load(options)))
        return show_key.canary(world, options, wanted.write, wanted.context)
    if wanted.write is None:
        from workerctl.commands.keygen.print_key import print_key

        return print_key(world.stdout, world.stderr)
    written = _written(world, wanted, wanted.write)
    world.output.note(*_sentences(wanted, wanted.write, written))
    return ExitCode.OK


def _require_sense(wanted: KeygenOptions) -> None:
    modes = wanted.modes
    if len(modes) > 1:
        raise UsageError(f"{modes[0]} and {modes[1]} exclude each other.", "Drop one of them.")
    for name, belongs_to, given in (
        ("--from", "--rotate", wanted.start),
        ("--in-use", "--retire", wanted.in_use),
        ("--context", "--canary", wanted.context),
    ):
        if given is not None and modes != [belongs_to]:
            raise UsageError(f"{name} belongs to {belongs_to}.", f"Add {belongs_to}.")
    for mode in {"--add", "--rotate", "--retire"}.intersection(modes):
        if wanted.write is None:
            raise UsageError(f"{mode} changes a file.", "Name it: --write FILE.")
    if wanted.retire is not None and wanted.in_use is None:
        hint = "Count them (`workerctl explain KEY007`) and add --in-use COUNT."
        raise UsageError("--retire needs to know how many values still need the key.", hint)


def _require_sound_file(wanted: KeygenOptions, options: "Options") -> None:
    if wanted.write is None:
        return
    if wanted.identify:
        raise UsageError("--id changes no file.", "Name the file to read: --env-file FILE.")
    if wanted.canary and options.env_files:
        raise UsageError("--write names the env file already.", "Drop --env-file.")
    if is_like_secret(wanted.write):
        raise UsageError(
            "The file that --write names would be new, and may be called like a secret.",
            "Give it a name that ends in .env.",
        )
    if not re.fullmatch(_PLAIN_CONTEXT, wanted.context or ""):
        raise UsageError(
            "A context that is written holds letters, digits and _.:/+- only.",
            "Take one such as production/db-eu.",
        )


def _written(world: World, wanted: KeygenOptions, path: str) -> Written:
    if wanted.add:
        return write_keys.add_key(path, world.environ)
    if wanted.rotate:
        return write_keys.rotate(path, world.environ, wanted.start)
    if wanted.retire is not None:
        return write_keys.retire(path, world.environ, wanted.retire, wanted.in_use or 0)
    return write_keys.write_key(path, world.environ)


def _sentences(wanted: KeygenOptions, path: str, written: Written) -> Iterator[str]:
    if not wanted.modes:
        where = f"{path}, a new file" if written.created else path
        yield f"{versions.CURRENT} is set in {where}: key id {written.ring[0].id}."
    else:
        yield f"{path}: {written.rotation.facts}."
        if wanted.retire is not None:
            was_current = wanted.retire < written.ring[0].version
            needed = "; backups that it wrote need it still" if was_current else ""
            yield f"Version {wanted.retire} is dropped{needed}."
        if wanted.rotate and any(key.version == 0 for key in written.ring):
            yield "A reader that takes versions 1 to 255 only does not find version 0."
        yield written.rotation.next_step or ""
    yield written.about_mode
