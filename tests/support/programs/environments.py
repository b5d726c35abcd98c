"""
Interpreters with packages that the test process does not have: old versions of RQ, and SDKs.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

_ROOT = Path(__file__).parents[3]


def interpreter(name: str) -> Path:
    """
    Return the Python of `.venv-tests/NAME`, which `make environments` creates.
    """
    python = _ROOT / ".venv-tests" / name / "bin/python"
    if not python.exists():
        pytest.fail(f"There is no .venv-tests/{name}: run `make environments`.")
    return python


def answer(name: str, script: Path, *arguments: str, timeout: float = 120) -> Any:
    """
    Run a script in that environment; return what it prints, parsed as JSON.
    """
    done = subprocess.run(
        [interpreter(name), script, *arguments],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
