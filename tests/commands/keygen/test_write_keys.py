"""
Tests of `keygen --write`: a key is set once, atomically, by one writer, and never overwritten.
"""

import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.support.effort import effort
from workerctl import keys
from workerctl.commands.keygen.write_keys import Writing, write_key
from workerctl.report.errors import EnvFileWriteError, RefusedError
from workerctl.sources import envfile

GOOD = "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2"
ID = keys.key_id(GOOD)
WRITERS = 16
ROUNDS = effort(20)
# The benchmark's own default is 1000.
_CYCLES = 300 if "CI" in os.environ else 60
KILL_CYCLES = os.environ.get("WORKERCTL_KILL_CYCLES", str(_CYCLES))
# On a busy machine, all 30 kills of a run can miss the critical moment.
TRIES = 8


@pytest.fixture(name="path")
def _path(tmp_path):
    return tmp_path / ".env"


def names(directory):
    """
    Return the sorted names of the entries of a directory.
    """
    return sorted(entry.name for entry in directory.iterdir())


def value(path):
    """
    Return the key in the file.
    """
    (entry,) = [e for e in envfile.read(str(path)).entries if e.name == "ENCRYPTION_KEY"]
    return entry.value


def refused(path, environ=None):
    """
    Return the message of a refusal, which has exit code 1 and leaves the file unchanged.
    """
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(RefusedError) as caught:
        write_key(str(path), environ or {})

    assert (path.read_bytes() if path.exists() else None) == before
    assert caught.value.exit_code == 1
    assert caught.value.__context__ is None
    assert GOOD[:6] not in f"{caught.value}{caught.value.hint}{caught.value.args}"
    return caught.value.message.removeprefix(str(path))


def test_a_new_file_has_the_key_and_nothing_else(path):
    """
    A new file has one line without quotes; the result has the id of its key.
    """
    written = write_key(str(path), {})

    assert re.fullmatch(rb"ENCRYPTION_KEY=[0-9a-f]{64}\n", path.read_bytes())
    assert (written.ring[0].id, written.created) == (keys.key_id(value(path)), True)


def test_nothing_is_printed(path, capfd):
    """
    The function prints neither the key nor anything else.
    """
    write_key(str(path), {})

    assert capfd.readouterr() == ("", "")


def test_an_existing_file_gets_the_key_at_its_end(path):
    """
    The key is appended, and the result says that permissions of other accounts were removed.
    """
    path.write_text("ENV=staging")
    path.chmod(0o644)
    written = write_key(str(path), {})

    assert path.read_text() == f"ENV=staging\nENCRYPTION_KEY={value(path)}\n"
    assert (written.ring[0].id, written.closed) == (keys.key_id(value(path)), True)


