"""
Tests of the rotation of the keys of an env file: each step is atomic, and no data is lost.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.leaks.oracle import Mint, Oracle, texts
from tests.support.effort import BRIEF, effort
from workerctl import keys
from workerctl.commands.keygen import key_file
from workerctl.commands.keygen.write_keys import (
    Written,
    add_key,
    retire,
    rotate,
    write_canary,
    write_key,
)
from workerctl.keyring import KeyRing, canary, rotation, versions
from workerctl.keyring.rotation import State
from workerctl.keyring.versions import VersionedKey
from workerctl.report.errors import EnvFileWriteError, RefusedError, WorkerctlError
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources import envfile
from workerctl.sources.options import Options

MINT = Mint(7)
FIRST, SECOND, THIRD = (MINT.key() for _ in range(3))
WEAK = "0123456789abcdef" * 4
ID = {key: keys.key_id(key) for key in (FIRST, SECOND, THIRD)}
PLACE = b"people/name/1"
ROUNDS = effort(20)
RIVALS = 16

Step = Callable[[], Written]


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def texts_in(path: Path) -> dict[str, str]:
    """
    Return the values that the file assigns by name.
    """
    return {entry.name: entry.value for entry in envfile.read(str(path)).entries}


def ring(path: Path) -> KeyRing:
    """
    Return the ring that a worker makes from the file.
    """
    settings = load(Settings, Options(env_files=(str(path),), isolated=True)).settings
    return KeyRing.from_settings(settings)


def state(path: Path) -> State:
    """
    Return the state of the rotation, as `check` assesses it.
    """
    assigned = texts_in(path)
    named = next(iter(key_file.canary_ids(assigned)), None)
    return rotation.assess(key_file.ring_of(assigned), named).state


def refused(path: Path, step: Step, error: type[WorkerctlError] = RefusedError) -> str:
    """
    Return the message with which a step is refused.

    The file must be unchanged, and the error must not hold a key.
    """
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(error) as caught:
        step()

    assert (path.read_bytes() if path.exists() else None) == before
    assert [entry.name for entry in path.parent.iterdir() if entry.name.endswith(".tmp")] == []
    assert caught.value.__context__ is caught.value.__cause__ is None
    assert Oracle(MINT.made).leaks("\n".join(texts(caught.value))) == []
    return caught.value.message.replace(str(path), "FILE")


# ------------------------------------------------------------------------------- whole rotations


def test_a_rotation_from_end_to_end(path: Path) -> None:
    """
    The rings of two successive states can read what the other has written.
    """
    path.write_text(f"# key\nENCRYPTION_KEY={FIRST}\nENV=production\n")
    rings, states = [ring(path)], [state(path)]

    def step(make: Step) -> None:
        make()
        now = ring(path)
        for reader, writer in ((rings[-1], now), (now, rings[-1])):
            token = writer.encrypt(b"text", context=PLACE)
            assert reader.decrypt(token, context=PLACE) == b"text"
        rings.append(now)
        states.append(state(path))

    step(lambda: add_key(str(path), {}))
    step(lambda: rotate(str(path), {}))
    step(
        lambda: write_canary(
            str(path), {}, canary.make(texts_in(path)["ENCRYPTION_KEY"], "db"), "db"
        )
    )
    retire(str(path), {}, 0, 0)
    states.append(state(path))

    assert states == [State.STABLE, State.ADDED, State.ACTIVE, State.READY, State.STABLE]
    assert set(texts_in(path)) == {
        "ENV",
        "ENCRYPTION_KEY",
        "ENCRYPTION_KEY_VERSION",
        "ENCRYPTION_CANARY",
        "ENCRYPTION_CANARY_CONTEXT",
    }
    assert path.read_text().startswith(
        f"# key\nENCRYPTION_KEY={texts_in(path)['ENCRYPTION_KEY']}\n"
    )


@pytest.mark.parametrize(
    ("others", "named", "expected", "step"),
    [
        ({}, None, State.STABLE, None),
        ({2: SECOND}, None, State.STABLE, None),
        ({3: SECOND}, None, State.ADDED, "--rotate --write FILE"),
        ({1: SECOND}, None, State.ACTIVE, "--retire 1 --in-use 0"),
        ({0: THIRD, 1: SECOND}, None, State.ACTIVE, "versions 0 and 1"),
        ({1: SECOND}, ID[SECOND], State.ACTIVE, "keygen --canary`"),
        ({1: SECOND}, ID[THIRD], State.ACTIVE, "keygen --canary`"),
        ({1: SECOND}, ID[FIRST], State.READY, "--retire 1 --in-use 0"),
        ({0: THIRD, 1: SECOND}, ID[FIRST], State.READY, "--retire 0 --in-use 0"),
        ({1: SECOND, 3: THIRD}, None, State.ACTIVE, "--retire 1"),
        ({1: WEAK}, None, State.ACTIVE, "--retire 1"),
        ({3: SECOND}, ID[FIRST], State.ADDED, "--rotate"),
    ],
)
def test_every_state_has_a_name_and_a_next_step(
    others: dict[int, str], named: str | None, expected: State, step: str | None
) -> None:
    """
    Every state but the stable one has a next step. The current version is 2 here.
    """
    made = {"ENCRYPTION_KEY": FIRST, **{f"ENCRYPTION_KEY_V{n}": key for n, key in others.items()}}
    if others.get(2):
        made["ENCRYPTION_KEY_V2"] = FIRST
    stands = rotation.assess(versions.keys_of(made, 2), named)

    assert stands.state is expected
    assert (step or "") in (stands.next_step or "")
    assert (stands.next_step is None) is (expected is State.STABLE)
    assert stands.facts.startswith(f"version 2 ({ID[FIRST]}) is current")
    assert all(f"version {n} (" in stands.facts for n in others)


def test_a_key_that_is_named_twice_is_listed_once() -> None:
    """
    V1 and V01 are one key.
    """
    made = {"ENCRYPTION_KEY": FIRST, "ENCRYPTION_KEY_V1": SECOND, "ENCRYPTION_KEY_V01": SECOND}
    facts = rotation.assess(versions.keys_of(made, 2)).facts

    assert facts == (f"version 2 ({ID[FIRST]}) is current, version 1 ({ID[SECOND]}) only decrypts")


# -------------------------------------------------------------------------------------- rotate


def test_rotate_makes_a_new_key_and_keeps_the_old_one(path: Path) -> None:
    """
    The file is replaced once, and its other lines stay the same byte for byte.
    """
    path.write_text(f"A=1\nexport ENCRYPTION_KEY='{FIRST.upper()}' # c\nB=2\n")
    inode = path.stat().st_ino
    written = rotate(str(path), {})
    assigned = texts_in(path)

    assert path.read_text() == (
        f"A=1\n# c\nexport ENCRYPTION_KEY={assigned['ENCRYPTION_KEY']}\nB=2\n"
        f"ENCRYPTION_KEY_VERSION=1\nENCRYPTION_KEY_V0={FIRST.upper()}\n"
    )
    assert keys.weakness(assigned["ENCRYPTION_KEY"]) is None
    assert path.stat().st_ino != inode
    assert written.ring == (
        VersionedKey("ENCRYPTION_KEY", 1, assigned["ENCRYPTION_KEY"], is_current=True),
        VersionedKey("ENCRYPTION_KEY_V0", 0, FIRST.upper()),
    )
    assert repr(written.ring) == "(VersionedKey(ENCRYPTION_KEY), VersionedKey(ENCRYPTION_KEY_V0))"


def test_rotate_activates_the_key_that_was_added(path: Path) -> None:
    """
    If a new key was added, which other workers already have, no further key is made.
    """
    path.write_text(
        f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_VERSION=4\nencryption_key_v7={SECOND}\n"
        f"ENCRYPTION_KEY_V9={THIRD}\n"
    )
    rotate(str(path), {})

    assert texts_in(path) == {
        "ENCRYPTION_KEY": SECOND,
        "ENCRYPTION_KEY_VERSION": "7",
        "ENCRYPTION_KEY_V9": THIRD,
        "ENCRYPTION_KEY_V4": FIRST,
    }


def test_a_weak_key_can_be_replaced(path: Path) -> None:
    """
    A weak current key can be rotated, but a weak key cannot become current.
    """
    path.write_text(f"ENCRYPTION_KEY={WEAK}\n")
    rotate(str(path), {})
    assert texts_in(path)["ENCRYPTION_KEY_V0"] == WEAK

    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_V1={WEAK}\n")
    message = "ENCRYPTION_KEY_V1 in FILE is an example from public documentation."
    assert refused(path, lambda: rotate(str(path), {})) == message


def test_rotate_refuses_while_a_rotation_is_under_way(path: Path) -> None:
    """
    A further rotation requires the version to start from, so that a script can run twice.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\n")
    first = rotate(str(path), {}, 0).ring[0].id

    message = refused(path, lambda: rotate(str(path), {}))
    assert message.startswith(f"A rotation is under way in FILE: version 1 ({first}) is current, ")
    message = refused(path, lambda: rotate(str(path), {}, 0))
    assert message == f"The current key of FILE is version 1 ({first}), not version 0."
    rotate(str(path), {}, 1)
    assert list(texts_in(path)) == [
        "ENCRYPTION_KEY",
        "ENCRYPTION_KEY_VERSION",
        "ENCRYPTION_KEY_V0",
        "ENCRYPTION_KEY_V1",
    ]


