"""
Kill a call at any moment, and verify the env file that it was changing.

The file must be completely old or completely new. Values are encrypted with the keys on disk before
every kill, and all of them must decrypt after it.
"""

import functools
import os
import re
import signal
import statistics
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from workerctl import keys
from workerctl.commands.keygen import write_keys
from workerctl.keyring import KeyRing
from workerctl.keyring.versions import VERSION
from workerctl.report.errors import RefusedError, SourceError
from workerctl.runtime.exceptions import EncryptionError
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options

CONTEXT = b"people/phone/17"

_LINES = 10
_CALIBRATION_RUNS = 20
# Steps of the golden ratio cover the run time evenly, without a period that a timer could share.
_GOLDEN = 0.6180339887498949
# The delays adapt to the load of the machine: of three writers, two are killed before they finish.
_LONGER, _SHORTER = 1.01, 0.98

_OTHER = "".join(f"NAME_{number}='value {number}' # comment\n" for number in range(_LINES))
_START = f"# before\n{_OTHER}# made by keygen\nexport ENCRYPTION_KEY=change-me\n{_OTHER}"
_KEY_LINE = re.compile(r"^(?:export )?(ENCRYPTION_KEY\w*)=(.*)\n", re.MULTILINE)

MUST_BE_0 = (
    "torn",
    "half-rotated",
    "values that no longer decrypt",
    "next run failed",
    "temporaries after the next run",
)
ROWS = (
    "cycles", "killed", "old", "new", *MUST_BE_0[:2], "values that decrypt", MUST_BE_0[2],
    "temporaries left by the kill", *MUST_BE_0[3:],
)  # fmt: skip

Keys = dict[str, str]


class Call(NamedTuple):
    """
    A change of the keys: its column of the table, the call, and whether it made old into new keys.
    """

    name: str
    run: Callable[[], object]
    is_done: Callable[[Keys, Keys], bool]


class File:
    """
    The env file, the values that were encrypted so far, and the counts of what the kills caused.
    """

    def __init__(self, path: Path, *, keeps_key: bool) -> None:
        self.path = path
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.spans: dict[str, float] = {}
        self._keeps_key = keeps_key
        self.restart()

    def restart(self) -> None:
        """
        Start over with a fresh file, which contains a key if this instance keeps one.
        """
        self.tokens: list[bytes] = []
        self.path.write_text(_START)
        if self._keeps_key:
            write_keys.write_key(str(self.path), {})

    def read(self) -> str:
        """
        Return the content of the file, "" if it does not exist.
        """
        return self.path.read_bytes().decode() if self.path.exists() else ""

    def keys(self) -> Keys:
        """
        Return the key variables in the file, parsed independently of the code under test.
        """
        return _keys_in(self.read())

    def ring(self) -> KeyRing | None:
        """
        Return the key ring that a worker would load, or None if it would refuse to start.
        """
        return _ring(str(self.path), self.read())

    def kill(self, call: Call, writer: Callable[[], object] | None = None) -> bool:
        """
        Kill a call, or `writer` instead of it. Return whether it left a correct file.
        """
        self._encrypt()
        before, counts = self.read(), self.counts[call.name]
        run = writer or call.run
        if call.name not in self.spans:
            runs = [self._whole_run(run, before) for _ in range(_CALIBRATION_RUNS)]
            self.spans[call.name] = statistics.median(runs)
        counts["cycles"] += 1
        was_killed = _killed(run, self.spans[call.name] * (counts["cycles"] * _GOLDEN % 1))
        counts["killed"] += was_killed
        self.spans[call.name] *= _LONGER if was_killed else _SHORTER
        state = self._state(before, call)
        counts[state] += 1
        counts["temporaries left by the kill"] += self._temporaries()
        if not self.tokens:
            self._encrypt()
        opened = self._opened()
        counts["values that decrypt"] += opened
        counts["values that no longer decrypt"] += len(self.tokens) - opened
        is_correct = state in {"old", "new"} and opened == len(self.tokens)
        if is_correct and not self._next_run_succeeds(call, before, state):
            is_correct = False
            counts["next run failed"] += 1
        counts["temporaries after the next run"] += is_correct and self._temporaries()
        if not is_correct:
            self.restart()
        return is_correct

    def _encrypt(self) -> None:
        ring = self.ring()
        if ring is not None:
            self.tokens.append(ring.encrypt(b"%d" % len(self.tokens), context=CONTEXT))

    def _opened(self) -> int:
        ring, opened = self.ring(), 0
        for number, token in enumerate(self.tokens if ring is not None else ()):
            with suppress(EncryptionError):
                opened += ring.decrypt(token, context=CONTEXT) == b"%d" % number
        return opened

    def _whole_run(self, run: Callable[[], object], before: str) -> float:
        child = _fork(run)
        start = time.perf_counter()
        os.waitpid(child, 0)
        seconds = time.perf_counter() - start
        self.path.write_text(before)
        return seconds

    def _state(self, before: str, call: Call) -> str:
        now = self.read()
        if now == before:
            return "old"
        old, new = _keys_in(before), _keys_in(now)
        texts = [text for name, text in new.items() if name != VERSION]
        if _KEY_LINE.sub("", now) != _KEY_LINE.sub("", before) or not texts:
            return "torn"
        if any(map(keys.form_problem, texts)):
            return "torn"
        return "new" if call.is_done(old, new) and self.ring() is not None else "half-rotated"

    def _next_run_succeeds(self, call: Call, before: str, state: str) -> bool:
        now = self.read()
        try:
            call.run()
        except RefusedError:
            return state == "new" and self.read() == now
        return state == "old" and self._state(before, call) == "new"

    def _temporaries(self) -> int:
        return sum(entry != self.path for entry in self.path.parent.iterdir())


def _keys_in(text: str) -> Keys:
    return dict(_KEY_LINE.findall(text))


@functools.lru_cache(maxsize=1)
def _ring(path: str, _text: str) -> KeyRing | None:
    try:
        loaded = load(Settings, Options(env_files=(path,), isolated=True))
        return KeyRing.from_settings(loaded.settings)
    except (EncryptionError, SourceError):
        return None


def _killed(run: Callable[[], object], delay: float) -> bool:
    child = _fork(run)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _fork(run: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            run()
        finally:
            os._exit(0)
    return child
