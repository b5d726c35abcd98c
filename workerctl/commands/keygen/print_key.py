"""
`workerctl keygen` without options: one fresh key on standard output and nothing else.

Dispatched before Typer, which would take five times as long to import as this takes to run.
"""

from workerctl import keys
from workerctl.output.streams import say, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO

OK, INCOMPLETE = 0, 3


def print_key(stdout: "TextIO | None", stderr: "TextIO | None") -> int:
    """
    Print a key, and its id on standard error. Returns 3 when the key could not be written out.
    """
    key = keys.generate()
    if stdout is not None and stdout.isatty():
        say(stderr, "This key stays in the terminal's history. `--write FILE` shows it to nobody.")
    if not write(stdout, lambda stream: stream.write(f"{key}\n"), reader_may_leave=False):
        say(stderr, "The key could not be written to standard output; it is lost. Run again.")
        return INCOMPLETE
    say(stderr, f"key id {keys.key_id(key)}")
    return OK
