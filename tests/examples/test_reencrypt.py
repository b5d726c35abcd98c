"""
The re-encryption recipe on real databases: killed, run concurrently, with damaged values.

The page that documents it shows the same code and a runbook whose commands work as described.
"""

import contextlib
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from subprocess import CompletedProcess, Popen
from zlib import crc32

import pytest

from examples import reencrypt
from tests.conftest import Run
from tests.keyring.rings import sealed_at_the_origin
from tests.leaks.oracle import Mint, Oracle
from workerctl.keyring import KeyRing
from workerctl.keyring.rotation import State
from workerctl.runtime.exceptions import EncryptionError
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options

Start = Callable[[], Popen[str]]
Place = tuple[str, str, str]

_ROOT = Path(__file__).parents[2]
_PAGE = (_ROOT / "docs/rotation.md").read_text("utf-8")
_MODULE = "examples.reencrypt"
_DATABASE = "worker.db"

_MINT = Mint(23)
_OLD, _NEW, _OTHER = (_MINT.key() for _ in range(3))
_TEXTS = [*(_MINT.token() for _ in range(30)), *(_MINT.foreign() for _ in range(10))]
_WRITTEN, _PLAIN = _MINT.token(), _MINT.token()
_ORACLE = Oracle(_MINT.made)
_ENV = f"ENCRYPTION_KEY={_NEW}\nENCRYPTION_KEY_VERSION=1\nENCRYPTION_KEY_V0={_OLD}\n"

_CANDIDATES, _CHUNKS = 1000, 600
_WITHOUT_EMAIL = 10
_AT_THE_ORIGIN = {2: 0, 3: 1}
"""The rows whose names are in the origin format, with the version of their key."""
_TOKENS = 4 * _CANDIDATES - _CANDIDATES // _WITHOUT_EMAIL + _CHUNKS
_NEXT = (
    "To retire version 0 when its count is 0: "
    "workerctl keygen --retire 0 --in-use {} --write FILE\n"
)
_DONE = f"version 0: 0\nversion 1: {_TOKENS}\n{_NEXT.format(0)}"
_TIMEOUT = 30
_NOISE = 10  # hundredths of a second that a waiting process may use


@pytest.fixture(name="rings", scope="module")
def _rings(tmp_path_factory: pytest.TempPathFactory) -> list[KeyRing]:
    """
    Return the rings of the old key, of both keys, and of a key that no other ring has.
    """
    directory = tmp_path_factory.mktemp("rings")
    return [
        _ring(directory / "worker.env", text)
        for text in (f"ENCRYPTION_KEY={_OLD}\n", _ENV, f"ENCRYPTION_KEY={_OTHER}\n")
    ]


