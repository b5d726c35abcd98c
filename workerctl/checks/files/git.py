"""
Questions to git about a work tree that may belong to somebody else.
"""

from __future__ import annotations

import os
from pathlib import Path

from workerctl.report.records import Record

_SECONDS = 10
# In a container, the work tree often belongs to another account. git refuses it because its
# configuration may name programs, but none of them is run here.
_SETTINGS = ("core.fsmonitor=false", "protocol.allow=never", "safe.directory=*")


class Answer(Record):
    """
    The exit status of git, and what it wrote to standard output.
    """

    status: int
    output: bytes = b""


def ask_git(directory: Path, *words: str) -> Answer | str:
    """
    Return what git answers to a command, or the reason why it cannot answer.

        ask_git(Path("deploy"), "ls-files", "--error-unmatch", "--", "production.env")

    Only for commands that read the object database or the index: git runs nothing that the
    configuration of the work tree names, and fetches nothing. Paths after `--` are literal.
    """
    if not any((parent / ".git").exists() for parent in (directory, *directory.parents)):
        return "not in a git work tree"
    import subprocess  # most runs ask nothing

    options = (each for setting in _SETTINGS for each in ("-c", setting))
    command = ["git", *options, *words]
    try:
        done = subprocess.run(  # noqa: S603 -- a fixed program; the callers separate options
            command,
            cwd=directory,
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LC_ALL": "C",
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_NO_LAZY_FETCH": "1",
                "GIT_OPTIONAL_LOCKS": "0",
                "GIT_LITERAL_PATHSPECS": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return "git is not installed"
    except subprocess.TimeoutExpired:
        return f"git did not answer within {_SECONDS} s"
    return Answer(done.returncode, done.stdout)