def test_version_255_is_the_last_one(path: Path) -> None:
    """
    A token has one byte for the version, so 255 is the highest.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_VERSION=254\n")
    rotate(str(path), {})
    message = "FILE has a key of version 255, the highest version."

    assert refused(path, lambda: rotate(str(path), {}, 255)) == message
    assert refused(path, lambda: add_key(str(path), {})) == message


def test_there_is_one_new_key_at_a_time(path: Path) -> None:
    """
    A second new key is refused, because it would be ambiguous which one is next.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_V3={SECOND}\n")
    message = f"FILE already has a new key, version 3 ({ID[SECOND]})."

    assert refused(path, lambda: add_key(str(path), {})) == message


# ------------------------------------------------------------------------------ ambiguous files

BAD_VERSION = "ENCRYPTION_KEY_VERSION in FILE is not a whole number from 0 to 255."
STEPS: dict[str, Callable[[Path], Step]] = {
    "add": lambda path: lambda: add_key(str(path), {}),
    "rotate": lambda path: lambda: rotate(str(path), {}),
    "retire": lambda path: lambda: retire(str(path), {}, 3, 0),
    "canary": lambda path: lambda: write_canary(str(path), {}, canary.make(FIRST, "")),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("", "FILE does not set ENCRYPTION_KEY."),
        ("ENCRYPTION_KEY=", "FILE does not set ENCRYPTION_KEY."),
        ("ENCRYPTION_KEY=change-me", "ENCRYPTION_KEY in FILE has 9 characters, not 64, and "),
        (f"ENCRYPTION_KEY={FIRST[1:]}", "ENCRYPTION_KEY in FILE has 63 characters, not 64."),
        (f"ENCRYPTION_KEY_V0={FIRST}", "FILE does not set ENCRYPTION_KEY."),
        ("K\nENCRYPTION_KEY_VERSION=two", BAD_VERSION),
        ("K\nENCRYPTION_KEY_VERSION=256", BAD_VERSION),
        ("K\nENCRYPTION_KEY_VERSION=-1", BAD_VERSION),
        ("K\nENCRYPTION_KEY_V1=short", "ENCRYPTION_KEY_V1 in FILE has 5 characters, not 64, and"),
        ("K\nENCRYPTION_KEY_V256=L", "ENCRYPTION_KEY_V256 in FILE has a version above 255."),
        (
            "K\nENCRYPTION_KEY_V0=L",
            "ENCRYPTION_KEY_V0 in FILE is a second, different key of version 0.",
        ),
        ("K\nENCRYPTION_KEY_V1=K64", "ENCRYPTION_KEY_V1 in FILE is the same key as version 0."),
        ("K\nencryption_key=K64", "FILE sets ENCRYPTION_KEY twice, on lines 1 and 2."),
        ("K\nENCRYPTION_KEY_V1=L\nEncryption_Key_V1=L", "FILE sets ENCRYPTION_KEY_V1 twice, on"),
        ("K\nENCRYPTION_KEY_V1_FILE=/run/x", "FILE:2 names a file that holds ENCRYPTION_KEY_V1."),
        ("ENCRYPTION_KEY_FILE=/run/x", "FILE:1 names a file that holds ENCRYPTION_KEY."),
    ],
    ids=range(16),
)  # fmt: skip
def test_no_step_is_done_in_an_ambiguous_file(
    path: Path, step: str, lines: str, message: str
) -> None:
    """
    An invalid or ambiguous setting of one key stops every step.
    """
    text = lines.replace("K64", FIRST).replace("K\n", f"ENCRYPTION_KEY={FIRST}\n")
    path.write_text(text.replace("=L", f"={SECOND}") + "\n")

    assert refused(path, STEPS[step](path)).startswith(message)


