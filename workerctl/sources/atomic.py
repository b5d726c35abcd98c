"""
Replace one small file atomically and durably, under a lock that leaves nothing behind.

Whoever reads the file sees the old bytes or the new ones, also after `kill -9`. The lock is on the
directory, so that no lock file stays; it binds those who use this module, on this host.
"""

import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import ModuleType
from typing import NamedTuple

from workerctl.errors import EnvFileWriteError

PRIVATE = 0o600
LOCK_SECONDS = 30.0
"""How long to wait for another writer, which needs milliseconds."""

_LOCK_POLL_SECONDS = 0.01
_OTHERS = 0o007
_OWNER_AND_GROUP = 0o770
# Begins with the file's own name, so that a rule that keeps `.env*` out of git keeps these out too.
_TEMPORARY = re.compile(r".+\.workerctl-[0-9a-f]{16}\.tmp", re.DOTALL)
_NO_DIRECTORY_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP})

_OWNER = "Run as the owner of the file and of its directory."
_SPACE = "Free some space."
_REASONS = {
    errno.ENOENT: ("is in a directory that does not exist", "Check the path."),
    errno.ENOTDIR: ("is in a directory that does not exist", "Check the path."),
    errno.EISDIR: ("is a directory", "Name a file in it."),
    errno.ELOOP: ("is a symbolic link", "Name the file that it points to."),
    errno.ENXIO: ("is not a regular file", "Name an env file."),
    errno.EACCES: ("cannot be changed: permission denied", _OWNER),
    errno.EPERM: ("cannot be changed: operation not permitted", _OWNER),
    errno.EROFS: ("is on a read-only file system", "Write to a file elsewhere."),
    errno.ENOSPC: ("cannot be written: the disk is full", _SPACE),
    errno.EDQUOT: ("cannot be written: the disk quota is used up", _SPACE),
    errno.EFBIG: ("cannot be written: the file size limit is reached", "Raise `ulimit -f`."),
}


class Replaced(NamedTuple):
    """
    What happened beside the contents: the file is new, or it lost its mode bits for others.
    """

    created: bool = False
    closed: bool = False


class _Target(NamedTuple):
    path: str
    directory: int
    name: str


def replace(
    path: str,
    render: Callable[[bytes | None], bytes],
    *,
    size_limit: int,
    lock_seconds: float = LOCK_SECONDS,
    sync: Callable[[int], None] = os.fsync,
) -> Replaced:
    """
    Replace the bytes of a regular file by `render(old)`; old is None where there is no file yet.

    `render` runs under the lock and may raise to leave everything as it is. The owner and group
    stay, the mode loses its bits for others, a new file has 0600. `size_limit` is in bytes.

    Raises EnvFileWriteError: a link, not a regular file, too large, no permission, no space, the
    lock or the file in use by someone else, a system without POSIX file locks.
    """
    locks = _locks()
    if locks is None:
        raise EnvFileWriteError(
            f"{path} cannot be changed safely on this system, which has no POSIX file locks.",
            "Print a key with `workerctl keygen` and put it into the file by hand.",
        )
    head, name = os.path.split(path)
    if "\0" in path or name in {"", os.curdir, os.pardir}:
        raise EnvFileWriteError(f"{path!a} does not name a file.", "Name an env file.")
    try:
        with _opened(head or os.curdir, os.O_RDONLY | os.O_DIRECTORY) as directory:
            target = _Target(path, directory, name)
            _lock(target, locks, lock_seconds)
            _sweep(directory)
            return _replace(target, render, size_limit, sync)
    except OSError as error:
        failure = error
    raise _explained(path, failure)


def _replace(
    target: _Target,
    render: Callable[[bytes | None], bytes],
    size_limit: int,
    sync: Callable[[int], None],
) -> Replaced:
    old, before = _read(target, size_limit)
    new = render(old)
    if new == old:
        return Replaced()
    temporary = f"{target.name}.workerctl-{secrets.token_hex(8)}.tmp"
    try:
        _write(target, temporary, new, before, sync)
        _require_untouched(target, before)
        os.rename(temporary, target.name, src_dir_fd=target.directory, dst_dir_fd=target.directory)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=target.directory)
        raise
    _sync_directory(target, sync)
    if before is None:
        return Replaced(created=True)
    return Replaced(closed=bool(before.st_mode & _OTHERS))


