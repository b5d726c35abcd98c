"""
The encryption key: there, well-formed, not guessable, and usable on this machine.
"""

from collections.abc import Iterator

from workerctl import keys
from workerctl.checks.base import Check, Context, SkipCheck
from workerctl.report.findings import Finding, Severity
from workerctl.schema import rules


def key_is_set(context: Context) -> Iterator[Finding]:
    """
    ENCRYPTION_KEY has a value.

    Why: without it the worker takes personal data in and fails at the first encryption, in the
    middle of a job.

    Fix: restore the key that the data was written with; only where there is no data yet, make
    one with `workerctl keygen --write FILE`.
    """
    return rules.key_presence(context.values, context.env)


def key_is_well_formed(context: Context) -> Iterator[Finding]:
    """
    ENCRYPTION_KEY is 64 hexadecimal characters, that is, 32 bytes for AES-256-GCM.

    Why: a key with a quote, a blank or a look-alike character in it is another key, or none.
    What is found is told by length and kind of character; no part of the key is shown.

    Fix: correct what the message names, or restore the key. `workerctl keygen` writes the one
    form that every env file parser reads alike.
    """
    return rules.key_form(context.values, context.env)


def key_is_strong(context: Context) -> Iterator[Finding]:
    """
    ENCRYPTION_KEY looks like 32 random bytes.

    Why: a documented example, a repeated pattern or a password in hexadecimal can be guessed,
    and with it everything it encrypts. This filters stand-ins; it does not prove randomness.

    Fix: make a key with `workerctl keygen`. If data was written with the old one, rotate.
    """
    severity = context.by_environment(
        development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    weakness = keys.weakness(_key(context))
    if severity is not None and weakness is not None:
        yield context.finding(
            "KEY003",
            severity,
            f"ENCRYPTION_KEY {weakness}.",
            "Make a random one with `workerctl keygen`.",
            "ENCRYPTION_KEY",
        )


def key_encrypts(context: Context) -> Iterator[Finding]:
    """
    AES-256-GCM with the key works on this machine: what it encrypts, it decrypts.

    Why: an image can lack the cryptography package, or carry one that does not load; that shows
    in the first job otherwise.

    Fix: install workerctl's dependencies as they are locked.
    """
    from workerctl import keyring

    failure = keyring.round_trip_failure(_key(context))
    if failure is not None:
        yield context.finding(
            "KEY004",
            Severity.ERROR,
            f"AES-256-GCM does not work on this machine ({failure}).",
            "Install the cryptography package for this platform.",
            "ENCRYPTION_KEY",
        )


def _key(context: Context) -> str:
    """
    The key. Raises SkipCheck where somebody accepts that there is none, so that KEY001 passes.
    """
    key = context.values.text("ENCRYPTION_KEY")
    if not key:
        raise SkipCheck("ENCRYPTION_KEY is not set")
    return key


KEY001 = Check("KEY001", "ENCRYPTION_KEY is set", key_is_set, looks_at=("ENCRYPTION_KEY",))
KEY002 = Check(
    "KEY002",
    "ENCRYPTION_KEY is 64 hexadecimal characters",
    key_is_well_formed,
    reads=("ENCRYPTION_KEY",),
    requires="KEY001",
)
KEY003 = Check(
    "KEY003",
    "ENCRYPTION_KEY is not guessable",
    key_is_strong,
    reads=("ENCRYPTION_KEY",),
    requires="KEY002",
)
KEY004 = Check(
    "KEY004",
    "This machine can encrypt and decrypt with the key",
    key_encrypts,
    reads=("ENCRYPTION_KEY",),
    requires="KEY002",
)