@pytest.mark.parametrize("step", STEPS)
def test_no_step_creates_a_file(path: Path, step: str) -> None:
    """
    A missing file has no key to rotate, and no step creates it.
    """
    assert refused(path, STEPS[step](path)) == "FILE does not set ENCRYPTION_KEY."


@pytest.mark.parametrize("step", STEPS)
def test_a_line_that_may_hold_a_key_stops_every_step(path: Path, step: str) -> None:
    """
    A line that cannot be parsed stops every step, because it may hold the only copy of a key.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_V1: {SECOND}\n")

    message = refused(path, STEPS[step](path), EnvFileWriteError)
    assert message == "FILE:2 names ENCRYPTION_KEY in a line that cannot be parsed."


@pytest.mark.parametrize("name", ["ENCRYPTION_KEY", "encryption_key_version", "ENCRYPTION_KEY_V1",
                                  "ENCRYPTION_KEY_FILE", "ENCRYPTION_KEY_V1_FILE"])  # fmt: skip
def test_a_key_in_the_environment_would_override_the_file(path: Path, name: str) -> None:
    """
    A step that a variable would override is refused; an empty variable is not set.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\n")
    steps = (
        lambda environ: add_key(str(path), environ),
        lambda environ: rotate(str(path), environ),
        lambda environ: retire(str(path), environ, 3, 0),
        lambda environ: write_canary(str(path), environ, canary.make(FIRST, "")),
    )
    for step in steps:
        message = refused(path, lambda step=step: step({name: SECOND}))
        assert message.startswith(f"{name} is set in the environment")
    rotate(str(path), {name: " ", "ENCRYPTION_KEY_VAULT": "1"})


