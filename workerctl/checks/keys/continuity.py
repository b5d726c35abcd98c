"""
Keys over time: older keys are kept, the current key matches the data, and rotations are finished.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.checks.keys.rings import ring_of
from workerctl.keyring import versions
from workerctl.keyring.versions import HIGHEST, Ring
from workerctl.report.findings import Finding, Location, Severity
from workerctl.rules import EncryptionKey
from workerctl.schema.declarations import Declaration
from workerctl.secrecy.masking import PIECE, is_conventional_name

# What follows the family of a key in V_1, V-1, V1a, V1000 and VO (a letter typed for a digit), but
# not in another program's ENCRYPTION_KEY_VAULT_PATH.
_NO_NUMBER = "[A-Z]?|[^A-Z].*"


def keys_are_consistent(context: Context) -> Iterator[Finding]:
    """
    Older keys are well-formed, each under its own version.

    They are in variables with the name of the current key, `_V`, and a version from 0 to 255. The
    check also reports a gap between versions, a variable whose name ends in no valid version,
    and an added key that is too weak to become current.

    Why: data cannot be decrypted if its key is missing, truncated or stored under another version,
    and this shows only when the data is needed.

    Fix: restore the key from your backup of it, under the version that it had when it was current.
    """
    for key in _with_valid(context, "version"):
        ring = ring_of(context, key)
        for found in versions.problems(ring):
            yield context.finding(
                "KEY005",
                Severity.ERROR,
                f"{found.key.name} {found.words}.",
                "Restore the original key under its own version.",
                found.key.name,
            )
        yield from _weak_next_key(context, key, ring)
        yield from _gaps(context, key, ring)
        yield from _without_version(context, key)


def canary_opens(context: Context) -> Iterator[Finding]:
    """
    Canaries open with the current key or, during a rotation, with an older one.

    Why: a key can be well-formed and random but still not be the key that the data was encrypted
    with: it may belong to another environment, or to the data before a backup was restored. The
    canary is made with the key of the data, so it opens only with that key.

    Fix: restore the key that the canary names. If you have no canary yet, make one with the key
    that decrypts the data: `workerctl keygen --canary`.
    """
    skipped: list[str] = []
    for key in context.declared(EncryptionKey):
        canary = key.others.get("canary")
        if canary is None:
            skipped.append(f"{key.name} declares no canary")
        elif not context.values.text(canary):
            skipped.append(f"{canary} is not set")
        else:
            yield from _judged(context, key, canary)
    if skipped:
        raise SkipCheck(f"{', '.join(skipped)}, so nothing shows whether the key fits the data")


def _judged(context: Context, key: Declaration, name: str) -> Iterator[Finding]:
    from workerctl.keyring import canary
    from workerctl.keyring.canary import Outcome

    ring = ring_of(context, key)
    place = key.others.get("context")
    bound_to = "" if place is None else context.value(place)
    verified = canary.verify(context.values.text(name), ring, bound_to or "")
    found = verified.key
    if verified.outcome is Outcome.OTHER_KEY:
        current = f"the current key is {ring[0].id}" if ring[0].id else "the current key is weak"
        yield context.finding(
            "KEY006",
            Severity.ERROR,
            f"The canary was made with another key, {verified.key_id}; {current}.",
            f"Restore the key {verified.key_id}, because the data was encrypted with it.",
            key.name,
            name,
        )
    elif verified.outcome is Outcome.TAMPERED:
        and_set = "" if place is None else f", and set {place} to the context that it was made for"
        yield context.finding(
            "KEY006",
            Severity.ERROR,
            "The canary was modified, or was made for another context.",
            f"Restore {name}{and_set}.",
            name,
            *filter(None, [place]),
        )
    elif found is not None and found.version > ring[0].version:
        yield context.finding(
            "KEY006",
            Severity.WARNING,
            f"The canary was made with {found.title}, which is no longer the current key.",
            "Make it current again: `workerctl keygen --rotate --write FILE`.",
            key.name,
            name,
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
    come from an env file, make the changes by hand: first add the new key as version 1, in the
    variable whose name ends in `_V1`. Later, all at once, set the current key to the new key, its
    version to 1, and the variable that ends in `_V0` to the old key. docs/rotation.md describes the
    whole procedure, with a re-encryption loop to copy.
    """
    skipped: list[str] = []
    for key in _with_valid(context, "version", "canary"):
        ring = ring_of(context, key)
        if not ring or not ring[0].is_current:
            skipped.append(f"{key.name} is not set")
        elif any(versions.problems(ring)):
            skipped.append("KEY005 failed")
        elif len(ring) > 1:
            yield from _unfinished(context, key, ring)
    if skipped:
        raise SkipCheck(", ".join(skipped))


