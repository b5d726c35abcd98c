"""
Paths of compose files and of what they refer to, as messages show them.
"""

from __future__ import annotations

import os

from workerctl.sources import envfile


def joined(base: str, path: str) -> str:
    """
    Return a path that starts from the directory `base`, without `.` and `..` in it.

        >>> joined("deploy", "../.env")
        '.env'
    """
    found = os.path.normpath(os.path.join(base, path))  # noqa: PTH118 -- a Path keeps `..`
    # A file of that name is not standard input.
    return f"{os.curdir}{os.sep}-" if found == envfile.STDIN else found


def directory(file: str) -> str:
    """
    Return the directory of a file, "" for the working directory and for standard input.
    """
    return "" if file == envfile.STDIN else os.path.dirname(file)  # noqa: PTH120 -- "" is not "."


def identity(file: str) -> str:
    """
    Return a path that is equal for two names of the same file.
    """
    return file if file == envfile.STDIN else os.path.abspath(file)  # noqa: PTH100 -- links are kept


def is_file(path: str) -> bool:
    """
    Return whether a regular file is at a path.
    """
    return os.path.isfile(path)  # noqa: PTH113 -- also False for a name that is not valid
