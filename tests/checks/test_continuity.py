"""
The keys over time: consistent versions, the right key, and the state of a rotation.
"""

import pytest

from tests.leaks.oracle import Mint, Oracle
from tests.support.configurations import KEY, MakeContext
from workerctl import keys
from workerctl.checks import continuity, run
from workerctl.checks.base import Context, SkipCheck
from workerctl.keyring import canary
from workerctl.report.findings import Severity
from workerctl.report.results import Status

MINT = Mint(5)
SECOND, THIRD = MINT.key(), MINT.key()
WEAK = "0123456789abcdef" * 4
OLD_ID, NEW_ID = keys.key_id(KEY), keys.key_id(SECOND)
ROTATED = f"ENCRYPTION_KEY={SECOND}\nENCRYPTION_KEY_VERSION=1\nENCRYPTION_KEY_V0={KEY}\n"
ADDED = f"ENCRYPTION_KEY={KEY}\nENCRYPTION_KEY_V1={SECOND}\n"


def bound(key: str, context: str = "production/db-eu") -> str:
    """
    The lines with a canary of a key.
    """
    made = canary.make(key, context)
    return f"ENCRYPTION_CANARY={made}\nENCRYPTION_CANARY_CONTEXT={context}\n"


def told(context: Context, check: str) -> list[tuple[Severity, str, int | None]]:
    """
    Severity, message and line of what a check finds, none of it with a piece of a key.
    """
    (result,) = [result for result in run(context) if result.code == check]
    oracle = Oracle([KEY, *MINT.made])
    assert oracle.leaks(repr(result)) == []
    return [
        (finding.severity, finding.message, finding.location.line if finding.location else None)
        for finding in result.findings
    ]


# ------------------------------------------------------------------------------------- KEY005


@pytest.mark.parametrize("env", ["development", "staging", "production"])
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"ENCRYPTION_KEY_V3={THIRD[:-1]}", "ENCRYPTION_KEY_V3 has 63 characters, not 64."),
        (f"encryption_key_v3={THIRD}0", "ENCRYPTION_KEY_V3 has 65 characters, not 64."),
        (f"ENCRYPTION_KEY_V256={THIRD}", "ENCRYPTION_KEY_V256 has a version above 255."),
        (
            f"ENCRYPTION_KEY_V2={THIRD}",
            "ENCRYPTION_KEY_V2 is a second, different key of version 2.",
        ),
        (f"ENCRYPTION_KEY_V1={KEY}", "ENCRYPTION_KEY_V1 is the same key as version 2."),
        (f"ENCRYPTION_KEY_V1={KEY.upper()}", "ENCRYPTION_KEY_V1 is the same key as version 2."),
    ],
)
def test_key005_tells_of_each_bad_key(
    context: MakeContext, env: str, line: str, message: str
) -> None:
    """An error in every environment, at the line of the key."""
    text = f"ENV={env}\nENCRYPTION_KEY={KEY}\nENCRYPTION_KEY_VERSION=2\n{line}\n"

    assert told(context(text), "KEY005") == [(Severity.ERROR, message, 4)]


def test_key005_tells_of_older_keys_beside_a_bad_current_one(context: MakeContext) -> None:
    """One bad key does not hide another."""
    text = f"ENCRYPTION_KEY=short\nENCRYPTION_KEY_VERSION=1\nENCRYPTION_KEY_V0={THIRD}0\n"
    missing = f"ENCRYPTION_KEY_VERSION=1\nENCRYPTION_KEY_V0={THIRD}0\n"

    message = "ENCRYPTION_KEY_V0 has 65 characters, not 64."
    assert told(context(text), "KEY005") == [(Severity.ERROR, message, 3)]
    assert told(context(missing), "KEY005") == [(Severity.ERROR, message, 2)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ENCRYPTION_KEY_V", "ENCRYPTION_KEY_V"),
        ("ENCRYPTION_KEY_VO", "ENCRYPTION_KEY_VO"),
        ("ENCRYPTION_KEY_V_1", "ENCRYPTION_KEY_V_1"),
        ("encryption_key_v1a", "encryption_key_v1a"),
        ("ENCRYPTION_KEY_V1000", "ENCRYPTION_KEY_V1000"),
        ("ENCRYPTION_KEY_V1_OLDER", "A variable that begins with ENCRYPTION_KEY_V"),
        (f"ENCRYPTION_KEY_V1{THIRD}", "A variable that begins with ENCRYPTION_KEY_V"),
    ],
)
def test_key005_tells_of_a_key_that_nothing_reads(
    context: MakeContext, name: str, shown: str
) -> None:
    """In the environment and in a file; a long name may have a secret in it."""
    message = f"{shown} does not end in a version from 0 to 255, so this key is never used."
    text = f"ENCRYPTION_KEY={KEY}\n"

    in_file = context(f"{text}{name}={SECOND}\n")
    assert told(in_file, "KEY005") == [(Severity.ERROR, message, 2)]
    in_environment = context(text, {name: SECOND})
    assert told(in_environment, "KEY005") == [(Severity.ERROR, message, None)]
    assert told(context(f"{text}{name}=\n", {name: ""}), "KEY005") == []


