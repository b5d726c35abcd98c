"""
Kill `keygen` at every moment: the env file is always the old one or the new one, whole.

    python benchmarks/kill_keygen.py --cycles 10000
    python benchmarks/kill_keygen.py --rotate --cycles 1000

Each cycle forks a writer and kills it with SIGKILL after a delay that sweeps its whole run time.
What is then on disk must decrypt every value that was encrypted so far. The same call, run to its
end, must do its work on the old file, be refused on the new one, and leave no temporary file.

With `--rotate` the keys of one file change again and again; at times a key is added before, or old
ones are retired, which is killed as well. With `--in-place` the writer that is killed is one that
writes line after line into the file: it shows that this is noticed.

Prints counts; exit code 1 when one is not 0 that has to be. A kill says nothing about power loss:
what the kernel has, it keeps.
"""

import argparse
import functools
import os
import re
import signal
import statistics
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from workerctl import keys, keywrite
from workerctl.errors import RefusedError, SourceError
from workerctl.keyring import KeyRing
from workerctl.loading import Options, load
from workerctl.runtime.exceptions import EncryptionError
from workerctl.settings import Settings
from workerctl.versions import CURRENT, HIGHEST, VERSION, name_of

_LINES = 10
_CALIBRATION_RUNS = 20
# Steps through the run time without a pattern that a timer could share.
_GOLDEN = 0.6180339887498949
# In how many cycles of --rotate a key is added once, and old ones are retired once.
_EVERY = 4
_CONTEXT = b"people/phone/17"

_OTHER = "".join(f"NAME_{number}='value {number}' # comment\n" for number in range(_LINES))
_START = f"# before\n{_OTHER}# made by keygen\nexport ENCRYPTION_KEY=change-me\n{_OTHER}"
_KEY_LINE = re.compile(r"^(?:export )?(ENCRYPTION_KEY\w*)=(.*)\n", re.MULTILINE)

_MUST_BE_0 = (
    "torn",
    "half-rotated",
    "values that no longer decrypt",
    "next run failed",
    "temporaries after the next run",
)
_ROWS = (
    "cycles", "killed", "old", "new", *_MUST_BE_0[:2], "values that decrypt", _MUST_BE_0[2],
    "temporaries left by the kill", *_MUST_BE_0[3:],
)  # fmt: skip

Keys = dict[str, str]


class Call(NamedTuple):
    """
    A change of the keys, its column of the table, and whether it made these keys of those.
    """

    name: str
    run: Callable[[], object]
    is_done: Callable[[Keys, Keys], bool]


class File:
    """
    The env file, the values encrypted so far, and what the kills did to them.
    """

    def __init__(self, path: Path, *, keeps_key: bool) -> None:
        self.path = path
        self.counts: dict[str, Counter[str]] = defaultdict(Counter)
        self.spans: dict[str, float] = {}
        self._keeps_key = keeps_key
        self.restart()

    def restart(self) -> None:
        """
        Begin with a fresh file, and with a key where it is to have one.
        """
        self.tokens: list[bytes] = []
        self.path.write_text(_START)
        if self._keeps_key:
            keywrite.write_key(str(self.path), {})

    def read(self) -> str:
        """
        What is in the file.
        """
        return self.path.read_bytes().decode() if self.path.exists() else ""

    def ring(self) -> KeyRing | None:
        """
        The keys as a worker gets them; None where it would not start.
        """
        return _ring(str(self.path), self.read())

    def kill(self, call: Call, writer: Callable[[], object] | None = None) -> bool:
        """
        Kill a call, or the writer in its place, and judge what is left. Returns whether all is well.
        """
        self._encrypt()
        before, counts = self.read(), self.counts[call.name]
        run = writer or call.run
        if call.name not in self.spans:
            # a child that was not killed may take longer
            runs = [self._whole_run(run, before) for _ in range(_CALIBRATION_RUNS)]
            self.spans[call.name] = 1.2 * statistics.median(runs)
        counts["cycles"] += 1
        counts["killed"] += _killed(run, self.spans[call.name] * (counts["cycles"] * _GOLDEN % 1))
        state = self._state(before, call)
        counts[state] += 1
        counts["temporaries left by the kill"] += self._temporaries()
        if not self.tokens:
            self._encrypt()
        opened = sum(map(self._opens, self.tokens))
        counts["values that decrypt"] += opened
        counts["values that no longer decrypt"] += len(self.tokens) - opened
        is_well = state in {"old", "new"} and opened == len(self.tokens)
        if is_well and not self._next_run_is_right(call, before, state):
            is_well = False
            counts["next run failed"] += 1
        counts["temporaries after the next run"] += is_well and self._temporaries()
        if not is_well:
            self.restart()
        return is_well

    def _encrypt(self) -> None:
        ring = self.ring()
        if ring is not None:
            self.tokens.append(ring.encrypt(b"%d" % len(self.tokens), context=_CONTEXT))

    def _opens(self, token: bytes) -> bool:
        ring = self.ring()
        try:
            return ring is not None and ring.decrypt(token, context=_CONTEXT).isdigit()
        except EncryptionError:
            return False

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
        old, new = _keys(before), _keys(now)
        texts = [text for name, text in new.items() if name != VERSION]
        if _KEY_LINE.sub("", now) != _KEY_LINE.sub("", before) or not texts:
            return "torn"
        if any(map(keys.form_problem, texts)):
            return "torn"
        return "new" if call.is_done(old, new) and self.ring() is not None else "half-rotated"

    def _next_run_is_right(self, call: Call, before: str, state: str) -> bool:
        now = self.read()
        try:
            call.run()
        except RefusedError:
            return state == "new" and self.read() == now
        return state == "old" and self._state(before, call) == "new"

    def _temporaries(self) -> int:
        return sum(entry != self.path for entry in self.path.parent.iterdir())


