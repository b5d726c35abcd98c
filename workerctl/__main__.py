"""
The entry point: what comes without options is answered at once, the rest by the command line.

Importing Typer and building its options takes a tenth of a whole check, and five keygens.
"""

import gc
import os
import sys

from workerctl import __version__

_WIDEST = 10_000


def main() -> None:
    """
    Run the command line and exit with its code.
    """
    # A run is short and keeps what it makes: collecting garbage only costs time.
    gc.disable()
    try:
        code = _answer(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # while modules were imported
    # The last collection at exit would visit every object once more. Unlike os._exit, this lets
    # buffers be flushed and exit handlers run.
    gc.freeze()
    sys.exit(code)


def _answer(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        from workerctl.output.streams import say

        return 0 if say(sys.stdout, f"workerctl {__version__}") else 3
    if arguments == ["keygen"]:
        from workerctl.commands.keygen.print_key import print_key

        return print_key(sys.stdout, sys.stderr)
    if arguments[:1] != ["run"] or "--help" in arguments or "-h" in arguments:
        # not in the environment of the command that is run
        _drop_bad_widths()
    from workerctl.commands.deferred import defer

    # pydantic-settings imports it for a feature of its own command line, which is not used here;
    # it takes as long as all of our modules together.
    defer("asyncio")
    if arguments == ["check"]:
        from workerctl.commands.check import execute
        from workerctl.commands.world import World
        from workerctl.preflight import Request

        world = World.real()
        try:
            return execute(world, Request())
        except Exception as error:  # noqa: BLE001 -- the same boundary as the command line's
            return world.print_error(error)
    from workerctl.cli import run

    return run(arguments)


def _drop_bad_widths() -> None:
    """
    With COLUMNS=0 the help comes out empty, with TERMINAL_WIDTH=abc or 99999999 not at all.
    """
    for name in ("COLUMNS", "TERMINAL_WIDTH"):
        width = os.environ.get(name, "1")
        if not (width.isascii() and width.isdigit() and 0 < int(width[:6]) < _WIDEST):
            del os.environ[name]


if __name__ == "__main__":
    main()
