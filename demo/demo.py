"""
Demonstrate the checks, then a worker that runs, then the same worker when its services misbehave.

Run it with `make demo`. It leaves an untracked .env behind, as a developer would create, and
nothing else: no process, no open port, no other file.
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
    Show all steps. Return 0 if each of them ended as expected.
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
        # The reader is gone; Python would report it once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        # Only one interrupt raises: if it came during the call above, nothing interrupts this.
        interrupts.ignore()
        running.close()


def _shown(running: ExitStack, interrupts: Interrupts) -> bool:
    with interrupts.held():  # until `running` knows that it has to be removed
        directory = running.enter_context(tempfile.TemporaryDirectory())
    is_expected = tour.show(Path(directory))
    # Imported late, so that the first lines appear immediately.
    import worker

    return worker.show(running, interrupts) and is_expected


if __name__ == "__main__":
    sys.exit(main())