def main() -> int:
    """
    Run the cycles and print what they left.
    """
    parser = argparse.ArgumentParser(description="Kill `keygen` at every moment.")
    parser.add_argument("--rotate", action="store_true", help="kill --rotate instead of --write")
    parser.add_argument("--in-place", action="store_true", help="kill a writer that does it wrong")
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--directory", help="where to work; default: the temporary directory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        file = File(Path(directory, ".env"), keeps_key=options.rotate)
        for number in range(options.cycles):
            if options.rotate:
                _rotate(file, number, in_place=options.in_place)
            else:
                _write(file, in_place=options.in_place)
    print(f"{'':<31}" + "".join(f"{name:>9}" for name in file.counts))
    print(f"{'kills spread over, ms':<31}" + "".join(f"{1000 * t:9.2f}" for t in file.spans.values()))
    for row in _ROWS:
        print(f"{row:<31}" + "".join(f"{counts[row]:9}" for counts in file.counts.values()))
    return int(any(counts[row] for counts in file.counts.values() for row in _MUST_BE_0))


def _write(file: File, *, in_place: bool) -> None:
    file.restart()
    path = file.path
    call = Call("write", lambda: keywrite.write_key(str(path), {}), _is_written)
    file.kill(call, (lambda: _in_place(path, {CURRENT: keys.generate()})) if in_place else None)


def _rotate(file: File, number: int, *, in_place: bool) -> None:
    path = str(file.path)
    if _version(_keys(file.read())) == HIGHEST:
        file.restart()
    if number % _EVERY == 1 and not in_place:
        file.kill(Call("add", lambda: keywrite.add_key(path, {}), _is_added))
    before = _keys(file.read())
    version = _version(before)
    kept = name_of(version)
    changes = {CURRENT: keys.generate(), VERSION: str(version + 1), kept: before[CURRENT]}
    rotation = Call("rotate", lambda: keywrite.rotate(path, {}, start=version), _is_rotated)
    file.kill(rotation, (lambda: _in_place(file.path, changes)) if in_place else None)
    if number % _EVERY == 0:
        _retire(file)


def _retire(file: File) -> None:
    """
    Leave the current key and the one before it; nothing is encrypted with the others any more.
    """
    current, ring = _version(_keys(file.read())), file.ring()
    old = [version for version in range(current - 1) if name_of(version) in _keys(file.read())]
    for version in old:
        file.tokens = [
            ring.reencrypt(token, _CONTEXT) if ring.version_of(token) == version else token
            for token in file.tokens
        ]
        run = functools.partial(keywrite.retire, str(file.path), {}, version, 0)
        if version != old[0]:
            run()
        elif not file.kill(Call("retire", run, functools.partial(_is_retired, version))):
            return


def _is_written(old: Keys, new: Keys) -> bool:
    return new == {**old, CURRENT: new[CURRENT]} and _is_fresh(new[CURRENT], old)


def _is_added(old: Keys, new: Keys) -> bool:
    name = name_of(_version(old) + 1)
    return new == {**old, name: new.get(name)} and _is_fresh(new[name], old)


def _is_rotated(old: Keys, new: Keys) -> bool:
    version, key = _version(old) + 1, new.get(CURRENT, "")
    rest = dict(old)
    added = rest.pop(name_of(version), None)
    expected = {**rest, CURRENT: key, VERSION: str(version), name_of(version - 1): old[CURRENT]}
    return new == expected and (key == added if added else _is_fresh(key, old))


def _is_retired(version: int, old: Keys, new: Keys) -> bool:
    return new == {name: text for name, text in old.items() if name != name_of(version)}


def _is_fresh(key: str, old: Keys) -> bool:
    return key not in old.values() and keys.weakness(key) is None


def _keys(text: str) -> Keys:
    return dict(_KEY_LINE.findall(text))


def _version(found: Keys) -> int:
    return int(found.get(VERSION, "0"))


@functools.lru_cache(maxsize=1)
def _ring(path: str, _text: str) -> KeyRing | None:
    try:
        loaded = load(Settings, Options(env_files=(path,), isolated=True))
        return KeyRing.from_settings(loaded.settings)
    except (EncryptionError, SourceError):
        return None


def _in_place(path: Path, changes: Keys) -> None:
    for name, value in changes.items():
        line = f"{name}={value}\n"
        text, found = re.subn(rf"(?m)^(?:export )?{name}=.*\n", line, path.read_text())
        with path.open("w", buffering=1) as stream:
            stream.writelines((text if found else text + line).splitlines(keepends=True))


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


if __name__ == "__main__":
    sys.exit(main())
