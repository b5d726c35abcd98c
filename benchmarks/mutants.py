"""
Change the code in one place at a time, and measure how often its tests notice.

    make mutants
    make mutants MODULES="keys sources.envfile"

Cosmic Ray makes the changes in copies of the work tree, one per core. The exit code is 1 if the
tests of a module notice fewer than 90 % of the changes; docs/explanation/mutants.md explains those
they miss.
"""

import argparse
import ast
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

from cosmic_ray.commands import init
from cosmic_ray.mutating import mutate_and_test
from cosmic_ray.work_db import use_db
from cosmic_ray.work_item import MutationSpec, WorkerOutcome

ROOT = Path(__file__).parents[1]
COPIED = ("workerctl", "tests", "examples", "pyproject.toml")
LOWEST_SCORE = 90
"""Per cent."""

_QUICK = "-k 'not 10_000 and not 20_000 and not of_60 and not fork and not too_long'"
# The test of a benchmark needs a folder that is not copied.
_KEYRING = f"tests/keyring --ignore tests/keyring/test_weak_keys.py {_QUICK}"
TESTS = {
    "keyring.canary": f"tests/keyring/test_canary.py {_QUICK}",
    "keyring.cipher": _KEYRING,
    "keyring.ring": _KEYRING,
    "keyring.tokens": f"tests/keyring/test_tokens.py tests/keyring/test_canary.py {_QUICK}",
    "keys": "tests/test_keys.py -k 'not false_alarm'",
    "sources.envfile": "tests/sources/test_envfile.py -k 'not linear_time'",
}
"""
The tests of each module, without slow tests of speed and of random input. The module
`workerctl/a/b.py` is called "a.b".
"""


class Job(NamedTuple):
    """
    One change, and the test command that should notice it within `timeout` seconds.
    """

    module: str
    change: MutationSpec
    command: str
    timeout: float


def main() -> int:
    """
    Test the modules; print the surviving changes, then the table. Return the exit code.
    """
    parser = argparse.ArgumentParser(description="Measure which changes the tests notice.")
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TESTS)}")
    names = parser.parse_args().modules or list(TESTS)
    if unknown := set(names) - set(TESTS):
        parser.error(f"TESTS names no tests of {', '.join(sorted(unknown))}")
    # Every mutant meets the same generated examples, and few of them.
    os.environ |= {"CI": "true", "HYPOTHESIS_PROFILE": "quick"}
    counts = {name: Counter[str]() for name in names}
    with tempfile.TemporaryDirectory() as directory:
        _move_to_copy(ROOT, directory)
        jobs = [job for name in names for job in _jobs(name)]
        copies = (Path.cwd(), directory)
        with ProcessPoolExecutor(initializer=_move_to_copy, initargs=copies) as pool:
            for job, (outcome, change) in zip(jobs, pool.map(_outcome, jobs), strict=True):
                counts[job.module][outcome] += 1
                if outcome == "survived":
                    place = f"{job.change.module_path}:{job.change.start_pos[0]}"
                    print(place, change, "", sep="\n", flush=True)
    print(f"{'module':<20}  mutants  killed  survived  timeouts    score")
    return int(min([_row(name, counts[name]) for name in names]) < LOWEST_SCORE)


def _row(name: str, count: Counter[str]) -> float:
    score = 100 - 100 * count["survived"] / count.total()
    print(f"{name:<20}{count.total():>9}{count['killed']:>8}{count['survived']:>10}", end="")
    print(f"{count['timeouts']:>10}{score:>7.1f} %")
    return score


def _move_to_copy(root: Path, directory: str) -> None:
    os.chdir(tempfile.mkdtemp(dir=directory))
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, name)
        else:
            shutil.copy2(root / name, name)


def _jobs(module: str) -> Iterator[Job]:
    """
    Yield the changes of a module from top to bottom.
    """
    command = f"{sys.executable} -m pytest -qx -p no:cacheprovider {TESTS[module]}"
    start = time.monotonic()
    subprocess.run(shlex.split(command), check=True, stdout=subprocess.DEVNULL)  # and compiles
    timeout = 10 + 10 * (time.monotonic() - start)
    path = Path("workerctl", *module.split(".")).with_suffix(".py")
    types = list(_annotations(ast.parse(path.read_text("utf-8"))))
    with use_db(":memory:") as database:
        init([path], database, {})
        changes = [change for item in database.work_items for change in item.mutations]
    for change in sorted(changes, key=lambda change: change.start_pos):
        if not any(begin <= change.start_pos < end for begin, end in types):
            yield Job(module, change, command, timeout)


def _annotations(tree: ast.Module) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """
    Yield the spans of type annotations.

    A change in an annotation, as in `str | None`, fails at import and would count as noticed.
    """
    for node in ast.walk(tree):
        for found in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if found is not None:
                yield (found.lineno, found.col_offset), (found.end_lineno, found.end_col_offset)


def _outcome(job: Job) -> tuple[str, str]:
    result = mutate_and_test([job.change], job.command, job.timeout)
    if result.worker_outcome != WorkerOutcome.NORMAL:
        raise RuntimeError(result.output)
    lines = (result.diff or "").splitlines()[3:]
    change = "\n".join(line for line in lines if line.startswith(("-", "+")))
    return "timeouts" if result.output == "timeout" else result.test_outcome.value, change


if __name__ == "__main__":
    sys.exit(main())
