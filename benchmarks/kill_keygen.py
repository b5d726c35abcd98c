"""
Kill `keygen --write` at every moment: the env file is always the old one or the new one, whole.

    python benchmarks/kill_keygen.py --cycles 1000

Each cycle forks a writer and kills it with SIGKILL after a delay that sweeps its whole run time.
Then a second writer runs to its end, which must leave no temporary file. Prints counts; exit code
1 when a file was torn or lost, or a temporary file stayed. A kill says nothing about power loss:
what the kernel has, it keeps.
"""

import argparse
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from workerctl import keys
from workerctl.errors import RefusedError
from workerctl.keygen import write_key

_LINES = 10
_CALIBRATION_RUNS = 20
# Steps through the run time without a pattern that a timer could share.
_GOLDEN = 0.6180339887498949

_OTHER = "".join(f"NAME_{number}='value {number}' # comment\n" for number in range(_LINES))
OLD = f"# before\n{_OTHER}export ENCRYPTION_KEY=change-me # made by keygen\n{_OTHER}".encode()
_NEW = re.compile(
    re.escape(OLD).replace(
        re.escape(b"export ENCRYPTION_KEY=change-me # made by keygen"),
        rb"# made by keygen\nexport ENCRYPTION_KEY=([0-9a-f]{64})",
    )
)


def main() -> int:
    """
    Run the cycles and print what they left.
    """
    parser = argparse.ArgumentParser(description="Kill `keygen --write` at every moment.")
    parser.add_argument("--cycles", type=int, default=1000)
    parser.add_argument("--directory", help="where to work; default: the temporary directory")
    options = parser.parse_args()
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        path = Path(directory, ".env")
        seconds = 1.2 * min(_whole_run(path) for _ in range(_CALIBRATION_RUNS))
        for number in range(options.cycles):
            counts.update(_cycle(path, seconds * (number * _GOLDEN % 1)))
    print(f"cycles                             {options.cycles}")
    print(f"kills spread over                  {1000 * seconds:.2f} ms")
    for name in ("killed", "old", "new", "torn", "temporary left by the kill", "next run failed"):
        print(f"{name:<34} {counts[name]}")
    print(f"{'temporary left after the next run':<34} {counts['unswept']}")
    return 1 if counts["torn"] or counts["unswept"] or counts["next run failed"] else 0


def _whole_run(path: Path) -> float:
    path.write_bytes(OLD)
    start = time.perf_counter()
    os.waitpid(_fork(lambda: write_key(str(path), {})), 0)
    return time.perf_counter() - start


def _cycle(path: Path, delay: float) -> Counter[str]:
    counts: Counter[str] = Counter()
    path.write_bytes(OLD)
    child = _fork(lambda: write_key(str(path), {}))
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    counts["killed"] += os.WIFSIGNALED(status)
    state = _state(path)
    counts[state] += 1
    counts["temporary left by the kill"] += _others(path)
    counts["next run failed"] += not _next_run_is_right(path, state)
    counts["unswept"] += _others(path)
    return counts


def _state(path: Path) -> str:
    data = path.read_bytes() if path.exists() else b""
    if data == OLD:
        return "old"
    match = _NEW.fullmatch(data)
    return "new" if match and keys.weakness(match[1].decode()) is None else "torn"


def _next_run_is_right(path: Path, state: str) -> bool:
    try:
        written = write_key(str(path), {})
    except RefusedError:
        return state == "new"
    match = _NEW.fullmatch(path.read_bytes())
    return state == "old" and bool(match and keys.key_id(match[1].decode()) == written.key_id)


def _others(path: Path) -> int:
    return sum(entry != path for entry in path.parent.iterdir())


def _fork(act: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(0)
    return child


if __name__ == "__main__":
    sys.exit(main())