def test_key005_leaves_what_is_no_key_of_the_ring(context: MakeContext) -> None:
    """Other variables that begin alike."""
    text = f"{ROTATED}ENCRYPTION_KEY_VAULT_PATH=a/b\nENCRYPTION_KEY_VERSIONS=2\n"

    assert told(context(text), "KEY005") == []


def test_key005_warns_of_a_gap(context: MakeContext) -> None:
    """An older key was kept, and a newer one of the old ones is gone."""
    text = f"ENCRYPTION_KEY={KEY}\nENCRYPTION_KEY_VERSION=4\n"

    with_gap = context(f"{text}ENCRYPTION_KEY_V1={SECOND}\n")
    message = "Versions 2 to 3 are missing between the keys of versions 1 and 4."
    assert told(with_gap, "KEY005") == [(Severity.WARNING, message, 2)]
    smaller = context(f"{text}ENCRYPTION_KEY_V2={SECOND}\n")
    message = "Version 3 is missing between the keys of versions 2 and 4."
    assert told(smaller, "KEY005") == [(Severity.WARNING, message, 2)]
    assert told(context(text), "KEY005") == []
    assert told(context(f"{text}ENCRYPTION_KEY_V3={SECOND}\n"), "KEY005") == []


def test_key005_wants_the_next_key_to_be_strong(context: MakeContext) -> None:
    """An older one may be weak, which is a reason to replace it."""
    older = f"{ROTATED}".replace(f"V0={KEY}", f"V0={WEAK}")
    newer = ADDED.replace(SECOND, WEAK)
    message = "ENCRYPTION_KEY_V1, the next current key, is an example from public documentation."

    assert told(context(older), "KEY005") == []
    assert told(context(newer), "KEY005") == [(Severity.ERROR, message, 2)]


def test_a_version_that_does_not_parse_is_told(context: MakeContext) -> None:
    """By SET001, and what depends on it is skipped."""
    results = {
        result.code: result for result in run(context(f"{ROTATED}ENCRYPTION_KEY_VERSION=two\n"))
    }

    assert results["SET001"].status is Status.FAILED
    for code in ("KEY005", "KEY006", "KEY007"):
        assert results[code].reason == "ENCRYPTION_KEY_VERSION is invalid (SET001)"


# ------------------------------------------------------------------------------------- KEY006


def test_key006_passes_with_the_right_key(context: MakeContext) -> None:
    """The current one, or an older one during a rotation."""
    for key, text in ((KEY, f"ENCRYPTION_KEY={KEY}\n"), (SECOND, ROTATED), (KEY, ROTATED)):
        assert told(context(text + bound(key)), "KEY006") == []


@pytest.mark.parametrize("env", ["development", "staging", "production"])
def test_key006_refuses_another_key(context: MakeContext, env: str) -> None:
    """In every environment, with both ids, at the line of the key."""
    text = f"ENV={env}\nENCRYPTION_KEY={SECOND}\n{bound(KEY)}"
    message = f"The canary was made with another key, {OLD_ID}; the current key is {NEW_ID}."

    assert told(context(text), "KEY006") == [(Severity.ERROR, message, 2)]


def test_key006_tells_of_a_weak_key_that_has_no_id(context: MakeContext) -> None:
    """The id of a guessable key would let anyone try guesses."""
    message = f"The canary was made with another key, {OLD_ID}; the current key is weak."

    found = told(context(f"ENCRYPTION_KEY={WEAK}\n{bound(KEY)}"), "KEY006")
    assert found == [(Severity.ERROR, message, 1)]


def test_key006_refuses_another_context(context: MakeContext) -> None:
    """The canary of staging proves nothing in production."""
    text = f"ENCRYPTION_KEY={KEY}\n{bound(KEY)}".replace("production/", "staging/")
    message = "The canary was modified, or was made for another context."

    assert told(context(text), "KEY006") == [(Severity.ERROR, message, 2)]
    without = "\n".join(f"ENCRYPTION_KEY={KEY}\n{bound(KEY)}".splitlines()[:-1])
    assert told(context(without), "KEY006") == [(Severity.ERROR, message, 2)]


