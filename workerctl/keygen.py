"""
`workerctl keygen` with options: keys and canaries in env files, and what people are told of them.

A key is never printed here, nor put into an error.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from workerctl import keyfile, keys, keywrite, versions
from workerctl.console import World, kept_off_stdout
from workerctl.errors import RefusedError, UsageError
from workerctl.findings import ExitCode
from workerctl.keywrite import Written
from workerctl.loading import Loaded, Options, load
from workerctl.masking import is_like_secret, printable
from workerctl.output.lines import Line, line
from workerctl.settings import Settings
from workerctl.streams import say
from workerctl.versions import CURRENT

# What the env file writer takes, and every parser reads alike.
_PLAIN_CONTEXT = "[A-Za-z0-9_.:/+-]*"
_OTHERS = "Other accounts could read the file; now they cannot."


class Wanted(NamedTuple):
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


def answer(world: World, wanted: Wanted, options: Options) -> int:
    """
    Do what is wanted, and tell of it on standard error. Returns the exit code.
    """
    _require_sense(wanted, options)
    if wanted.identify:
        return world.show(identities(_load(world, options)))
    if wanted.canary:
        return _canary(world, wanted, options)
    if wanted.write is None:
        from workerctl.keyprint import print_key

        return print_key(world.stdout, world.stderr)
    return _tell(world, _sentences(wanted, wanted.write, _written(world, wanted, wanted.write)))


def identities(loaded: Loaded) -> Iterator[Line]:
    """
    The ids of the current key and of the others, by variable; a weak one has none.

    Raises RefusedError when there is no current key, or a malformed one among them.
    """
    ring = _ring(loaded)
    if not ring or ring[0].name != CURRENT:
        raise RefusedError(f"{CURRENT} is not set.", "Name the env file with --env-file.")
    for key in ring:
        problem = keys.form_problem(key.text)
        if problem is not None:
            raise RefusedError(f"{key.name} {problem}.", "Such a key has no id.")
    yield from (line(f"{key.name} {key.id or 'weak, without id'}") for key in ring)


def _require_sense(wanted: Wanted, options: Options) -> None:
    modes = {
        "--add": wanted.add,
        "--rotate": wanted.rotate,
        "--retire": wanted.retire is not None,
        "--canary": wanted.canary,
        "--id": wanted.identify,
    }
    chosen = [name for name, is_on in modes.items() if is_on]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} and {chosen[1]} exclude each other.", "Drop one of them.")
    mode = chosen[0] if chosen else None
    for name, belongs_to, given in (
        ("--from", "--rotate", wanted.start),
        ("--in-use", "--retire", wanted.in_use),
        ("--context", "--canary", wanted.context),
    ):
        if given is not None and mode != belongs_to:
            raise UsageError(f"{name} belongs to {belongs_to}.", f"Add {belongs_to}.")
    if mode in {"--add", "--rotate", "--retire"} and wanted.write is None:
        raise UsageError(f"{mode} changes a file.", "Name it: --write FILE.")
    if mode == "--retire" and wanted.in_use is None:
        hint = "Count them (`workerctl explain KEY007`) and add --in-use COUNT."
        raise UsageError("--retire needs to know how many values still need the key.", hint)
    _require_sound_file(mode, wanted, options)


def _require_sound_file(mode: str | None, wanted: Wanted, options: Options) -> None:
    if wanted.write is None:
        return
    if mode == "--id":
        raise UsageError("--id changes no file.", "Name the file to read: --env-file FILE.")
    if mode == "--canary" and options.env_files:
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


def _written(world: World, wanted: Wanted, path: str) -> Written:
    if wanted.add:
        return keywrite.add_key(path, world.environ)
    if wanted.rotate:
        return keywrite.rotate(path, world.environ, wanted.start)
    if wanted.retire is not None:
        return keywrite.retire(path, world.environ, wanted.retire, wanted.in_use or 0)
    return keywrite.write_key(path, world.environ)


def _sentences(wanted: Wanted, path: str, written: Written) -> Iterator[str]:
    if not (wanted.add or wanted.rotate or wanted.retire is not None):
        where = f"{path}, a new file" if written.created else path
        yield f"{CURRENT} is set in {where}: key id {written.ring[0].id}."
    else:
        yield f"{path}: {written.rotation.facts}."
        if wanted.retire is not None:
            yield f"Version {wanted.retire} is dropped; backups that it wrote need it still."
        if wanted.rotate and versions.name_of(0) in {key.name for key in written.ring}:
            yield "A reader that takes versions 1 to 255 only does not find version 0."
        if written.rotation.next_step is not None:
            yield written.rotation.next_step
    if written.closed:
        yield _OTHERS


def _canary(world: World, wanted: Wanted, options: Options) -> int:
    if wanted.write is not None:
        options = options._replace(env_files=(wanted.write,), isolated=True)
    loaded = _load(world, options)
    key = loaded.values.text(CURRENT)
    problem = keys.form_problem(key) or keys.weakness(key)
    if problem is not None:
        raise RefusedError(f"{CURRENT} {problem}.", "Only a random key gets a canary.")
    context = loaded.settings.ENCRYPTION_CANARY_CONTEXT
    if wanted.context is not None:
        context = wanted.context
    from workerctl.keyring import canary

    made = canary.make(key, context)
    what = f"A canary of {_ring(loaded)[0].title}, bound to {'a' if context else 'no'} context"
    if wanted.write is not None:
        done = keywrite.write_canary(wanted.write, world.environ, made, wanted.context)
        return _tell(world, (f"{what}, is set in {wanted.write}.", _OTHERS if done.closed else ""))
    too = f", and {keyfile.CANARY_CONTEXT} to the same context" if wanted.context else ""
    _tell(world, (f"{what}. Set {keyfile.CANARY} to it{too}.",))
    return world.put(lambda stream: stream.writelines((made, "\n")))


def _ring(loaded: Loaded) -> tuple[versions.VersionedKey, ...]:
    return versions.keys_of(loaded.values.texts(), loaded.settings.ENCRYPTION_KEY_VERSION)


def _load(world: World, options: Options) -> Loaded:
    with kept_off_stdout():
        return load(Settings, options, environ=world.environ, stdin=world.stdin)


def _tell(world: World, sentences: Iterable[str]) -> int:
    for sentence in filter(None, sentences):
        say(world.stderr, printable(sentence))
    return ExitCode.OK