@contextmanager
def _opened(name: str, flags: int, directory: int | None = None) -> Iterator[int]:
    descriptor = os.open(name, flags | os.O_CLOEXEC, PRIVATE, dir_fd=directory)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _locks() -> ModuleType | None:
    with suppress(ImportError):
        import fcntl

        return fcntl
    return None


def _lock(target: _Target, locks: ModuleType, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            locks.flock(target.directory, locks.LOCK_EX | locks.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOCK_POLL_SECONDS)
        else:
            return
    problem = "is in a directory that another process keeps locked"
    raise EnvFileWriteError(f"{target.path} {problem}.", "Wait for it to end, then try again.")


def _sweep(directory: int) -> None:
    # Under the lock nobody is writing: what lies here was left by a process that was killed.
    for name in os.listdir(directory):
        if _TEMPORARY.fullmatch(name):
            with suppress(OSError):
                os.unlink(name, dir_fd=directory)


def _read(target: _Target, size_limit: int) -> tuple[bytes | None, os.stat_result | None]:
    # O_RDWR asks the kernel whether the file may be changed, although only the directory is.
    # O_NONBLOCK: a FIFO without a peer would hang the open for ever.
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
    try:
        with _opened(target.name, flags, target.directory) as descriptor:
            status = os.fstat(descriptor)
            _require_plain(target.path, status, size_limit)
            with os.fdopen(descriptor, "rb", closefd=False) as stream:
                return stream.read(size_limit + 1), status
    except FileNotFoundError:
        return None, None


def _require_plain(path: str, status: os.stat_result, size_limit: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise EnvFileWriteError(f"{path} is not a regular file.", "Name an env file.")
    if status.st_nlink != 1:
        hint = "Replacing it would part them: leave one name."
        raise EnvFileWriteError(f"{path} has {status.st_nlink} names (hard links).", hint)
    if status.st_size > size_limit:
        size = f"{size_limit // 2**20} MiB"
        raise EnvFileWriteError(f"{path} is larger than {size}.", "Name an env file.")


def _write(
    target: _Target,
    temporary: str,
    new: bytes,
    before: os.stat_result | None,
    sync: Callable[[int], None],
) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    with _opened(temporary, flags, target.directory) as descriptor:
        _give(descriptor, before)
        rest = memoryview(new)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        sync(descriptor)


def _give(descriptor: int, before: os.stat_result | None) -> None:
    if before is None:
        os.fchmod(descriptor, PRIVATE)  # a umask may have taken bits away
        return
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        os.fchown(descriptor, before.st_uid, before.st_gid)
    # Last, so that no group but the file's own ever has its bits.
    os.fchmod(descriptor, before.st_mode & _OWNER_AND_GROUP)


def _require_untouched(target: _Target, before: os.stat_result | None) -> None:
    # An editor does not take our lock. This leaves it microseconds instead of milliseconds.
    now = None
    with suppress(FileNotFoundError):
        now = os.stat(target.name, dir_fd=target.directory, follow_symlinks=False)
    if _identity(now) != _identity(before):
        problem = "was changed by someone else at the same time"
        raise EnvFileWriteError(f"{target.path} {problem}.", "Try again.")


def _identity(status: os.stat_result | None) -> tuple[int, ...] | None:
    if status is None:
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _sync_directory(target: _Target, sync: Callable[[int], None]) -> None:
    try:
        sync(target.directory)
    except OSError as error:
        failure = error
    else:
        return
    if failure.errno not in _NO_DIRECTORY_SYNC:
        problem = f"was changed, but the disk did not confirm it: {failure.strerror}"
        raise EnvFileWriteError(f"{target.path} {problem}.", "Check the disk, then the file.")


def _explained(path: str, error: OSError) -> EnvFileWriteError:
    other = (f"cannot be changed: {error.strerror}", "Check the path and its permissions.")
    reason, hint = _REASONS.get(error.errno or 0, other)
    return EnvFileWriteError(f"{path} {reason}.", hint)
