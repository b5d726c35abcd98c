"""
The entry point: frequent commands without options run directly, all others through Typer.

Importing Typer and building its options takes a tenth of the time of `check`, and five times that
of `keygen`.
"""

from __future__ import annotations

import gc
import os
import sys

from workerctl import __version__

_WIDEST = 10_000

# The frequent commands, and whether words may follow.
_PLAIN = {"budget": False, "check": True, "diff": True, "schema": False, "show-config": False}


def main() -> None:
    """
    Run workerctl with the arguments of this process, and exit with its exit code.
    """
    # A run is short and frees little, so collecting garbage would only cost time.
    gc.disable()
    try:
        code = _run(sys.argv[1:])
    except KeyboardInterrupt:
        code = 130  # interrupted while modules were imported
    # Exempt all objects from the collection at exit. Unlike os._exit, this keeps exit handlers and
    # the flushing of buffers.
    gc.freeze()
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    if arguments == ["--version"]:
        from workerctl.output.streams import say

        return 0 if say(sys.stdout, f"workerctl {__version__}") else 3
    if arguments == ["keygen"]:
        from workerctl.commands.keygen.print_key import print_key

        return print_key(sys.stdout, sys.stderr)
    # `run` passes the environment on to its command, so it must not be changed.
    if arguments[:1] != ["run"] or "--help" in arguments or "-h" in arguments:
        _drop_invalid_widths()
        # A plugin of pydantic, which any installed package may bring, is passed every value.
        os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    from workerctl.commands.shared.deferred import defer

    # pydantic-settings imports asyncio for a feature that is not used here, which takes as long as
    # importing all modules of workerctl; pydantic looks for plugins, which takes nearly as long.
    defer("asyncio")
    defer("importlib.metadata", "entry_points")
    command, *words = arguments or [""]
    if command in _PLAIN and _are_plain(words, allowed=_PLAIN[command]):
        return _run_plain(command, words)
    from workerctl import cli

    return cli.run(arguments)


def _are_plain(words: list[str], *, allowed: bool) -> bool:
    return not words or (allowed and not any(word.startswith("-") for word in words))


def _run_plain(command: str, words: list[str]) -> int:
    """
    Run a command without options as the command line does.
    """
    from workerctl.commands.shared.world import World
    from workerctl.sources.options import Options

    world = World.real()
    try:
        if command == "show-config":
            from workerctl.commands.show_config.command import ShowConfigOptions
            from workerctl.commands.show_config.command import execute as show_config

            return show_config(world, Options(), ShowConfigOptions())
        if command == "schema":
            from workerctl.commands.schema.command import SchemaOptions
            from workerctl.commands.schema.command import execute as schema

            return schema(world, None, SchemaOptions())
        if command == "diff":
            from workerctl.commands.diff.command import DiffOptions
            from workerctl.commands.diff.command import execute as diff

            return diff(world, words, None, DiffOptions())
        from workerctl.preflight import Request

        if command == "budget":
            from workerctl.commands.budget.command import BudgetOptions
            from workerctl.commands.budget.command import execute as budget

            return budget(world, Request(), BudgetOptions())
        from workerctl.commands.check.command import execute as check

        return check(world, Request(), words, annotate=True)
    except SystemExit as end:  # a team's code exits; Python would print the argument
        return 2 if end.code else 0
    except Exception as error:  # noqa: BLE001 -- the same boundary as in cli.run
        return world.print_error(error)


def _drop_invalid_widths() -> None:
    """
    Remove widths with which Typer's help fails: COLUMNS=0 empties it, TERMINAL_WIDTH=abc breaks it.
    """
    for name in ("COLUMNS", "TERMINAL_WIDTH"):
        width = os.environ.get(name, "1")
        if not (width.isascii() and width.isdigit() and 0 < int(width[:6]) < _WIDEST):
            del os.environ[name]


if __name__ == "__main__":
    main()
