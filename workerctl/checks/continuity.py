"""
Keys over time: older keys are kept, the current key matches the data, and rotations are finished.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.keyring import versions
from workerctl.keyring.versions import CURRENT, FAMILY, HIGHEST, VERSION, Ring
from workerctl.report.findings import Finding, Location, Severity
from workerctl.secrecy.masking import PIECE, is_conventional_name

_CANARY = "ENCRYPTION_CANARY"
_CONTEXT = "ENCRYPTION_CANARY_CONTEXT"
# Matches V_1, V-1, V1a, V1000 and VO (a letter typed for a digit) after ENCRYPTION_KEY_, but not
# another program's ENCRYPTION_KEY_VAULT_PATH.
_NO_NUMBER = rf"{FAMILY}([A-Z]?|[^A-Z].*)"


def keys_are_consistent(context: Context) -> Iterator[Finding]:
    """
    ENCRYPTION_KEY_V0 to ENCRYPTION_KEY_V255 are well-formed, each under its own version.

    The check also reports a gap between versions, a variable whose name ends in no valid version,
    and an added key that is too weak to become current.

    Why: data cannot be decrypted if its key is missing, truncated or stored under another version,
    and this shows only when the data is needed.

    Fix: restore the key from your backup of it, under the version that it had when it was current.
    """
    ring = _ring(context)
    for found in versions.problems(ring):
        yield context.finding(
            "KEY005",
            Severity.ERROR,
            f"{found.key.name} {found.words}.",
            "Restore the original key under its own version.",
            found.key.name,
        )
    yield from _weak_next_key(context, ring)
    yield from _gaps(context, ring)
    yield from _without_version(context)


def canary_opens(context: Context) -> Iterator[Finding]:
    """
    ENCRYPTION_CANARY opens with the current key or, during a rotation, with an older one.

    Why: a key can be well-formed and random but still not be the key that the data was encrypted
    with: it may belong to another environment, or to the data before a backup was restored. The
    canary is made with the key of the data, so it opens only with that key.

    Fix: restore the key that the canary names. If you have no canary yet, make one with the key
    that decrypts the data: `workerctl keygen --canary`.
    """
    text = context.values.text(_CANARY)
    if not text:
        raise SkipCheck(f"{_CANARY} is not set, so nothing shows whether the key fits the data")
    from workerctl.keyring import canary
    from workerctl.keyring.canary import Outcome

    ring = _ring(context)
    verified = canary.verify(text, ring, context.settings.ENCRYPTION_CANARY_CONTEXT)
    key = verified.key
    if verified.outcome is Outcome.OTHER_KEY:
        current = f"the current key is {ring[0].id}" if ring[0].id else "the current key is weak"
        yield context.finding(
            "KEY006",
            Severity.ERROR,
            f"The canary was made with another key, {verified.key_id}; {current}.",
            f"Restore the key {verified.key_id}, because the data was encrypted with it.",
            CURRENT,
            _CANARY,
        )
    elif verified.outcome is Outcome.TAMPERED:
        yield context.finding(
            "KEY006",
            Severity.ERROR,
            "The canary was modified, or was made for another context.",
            f"Restore {_CANARY}, and set {_CONTEXT} to the context that it was made for.",
            _CANARY,
            _CONTEXT,
        )
    elif key is not None and key.version > context.settings.ENCRYPTION_KEY_VERSION:
        yield context.finding(
            "KEY006",
            Severity.WARNING,
            f"The canary was made with {key.title}, which is no longer the current key.",
            "Make it current again: `workerctl keygen --rotate --write FILE`.",
            CURRENT,
            _CANARY,
        )


def rotation_is_finished(context: Context) -> Iterator[Finding]:
    """
    No key rotation is under way: the current key is the only key.

    A rotation has five steps. (1) Add a key with `workerctl keygen --add`, and deploy. (2) Make it
    current with `workerctl keygen --rotate`, and deploy. (3) Re-encrypt all data with
    `KeyRing.reencrypt`, and count with `KeyRing.version_of` what still needs an older key. (4) Once
    the count is 0, renew the canary, if there is one, with `workerctl keygen --canary`. (5) Retire
    the older key with `workerctl keygen --retire`, and deploy.

    The states in between are called "new key added, not active", "active, old data remains" and
    "ready to retire". In each of them, every worker can decrypt all data.

    Why: an older key that is kept can be lost or stolen. Data that still needs a retired key can no
    longer be decrypted.

    Fix: take the next step, which the finding names, when its condition is met. If the keys do not
    come from an env file, make the changes by hand: first set ENCRYPTION_KEY_V1 to the new key.
    Later, all at once, set ENCRYPTION_KEY to the new key, ENCRYPTION_KEY_VERSION to 1, and
    ENCRYPTION_KEY_V0 to the old key. docs/rotation.md describes the whole procedure, with a
    re-encryption loop to copy.
    """
    ring = _ring(context)
    if not ring or ring[0].name != CURRENT:
        raise SkipCheck(f"{CURRENT} is not set")
    if any(versions.problems(ring)):
        raise SkipCheck("KEY005 failed")
    from workerctl.keyring import rotation, tokens

    parsed = tokens.parse_canary(context.values.text(_CANARY))
    assessed = rotation.assess(ring, parsed.key_id if parsed else None)
    if assessed.next_step is not None:
        yield context.finding(
            "KEY007",
            Severity.INFO,
            f"A rotation is under way ({assessed.state.value}): {assessed.facts}.",
            assessed.next_step,
            assessed.others[0].name,
            CURRENT,
        )


def _ring(context: Context) -> Ring:
    return versions.configured_ring(context.values, context.settings)


def _weak_next_key(context: Context, ring: Ring) -> Iterator[Finding]:
    for key in ring:
        is_next = key.version > context.settings.ENCRYPTION_KEY_VERSION
        weakness = versions.weakness(key) if is_next else None
        if weakness is not None:
            yield context.finding(
                "KEY005",
                Severity.ERROR,
                f"{key.name}, the next current key, {weakness}.",
                f"Remove {key.name}, and add another: `workerctl keygen --add --write FILE`.",
                key.name,
            )


def _gaps(context: Context, ring: Ring) -> Iterator[Finding]:
    known = sorted({key.version for key in ring if key.version <= HIGHEST})
    for lower, upper in pairwise(known):
        first, last = lower + 1, upper - 1
        if first > last:
            continue
        missing = f"Version {first} is" if first == last else f"Versions {first} to {last} are"
        yield context.finding(
            "KEY005",
            Severity.WARNING,
            f"{missing} missing between the keys of versions {lower} and {upper}.",
            f"Restore what is missing, or retire version {lower} as well.",
            VERSION,
        )


def _without_version(context: Context) -> Iterator[Finding]:
    """
    Yield a finding for each variable that looks like an older key but names no version.
    """
    for name, location in _unknown(context):
        if re.fullmatch(_NO_NUMBER, name.upper()):
            short = len(name) < len(FAMILY) + PIECE and is_conventional_name(name.upper())
            shown = name if short else f"A variable that begins with {FAMILY}"
            yield Finding(
                code="KEY005",
                severity=Severity.ERROR,
                message=f"{shown} does not end in a version from 0 to {HIGHEST}, "
                "so this key is never used.",
                hint=f"Rename it to {FAMILY} and the version that the key had.",
                fields=(),
                location=location,
            )


def _unknown(context: Context) -> Iterator[tuple[str, Location]]:
    """
    Yield the name and the location of each variable that is not empty and not a setting.
    """
    unknown = context.values.unknown
    for name in unknown.names:
        if name.upper().startswith(FAMILY) and unknown.text(name):
            yield name, Location("environment")
    for source in context.values.env_files:
        for assignment in source.assignments:
            if assignment.sets is None and assignment.text:
                yield assignment.name, assignment.location


KEY005 = Check(
    "KEY005",
    "Every older key is well-formed and the versions are consistent",
    keys_are_consistent,
    reads=(VERSION,),
    looks_at=(CURRENT,),
)
KEY006 = Check(
    "KEY006",
    "The canary opens with the configured key",
    canary_opens,
    reads=(CURRENT, VERSION, _CANARY, _CONTEXT),
    requires="KEY004",
)
KEY007 = Check(
    "KEY007",
    "The key ring is stable: no rotation is under way",
    rotation_is_finished,
    reads=(CURRENT, VERSION, _CANARY),
    requires="KEY002",
)
