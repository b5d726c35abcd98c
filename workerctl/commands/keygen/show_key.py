"""
What may be shown of a key: its id, and a canary, which shows later whether a key is the same.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl import keys
from workerctl.commands.keygen import key_file, write_keys
from workerctl.commands.shared.world import World
from workerctl.keyring import canary as canaries
from workerctl.keyring import cipher, versions
from workerctl.keyring.rotation import State
from workerctl.keyring.versions import CURRENT, Ring
from workerctl.output.lines import Line, line
from workerctl.report.errors import OutputError, RefusedError
from workerctl.report.exit_codes import ExitCode
from workerctl.schema.loading import Loaded
from workerctl.sources.options import Options


def identities(loaded: Loaded) -> Iterator[Line]:
    """
    Yield a line with the variable and the id of each key. A weak key has no id.

    Raises RefusedError if the current key is not set or any key is malformed.
    """
    ring = _ring(loaded)
    if not ring or ring[0].name != CURRENT:
        raise RefusedError(f"{CURRENT} is not set.", "Name the env file with --env-file.")
    for key in ring:
        problem = keys.form_problem(key.text)
        if problem is not None:
            raise RefusedError(f"{key.name} {problem}.", "A malformed key has no id.")
    yield from (line(f"{key.name} {key.id or 'weak, without id'}") for key in ring)


def canary(world: World, options: Options, write: str | None, context: str | None) -> int:
    """
    Print a canary of the configured key, or set it in the env file `write`, which holds the key.

    `context` takes precedence over the configured one. Return the exit code.
    Raises OutputError if the cryptography package is not installed.
    """
    if not cipher.is_installed():
        raise OutputError(
            "No canary can be made, because cryptography is not installed.",
            "Install the cryptography package, or run the command where it is installed.",
        )
    if write is not None:
        options = options.replace(env_files=(write,), isolated=True)
    loaded = world.load(options)
    key = loaded.values.text(CURRENT)
    problem = keys.form_problem(key) or keys.weakness(key)
    if problem is not None:
        raise RefusedError(f"{CURRENT} {problem}.", "Only a strong key can have a canary.")
    bound_to = loaded.settings.ENCRYPTION_CANARY_CONTEXT if context is None else context
    made = canaries.make(key, bound_to)
    title, article = _ring(loaded)[0].title, "a" if bound_to else "no"
    if write is not None:
        written = write_keys.write_canary(write, world.environ, made, context)
        summary = f"{write} has a new canary of {title}, bound to {article} context."
        world.output.note(summary, _meaning(written), written.about_mode)
        return ExitCode.OK
    too = f", and {key_file.CANARY_CONTEXT} to the same context" if context else ""
    world.output.note(
        f"This is a canary of {title}, bound to {article} context.",
        f"Set {key_file.CANARY} to it{too}.",
    )
    return world.output.write(lambda stream: stream.writelines((made, "\n")))


def _meaning(written: write_keys.Written) -> str:
    if written.rotation.state is not State.READY:
        return ""
    return "It declares that no data needs an older key, so renew it only after counting to 0."


def _ring(loaded: Loaded) -> Ring:
    return versions.keys_of(loaded.values.texts(), loaded.settings.ENCRYPTION_KEY_VERSION)
