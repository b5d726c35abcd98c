"""
Replace a small file atomically and durably, under a lock on its directory.

A reader sees either the old content or the new, even if the writer is killed at any moment.
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from workerctl.report.errors import EnvFileWriteError
from workerctl.report.records import Record
from workerctl.sources.writing.directory_lock import lock, posix_locks
from workerctl.sources.writing.write_errors import explained

LOCK_SECONDS = 30.0
"""How long to wait for another writer, which takes milliseconds."""

_PRIVATE = 0o600
_SHARED = 0o666
_OTHERS = 0o007
_GROUP = 0o070
_OWNER_AND_GROUP = 0o770
# The name starts with that of the file, so that a rule that ignores `.env*` in git ignores it too.
_TEMPORARY = re.compile(r".+\.workerctl-[0-9a-f]{16}\.tmp", re.DOTALL)
_NO_DIRECTORY_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP})


class Replaced(Record):
    """
    What else has changed: whether the file was created, or lost permissions of other users.

    `shared` says that a file that lost them still has permissions of its group.
    """

    created: bool = False
    closed: bool = False
    shared: bool = False


class _Target(Record):
    """
    The file to replace: its path, for messages, the descriptor of its directory, and its name.

    `kept` are the permissions that it may keep.
    """

    path: str
    directory: int
    name: str
    kept: int = _OWNER_AND_GROUP


def replace(  # noqa: PLR0913 -- the last two are for tests
    path: str,
    render: Callable[[bytes | None], bytes],
    *,
    size_limit: int,
    private: bool = True,
    lock_seconds: float = LOCK_SECONDS,
    sync: Callable[[int], None] = os.fsync,
) -> Replaced:
    """
    Replace the content of a regular file with `render(old)`; `old` is None if it does not exist.

    `render` is called while the lock is held, and may raise to leave the file as it is. The file
    keeps its owner and group; unless `private` is false, it loses the permissions of other users. A
    new file has mode 0600, or that of any new file if `private` is false. `size_limit` is in bytes.

    Raises EnvFileWriteError if the path is a link or not a regular file, the file is too large, the
    operating system refuses, the lock is not released in time, another program changes the file at
    the same time, or the system has no POSIX file locks.
    """
    posix_locks(path)  # first: a system without them has no O_DIRECTORY either
    head, name = os.path.split(path)
    if "\0" in path or name in {"", os.curdir, os.pardir}:
        raise EnvFileWriteError(f"{path!a} does not name a file.", "Specify an env file.")
    try:
        with _opened(head or os.curdir, os.O_RDONLY | os.O_DIRECTORY) as directory:
            lock(directory, path, lock_seconds)
            _remove_leftovers(directory)
            kept = _OWNER_AND_GROUP | (0 if private else _OTHERS)
            return _replace(_Target(path, directory, name, kept), render, size_limit, sync)
    except OSError as error:
        failure = error
    raise explained(path, failure)


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
        _require_unchanged(target, before)
        os.rename(temporary, target.name, src_dir_fd=target.directory, dst_dir_fd=target.directory)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary, dir_fd=target.directory)
        raise
    _sync_directory(target, sync)
    if before is None:
        return Replaced(created=True)
    closed = bool(before.st_mode & _OTHERS & ~target.kept)
    return Replaced(closed=closed, shared=closed and bool(before.st_mode & _GROUP))


@contextmanager
def _opened(
    name: str, flags: int, directory: int | None = None, mode: int = _PRIVATE
) -> Iterator[int]:
    descriptor = os.open(name, flags | os.O_CLOEXEC, mode, dir_fd=directory)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _remove_leftovers(directory: int) -> None:
    # No other writer is running, because the lock is held: these are from killed processes.
    for name in os.listdir(directory):
        if _TEMPORARY.fullmatch(name):
            with suppress(OSError):
                os.unlink(name, dir_fd=directory)


def _read(target: _Target, size_limit: int) -> tuple[bytes | None, os.stat_result | None]:
    # O_RDWR checks the permission to write, although only the directory is written to.
    # O_NONBLOCK: opening a FIFO would block until another process opens it as well.
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
        raise EnvFileWriteError(f"{path} is not a regular file.", "Specify an env file.")
    if status.st_nlink != 1:
        hint = "Remove all but one: the others would keep the old content."
        raise EnvFileWriteError(f"{path} has {status.st_nlink} hard links.", hint)
    if status.st_size > size_limit:
        size = f"{size_limit // 2**20} MiB"
        raise EnvFileWriteError(f"{path} is larger than {size}.", "Specify an env file.")


def _write(
    target: _Target,
    temporary: str,
    new: bytes,
    before: os.stat_result | None,
    sync: Callable[[int], None],
) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    mode = _SHARED if before is None and target.kept & _OTHERS else _PRIVATE
    with _opened(temporary, flags, target.directory, mode) as descriptor:
        if before is not None or mode == _PRIVATE:  # otherwise the umask decides
            _set_permissions(descriptor, before, target.kept)
        rest = memoryview(new)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        sync(descriptor)


def _set_permissions(descriptor: int, before: os.stat_result | None, kept: int) -> None:
    if before is None:
        os.fchmod(descriptor, _PRIVATE)  # the umask may have removed some of these bits
        return
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (before.st_uid, before.st_gid):
        os.fchown(descriptor, before.st_uid, before.st_gid)
    # After the owner is set, so that no other group is ever granted access.
    os.fchmod(descriptor, before.st_mode & kept)


def _require_unchanged(target: _Target, before: os.stat_result | None) -> None:
    # Editors do not take the lock. After this check, one can interfere for microseconds only.
    now = None
    with suppress(FileNotFoundError):
        now = os.stat(target.name, dir_fd=target.directory, follow_symlinks=False)
    if _identity(now) != _identity(before):
        problem = "was changed by another program at the same time"
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
        problem = f"was changed, but its directory could not be synced: {failure.strerror}"
        raise EnvFileWriteError(f"{target.path} {problem}.", "Check the disk, then the file.")