@pytest.fixture(name="filled", scope="module")
def _filled(rings: list[KeyRing], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """
    Return a database with thousands of tokens of both versions, two in the origin format.
    """
    path = tmp_path_factory.mktemp("filled") / _DATABASE
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        _make_tables(database)
        for number in range(_CANDIDATES):
            row, ring = f"{number:05}", rings[number % 3 == 0]
            tokens = [_sealed(ring, *place, row) for place in reencrypt.PLACES[:4]]
            if number in _AT_THE_ORIGIN:
                version = _AT_THE_ORIGIN[number]
                plaintext = _text("candidates", "name", row).encode()
                tokens[0] = sealed_at_the_origin((_OLD, _NEW)[version], version, plaintext).decode()
            email = tokens[2] if number % _WITHOUT_EMAIL else None
            values = (row, *tokens[:2], email, tokens[3])
            database.execute("INSERT INTO candidates VALUES (?, ?, ?, ?, ?)", values)
        for number in range(_CHUNKS):
            row = f"{number % 100:05}/{number // 100}"
            values = (row, _sealed(rings[0], "candidate_chunks", "content", row))
            database.execute("INSERT INTO candidate_chunks VALUES (?, ?)", values)
    return path


@pytest.fixture(name="database")
def _database(filled: Path, directory: Path) -> Iterator[sqlite3.Connection]:
    """
    Yield a copy of the database, next to the env file of a worker after `--rotate`.
    """
    shutil.copy(filled, directory / _DATABASE)
    (directory / ".env").touch(0o600)
    (directory / ".env").write_text(_ENV)
    with contextlib.closing(sqlite3.connect(directory / _DATABASE, timeout=_TIMEOUT)) as database:
        yield database


@pytest.fixture(name="start")
def _start(directory: Path, environ: dict[str, str]) -> Iterator[Start]:
    """
    Yield a function that starts the script in the background; it is killed after the test.
    """
    with contextlib.ExitStack() as running:

        def start() -> Popen[str]:
            process = Popen(
                [sys.executable, "-m", _MODULE, _DATABASE],
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            running.enter_context(process)
            running.callback(process.kill)
            return process

        yield start


def test_all_values_are_encrypted_with_the_current_key(
    database: sqlite3.Connection, directory: Path, run: Run, screen: Run, rings: list[KeyRing]
) -> None:
    """
    Tokens of both versions and formats are re-encrypted in their places.

    Neither `--count` nor a second run changes anything; on a terminal, progress is shown.
    """
    expected, untouched = _plaintexts(database, rings[1]), _digest(directory)

    before = _without_leaks(run(_DATABASE, "--count", module=_MODULE))
    assert (before.returncode, before.stderr) == (0, "")
    assert before.stdout == (
        f"version 0: 3198\nversion 1: 1301\nversion 1, old format: 1\n{_NEXT.format(3198)}"
    )
    assert _digest(directory) == untouched

    done = _without_leaks(run(_DATABASE, module=_MODULE))
    assert (done.returncode, done.stdout, done.stderr) == (0, _DONE, "")
    assert all(rings[1].is_current(token.encode()) for token in _tokens(database).values())
    assert _plaintexts(database, rings[1]) == expected
    assert len(expected) == _TOKENS

    once = list(database.iterdump())
    again = _without_leaks(screen(_DATABASE, module=_MODULE))
    assert again.returncode == 0
    assert again.stdout.endswith(_DONE)
    assert "content ━" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", again.stdout)
    assert list(database.iterdump()) == once


def test_a_killed_run_is_continued(
    database: sqlite3.Connection, start: Start, run: Run, rings: list[KeyRing]
) -> None:
    """
    A run continues after the last batch, remembers failed tokens, and loses no value.
    """
    _set(database, ("candidates", "name", "00000"), _PLAIN)
    database.commit()
    expected = _plaintexts(database, rings[1])
    warning = "candidates/name/00000: The token is malformed.\n"

    reached = []
    for number in range(2):
        process = start()
        reached.append(_progress(database, process, beyond=reached[-1] if reached else None))
        process.kill()
        out, err = process.communicate()
        assert (process.returncode, out) == (-signal.SIGKILL, "")
        assert err == (warning if number == 0 else "")
        assert _plaintexts(database, rings[1]) == expected
    assert reached[0] < reached[1]

    done = _without_leaks(run(_DATABASE, module=_MODULE))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout == (
        f"version 0: 0\nversion 1: {_TOKENS - 1}\nversion unknown: 1\n{_NEXT.format(0)}"
    )
    assert _plaintexts(database, rings[1]) == expected


def _wait_until_idle(process: Popen[str]) -> None:
    """
    Return when a process uses no processor time any more, because it waits for the database.
    """
    used = -1
    while used != (now := _ticks(process)):
        used = now
        time.sleep(1)


def _ticks(process: Popen[str]) -> int:
    """
    Return the processor time of a process, roughly, where the system says it.
    """
    path = Path(f"/proc/{process.pid}/stat")
    if not path.exists():
        return 0
    user, system = path.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) // _NOISE


def test_what_a_worker_writes_meanwhile_is_kept(
    database: sqlite3.Connection, start: Start, run: Run, rings: list[KeyRing]
) -> None:
    """
    A value written between reading and writing of a batch is left for the next run.
    """
    process = start()
    _progress(database, process)
    database.execute("BEGIN IMMEDIATE")
    reached = _progress(database, process)
    place = min((place for place in _tokens(database) if _order(place) > reached), key=_order)
    # A worker with the old configuration writes this token.
    token = rings[0].encrypt(_WRITTEN.encode(), context="/".join(place).encode())
    _set(database, place, token.decode())
    _wait_until_idle(process)  # by now, the script has read the batch and waits to write it
    database.commit()

    out, err = process.communicate(timeout=_TIMEOUT)
    assert (process.returncode, err) == (0, f"{place[0]}/{place[1]}: 1 left for the next run\n")
    assert out == f"version 0: 1\nversion 1: {_TOKENS - 1}\n{_NEXT.format(1)}"
    assert _plaintexts(database, rings[1])[place] == _WRITTEN

    done = _without_leaks(run(_DATABASE, module=_MODULE))
    assert (done.returncode, done.stdout, done.stderr) == (0, _DONE, "")
    assert _plaintexts(database, rings[1])[place] == _WRITTEN


def test_a_busy_worker_loses_nothing(
    database: sqlite3.Connection, directory: Path, start: Start, rings: list[KeyRing]
) -> None:
    """
    After a run during constant writes, every value is the one that was written last.
    """
    expected = _plaintexts(database, rings[1])
    process = start()
    number = 0
    with contextlib.closing(sqlite3.connect(directory / _DATABASE, timeout=_TIMEOUT)) as worker:
        while process.poll() is None:
            place = (*reencrypt.PLACES[number % 2], f"{number * 7 % _CANDIDATES:05}")
            expected[place] = f"{_WRITTEN}{number}"
            token = rings[1].encrypt(expected[place].encode(), context="/".join(place).encode())
            _set(worker, place, token.decode())
            worker.commit()
            number += 1
            time.sleep(0.01)

    out, _ = process.communicate()
    assert (process.returncode, out) == (0, _DONE)
    assert _plaintexts(database, rings[1]) == expected
    assert number > 0


def test_a_token_that_cannot_be_decrypted_is_reported_and_kept(
    database: sqlite3.Connection, run: Run, rings: list[KeyRing]
) -> None:
    """
    Tokens that are changed, moved, truncated, of an unknown key or not tokens stay in place.
    """
    tokens = _tokens(database)

    def token(column: str, row: str) -> str:
        return tokens["candidates", column, row]

    changed = list(token("name", "00010"))
    changed[60] = "A" if changed[60] != "A" else "B"
    elsewhere = "The token was modified, or belongs to another context."
    no_token = "The token is malformed."
    unknown = "The token was made with another key of version 0."
    damaged: dict[Place, tuple[str | bytes, str]] = {
        ("candidates", "name", "00010"): ("".join(changed), elsewhere),
        ("candidates", "phone", "00020"): (token("phone", "00021"), elsewhere),
        ("candidates", "phone", "00030"): (token("address", "00030"), elsewhere),
        ("candidates", "email", "00041"): (token("email", "00041")[:40], no_token),
        ("candidates", "email", "00042"): (_PLAIN, no_token),
        ("candidates", "email", "00043"): (_PLAIN.encode() + b"\xff", no_token),
        ("candidates", "address", "00050"): (
            _sealed(rings[2], "candidates", "address", "00050"),
            unknown,
        ),
    }
    for place, (value, _) in damaged.items():
        _set(database, place, value)
    database.commit()

    done = _without_leaks(run(_DATABASE, module=_MODULE))

    warnings = [f"{'/'.join(place)}: {words}" for place, (_, words) in damaged.items()]
    assert (done.returncode, done.stderr.splitlines()) == (1, warnings)
    assert done.stdout == (
        f"version 0: 2\nversion 1: {_TOKENS - 5}\nversion unknown: 3\n{_NEXT.format(2)}"
    )
    left = _tokens(database)
    assert {place: (left[place], words) for place, (_, words) in damaged.items()} == damaged
    assert len(_plaintexts(database, rings[1])) == _TOKENS - len(damaged)


def test_the_page_shows_the_script() -> None:
    """
    The code on the page is the code of the script.
    """
    (shown,) = re.findall(r"```python\n(.*?)```", _PAGE, re.DOTALL)
    assert shown == (_ROOT / "examples/reencrypt.py").read_text("utf-8")


def test_the_runbook_does_what_it_says(
    directory: Path, call: Run, environ: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """
    After each command of the table, `check` reports the state that the table names.

    In each state, a worker reads all data, and a worker of the previous step reads new data.
    """
    shutil.copy(_ROOT / "examples/reencrypt.py", directory)
    copies = tmp_path_factory.mktemp("copies") / "worker.env"
    steps = re.findall(r"^\| [^|]+ \| `(workerctl [^|]+)` \| ([^|]+) \|$", _PAGE, re.MULTILINE)
    states, rings = [], []

    for command, state in steps:
        done = _done(command, call, environ)
        assert done.returncode == 0, done.stderr
        states.append(_state(call))
        assert states[-1] == state
        rings.append(_ring(copies, (directory / ".env").read_text()))
        with contextlib.closing(sqlite3.connect(_DATABASE)) as database, database:
            if len(rings) == 1:
                _make_tables(database)
            row = f"{len(rings):05}"
            token = _sealed(rings[-1], "candidates", "name", row)
            database.execute("INSERT INTO candidates (id, name) VALUES (?, ?)", (row, token))
            for ring in rings[-2:]:
                assert len(_plaintexts(database, ring)) == len(rings)

    assert [command.split()[2] for command, _ in steps if "keygen" in command] == [
        *("--write", "--canary", "--add", "--rotate", "--canary", "--retire"),
    ]
    assert set(states) == {found.value for found in State}


def test_a_rotation_by_hand_goes_through_the_same_states(
    directory: Path, call: Run, tmp_path: Path
) -> None:
    """
    The rows of the table lead through these states; between two changes of a step, boot fails.
    """
    rows = re.findall(
        r"^\| (before|\d\. \w+) ((?:\| (?:old|new|\d[^|]*)? ?){4})\|$", _PAGE, re.MULTILINE
    )
    known = {"old": _OLD, "new": _NEW, "0, or not set": "0"}
    names = ("ENCRYPTION_KEY", "ENCRYPTION_KEY_VERSION", "ENCRYPTION_KEY_V0", "ENCRYPTION_KEY_V1")

    def write(cells: list[str]) -> str:
        values = zip(names, [known.get(cell, cell) for cell in cells], strict=True)
        text = "".join(f"{name}={value}\n" for name, value in values)
        (directory / ".env").touch(0o600)
        (directory / ".env").write_text(text)
        return text

    steps = [[cell.strip() for cell in cells.split("|")[1:]] for _, cells in rows]
    states = []
    for cells in steps:
        write(cells)
        states.append(_state(call))
    assert states == [
        found.value for found in (State.STABLE, State.ADDED, State.ACTIVE, State.STABLE)
    ]

    _, added, active, _ = steps
    for half in ([active[0], *added[1:]], [added[0], *active[1:]]):
        text = write(half)
        assert "KEY005" in call("check").stdout
        with pytest.raises(EncryptionError):
            _ring(tmp_path / "half.env", text)


def test_the_page_shows_what_the_script_prints() -> None:
    """
    The output on the page is the output for the database of these tests.
    """
    (shown,) = re.findall(
        r"```console\n\$ [^\n]+reencrypt.py worker.db\n(.*?)```", _PAGE, re.DOTALL
    )
    assert shown == _DONE


def _done(command: str, call: Run, environ: dict[str, str]) -> CompletedProcess[str]:
    """
    Run a command of the page: `workerctl run` in a subprocess, any other in this process.
    """
    program, *words = shlex.split(command)
    assert program == "workerctl"
    if words[0] != "run":
        return call(*words)
    words = [sys.executable if word == "python" else word for word in words]
    return subprocess.run(
        [sys.executable, "-m", "workerctl", *words],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def _state(call: Run) -> str:
    """
    Return the state that `check` reports; KEY007 passes without a finding in the stable state.
    """
    done = call("check")
    assert done.returncode == 0
    finding = re.search(r"KEY007 A rotation is under way \(([^)]+)\):", done.stdout)
    if finding is None:
        assert re.search(r"^✓ encryption key .*KEY007", done.stdout, re.MULTILINE)
        return State.STABLE.value
    return finding[1]


def _ring(path: Path, text: str) -> KeyRing:
    path.write_text(text)
    settings = load(Settings, Options(env_files=(str(path),), isolated=True)).settings
    return KeyRing.from_settings(settings)


def _make_tables(database: sqlite3.Connection) -> None:
    database.execute("CREATE TABLE candidates (id TEXT PRIMARY KEY, name, phone, email, address)")
    database.execute("CREATE TABLE candidate_chunks (id TEXT PRIMARY KEY, content)")


def _text(*place: str) -> str:
    """
    Return the plaintext of a place.
    """
    return _TEXTS[crc32("/".join(place).encode()) % len(_TEXTS)]


def _sealed(ring: KeyRing, *place: str) -> str:
    return ring.encrypt(_text(*place).encode(), context="/".join(place).encode()).decode()


def _order(place: Place) -> tuple[int, str]:
    """
    Return the sort key of a place in the order of the script.
    """
    return reencrypt.PLACES.index(place[:2]), place[2]


def _tokens(database: sqlite3.Connection) -> dict[Place, str | bytes]:
    """
    Return every value by table, column and row.
    """
    return {
        (table, column, row): token
        for table, column in reencrypt.PLACES
        for row, token in database.execute(f"SELECT id, {column} FROM {table}").fetchall()  # noqa: S608 -- see _set
        if token is not None
    }


def _plaintexts(database: sqlite3.Connection, ring: KeyRing) -> dict[Place, str]:
    """
    Return every plaintext that can be decrypted, by table, column and row.
    """
    found = {}
    for place, token in _tokens(database).items():
        with contextlib.suppress(EncryptionError, TypeError):
            context = "/".join(place).encode()
            found[place] = ring.decrypt(str(token).encode(), context=context).decode()
    return found


def _set(database: sqlite3.Connection, place: Place, value: str | bytes) -> None:
    table, column, row = place
    database.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (value, row))  # noqa: S608 -- names of this module


def _progress(
    database: sqlite3.Connection, process: Popen[str], beyond: tuple[int, str] | None = None
) -> tuple[int, str]:
    """
    Wait until the script has written a batch; return the place and last row of that batch.
    """
    deadline = time.monotonic() + _TIMEOUT
    while time.monotonic() < deadline:
        with contextlib.suppress(sqlite3.OperationalError):
            found = database.execute("SELECT place, id FROM reencrypt_progress").fetchall()
            if found and found[0] != beyond:
                return found[0]
        assert process.poll() is None, process.communicate()
        time.sleep(0.002)
    raise TimeoutError


def _digest(directory: Path) -> str:
    return sha256((directory / _DATABASE).read_bytes()).hexdigest()


def _without_leaks(done: CompletedProcess[str]) -> CompletedProcess[str]:
    """
    Assert that the output contains neither a key nor a plaintext; return the process.
    """
    assert _ORACLE.leaks(done.stdout + done.stderr) == []
    return done
