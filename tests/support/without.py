"""
An interpreter without some of the packages of the test process.
"""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pydantic

import workerctl

_INSTALLED = Path(pydantic.__file__).parents[1]
_ROOT = Path(workerctl.__file__).parents[1]


def without(
    package: str, links: Path, *arguments: str, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """
    Run Python where every package but one is installed. `links` is a folder that is created.

    The folder has a link to each installed package, and replaces the site-packages.
    """
    links.mkdir()
    for path in _INSTALLED.iterdir():
        if path.name.partition("-")[0] != package:
            (links / path.name).symlink_to(path)
    return subprocess.run(
        [sys.executable, "-S", *arguments],
        env={**environ, "PYTHONPATH": f"{links}:{_ROOT}"},
        capture_output=True,
        text=True,
        check=False,
    )
