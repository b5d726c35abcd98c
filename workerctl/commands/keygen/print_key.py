"""
`workerctl keygen` without options: one new key on standard output and nothing else.

This is dispatched before Typer is imported, which would take five times as long as the command.
"""

from __future__ import annotations

from workerctl import keys
from workerctl.output.streams import say, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

OK, INCOMPLETE = 0, 3


def print_key(stdout: TextIO | None, stderr: TextIO | None) -> int:
    """
    Print a key, and its id on standard error. Return 3 if the key could not be written.
    """
    key = keys.generate()
    if stdout is not None and stdout.isatty():
        say(stderr, "The key stays in the terminal's scrollback; `--write FILE` does not show it.")
    if not write(stdout, lambda stream: stream.write(f"{key}\n"), reader_may_leave=False):
        say(
            stderr,
            "The key could not be written to standard output and is lost; run the command again.",
        )
        return INCOMPLETE
    say(stderr, f"key id {keys.key_id(key)}")
    return OK