@pytest.mark.parametrize(
    "line",
    [
        "ENCRYPTION_KEY=",
        "ENCRYPTION_KEY=''",
        'ENCRYPTION_KEY="  "',
        "ENCRYPTION_KEY",
        "encryption_key=",
        "ENCRYPTION_KEY=change-me",
        "ENCRYPTION_KEY=your-64-hex-key-here",
        "ENCRYPTION_KEY=<64 hex characters>",
    ],
)
def test_an_empty_value_or_a_placeholder_is_replaced_in_place(path, line):
    """
    An empty value or a placeholder counts as not set.
    """
    path.write_text(f"A=1\n{line}\nB=2\n")
    write_key(str(path), {})

    assert path.read_text() == f"A=1\nENCRYPTION_KEY={value(path)}\nB=2\n"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"ENCRYPTION_KEY={GOOD}", f"already sets ENCRYPTION_KEY (key id {ID})."),
        (f"export ENCRYPTION_KEY='{GOOD.upper()}'", f"already sets ENCRYPTION_KEY (key id {ID})."),
        (f"encryption_key={GOOD}", f"already sets encryption_key (key id {ID})."),
        (f"ENCRYPTION_KEY={GOOD}  # c", f"already sets ENCRYPTION_KEY (key id {ID})."),
        (f"ENCRYPTION_KEY={GOOD[:-1]}", "already sets ENCRYPTION_KEY."),
        ("ENCRYPTION_KEY=" + "0123456789abcdef" * 4, "already sets ENCRYPTION_KEY."),
        ("ENCRYPTION_KEY=" + "0" * 64, "already sets ENCRYPTION_KEY."),
        ("ENCRYPTION_KEY=${MASTER_KEY}", "already sets ENCRYPTION_KEY."),
        ("ENCRYPTION_KEY_FILE=/run/secrets/key", "already sets ENCRYPTION_KEY_FILE."),
        ("ENCRYPTION_KEY_FILE=secret", "already sets ENCRYPTION_KEY_FILE."),
        (
            f"ENCRYPTION_KEY=\nA=1\nEncryption_Key={GOOD}",
            f"already sets Encryption_Key (key id {ID}).",
        ),
    ],
)
def test_a_key_in_the_file_is_never_overwritten(path, line, message):
    """
    No value is overwritten, valid or not. Only a strong key has an id, which the message names.
    """
    path.write_text(f"A=1\n{line}\n")

    assert refused(path) == f":{2 + line.count(chr(10))} {message}"


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"ENCRYPTION_KEY": GOOD}, f"ENCRYPTION_KEY is set in the environment (key id {ID})."),
        ({"encryption_key": GOOD}, f"encryption_key is set in the environment (key id {ID})."),
        ({"ENCRYPTION_KEY": "0" * 64}, "ENCRYPTION_KEY is set in the environment."),
        ({"ENCRYPTION_KEY": "change-me"}, "ENCRYPTION_KEY is set in the environment."),
        ({"ENCRYPTION_KEY_FILE": "/x"}, "ENCRYPTION_KEY_FILE is set in the environment."),
        ({"ENCRYPTION_KEY_FILE": GOOD}, "ENCRYPTION_KEY_FILE is set in the environment."),
    ],
)
def test_a_key_in_the_environment_is_refused(path, environ, message):
    """
    A variable would override the file, even if it is a placeholder.
    """
    assert refused(path, environ) == message
    assert not path.exists()


def test_an_empty_variable_is_not_set(path):
    """
    An empty variable counts as not set, and variables of other names have no effect.
    """
    environ = {"ENCRYPTION_KEY": "", "ENCRYPTION_KEY_FILE": " ", "ENCRYPTION_KEY_V1": GOOD}

    assert write_key(str(path), environ).created


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"ENCRYPTION_KEY: {GOOD}\n", ":1 names ENCRYPTION_KEY in a line that cannot be parsed."),
        (
            f"A=1\nencryption_key '{GOOD}'\n",
            ":2 names ENCRYPTION_KEY in a line that cannot be parsed.",
        ),
        (f"ENCRYPTION_KEY='{GOOD}\n", ":1 has a quoted value that does not end properly."),
        (
            "ENCRYPTION_KEY=\nENCRYPTION_KEY=\n",
            " sets ENCRYPTION_KEY more than once, on lines 1 and 2.",
        ),
    ],
    ids=range(4),
)
def test_a_file_with_a_line_that_may_hold_the_key_is_refused(path, text, message):
    """
    A line that cannot be parsed may hold the only copy of the key.
    """
    path.write_text(text)
    with pytest.raises(EnvFileWriteError) as caught:
        write_key(str(path), {})

    assert caught.value.message == f"{path}{message}"
    assert path.read_text() == text
    assert GOOD[:6] not in f"{caught.value}{caught.value.hint}"


def _fork_writer(path, gate, results):
    """
    Fork a process that writes a key when the gate opens and writes the result.
    """
    child = os.fork()
    if child == 0:
        try:
            os.read(gate, 1)
            os.write(results, write_key(path, {}).ring[0].id.encode() + b"\n")
            os._exit(0)
        except RefusedError as error:
            os.write(results, f"refused {error.message.rpartition('key id ')[2][:20]}\n".encode())
            os._exit(0)
        finally:
            os._exit(1)
    return child


