"""
Rotation of the keys of an env file: each step whole or not at all, and none that strands data.
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
from workerctl.errors import EnvFileWriteError, RefusedError, WorkerctlError
from workerctl.keyring import KeyRing, canary, rotation, versions
from workerctl.keyring.rotation import State
from workerctl.keyring.versions import VersionedKey
from workerctl.schema.loading import load
from workerctl.schema.source_options import Options
from workerctl.settings import Settings
from workerctl.sources import envfile

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
    What the file assigns.
    """
    return {entry.name: entry.value for entry in envfile.read(str(path)).entries}


def ring(path: Path) -> KeyRing:
    """
    The ring that a worker would have of the file.
    """
    settings = load(Settings, Options(env_files=(str(path),), isolated=True)).settings
    return KeyRing.from_settings(settings)


def state(path: Path) -> State:
    """
    Where the rotation stands, as `check` sees it.
    """
    assigned = texts_in(path)
    named = next(iter(key_file.canary_ids(assigned)), None)
    return rotation.assess(key_file.ring_of(assigned), named).state


def refused(path: Path, step: Step, error: type[WorkerctlError] = RefusedError) -> str:
    """
    The sentence with which a step is refused, the file as it was, and no key in the error.
    """
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(error) as caught:
        step()

    assert (path.read_bytes() if path.exists() else None) == before
    assert [entry.name for entry in path.parent.iterdir() if entry.name.endswith(".tmp")] == []
    assert caught.value.__context__ is caught.value.__cause__ is None
    assert Oracle(MINT.made).leaks("\n".join(texts(caught.value))) == []
    return caught.value.message.replace(str(path), "FILE")


# -------------------------------------------------------------------------------- the whole way


def test_a_rotation_from_end_to_end(path: Path) -> None:
    """
    In each state, what was written in the one before and in this one can be read in both.
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
    Of version 2 as the current one; nothing but the stable state asks for nothing.
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


def test_a_key_that_is_named_twice_is_told_once() -> None:
    """
    V1 and V01 are one key.
    """
    made = {"ENCRYPTION_KEY": FIRST, "ENCRYPTION_KEY_V1": SECOND, "ENCRYPTION_KEY_V01": SECOND}
    facts = rotation.assess(versions.keys_of(made, 2)).facts

    assert facts == (f"version 2 ({ID[FIRST]}) is current, version 1 ({ID[SECOND]}) only decrypts")


# -------------------------------------------------------------------------------------- rotate


def test_rotate_makes_a_new_key_and_keeps_the_old_one(path: Path) -> None:
    """
    In one replacement of the file; other lines stay byte for byte.
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
        VersionedKey("ENCRYPTION_KEY", 1, assigned["ENCRYPTION_KEY"]),
        VersionedKey("ENCRYPTION_KEY_V0", 0, FIRST.upper()),
    )
    assert repr(written.ring) == "(VersionedKey(ENCRYPTION_KEY), VersionedKey(ENCRYPTION_KEY_V0))"


def test_rotate_activates_the_key_that_was_added(path: Path) -> None:
    """
    And makes none of its own: the other workers know that one already.
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


def test_a_weak_key_can_be_rotated_away(path: Path) -> None:
    """
    Which is what rotation is for; no weak one becomes current.
    """
    path.write_text(f"ENCRYPTION_KEY={WEAK}\n")
    rotate(str(path), {})
    assert texts_in(path)["ENCRYPTION_KEY_V0"] == WEAK

    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_V1={WEAK}\n")
    message = "ENCRYPTION_KEY_V1 in FILE is an example from public documentation."
    assert refused(path, lambda: rotate(str(path), {})) == message


def test_rotate_refuses_while_a_rotation_is_under_way(path: Path) -> None:
    """
    Unless it is told which version to start from, as a script does that may run twice.
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
    One byte of a token holds it.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_VERSION=254\n")
    rotate(str(path), {})
    message = "FILE has a key of version 255, the highest version."

    assert refused(path, lambda: rotate(str(path), {}, 255)) == message
    assert refused(path, lambda: add_key(str(path), {})) == message


def test_there_is_one_new_key_at_a_time(path: Path) -> None:
    """
    A second one would leave open which is meant.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_V3={SECOND}\n")
    message = f"FILE already has a new key, version 3 ({ID[SECOND]})."

    assert refused(path, lambda: add_key(str(path), {})) == message


# --------------------------------------------------------------------------------- what is in doubt

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
def test_no_step_is_done_in_doubt(path: Path, step: str, lines: str, message: str) -> None:
    """
    Whatever is unclear about one key stops all of them.
    """
    text = lines.replace("K64", FIRST).replace("K\n", f"ENCRYPTION_KEY={FIRST}\n")
    path.write_text(text.replace("=L", f"={SECOND}") + "\n")

    assert refused(path, STEPS[step](path)).startswith(message)


@pytest.mark.parametrize("step", STEPS)
def test_no_step_writes_a_file_that_is_not_there(path: Path, step: str) -> None:
    """
    There is nothing to rotate in it.
    """
    assert refused(path, STEPS[step](path)) == "FILE does not set ENCRYPTION_KEY."


@pytest.mark.parametrize("step", STEPS)
def test_a_line_that_may_hold_a_key_stops_every_step(path: Path, step: str) -> None:
    """
    It may be the only copy of one.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_V1: {SECOND}\n")

    message = refused(path, STEPS[step](path), EnvFileWriteError)
    assert message == "FILE:2 names ENCRYPTION_KEY in a line that cannot be parsed."


