"""
Tests of the checks of keys over time: versions, the canary, and the state of a rotation.
"""

import pytest

from tests.leaks.oracle import Mint, Oracle
from tests.support.configurations import KEY, MakeContext
from workerctl import keys
from workerctl.checks.base import Context, SkipCheck
from workerctl.checks.engine.run import run
from workerctl.checks.keys import continuity
from workerctl.checks.table import CHECKS
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
    Return the lines of an env file that set a canary of the key, bound to the context.
    """
    made = canary.make(key, context)
    return f"ENCRYPTION_CANARY={made}\nENCRYPTION_CANARY_CONTEXT={context}\n"


def found_by(context: Context, check: str) -> list[tuple[Severity, str, int | None]]:
    """
    Return severity, message and line of each finding of a check. None may hold a part of a key.
    """
    (result,) = [result for result in run(context, CHECKS) if result.code == check]
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
def test_key005_reports_each_bad_key(
    context: MakeContext, env: str, line: str, message: str
) -> None:
    """A bad key is an error in every environment, at the line of the key."""
    text = f"ENV={env}\nENCRYPTION_KEY={KEY}\nENCRYPTION_KEY_VERSION=2\n{line}\n"

    assert found_by(context(text), "KEY005") == [(Severity.ERROR, message, 4)]


def test_key005_reports_older_keys_next_to_a_bad_current_one(context: MakeContext) -> None:
    """A bad or missing current key does not hide a bad older one."""
    text = f"ENCRYPTION_KEY=short\nENCRYPTION_KEY_VERSION=1\nENCRYPTION_KEY_V0={THIRD}0\n"
    missing = f"ENCRYPTION_KEY_VERSION=1\nENCRYPTION_KEY_V0={THIRD}0\n"

    message = "ENCRYPTION_KEY_V0 has 65 characters, not 64."
    assert found_by(context(text), "KEY005") == [(Severity.ERROR, message, 3)]
    assert found_by(context(missing), "KEY005") == [(Severity.ERROR, message, 2)]


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
def test_key005_reports_a_key_that_nothing_reads(
    context: MakeContext, name: str, shown: str
) -> None:
    """
    A misspelt key is reported in the environment and in a file.

    A long name is not shown, because it may contain a secret.
    """
    message = f"{shown} does not end in a version from 0 to 255, so this key is never used."
    text = f"ENCRYPTION_KEY={KEY}\n"

    in_file = context(f"{text}{name}={SECOND}\n")
    assert found_by(in_file, "KEY005") == [(Severity.ERROR, message, 2)]
    in_environment = context(text, {name: SECOND})
    assert found_by(in_environment, "KEY005") == [(Severity.ERROR, message, None)]
    assert found_by(context(f"{text}{name}=\n", {name: ""}), "KEY005") == []


def test_key005_ignores_variables_that_are_not_keys_of_the_ring(context: MakeContext) -> None:
    """Other variables whose names begin in the same way are ignored."""
    text = f"{ROTATED}ENCRYPTION_KEY_VAULT_PATH=a/b\nENCRYPTION_KEY_VERSIONS=2\n"

    assert found_by(context(text), "KEY005") == []


def test_key005_warns_of_a_gap(context: MakeContext) -> None:
    """A version that is missing between two keys is a warning."""
    text = f"ENCRYPTION_KEY={KEY}\nENCRYPTION_KEY_VERSION=4\n"

    with_gap = context(f"{text}ENCRYPTION_KEY_V1={SECOND}\n")
    message = "Versions 2 to 3 are missing between the keys of versions 1 and 4."
    assert found_by(with_gap, "KEY005") == [(Severity.WARNING, message, 2)]
    smaller = context(f"{text}ENCRYPTION_KEY_V2={SECOND}\n")
    message = "Version 3 is missing between the keys of versions 2 and 4."
    assert found_by(smaller, "KEY005") == [(Severity.WARNING, message, 2)]
    assert found_by(context(text), "KEY005") == []
    assert found_by(context(f"{text}ENCRYPTION_KEY_V3={SECOND}\n"), "KEY005") == []


def test_key005_requires_the_next_key_to_be_strong(context: MakeContext) -> None:
    """The next key must be strong; an older key may be weak, because rotation replaces it."""
    older = f"{ROTATED}".replace(f"V0={KEY}", f"V0={WEAK}")
    newer = ADDED.replace(SECOND, WEAK)
    message = "ENCRYPTION_KEY_V1, the next current key, is an example from public documentation."

    assert found_by(context(older), "KEY005") == []
    assert found_by(context(newer), "KEY005") == [(Severity.ERROR, message, 2)]


def test_an_invalid_version_is_reported(context: MakeContext) -> None:
    """SET001 reports an invalid version, and the checks that depend on it are skipped."""
    results = {
        result.code: result
        for result in run(context(f"{ROTATED}ENCRYPTION_KEY_VERSION=two\n"), CHECKS)
    }

    assert results["SET001"].status is Status.FAILED
    for code in ("KEY005", "KEY006", "KEY007"):
        assert results[code].reason == "ENCRYPTION_KEY_VERSION is invalid (SET001)"


# ------------------------------------------------------------------------------------- KEY006


def test_key006_passes_with_the_right_key(context: MakeContext) -> None:
    """The canary may be of the current key, or of an older one during a rotation."""
    for key, text in ((KEY, f"ENCRYPTION_KEY={KEY}\n"), (SECOND, ROTATED), (KEY, ROTATED)):
        assert found_by(context(text + bound(key)), "KEY006") == []


@pytest.mark.parametrize("env", ["development", "staging", "production"])
def test_key006_refuses_another_key(context: MakeContext, env: str) -> None:
    """
    A canary of another key is an error in every environment, with both ids, at the line of the key.
    """
    text = f"ENV={env}\nENCRYPTION_KEY={SECOND}\n{bound(KEY)}"
    message = f"The canary was made with another key, {OLD_ID}; the current key is {NEW_ID}."

    assert found_by(context(text), "KEY006") == [(Severity.ERROR, message, 2)]


def test_key006_reports_a_weak_key_without_an_id(context: MakeContext) -> None:
    """A weak key is reported without an id, which would allow guesses to be verified."""
    message = f"The canary was made with another key, {OLD_ID}; the current key is weak."

    found = found_by(context(f"ENCRYPTION_KEY={WEAK}\n{bound(KEY)}"), "KEY006")
    assert found == [(Severity.ERROR, message, 1)]


def test_key006_refuses_another_context(context: MakeContext) -> None:
    """A canary that was made for another context is an error."""
    text = f"ENCRYPTION_KEY={KEY}\n{bound(KEY)}".replace("production/", "staging/")
    message = "The canary was modified, or was made for another context."

    assert found_by(context(text), "KEY006") == [(Severity.ERROR, message, 2)]
    without = "\n".join(f"ENCRYPTION_KEY={KEY}\n{bound(KEY)}".splitlines()[:-1])
    assert found_by(context(without), "KEY006") == [(Severity.ERROR, message, 2)]


def test_key006_warns_of_a_canary_of_the_next_key(context: MakeContext) -> None:
    """A canary of the next key is a warning: the configuration is older than the data."""
    message = f"The canary was made with version 1 ({NEW_ID}), which is no longer the current key."

    assert found_by(context(ADDED + bound(SECOND)), "KEY006") == [(Severity.WARNING, message, 1)]


def test_key006_is_skipped_without_a_canary(context: MakeContext) -> None:
    """A missing canary is reported as skipped, and does not fail the configuration."""
    made = context(f"ENV=production\nENCRYPTION_KEY={KEY}\n")
    (result,) = [result for result in run(made, CHECKS) if result.code == "KEY006"]

    assert result.status is Status.SKIPPED
    assert result.reason == (
        "ENCRYPTION_CANARY is not set, so nothing shows whether the key fits the data"
    )


@pytest.mark.parametrize(
    "text",
    [KEY, "a" * 76, canary.make(KEY, "")[:-1], f"{canary.make(KEY, '')}=", "B" * 76],
    ids=["a key", "no canary", "cut off", "padded", "another version"],
)
def test_a_malformed_canary_is_reported_and_not_shown(context: MakeContext, text: str) -> None:
    """SET001 reports a malformed canary without its text, which may be a key pasted by mistake."""
    made = context(f"ENCRYPTION_KEY={SECOND}\nENCRYPTION_CANARY={text}\n")
    message = "ENCRYPTION_CANARY must be a token that `workerctl keygen --canary` printed."

    assert found_by(made, "SET001") == [(Severity.ERROR, message, 2)]
    (result,) = [result for result in run(made, CHECKS) if result.code == "KEY006"]
    assert result.reason == "ENCRYPTION_CANARY is invalid (SET001)"


def test_a_canary_may_come_from_a_file(context: MakeContext) -> None:
    """The canary may be in a file, which is kept in the repository next to the configuration."""
    made = context(f"ENCRYPTION_KEY={KEY}\nENCRYPTION_CANARY_FILE=canary\n")
    assert [row[0] for row in found_by(made, "SET001")] == [Severity.ERROR]
    with open("canary", "w", encoding="utf-8") as file:  # noqa: PTH123 -- next to the env file
        file.write(canary.make(KEY, "") + "\n")

    text = f"ENV=production\nENCRYPTION_KEY={KEY}\nENCRYPTION_CANARY_FILE=canary\n"
    assert found_by(context(text), "KEY006") == []


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
    """A rotation is reported as information, so that a deploy in the middle of it passes."""
    (finding,) = continuity.KEY007.run(context(text))

    assert finding.severity is Severity.INFO
    assert finding.message.startswith(f"A rotation is under way ({state}): version ")
    assert OLD_ID in finding.message
    assert NEW_ID in finding.message
    assert "`workerctl keygen --" in (finding.hint or "")


def test_key007_passes_when_the_ring_is_stable(context: MakeContext) -> None:
    """A stable ring passes, even if its current key is also named by version."""
    stable = f"ENCRYPTION_KEY={KEY}\nENCRYPTION_KEY_VERSION=9\n"

    assert found_by(context(stable), "KEY007") == []
    assert found_by(context(f"{stable}ENCRYPTION_KEY_V9={KEY}\n"), "KEY007") == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "ENCRYPTION_KEY is not set"),
        (f"ENCRYPTION_KEY_V1={KEY}", "ENCRYPTION_KEY is not set"),
        (f"{ROTATED}ENCRYPTION_KEY_V2={KEY}", "KEY005 failed"),
    ],
)
def test_key007_is_skipped_for_an_ambiguous_ring(
    context: MakeContext, text: str, reason: str
) -> None:
    """A ring that contradicts itself, or has no current key, skips the check."""
    with pytest.raises(SkipCheck, match=reason):
        list(continuity.KEY007.run(context(text)))


def test_env007_ignores_the_current_key_under_its_version(context: MakeContext) -> None:
    """ENV007 leaves keys of the ring to KEY005, and compares them with other secrets only."""
    text = f"ENV=production\nENCRYPTION_KEY={KEY}\nENCRYPTION_KEY_V0={KEY}\n"

    assert found_by(context(text), "ENV007") == []
    assert found_by(context(text.replace("V0", "V1")), "ENV007") == []
    assert len(found_by(context(f"{text}WEBHOOK_SECRET={KEY}\n"), "ENV007")) == 2
