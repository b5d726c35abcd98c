"""
Handle Ctrl-C at any moment, even while something is being started.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """
    Raises one KeyboardInterrupt for SIGINT, SIGTERM or SIGHUP, but not while interrupts are held.

    Whatever is started while they are held can therefore be registered for stopping first.
    """

    def __init__(self) -> None:
        self.received: int | None = None
        self._raised = False
        self._held = 0
        # A signal that is ignored stays ignored, as `nohup` requires.
        self._numbers = [one for one in _SIGNALS if signal.getsignal(one) is not signal.SIG_IGN]
        for number in self._numbers:
            signal.signal(number, self._handle)

    def ignore(self) -> None:
        """
        Ignore all further interrupts until the process has ended.

        Python removes its own handlers at exit; ignored signals remain ignored.
        """
        for number in self._numbers:
            signal.signal(number, signal.SIG_IGN)

    @contextmanager
    def held(self) -> Iterator[None]:
        """
        Hold interrupts within the block; one that arrived raises at its end.
        """
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
        self._raise()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self.received = self.received or number
        self._raise()

    def _raise(self) -> None:
        if self.received and not self._held and not self._raised:
            self._raised = True
            raise KeyboardInterrupt