@pytest.mark.parametrize("name", ["ENCRYPTION_KEY", "encryption_key_version", "ENCRYPTION_KEY_V1",
                                  "ENCRYPTION_KEY_FILE", "ENCRYPTION_KEY_V1_FILE"])  # fmt: skip
def test_a_key_in_the_environment_would_win_over_the_file(path: Path, name: str) -> None:
    """
    So nothing is written that would not count; an empty variable is not set.
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


def test_retire_drops_one_version(path: Path) -> None:
    """
    Under all its names, and nothing else.
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


def test_a_key_that_was_added_by_mistake_can_be_dropped(path: Path) -> None:
    """
    It is not current, and nothing was written with it.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\n")
    add_key(str(path), {})
    retire(str(path), {}, 1, 0)

    assert path.read_text() == f"ENCRYPTION_KEY={FIRST}\n"


def test_retire_refuses_what_data_need(path: Path) -> None:
    """
    The current key, one that is counted to be in use, one that the canary was written with.
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
    beside = path.with_name("canary")
    beside.write_text(token + "\n")
    assert refused(path, lambda: retire(str(path), {"ENCRYPTION_CANARY": token}, 1, 0)) == message
    path.write_text(f"{lines}ENCRYPTION_CANARY={token}\n")
    assert refused(path, lambda: retire(str(path), {}, 1, 0)) == message
    path.write_text(f"{lines}ENCRYPTION_CANARY_FILE={beside}\n")
    assert refused(path, lambda: retire(str(path), {}, 1, 0)) == message
    beside.write_text(canary.make(FIRST, "db"))
    retire(str(path), {}, 1, 0)


def test_a_canary_that_cannot_be_read_stops_retiring(path: Path) -> None:
    """
    It may say that data need the key. Its path may be a secret in the wrong place.
    """
    path.write_text(
        f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_KEY_V1={SECOND}\nENCRYPTION_CANARY_FILE={THIRD}\n"
    )
    message = "ENCRYPTION_CANARY_FILE names a file that cannot be read."

    assert refused(path, lambda: retire(str(path), {}, 1, 0)) == message


# -------------------------------------------------------------------------------------- canary


def test_a_canary_is_set_and_renewed(path: Path) -> None:
    """
    Of a key that the file has; the context only where one is given.
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


def test_a_canary_of_another_key_is_left(path: Path) -> None:
    """
    It is the proof that the key in the file is the wrong one, or lost: no step goes on from there.
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
    beside = path.with_name("canary")
    beside.write_text(canary.make(FIRST, ""))
    path.write_text(f"ENCRYPTION_KEY={FIRST}\nENCRYPTION_CANARY_FILE={beside}\n")
    assert refused(path, step) == "FILE names a file that holds the canary."


def test_a_canary_in_the_environment_would_win(path: Path) -> None:
    """
    As would its context.
    """
    path.write_text(f"ENCRYPTION_KEY={FIRST}\n")
    for name in ("ENCRYPTION_CANARY", "encryption_canary_context", "ENCRYPTION_CANARY_FILE"):
        environ = {name: "x"}
        step = lambda environ=environ: write_canary(str(path), environ, canary.make(FIRST, ""))  # noqa: E731
        assert refused(path, step) == f"{name} is set in the environment."


# ----------------------------------------------------------------------------------- many at once


def _raced(path: str, gate: int, results: int, start: int | None) -> int:
    """
    A forked rotation that waits for the gate and says what became of it.
    """
    child = os.fork()
    if child == 0:
        try:
            os.read(gate, 1)
            try:
                said = f"won {rotate(path, {}, start).ring[0].id}\n"
            except RefusedError as error:
                said = f"refused {error.message.replace(path, 'FILE')}\n"
            os.write(results, said.encode())
            os._exit(0)
        finally:
            os._exit(1)
    return child


@pytest.mark.parametrize("start", [None, 0], ids=["", "--from 0"])
@pytest.mark.parametrize("number", range(ROUNDS // 2))
def test_of_16_concurrent_rotations_one_wins(path: Path, number: int, start: int | None) -> None:
    """
    The others say so, 20 rounds of 20, and the file has two keys.
    """
    path.write_text(f"A=1\nENCRYPTION_KEY={FIRST}\n")
    gate, opener = os.pipe()
    reader, results = os.pipe()
    children = [_raced(str(path), gate, results, start) for _ in range(RIVALS)]
    os.write(opener, b"x" * RIVALS)
    statuses = [os.waitpid(child, 0)[1] for child in children]
    os.close(results)
    with os.fdopen(reader) as stream:
        said = sorted(stream.read().splitlines())
    os.close(gate)
    os.close(opener)
    assigned = texts_in(path)
    winner = keys.key_id(assigned["ENCRYPTION_KEY"])

    assert statuses == [0] * RIVALS, number
    assert said[-1] == f"won {winner}"
    refused = {
        None: f"refused A rotation is under way in FILE: version 1 ({winner}) is current",
        0: f"refused The current key of FILE is version 1 ({winner})",
    }
    assert all(refused[start] in line for line in said[:-1])
    assert (assigned["ENCRYPTION_KEY_V0"], assigned["ENCRYPTION_KEY_VERSION"]) == (FIRST, "1")
    assert len(assigned) == 4


# ------------------------------------------------------------------------------ any order of steps


def _do(step: str, path: Path, values: list[bytes]) -> list[bytes]:
    """
    One step on the file, or on the values; a step that is refused changes nothing.
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
            case "encrypt anew":
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
        st.sampled_from(
            "add|rotate|rotate once more|encrypt anew|renew the canary|retire".split("|")
        ),
        max_size=15,
    )
)
def test_no_order_of_steps_strands_a_value(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    """
    What was written in any state is read in all later ones, and the canary opens in each.
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
