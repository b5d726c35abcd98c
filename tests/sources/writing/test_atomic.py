"""
Tests of atomic replacement on real file systems: what is kept, refused and left behind.
"""

import errno
import fcntl
import os
import resource
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import pytest

from workerctl.report.errors import EnvFileWriteError
from workerctl.sources.writing import atomic
from workerctl.sources.writing.atomic import Replaced

NOBODY = 65534
LIMIT = 1024 * 1024
STALE = ".env.workerctl-0123456789abcdef.tmp"

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change owners and mount")


@pytest.fixture(name="path")
def _path(tmp_path):
    return tmp_path / ".env"


def names(directory):
    """
    Return the names in a directory.
    """
    return sorted(entry.name for entry in directory.iterdir())


def replace(path, new=b"new\n", **options):
    """
    Replace the content of the file by `new`, whatever it is.
    """
    return atomic.replace(str(path), lambda _: new, size_limit=LIMIT, **options)


def problem(path, **options):
    """
    Return the message of the error without the path; require a hint and no cause.
    """
    with pytest.raises(EnvFileWriteError) as caught:
        replace(path, **options)

    assert caught.value.hint
    assert caught.value.__context__ is caught.value.__cause__ is None
    return caught.value.message.removeprefix(str(path))


def mode(path):
    """
    Return the permission bits.
    """
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_is_private_whatever_the_umask(path):
    """
    A new file has mode 0600, even if the umask would remove the owner's bits.
    """
    for umask in (0, 0o022, 0o777):
        path.unlink(missing_ok=True)
        old = os.umask(umask)
        try:
            assert replace(path) == Replaced(created=True)
        finally:
            os.umask(old)

        assert (path.read_bytes(), mode(path)) == (b"new\n", 0o600)


@pytest.mark.parametrize(
    ("before", "after", "closed"),
    [
        (0o600, 0o600, False),
        (0o640, 0o640, False),
        (0o660, 0o660, False),
        (0o644, 0o640, True),
        (0o666, 0o660, True),
        (0o604, 0o600, True),
        (0o4755, 0o750, True),
    ],
)
def test_the_mode_never_gets_wider_and_loses_its_bits_for_others(path, before, after, closed):
    """
    The mode loses its permissions for others and its set-ID bits, and the result says so.
    """
    path.write_bytes(b"old\n")
    path.chmod(before)

    shared = closed and after & 0o070 != 0
    assert replace(path) == Replaced(closed=closed, shared=shared)
    assert mode(path) == after


def test_the_temporary_file_is_private_and_next_to_the_file(path):
    """
    Its name starts with that of the file, so an ignore rule for `.env*` covers it.
    """
    path.write_bytes(b"old\n")
    path.chmod(0o640)
    seen = []

    def sync(descriptor):
        seen.extend((name, mode(path.parent / name)) for name in names(path.parent))
        os.fsync(descriptor)

    replace(path, sync=sync)
    (name, bits) = next(item for item in seen if item[0] != ".env")

    assert name.startswith(".env.")
    assert bits == 0o640
    assert names(path.parent) == [".env"]


