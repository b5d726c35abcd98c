"""
Everything about other teams' classes, on the oldest pydantic-settings that is supported.
"""

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.programs.environments import interpreter

ROOT = Path(__file__).parents[3]


@pytest.mark.environments
@pytest.mark.parametrize("tests", ["tests/schema/foreign", "tests/adoption"])
def test_the_oldest_pydantic_settings_reads_alike(tests: str) -> None:
    """
    The same tests pass, the property of parity included.
    """
    words = ["-m", "pytest", "--quiet", "-p", "no:cacheprovider", "-m", "not environments", tests]
    done = subprocess.run(
        [interpreter("settings-oldest"), *words],
        cwd=ROOT,
        env={name: text for name, text in os.environ.items() if not name.startswith("COV_")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-3000:]