# -------------------------------------------------------------------------------------- retire


def test_retire_removes_one_version(path: Path) -> None:
    """
    A version is removed under all its names; other lines stay.
    """
    path.write_text(
        f"A=1\nENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_VERSION=2\nENCRYPTION_KEY_V1={SECOND}\n"
        f"ENCRYPTION_KEY_V0={THIRD}\nENCRYPTION_KEY_V01={SECOND}\nB=2\n"
    )
    written = retire(str(path), {}, 1, 0)

    assert path.read_text() == (
        f"A=1\nENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_VERSION=2\nENCRYPTION_KEY_V0={THIRD}\nB=2\n"
    )
    assert [key.version for key in written.ring] == [2, 0]


def test_a_key_that_was_added_by_mistake_can_be_removed(path: Path) -> None:
    """
    A new key that was never current can be retired.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\n")
    add_key(str(path), {})
    retire(str(path), {}, 1, 0)

    assert path.read_text() == f"ENCRYPTION_KEY={FIRST}\n"


def test_retire_refuses_a_key_that_data_needs(path: Path) -> None:
    """
    The current key, a key that values still need, and the key of the canary are not retired.
    """
    lines = (
        f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_VERSION=2\nENCRYPTION_KEY_V2={FIRST}\n"
        f"ENCRYPTION_KEY_V1={SECOND}\n"
    )
    path.write_text(lines)
    for version, count, message in (
        (2, 0, "Version 2 is the current key of FILE."),
        (1, 1, "1 value still needs version 1."),
        (1, 7, "7 values still need version 1."),
        (0, 0, "FILE has no key of version 0."),
        (-1, 0, "FILE has no key of version -1."),
    ):
        step = lambda version=version, count=count: retire(str(path), {}, version, count)  # noqa: E731
        assert refused(path, step) == message

    token = canary.make(SECOND, "db")
    message = "The canary was made with version 1."
    canary_file = path.with_name("canary")
    canary_file.write_text(token + "\n")
    assert refused(path, lambda: retire(str(path), {"ENCRYPTION_CANARY": token}, 1, 0)) == message
    path.write_text(f"{lines}ENCRYPTION_CANARY={token}\n")
    assert refused(path, lambda: retire(str(path), {}, 1, 0)) == message
    path.write_text(f"{lines}ENCRYPTION_CANARY_FILE={canary_file}\n")
    assert refused(path, lambda: retire(str(path), {}, 1, 0)) == message
    canary_file.write_text(canary.make(FIRST, "db"))
    retire(str(path), {}, 1, 0)


def test_a_canary_that_cannot_be_read_stops_retiring(path: Path) -> None:
    """
    An unreadable canary may be of the version to retire. Its path is not shown.
    """
    path.write_text(
        f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_V1={SECOND}\nENCRYPTION_CANARY_FILE={THIRD}\n"
    )
    # The path may be a secret in the wrong place.
    message = "ENCRYPTION_CANARY_FILE names a file that cannot be read."

    assert refused(path, lambda: retire(str(path), {}, 1, 0)) == message


# -------------------------------------------------------------------------------------- canary


def test_a_canary_is_set_and_renewed(path: Path) -> None:
    """
    The canary may be of any key of the file; the context is set only if one is given.
    """
    path.write_text(
        f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_VERSION=1\nENCRYPTION_KEY_V0={SECOND}\n"
    )
    write_canary(str(path), {}, canary.make(SECOND, "a/b"), "a/b")
    assert state(path) is State.ACTIVE
    made = canary.make(FIRST, "a/b")
    write_canary(str(path), {}, made)

    assert texts_in(path)["ENCRYPTION_CANARY"] == made
    assert texts_in(path)["ENCRYPTION_CANARY_CONTEXT"] == "a/b"
    assert state(path) is State.READY


def test_a_canary_of_another_key_is_not_replaced(path: Path) -> None:
    """
    A canary of another key stops every step, because it shows that the key of the file is wrong.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_CANARY={canary.make(SECOND, '')}\n")
    step = lambda: write_canary(str(path), {}, canary.make(FIRST, ""))  # noqa: E731

    message = f"The canary of FILE was made with another key, {ID[SECOND]}."
    assert refused(path, step) == message
    for other in ("add", "rotate", "retire"):
        assert refused(path, STEPS[other](path)) == message
    path.write_text(f"ENCRYPTION_KEY=\nENCRYPTION_CANARY={canary.make(SECOND, '')}\n")
    assert refused(path, lambda: write_key(str(path), {})) == message
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_CANARY=nonsense\n")
    step()
    canary_file = path.with_name("canary")
    canary_file.write_text(canary.make(FIRST, ""))
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_CANARY_FILE={canary_file}\n")
    assert refused(path, step) == "FILE names a file that holds the canary."