@pytest.mark.parametrize("old", [None, b"A=1\nENCRYPTION_KEY=\n"], ids=["new", "existing"])
@pytest.mark.parametrize("number", range(ROUNDS // 2))
def test_of_16_concurrent_writers_one_wins(path, old, number):
    """
    In each of 20 rounds, one writer succeeds; the others are refused with the id of its key.
    """
    if old is not None:
        path.write_bytes(old)
    gate, opener = os.pipe()
    reader, results = os.pipe()
    children = [_fork_writer(str(path), gate, results) for _ in range(WRITERS)]
    os.write(opener, b"x" * WRITERS)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    os.close(results)
    with os.fdopen(reader) as stream:
        lines = sorted(stream.read().splitlines())
    os.close(gate)
    os.close(opener)
    winner = keys.key_id(value(path))

    assert statuses == [0] * WRITERS, number
    assert lines == sorted([winner, *[f"refused {winner}"] * (WRITERS - 1)])
    assert names(path.parent) == [".env"]


@pytest.mark.parametrize(("step", "state"), [(1, "old"), (2, "new")])
def test_a_kill_before_and_after_the_replacement(path, step, state):
    """
    A killed run leaves the old file or the new one.

    The next run removes the temporary file of a run that was killed before the replacement.
    """
    old = b"A=1\nENCRYPTION_KEY=\n"
    path.write_bytes(old)
    calls = []

    def sync(_):
        calls.append(1)
        if len(calls) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            write_key(str(path), {}, Writing(sync=sync))
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL

    if state == "old":
        assert path.read_bytes() == old
        assert len(names(path.parent)) == 2
        write_key(str(path), {})
    else:
        assert keys.weakness(value(path)) is None
        assert refused(path)
    assert names(path.parent) == [".env"]


def killed(*arguments):
    """
    Return the exit code of the benchmark and its counts: by row, one for each call that was killed.
    """
    script = Path(__file__).parents[3] / "benchmarks" / "kill_keygen.py"
    run = subprocess.run(
        [sys.executable, str(script), *arguments],
        capture_output=True,
        text=True,
        check=False,
        # Without coverage: a killed process cannot write its own.
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(script.parent.parent)},
    )
    rows = re.findall(r"^(\S.*?)((?: {2,}\d+)+)$", run.stdout, re.MULTILINE)
    assert run.stderr == ""
    return run.returncode, {name: [int(count) for count in counts.split()] for name, counts in rows}


@pytest.mark.long
@pytest.mark.parametrize(("mode", "calls"), [([], 1), (["--rotate"], 3)], ids=["write", "rotate"])
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(mode, calls):
    """
    The benchmark passes with few cycles; `WORKERCTL_KILL_CYCLES` sets another count.
    """
    code, counts = killed(*mode, "--cycles", KILL_CYCLES)
    old_or_new = [old + new for old, new in zip(counts["old"], counts["new"], strict=True)]

    assert code == 0
    assert counts["cycles"][0] == int(KILL_CYCLES)
    assert counts["cycles"] == old_or_new
    assert len(counts["cycles"]) == calls
    assert counts["killed"][0] > 0


@pytest.mark.long
@pytest.mark.parametrize(
    ("control", "damage"), [("in-place", "torn"), ("one-by-one", "half-rotated")]
)
def test_a_kill_of_an_incorrect_writer_is_noticed(control, damage):
    """
    The benchmark fails for an incorrect writer, and counts the damage and the lost values.
    """
    seen = Counter()
    for _ in range(TRIES):
        code, counts = killed("--rotate", "--control", control, "--cycles", "30")
        seen.update({name: numbers[0] for name, numbers in counts.items()})
        assert code == 1 or counts[damage][0] == 0
        if seen[damage] and seen["values that no longer decrypt"]:
            return
    pytest.fail(f"not noticed: {seen}")


def test_neither_typer_nor_rich_nor_pydantic_is_needed():
    """
    The module can be imported without these packages, so that `keygen` starts quickly.
    """
    code = (
        "import sys\n"
        "for name in ('typer', 'rich', 'pydantic', 'cryptography'): sys.modules[name] = None\n"
        "import workerctl.commands.keygen.write_keys"
    )

    subprocess.run([sys.executable, "-c", code], check=True)
