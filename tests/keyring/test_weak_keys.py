"""
Tests of the benchmark of weak and random keys, with few of each; the benchmark can also fail.
"""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
START = "import sys, weak_keys; sys.exit(weak_keys.main())"


def run(code, *arguments):
    """
    Return the exit code, the numbers of caught keys and of all keys by class, and the output.
    """
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT / "benchmarks",
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    rows = re.findall(r"^(\S.*?) +(\d+) of (\d+)$", done.stdout, re.MULTILINE)
    assert done.stderr == ""
    return done.returncode, {name: (int(caught), int(of)) for name, caught, of in rows}, done.stdout


def test_every_weak_key_is_caught_and_no_random_one():
    """
    All members of all classes are caught. By default, the benchmark judges a million random keys.
    """
    code, rows, output = run(START, "--keys", "2000", "--members", "110")

    assert code == 0
    assert len(rows) == 14
    assert all(caught == of for caught, of in rows.values())
    assert re.search(r"^false alarms +0$", output, re.MULTILINE)


def test_rules_that_are_too_weak_by_one_are_noticed():
    """
    If a rule is too weak by one, the exit code is 1, and the output shows the missed classes.
    """
    changes = "_LONGEST_RUN, keys._SAME_BYTE_STEPS, keys._FEWEST_BYTES = 11, 17, 19"
    code, rows, _ = run(
        f"from workerctl import keys; keys.{changes}; {START}", "--keys", "10", "--members", "110"
    )

    assert code == 1
    assert [name for name, (caught, of) in rows.items() if caught < of] == [
        "at most two differences of bytes",
        "fewer than 20 different bytes",
        "ten equal digits, at every place",
    ]
