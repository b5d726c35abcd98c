"""
What may be shown of a key: its id, and a canary, which proves that it is the right one.
"""

from collections.abc import Iterator

from workerctl import keys
from workerctl.commands.keygen import key_file, write_keys
from workerctl.commands.world import World
from workerctl.errors import RefusedError
from workerctl.keyring import canary as canaries
from workerctl.keyring import versions
from workerctl.keyring.rotation import State
from workerctl.keyring.versions import CURRENT, Ring
from workerctl.output.lines import Line, line
from workerctl.report.exit_codes import ExitCode
from workerctl.schema.loading import Loaded
from workerctl.schema.source_options import Options


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


def canary(world: World, options: Options, write: str | None, context: str | None) -> int:
    """
    Print a canary of the configured key, or set it in an env file that holds the key.

    `context` wins over the configured one. Returns the exit code.
    """
    if write is not None:
        options = options._replace(env_files=(write,), isolated=True)
    loaded = world.load(options)
    key = loaded.values.text(CURRENT)
    problem = keys.form_problem(key) or keys.weakness(key)
    if problem is not None:
        raise RefusedError(f"{CURRENT} {problem}.", "Only a random key gets a canary.")
    bound_to = loaded.settings.ENCRYPTION_CANARY_CONTEXT if context is None else context
    made = canaries.make(key, bound_to)
    what = f"A canary of {_ring(loaded)[0].title}, bound to {'a' if bound_to else 'no'} context"
    if write is not None:
        done = write_keys.write_canary(write, world.environ, made, context)
        world.output.note(f"{what}, is set in {write}.", _meaning(done), done.about_mode)
        return ExitCode.OK
    too = f", and {key_file.CANARY_CONTEXT} to the same context" if context else ""
    world.output.note(f"{what}. Set {key_file.CANARY} to it{too}.")
    return world.output.write(lambda stream: stream.writelines((made, "\n")))


def _meaning(written: write_keys.Written) -> str:
    if written.rotation.state is not State.READY:
        return ""
    return "It says that no data remain under older keys: renew it only after they were counted."


def _ring(loaded: Loaded) -> Ring:
    return versions.configured_ring(loaded.values, loaded.settings)
