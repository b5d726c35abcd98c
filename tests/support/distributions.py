"""
The distributions of workerctl, built from the work tree.
"""

import subprocess
import sys
from pathlib import Path
from typing import Literal

_ROOT = Path(__file__).parents[2]


def built(kind: Literal["sdist", "wheel"], folder: Path) -> Path:
    """
    Build a distribution in the folder; return its path.
    """
    command = [sys.executable, "-m", "hatchling", "build", "--target", kind, "--directory"]
    done = subprocess.run(
        [*command, folder], cwd=_ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl" if kind == "wheel" else "*.tar.gz")
    return path