def test_a_relative_path_is_taken_from_the_working_directory(tmp_path, monkeypatch):
    """
    A relative path may contain directories or not.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    replace("a.env")
    replace("sub/../sub/b.env")

    assert (tmp_path / "a.env").read_bytes() == (tmp_path / "sub/b.env").read_bytes() == b"new\n"


def test_render_gets_the_old_bytes_and_its_error_passes(path):
    """
    The function receives the old bytes, or None for a new file, and its exception propagates.
    """
    seen = []
    atomic.replace(str(path), lambda old: seen.append(old) or b"1", size_limit=LIMIT)
    atomic.replace(str(path), lambda old: seen.append(old) or b"2", size_limit=LIMIT)

    assert seen == [None, b"1"]
    with pytest.raises(KeyboardInterrupt):
        atomic.replace(str(path), lambda _: (_ for _ in ()).throw(KeyboardInterrupt), size_limit=1)
    assert path.read_bytes() == b"2"


def test_a_special_file_is_refused(tmp_path, path):
    """
    Links, directories, pipes and sockets are refused with their type, and are not changed.
    """
    path.write_bytes(b"old\n")
    (tmp_path / "link").symlink_to(".env")
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "dir").mkdir()
    os.mkfifo(tmp_path / "pipe")
    os.link(path, tmp_path / "hard")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))
    before = names(tmp_path)
    problems = {name: problem(tmp_path / name) for name in before if name != ".env"}

    assert problems == {
        "dangling": " is a symbolic link.",
        "dir": " is a directory.",
        "hard": " has 2 hard links.",
        "link": " is a symbolic link.",
        "pipe": " is not a regular file.",
        "socket": " is not a regular file.",
    }
    assert names(tmp_path) == before
    assert path.read_bytes() == b"old\n"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("no/such/.env", " is in a directory that does not exist."),
        ("file/.env", " is in a directory that does not exist."),
        ("x" * 256, " cannot be changed: File name too long."),
        ("x" * 230, " cannot be changed: File name too long."),
    ],
)
def test_an_impossible_path_is_reported(tmp_path, name, expected):
    """
    The directory is missing or a file, or the name is too long for the temporary file.
    """
    (tmp_path / "file").touch()

    assert problem(tmp_path / name) == expected
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("path", ["", ".", "..", "x/", "x/..", "a\0b"], ids=ascii)
def test_a_path_without_a_file_name_is_refused(path):
    """
    A path without a file name is refused, and a NUL is shown as an escape.
    """
    with pytest.raises(EnvFileWriteError) as caught:
        replace(path)

    assert caught.value.message == f"{path!a} does not name a file."


def test_a_file_beyond_the_limit_is_refused(path):
    """
    A file of exactly the size limit is accepted.
    """
    path.write_bytes(b"#" * (LIMIT + 1))
    assert problem(path) == " is larger than 1 MiB."
    path.write_bytes(b"#" * LIMIT)
    replace(path)
    assert path.read_bytes() == b"new\n"


def test_temporary_files_of_killed_runs_are_removed(path):
    """
    All temporary files of workerctl in the directory are removed, even if nothing is written.
    """
    for name in (STALE, "b.env.workerctl-fedcba9876543210.tmp"):
        (path.parent / name).write_bytes(b"half")
    others = [".env.workerctl-0123.tmp", ".env.tmp", "workerctl-0123456789abcdef.tmp"]
    for name in others:
        (path.parent / name).touch()
    (path.parent / "d.workerctl-0123456789abcdef.tmp").mkdir()
    path.write_bytes(b"new\n")
    replace(path)

    left = [".env", *others, "d.workerctl-0123456789abcdef.tmp"]
    assert names(path.parent) == sorted(left)


def test_a_lock_that_is_not_released_is_reported(path):
    """
    A lock held by another open file is waited for until a timeout.
    """
    directory = os.open(path.parent, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    expected = " is in a directory that another process keeps locked."

    assert problem(path, lock_seconds=0.05) == expected
    os.close(directory)
    assert replace(path, lock_seconds=0.05) == Replaced(created=True)


@pytest.mark.parametrize("act", ["edit", "create", "remove", "replace"])
def test_an_editor_that_takes_no_lock_is_not_overwritten(path, act):
    """
    A file that changed after it was read is left as the editor wrote it.
    """
    if act != "create":
        path.write_bytes(b"old\n")

    def edit(_):
        if act in {"remove", "replace"}:
            path.unlink()
        if act != "remove":
            path.write_bytes(b"the editor's\n")
        return b"new\n"

    with pytest.raises(EnvFileWriteError, match="was changed by another program at the same time"):
        atomic.replace(str(path), edit, size_limit=LIMIT)

    assert names(path.parent) == ([] if act == "remove" else [".env"])
    assert act == "remove" or path.read_bytes() == b"the editor's\n"


def test_no_descriptor_is_leaked(path):
    """
    No file descriptor stays open, whether the replacement succeeds or fails.
    """
    before = names(Path("/dev/fd"))
    replace(path)
    replace(path, b"2")
    path.unlink()
    path.mkdir()
    problem(path)

    assert names(Path("/dev/fd")) == before


def test_without_posix_locks_nothing_is_written(path, monkeypatch):
    """
    Without POSIX locks, as on Windows, nothing is written.
    """
    monkeypatch.setitem(sys.modules, "fcntl", None)

    assert problem(path).startswith(" cannot be changed safely on this system")
    assert not path.exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_a_disk_that_fails_at_the_sync_leaves_the_old_bytes(path, number):
    """
    Network file systems report a full disk only when the file is synced.
    """
    path.write_bytes(b"old\n")

    def sync(_):
        raise OSError(number, os.strerror(number))

    assert "cannot be" in problem(path, sync=sync)
    assert (names(path.parent), path.read_bytes()) == ([".env"], b"old\n")


def in_a_child(act):
    """
    Run `act` in a forked child, which may restrict itself; fail if it raises.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            act()
            os._exit(0)
        except BaseException as error:  # noqa: BLE001
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as stream:
        output = stream.read()

    assert (os.waitpid(child, 0)[1], output) == (0, "")