def test_a_canary_in_the_environment_would_override_the_file(path: Path) -> None:
    """
    A canary or a context in the environment would override the file, so the step is refused.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\n")
    for name in ("ENCRYPTION_CANARY", "encryption_canary_context", "ENCRYPTION_CANARY_FILE"):
        environ = {name: "x"}
        step = lambda environ=environ: write_canary(str(path), environ, canary.make(FIRST, ""))  # noqa: E731
        assert refused(path, step) == f"{name} is set in the environment."


# ------------------------------------------------------------------------------------ concurrency


def _fork_rotation(path: str, gate: int, results: int, start: int | None) -> int:
    """
    Fork a process that rotates when the gate opens and writes the result.
    """
    child = os.fork()
    if child == 0:
        try:
            os.read(gate, 1)
            try:
                line = f"won {rotate(path, {}, start).ring[0].id}\n"
            except RefusedError as error:
                line = f"refused {error.message.replace(path, 'FILE')}\n"
            os.write(results, line.encode())
            os._exit(0)
        finally:
            os._exit(1)
    return child


@pytest.mark.parametrize("start", [None, 0], ids=["", "--from 0"])
@pytest.mark.parametrize("number", range(ROUNDS // 2))
def test_of_16_concurrent_rotations_one_wins(path: Path, number: int, start: int | None) -> None:
    """
    In each of 20 rounds, one rotation succeeds, the others are refused, and the file has two keys.
    """
    path.write_text(f"A=1\nENCRYPTION_KEY={FIRST}\n")
    gate, opener = os.pipe()
    reader, results = os.pipe()
    children = [_fork_rotation(str(path), gate, results, start) for _ in range(RIVALS)]
    os.write(opener, b"x" * RIVALS)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    os.close(results)
    with os.fdopen(reader) as stream:
        lines = sorted(stream.read().splitlines())
    os.close(gate)
    os.close(opener)
    assigned = texts_in(path)
    winner = keys.key_id(assigned["ENCRYPTION_KEY"])

    assert statuses == [0] * RIVALS, number
    assert lines[-1] == f"won {winner}"
    refused = {
        None: f"refused A rotation is under way in FILE: version 1 ({winner}) is current",
        0: f"refused The current key of FILE is version 1 ({winner})",
    }
    assert all(refused[start] in line for line in lines[:-1])
    assert (assigned["ENCRYPTION_KEY_V0"], assigned["ENCRYPTION_KEY_VERSION"]) == (FIRST, "1")
    assert len(assigned) == 4


# ------------------------------------------------------------------------------ any order of steps


def _do(step: str, path: Path, values: list[bytes]) -> list[bytes]:
    """
    Apply a step to the file or to the values. Return the values. A refused step changes nothing.
    """
    held = key_file.ring_of(texts_in(path))
    try:
        match step:
            case "add":
                add_key(str(path), {})
            case "rotate":
                rotate(str(path), {})
            case "rotate once more":
                rotate(str(path), {}, held[0].version)
            case "reencrypt":
                return [ring(path).reencrypt(token, PLACE) for token in values]
            case "renew the canary":
                write_canary(str(path), {}, canary.make(held[0].text, ""))
            case "retire":
                in_use = [KeyRing.version_of(token) for token in values]
                for key in held[1:]:
                    retire(str(path), {}, key.version, in_use.count(key.version))
    except RefusedError:
        pass
    return values


@examples(max_examples=10 if BRIEF else 40)
@given(
    st.lists(
        st.sampled_from("add|rotate|rotate once more|reencrypt|renew the canary|retire".split("|")),
        max_size=15,
    )
)
def test_no_order_of_steps_loses_a_value(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """
    All values of earlier states can be read in every state, and the canary opens in each.
    """
    path = tmp_path_factory.mktemp("ring") / ".env"
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_CANARY={canary.make(FIRST, '')}\n")
    values: list[bytes] = []
    for step in steps:
        values = _do(step, path, [*values, ring(path).encrypt(b"text", context=PLACE)])
        now, assigned = ring(path), texts_in(path)
        assert {now.decrypt(token, context=PLACE) for token in values} == {b"text"}
        judged = canary.verify(assigned["ENCRYPTION_CANARY"], key_file.ring_of(assigned), "")
        assert judged.outcome is canary.Outcome.OPENS
