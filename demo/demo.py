"""
A demonstration: configurations judged, then a worker that runs, on services that misbehave.

Run it with `make demo`. It leaves an untracked .env behind, as a developer would make one, and
nothing else: no process, no open port, no file.
"""

import os
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import tour
from interrupts import Interrupts

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))


def main() -> int:
    """
    Show everything; the exit code tells whether every step ended as it should.
    """
    interrupts, running = Interrupts(), ExitStack()
    try:
        try:
            return 0 if _shown(running, interrupts) else 1
        finally:
            interrupts.ignore()
    except KeyboardInterrupt:
        print("\nInterrupted: stopping what was started.", file=sys.stderr)
        return 128 + (interrupts.received or signal.SIGINT)
    except BrokenPipeError:
        # Nobody reads on; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        # It raises once: an interrupt of the call above was the one, and this runs to its end.
        interrupts.ignore()
        running.close()


def _shown(running: ExitStack, interrupts: Interrupts) -> bool:
    with interrupts.held():  # until it is known that it has to be removed
        directory = running.enter_context(tempfile.TemporaryDirectory())
    judged = tour.show(Path(directory))
    # Imported now, so that the first lines are there at once.
    import worker

    return worker.show(running, interrupts) and judged


if __name__ == "__main__":
    sys.exit(main())
