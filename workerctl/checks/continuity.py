"""
The keys over time: older ones there, the right one current, a rotation brought to its end.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.keyring import rotation, tokens, versions
from workerctl.keyring.versions import CURRENT, FAMILY, HIGHEST, VERSION, Ring
from workerctl.report.findings import Finding, Location, Severity
from workerctl.secrecy.masking import PIECE, is_conventional_name

_CANARY = "ENCRYPTION_CANARY"
_CONTEXT = "ENCRYPTION_CANARY_CONTEXT"
# ENCRYPTION_KEY_V_1, V-1, V1a, V1000, and the letter where a digit was meant; not …_VAULT_PATH.
_NO_NUMBER = rf"{FAMILY}([A-Z]?|[^A-Z].*)"


def keys_are_consistent(context: Context) -> Iterator[Finding]:
    """
    Every other key, ENCRYPTION_KEY_V0 to ENCRYPTION_KEY_V255, is well-formed and has its version.

    Why: what was written with a key that is missing, cut short or under another number cannot be
    read, and that shows only when somebody needs it.

    Fix: restore the key from where it is kept, under the version that it had when it was current.
    """
    ring = _ring(context)
    for found in versions.problems(ring):
        yield context.finding(
            "KEY005",
            Severity.ERROR,
            f"{found.key.name} {found.words}.",
            "Restore the exact key under its own version.",
            found.key.name,
        )
    yield from _weak_next_key(context, ring)
    yield from _gaps(context, ring)
    yield from _unread(context)


def canary_opens(context: Context) -> Iterator[Finding]:
    """
    ENCRYPTION_CANARY opens with the current key, or with an older one during a rotation.

    Why: a key can be well-formed, random, and not the one that the data was written with: that of
    another environment, or of before a backup was restored. The canary proves that it fits.

    Fix: restore the key that the canary names. Where there is no canary yet, make one with the key
    that reads the data: `workerctl keygen --canary`.
    """
    text = context.values.text(_CANARY)
    if not text:
        raise SkipCheck("there is no canary: nothing proves that the key is the one of the data")
    from workerctl.keyring import canary
    from workerctl.keyring.canary import Outcome

    ring = _ring(context)
    judged = canary.verify(text, ring, context.settings.ENCRYPTION_CANARY_CONTEXT)
    if judged.outcome is Outcome.OTHER_KEY:
        current = f"the current key is {ring[0].id}" if ring[0].id else "the current key is weak"
        yield context.finding(
            "KEY006",
            Severity.ERROR,
            f"The canary was written by another key, {judged.key_id}; {current}.",
            f"Restore the key {judged.key_id}: the data was written with it.",
            CURRENT,
            _CANARY,
        )
    elif judged.outcome is Outcome.TAMPERED:
        yield context.finding(
            "KEY006",
            Severity.ERROR,
            "The canary was tampered with, or belongs to another context.",
            f"Restore {_CANARY} and {_CONTEXT} as `workerctl keygen --canary` was given them.",
            _CANARY,
            _CONTEXT,
        )
    elif judged.key is not None and judged.key.version > context.settings.ENCRYPTION_KEY_VERSION:
        yield context.finding(
            "KEY006",
            Severity.WARNING,
            f"The canary was written with {judged.key.title}, which is not current any more.",
            "Make it current again: `workerctl keygen --rotate --write FILE`.",
            CURRENT,
            _CANARY,
        )


def rotation_is_finished(context: Context) -> Iterator[Finding]:
    """
    No rotation of keys is under way: the current key is the only one.

    A rotation is: `keygen --add`, deploy; `keygen --rotate`, deploy; encrypt anew with
    `KeyRing.reencrypt` and count with `KeyRing.version_of`; renew the canary; `keygen --retire`.
    The states between are "new key added, not active", "active, old data remains" and "ready to
    retire". In each of them every worker can read all data.

    Why: an older key that is kept can still be lost or stolen, and one that is dropped too soon
    takes its data along.

    Fix: do the next step that the finding names, when it is time for it. Where keys do not come
    from an env file, do by hand what the commands do: the new key is ENCRYPTION_KEY_V1, then it is
    ENCRYPTION_KEY with ENCRYPTION_KEY_VERSION=1 and the old one ENCRYPTION_KEY_V0, all at once.
    docs/rotation.md has the whole way, and a loop to copy that encrypts anew and counts.
    """
    ring = _ring(context)
    if not ring or ring[0].name != CURRENT:
        raise SkipCheck(f"{CURRENT} is not set")
    if any(versions.problems(ring)):
        raise SkipCheck("KEY005 failed")
    parsed = tokens.parse_canary(context.values.text(_CANARY))
    stands = rotation.of(ring, parsed.key_id if parsed else None)
    if stands.next_step is not None:
        yield context.finding(
            "KEY007",
            Severity.INFO,
            f"Rotation: {stands.state.value}; {stands.facts}.",
            stands.next_step,
            stands.waiting[0].name,
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
                f"{key.name} {weakness}, and is to be current next.",
                f"Remove {key.name}, and add another: `workerctl keygen --add --write FILE`.",
                key.name,
            )


def _gaps(context: Context, ring: Ring) -> Iterator[Finding]:
    known = sorted({key.version for key in ring if key.version <= HIGHEST})
    for lower, upper in pairwise(known):
        first, last = lower + 1, upper - 1
        if first > last:
            continue
        missing = f"version {first} is" if first == last else f"versions {first} to {last} are"
        yield context.finding(
            "KEY005",
            Severity.WARNING,
            f"There is a key of version {lower}, and {missing} missing.",
            f"Restore what is missing, or retire version {lower}, too.",
            VERSION,
        )


def _unread(context: Context) -> Iterator[Finding]:
    """
    Keys under a name that has no number, of which nothing reads a thing.
    """
    for name, location in _unknown(context):
        if re.fullmatch(_NO_NUMBER, name.upper()):
            short = len(name) < len(FAMILY) + PIECE and is_conventional_name(name.upper())
            shown = name if short else f"A name that begins with {FAMILY}"
            yield Finding(
                code="KEY005",
                severity=Severity.ERROR,
                message=f"{shown} has no version from 0 to {HIGHEST} in it, "
                "so nothing reads this key.",
                hint=f"Name it {FAMILY} and the version that it had.",
                fields=(),
                location=location,
            )


def _unknown(context: Context) -> Iterator[tuple[str, Location]]:
    """
    The names that no setting has and that are not empty, with their places.
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
    "The canary opens: the key is the one of the data",
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
