"""
The state that a test process inherits from its parent, reset to the same state everywhere.

A signal that `nohup` or a background job ignores, a umask, a proxy, a colour preference or a
variable that is also a setting could change the result of a test, either in this process or in a
process that a test starts.
"""

import os
import signal
import sys
import time

_KEPT = frozenset(
    {"PATH", "TMPDIR", "CI", "HYPOTHESIS_PROFILE", "LEAK_SEED"}
    | {"WORKERCTL_GOLDEN", "WORKERCTL_KILL_CYCLES"}
)
_KEPT_PREFIXES = ("COV", "PYTEST_")
_SET = {"HOME": "/nonexistent", "LANG": "C.UTF-8", "TZ": "UTC"}

# Python itself ignores these two signals and restores them in the processes that it starts.
_IGNORED_BY_PYTHON = frozenset({signal.SIGPIPE, signal.SIGXFSZ})


def reset_inherited_state() -> None:
    """
    Reset the signals, the umask and the environment of this process.
    """
    _reset_signals()
    os.umask(0o022)
    for name in os.environ.keys() - _KEPT:
        if not name.startswith(_KEPT_PREFIXES):
            del os.environ[name]
    os.environ.update(_SET)
    time.tzset()
    sys.dont_write_bytecode = False


def _reset_signals() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in signal.valid_signals() - _IGNORED_BY_PYTHON:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