def test_the_file_size_limit_leaves_the_old_bytes(path):
    """
    A write that fails halfway leaves the old file unchanged.
    """
    path.write_bytes(b"old\n")

    def act():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        message = problem(path, new=b"x" * 5000)
        assert message == " cannot be written: the file size limit is reached.", message

    in_a_child(act)
    assert (names(path.parent), path.read_bytes()) == ([".env"], b"old\n")


def become_nobody():
    """
    Drop root privileges permanently; do nothing for other users.
    """
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


@pytest.fixture(name="shared")
def _shared():
    # The directories of pytest are not accessible to other users.
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def _give(path, owner):
    if os.geteuid() == 0:
        os.chown(path, owner, owner)


def test_a_directory_without_permission_leaves_the_old_bytes(shared):
    """
    A writable file in a directory without write permission is left unchanged.
    """
    path = shared / ".env"
    path.write_bytes(b"old\n")
    _give(path, NOBODY)
    shared.chmod(0o555)

    def act():
        become_nobody()
        for name in (path, shared / "new"):
            message = problem(name)
            assert message == " cannot be changed: permission denied.", message

    in_a_child(act)
    assert (names(shared), path.read_bytes()) == ([".env"], b"old\n")
    shared.chmod(0o755)


@pytest.mark.parametrize("bits", [0o400, 0o200, 0o000])
def test_a_file_without_permission_stays_although_it_could_be_replaced(shared, bits):
    """
    A read-only file is not replaced, because its permissions are intentional.
    """
    path = shared / ".env"
    path.write_bytes(b"old\n")
    path.chmod(bits)
    _give(path, NOBODY)
    _give(shared, NOBODY)

    def act():
        become_nobody()
        message = problem(path)
        assert message == " cannot be changed: permission denied.", message

    in_a_child(act)
    path.chmod(0o600)
    assert (names(shared), path.read_bytes()) == ([".env"], b"old\n")


@as_root
def test_the_owner_and_group_stay(path):
    """
    The owner and group are kept if root changes the file of another user.
    """
    path.write_bytes(b"old\n")
    path.chmod(0o640)
    os.chown(path, NOBODY, 12)
    replace(path)
    status = path.stat()

    assert (status.st_uid, status.st_gid, mode(path)) == (NOBODY, 12, 0o640)


@as_root
def test_a_file_whose_owner_cannot_be_kept_is_refused(shared):
    """
    A group member may write the file, but could not give a new one to its owner.
    """
    path = shared / ".env"
    path.write_bytes(b"old\n")
    os.chown(path, 0, NOBODY)
    path.chmod(0o660)
    shared.chmod(0o777)

    def act():
        become_nobody()
        message = problem(path)
        assert message == " cannot be changed: operation not permitted.", message

    in_a_child(act)
    assert (names(shared), path.read_bytes(), path.stat().st_uid) == ([".env"], b"old\n", 0)


MOUNTED = """
    import os, pathlib, sys
    from workerctl.sources.writing import atomic
    from workerctl.report.errors import EnvFileWriteError

    def problem(path, new):
        try:
            atomic.replace(str(path), lambda _: new, size_limit=1 << 20)
        except EnvFileWriteError as error:
            return error.message
        return "no problem"

    root = pathlib.Path(sys.argv[1])
    def mount(*options):
        if os.system(f"mount -t tmpfs -o {','.join(options)} none {root}"):
            sys.exit(77)

    mount("size=64k")
    (root / ".env").write_bytes(b"old")
    print(problem(root / ".env", b"x" * 200_000), os.listdir(root), (root / ".env").read_bytes())
    os.system(f"mount -o remount,ro {root}")
    print(problem(root / ".env", b"new"), os.listdir(root), (root / ".env").read_bytes())
    print(problem(root / "other", b"new"), os.listdir(root))
    mount("nr_inodes=2")
    (root / ".env").write_bytes(b"old")
    print(problem(root / ".env", b"new"), os.listdir(root), (root / ".env").read_bytes())
"""


def test_full_and_read_only_file_systems_leave_the_old_bytes(tmp_path):
    """
    Mounted file systems without space, without inodes and read-only leave the file unchanged.
    """
    command = ["unshare", "--mount", "--map-root-user", sys.executable, "-c"]
    run = subprocess.run(
        [*command, textwrap.dedent(MOUNTED), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    if run.returncode in {1, 77} and "Error" not in run.stderr:
        pytest.skip("this system lets nobody mount")

    old = "['.env'] b'old'"
    assert (run.stderr, run.stdout.splitlines()) == (
        "",
        [
            f"{tmp_path}/.env cannot be written: the disk is full. {old}",
            f"{tmp_path}/.env is on a read-only file system. {old}",
            f"{tmp_path}/other is on a read-only file system. ['.env']",
            f"{tmp_path}/.env cannot be written: the disk is full. {old}",
        ],
    )
