"""
What to report when the operating system does not allow a file to be replaced.
"""

from __future__ import annotations

import errno

from workerctl.report.errors import EnvFileWriteError

_OWNER = "Run as the owner of the file and of its directory."
_SPACE = "Free some space."
_REASONS = {
    errno.ENOENT: ("is in a directory that does not exist", "Check the path."),
    errno.ENOTDIR: ("is in a directory that does not exist", "Check the path."),
    errno.EISDIR: ("is a directory", "Specify a file in it."),
    errno.ELOOP: ("is a symbolic link", "Specify the file that it points to."),
    errno.ENXIO: ("is not a regular file", "Specify an env file."),
    errno.EACCES: ("cannot be changed: permission denied", _OWNER),
    errno.EPERM: ("cannot be changed: operation not permitted", _OWNER),
    errno.EROFS: ("is on a read-only file system", "Write to a file elsewhere."),
    errno.ENOSPC: ("cannot be written: the disk is full", _SPACE),
    errno.EDQUOT: ("cannot be written: the disk quota is used up", _SPACE),
    errno.EFBIG: ("cannot be written: the file size limit is reached", "Raise `ulimit -f`."),
}


def explained(path: str, error: OSError) -> EnvFileWriteError:
    """
    Return the error to raise for `path` in place of an OSError.
    """
    other = (f"cannot be changed: {error.strerror}", "Check the path and its permissions.")
    reason, hint = _REASONS.get(error.errno or 0, other)
    return EnvFileWriteError(f"{path} {reason}.", hint)
