"""
kubectl, if it is installed. Only commands that need no cluster are run.
"""

import functools
import json
import shutil
import subprocess
import tempfile
from typing import Any


@functools.cache
def is_installed() -> bool:
    """
    Return whether there is a kubectl that runs.
    """
    if shutil.which("kubectl") is None:
        return False
    done = _run(["version", "--client"], "")
    return done.returncode == 0


def parsed(text: str) -> Any:
    """
    Return an object as kubectl reads it, or None if it refuses the text.
    """
    done = _run(["label", "--local", "-f", "-", "-o", "json", "x=y"], text)
    return json.loads(done.stdout) if done.returncode == 0 else None


def refusal(text: str) -> str:
    """
    Return why kubectl cannot decode an object into its type; "" if it can.
    """
    done = _run(["set", "env", "--local", "-f", "-", "--list"], text)
    return done.stderr if "unable to decode" in done.stderr else ""


def environment(text: str) -> str:
    """
    Return the variables of an object as kubectl lists them.
    """
    return _run(["set", "env", "--local", "-f", "-", "--list"], text).stdout


def _run(arguments: list[str], text: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as home:
        return subprocess.run(
            ["kubectl", *arguments],
            input=text,
            # Neither a cluster nor a cache of the user's.
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": home},
            capture_output=True,
            text=True,
            check=False,
        )