def test_key006_warns_of_a_canary_of_the_next_key(context: MakeContext) -> None:
    """The configuration is older than the data: somebody rolled it back."""
    message = f"The canary was made with version 1 ({NEW_ID}), which is no longer the current key."

    assert told(context(ADDED + bound(SECOND)), "KEY006") == [(Severity.WARNING, message, 1)]


def test_key006_tells_that_there_is_no_canary(context: MakeContext) -> None:
    """As skipped, in every report: a configuration without one can be clean."""
    made = context(f"ENV=production\nENCRYPTION_KEY={KEY}\n")
    (result,) = [result for result in run(made) if result.code == "KEY006"]

    assert result.status is Status.SKIPPED
    assert result.reason == (
        "ENCRYPTION_CANARY is not set, so nothing shows whether the key fits the data"
    )


@pytest.mark.parametrize(
    "text",
    [KEY, "a" * 76, canary.make(KEY, "")[:-1], f"{canary.make(KEY, '')}=", "B" * 76],
    ids=["a key", "no canary", "cut off", "padded", "another version"],
)
def test_a_malformed_canary_is_told_and_not_shown(context: MakeContext, text: str) -> None:
    """By SET001: whoever pastes the key there must not find it in a report."""
    made = context(f"ENCRYPTION_KEY={SECOND}\nENCRYPTION_CANARY={text}\n")
    message = "ENCRYPTION_CANARY must be a token that `workerctl keygen --canary` printed."

    assert told(made, "SET001") == [(Severity.ERROR, message, 2)]
    (result,) = [result for result in run(made) if result.code == "KEY006"]
    assert result.reason == "ENCRYPTION_CANARY is invalid (SET001)"


def test_a_canary_may_come_from_a_file(context: MakeContext) -> None:
    """Which is kept in the repository, beside the configuration."""
    made = context(f"ENCRYPTION_KEY={KEY}\nENCRYPTION_CANARY_FILE=canary\n")
    assert [row[0] for row in told(made, "SET001")] == [Severity.ERROR]
    with open("canary", "w", encoding="utf-8") as file:  # noqa: PTH123 -- beside the env file
        file.write(canary.make(KEY, "") + "\n")

    text = f"ENV=production\nENCRYPTION_KEY={KEY}\nENCRYPTION_CANARY_FILE=canary\n"
    assert told(context(text), "KEY006") == []


# ------------------------------------------------------------------------------------- KEY007


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (ADDED, "new key added, not active"),
        (ROTATED, "active, old data remains"),
        (ROTATED + bound(KEY), "active, old data remains"),
        (ROTATED + bound(SECOND), "ready to retire"),
    ],
)
def test_key007_names_the_state_and_the_next_step(
    context: MakeContext, text: str, state: str
) -> None:
    """As information, so that a deploy in the middle of a rotation passes."""
    (finding,) = continuity.KEY007.run(context(text))

    assert finding.severity is Severity.INFO
    assert finding.message.startswith(f"A rotation is under way ({state}): version ")
    assert OLD_ID in finding.message
    assert NEW_ID in finding.message
    assert "`workerctl keygen --" in (finding.hint or "")


def test_key007_passes_when_the_ring_is_stable(context: MakeContext) -> None:
    """Also where the current key is named twice, as some workers do."""
    stable = f"ENCRYPTION_KEY={KEY}\nENCRYPTION_KEY_VERSION=9\n"

    assert told(context(stable), "KEY007") == []
    assert told(context(f"{stable}ENCRYPTION_KEY_V9={KEY}\n"), "KEY007") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "ENCRYPTION_KEY is not set"),
        (f"ENCRYPTION_KEY_V1={KEY}", "ENCRYPTION_KEY is not set"),
        (f"{ROTATED}ENCRYPTION_KEY_V2={KEY}", "KEY005 failed"),
    ],
)
def test_key007_says_nothing_in_doubt(context: MakeContext, text: str, reason: str) -> None:
    """Of a ring that contradicts itself, or has no current key."""
    with pytest.raises(SkipCheck, match=reason):
        list(continuity.KEY007.run(context(text)))


def test_the_same_key_under_its_own_version_is_no_reuse(context: MakeContext) -> None:
    """ENV007 leaves the ring to KEY005."""
    text = f"ENV=production\nENCRYPTION_KEY={KEY}\nENCRYPTION_KEY_V0={KEY}\n"

    assert told(context(text), "ENV007") == []
    assert told(context(text.replace("V0", "V1")), "ENV007") == []
    assert len(told(context(f"{text}WEBHOOK_SECRET={KEY}\n"), "ENV007")) == 2
