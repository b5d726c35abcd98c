"""
Ctrl-C at any moment, also in the middle of starting something.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """
    One KeyboardInterrupt for Ctrl-C, a polite kill or a closed terminal, and none while held.

    What is started while it is held has been noted for stopping by the time it raises.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._raised = False
        self._held = 0
        # Ignored before is ignored now: `nohup` means it.
        self._numbers = [one for one in _SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
        for number in self._numbers:
            signal.signal(number, self._take)

    def ignore(self) -> None:
        """
        Take no more of them, to the very end of the process, where Python takes its handlers away.
        """
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    @contextmanager
    def held(self) -> Iterator[None]:
        """
        Raise at the end of the block what comes within it.
        """
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        self._raise()

    def _take(self, number: int, _frame: FrameType | None) -> None:
        self.received = self.received or number
        self._raise()

    def _raise(self) -> None:
        if self.received and not self._held and not self._raised:
            self._raised = True
            raise KeyboardInterrupt
