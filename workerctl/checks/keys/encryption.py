"""
The encryption key: it is set, well-formed, hard to guess, and usable on this machine.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from workerctl import keys
from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.report.findings import Finding, Severity
from workerctl.report.words import listed
from workerctl.rules import EncryptionKey
from workerctl.schema.boot_rules import rules


def key_is_set(context: Context) -> Iterator[Finding]:
    """
    Every field marked `EncryptionKey` has a value.

    Why: without a key the worker accepts personal data, then fails at the first encryption, in the
    middle of a job.

    Fix: restore the key that the data was encrypted with. Only if nothing has been encrypted yet,
    make a key with `workerctl keygen --write FILE`.
    """
    return rules.key_presence(context.view, context.env)


def key_is_well_formed(context: Context) -> Iterator[Finding]:
    """
    Encryption keys are 64 hexadecimal characters, the 32 bytes that AES-256-GCM requires.

    Why: a key that contains a quote, a blank or a look-alike character is a different key, or not a
    key at all. The finding describes the problem by length and kind of character; it never shows a
    part of the key.

    Fix: correct what the finding describes, or restore the key. `workerctl keygen` writes the one
    form that every env file parser reads in the same way.
    """
    yield from rules.key_form(context.view, context.env)
    deque(_keys(context), maxlen=0)  # skips the check if a key cannot be read


def key_is_strong(context: Context) -> Iterator[Finding]:
    """
    Encryption keys look like 32 random bytes.

    Why: a key that can be guessed protects nothing. Documented examples, repeated patterns and
    passwords written in hexadecimal are easy to guess. The check finds such keys; it does not prove
    that a key is random.

    Fix: make a key with `workerctl keygen`. If data was encrypted with the weak key, rotate it with
    `workerctl keygen --rotate` and re-encrypt the data (`workerctl explain KEY007`).
    """
    severity = context.by_environment(
        development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    for name, key in _keys(context):
        weakness = keys.weakness(key)
        if severity is not None and weakness is not None:
            yield context.finding(
                "KEY003",
                severity,
                f"{name} {weakness}.",
                "Make a random key with `workerctl keygen`, or rotate if this one encrypted data.",
                name,
            )


def key_encrypts(context: Context) -> Iterator[Finding]:
    """
    AES-256-GCM works on this machine: what the key encrypts, it decrypts again.

    Why: a container image may lack the cryptography package, or contain one that cannot be loaded.
    Otherwise this shows only in the first job. A machine that only checks, such as one of a CI
    service, does not encrypt: where the package is not installed, the check is skipped, except when
    a worker starts.

    Fix: install the locked version of the cryptography package for this platform.
    """
    from workerctl.keyring import cipher

    for name, key in _keys(context):
        if not context.starting and not cipher.is_installed():
            raise SkipCheck("cryptography is not installed")
        failure = cipher.round_trip_failure(key)
        if failure is not None:
            yield context.finding(
                "KEY004",
                Severity.ERROR,
                f"AES-256-GCM does not work on this machine ({failure}).",
                "Install the cryptography package for this platform.",
                name,
            )


def _keys(context: Context) -> Iterator[tuple[str, str]]:
    """
    Yield the name and the text of each key that is set.

    Raise SkipCheck at the end if another one is invalid, or not set, which a suppression of KEY001
    can allow.
    """
    unset: list[str] = []
    for (name,) in context.groups_of_valid(
        (each.name,) for each in context.schema.of(EncryptionKey)
    ):
        key = context.values.text(name)
        if key:
            yield name, key
        else:
            unset.append(name)
    if unset:
        raise SkipCheck(f"{listed(unset)} {'is' if len(unset) == 1 else 'are'} not set")


KEY001 = Check("KEY001", "{} is set", key_is_set, rules=(EncryptionKey,))
KEY002 = Check(
    "KEY002",
    "{} is 64 hexadecimal characters",
    key_is_well_formed,
    rules=(EncryptionKey,),
    requires="KEY001",
)
KEY003 = Check(
    "KEY003",
    "{} is not guessable",
    key_is_strong,
    rules=(EncryptionKey,),
    requires="KEY002",
)
KEY004 = Check(
    "KEY004",
    "This machine can encrypt and decrypt with the key",
    key_encrypts,
    rules=(EncryptionKey,),
    requires="KEY002",
)