def _unfinished(context: Context, key: Declaration, ring: Ring) -> Iterator[Finding]:
    from workerctl.keyring import rotation, tokens

    parsed = tokens.parse_canary(context.values.text(key.others.get("canary", "")))
    assessed = rotation.assess(ring, parsed.key_id if parsed else None)
    if assessed.next_step is not None:
        yield context.finding(
            "KEY007",
            Severity.INFO,
            f"A rotation is under way ({assessed.state.value}): {assessed.facts}.",
            assessed.next_step,
            assessed.others[0].name,
            key.name,
        )


def _with_valid(context: Context, *roles: str) -> Iterator[Declaration]:
    """
    Yield the declared keys of which the key and the variables of these roles are valid.
    """
    keys = context.schema.of(EncryptionKey)
    groups = {
        (key.name, *(key.others[role] for role in roles if role in key.others)): key for key in keys
    }
    yield from (groups[group] for group in context.groups_of_valid(groups))


def _weak_next_key(context: Context, declared: Declaration, ring: Ring) -> Iterator[Finding]:
    version = declared.others.get("version")
    current = 0 if version is None else context.value(version) or 0
    for key in ring:
        is_next = key.version > current
        weakness = versions.weakness(key) if is_next else None
        if weakness is not None:
            yield context.finding(
                "KEY005",
                Severity.ERROR,
                f"{key.name}, the next current key, {weakness}.",
                f"Remove {key.name}, and add another: `workerctl keygen --add --write FILE`.",
                key.name,
            )


def _gaps(context: Context, declared: Declaration, ring: Ring) -> Iterator[Finding]:
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
            declared.others.get("version", declared.name),
        )


def _without_version(context: Context, key: Declaration) -> Iterator[Finding]:
    """
    Yield a finding for each variable that looks like an older key but names no version.
    """
    family = versions.family(key.name)
    for name, location in _unknown(context, family):
        if re.fullmatch(_NO_NUMBER, name.upper().removeprefix(family)):
            short = len(name) < len(family) + PIECE and is_conventional_name(name.upper())
            shown = name if short else f"A variable that begins with {family}"
            yield Finding(
                code="KEY005",
                severity=Severity.ERROR,
                message=f"{shown} does not end in a version from 0 to {HIGHEST}, "
                "so this key is never used.",
                hint=f"Rename it to {family} and the version that the key had.",
                fields=(),
                location=location,
            )


def _unknown(context: Context, family: str) -> Iterator[tuple[str, Location]]:
    """
    Yield the name and the location of each unknown variable of a family that is not empty.
    """
    unknown = context.values.unknown
    for name in unknown.names:
        if name.upper().startswith(family) and unknown.text(name):
            yield name, unknown.place(name)
    for source in context.values.env_files:
        for assignment in source.assignments:
            is_unknown = assignment.sets is None and assignment.text
            if is_unknown and assignment.name.upper().startswith(family):
                yield assignment.name, assignment.location


KEY005 = Check(
    "KEY005",
    "Every older key is well-formed and the versions are consistent",
    keys_are_consistent,
    rules=(EncryptionKey,),
)
KEY006 = Check(
    "KEY006",
    "The canary opens with the configured key",
    canary_opens,
    requires="KEY004",
    rules=(EncryptionKey,),
)
KEY007 = Check(
    "KEY007",
    "The key ring is stable: no rotation is under way",
    rotation_is_finished,
    requires="KEY002",
    rules=(EncryptionKey,),
)
