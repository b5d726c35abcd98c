"""
Kill `keygen` at every moment, and verify that it leaves either the old env file or the new one.

    python benchmarks/kill_keygen.py --cycles 10000
    python benchmarks/kill_keygen.py --rotate --cycles 1000

Each cycle forks a writer and kills it with SIGKILL after a delay; the delays sweep its whole run
time. The keys on disk must then decrypt every value that was encrypted so far. The same call,
without a kill, must do its work on the old file, be refused on the new one, and leave no temporary
file.

With `--rotate` the keys of one file are rotated repeatedly. Sometimes a key is added before, or old
ones are retired afterwards; these calls are killed as well. With `--control` an incorrect writer is
killed instead, to show that the benchmark detects it.

The output is a table of counts; the exit code is 1 if a count that must be 0 is not. A kill does
not simulate a loss of power: data that the kernel has accepted is written.
"""

import argparse
import re
import sys
import tempfile
from collections.abc import Callable
from contextlib import chdir
from functools import partial
from pathlib import Path

from killing import CONTEXT, MUST_BE_0, ROWS, Call, File, Keys

from workerctl import keys
from workerctl.commands.keygen import write_keys
from workerctl.keyring.versions import CURRENT, HIGHEST, VERSION, name_of
from workerctl.sources.writing import envwrite

# With --rotate, a key is added and old keys are retired once in this number of cycles.
_EVERY = 4


def main() -> int:
    """
    Run the cycles and print the table. Return the exit code.
    """
    parser = argparse.ArgumentParser(description="Kill `keygen` at every moment.")
    parser.add_argument("--rotate", action="store_true", help="kill --rotate instead of --write")
    parser.add_argument("--control", choices=_CONTROLS, help="kill an incorrect writer")
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--directory", help="where to write; default: the temporary directory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as directory, chdir(directory):
        file = File(Path(".env"), keeps_key=options.rotate)
        for number in range(options.cycles):
            if options.rotate:
                _rotate(file, number, options.control)
            else:
                _write(file, options.control)
    milliseconds = [1000 * seconds for seconds in file.spans.values()]
    print(f"{'':<31}" + "".join(f"{name:>9}" for name in file.counts))
    print(f"{'kills spread over, ms':<31}" + "".join(f"{number:9.2f}" for number in milliseconds))
    for row in ROWS:
        print(f"{row:<31}" + "".join(f"{counts[row]:9}" for counts in file.counts.values()))
    return int(any(counts[row] for counts in file.counts.values() for row in MUST_BE_0))


def _write(file: File, control: str | None) -> None:
    file.restart()
    call = Call("write", partial(write_keys.write_key, str(file.path), {}), _is_written)
    file.kill(call, _wrong(file, control, {CURRENT: keys.generate()}))


def _rotate(file: File, number: int, control: str | None) -> None:
    path = str(file.path)
    if _version(file.keys()) == HIGHEST:
        file.restart()
    if number % _EVERY == 1 and control is None:
        file.kill(Call("add", partial(write_keys.add_key, path, {}), _is_added))
    before = file.keys()
    version = _version(before)
    kept = {name_of(version): before[CURRENT]}
    changes = {CURRENT: keys.generate(), VERSION: str(version + 1), **kept}
    call = Call("rotate", partial(write_keys.rotate, path, {}, start=version), _is_rotated)
    file.kill(call, _wrong(file, control, changes))
    if number % _EVERY == 0:
        _retire(file)


def _retire(file: File) -> None:
    """
    Retire all keys but the current and the previous one, after re-encrypting what they wrote.
    """
    found, ring = file.keys(), file.ring()
    old = [version for version in range(_version(found) - 1) if name_of(version) in found]
    file.tokens = [
        ring.reencrypt(token, CONTEXT) if ring.version_of(token) in old else token
        for token in file.tokens
    ]
    for version in old:
        run = partial(write_keys.retire, str(file.path), {}, version, 0)
        if version != old[0]:
            run()
        elif not file.kill(Call("retire", run, partial(_is_retired, version))):
            return


def _wrong(file: File, control: str | None, changes: Keys) -> Callable[[], None] | None:
    if control is None:
        return None

    def write() -> None:
        for name, value in changes.items():
            _CONTROLS[control](file.path, name, value)

    return write


def _in_place(path: Path, name: str, value: str) -> None:
    """
    Overwrite the file in place, as most programs do.
    """
    new = f"{name}={value}\n"
    text, found = re.subn(rf"(?m)^(?:export )?{name}=.*\n", new, path.read_text())
    path.write_text(text if found else text + new)


def _one_by_one(path: Path, name: str, value: str) -> None:
    """
    Replace the file atomically, but separately for each variable.
    """
    envwrite.change(str(path), lambda _: {name: value})


def _is_written(old: Keys, new: Keys) -> bool:
    key = new.get(CURRENT, "")
    return new == {**old, CURRENT: key} and _is_fresh(key, old)


def _is_added(old: Keys, new: Keys) -> bool:
    name = name_of(_version(old) + 1)
    key = new.get(name, "")
    return new == {**old, name: key} and _is_fresh(key, old)


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


def _version(found: Keys) -> int:
    return int(found.get(VERSION, "0"))


_CONTROLS = {"in-place": _in_place, "one-by-one": _one_by_one}


if __name__ == "__main__":
    sys.exit(main())
