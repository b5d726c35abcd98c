"""
The real docker compose, where it is installed: what `config` makes of compose files.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any


@cache
def command() -> tuple[str, ...] | None:
    """
    Return the command line of docker compose 2, or None if it is not installed.

    The old one of Python reads files differently.
    """
    for name, *words in (("docker-compose",), ("docker", "compose")):
        program = shutil.which(name)
        if program is None:
            continue
        line = (program, *words)
        shown = subprocess.run([*line, "version", "--short"], capture_output=True, check=False)
        if shown.returncode == 0 and shown.stdout.lstrip(b"v")[:1] in b"23456789":
            return line
    return None


def services(
    directory: Path, files: Sequence[str], environ: Mapping[str, str], *options: str
) -> dict[str, Any] | None:
    """
    Return the services of compose files in a directory, or None if docker compose refuses them.

    Nothing is started, and no daemon is asked. Paths are as they are resolved.
    """
    line = command()
    assert line is not None
    chosen = (word for file in files for word in ("-f", file))
    done = subprocess.run(
        [*line, *chosen, *options, "config", "--format", "json"],
        cwd=directory,
        env={"PATH": "/usr/bin", "HOME": "/nonexistent", **environ},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        return None
    found: dict[str, Any] = _with_single_dollars(json.loads(done.stdout))["services"] or {}
    return found


def _with_single_dollars(value: Any) -> Any:
    # `config` prints a file that can be read again, with `$$` for each dollar sign.
    if isinstance(value, dict):
        return {key: _with_single_dollars(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_single_dollars(each) for each in value]
    return value.replace("$$", "$") if isinstance(value, str) else value
