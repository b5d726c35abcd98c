"""
Tests of `KeyRing.from_settings`: where keys come from, and which sets of them are refused.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.keyring.rings import (
    FIRST,
    MINT,
    OTHER,
    PLACE,
    SECOND,
    SECRET,
    WEAK,
    MakeRing,
    changed,
    refused,
    sealed_at_the_origin,
)
from tests.leaks.oracle import Oracle
from workerctl import keys
from workerctl.keyring import KeyRing
from workerctl.report.errors import ConfigurationError
from workerctl.settings import Settings


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "ENCRYPTION_KEY is empty."),
        ([f"ENCRYPTION_KEY={FIRST[:-1]}"], "ENCRYPTION_KEY has 63 characters, not 64."),
        ([f"ENCRYPTION_KEY={WEAK}"], "ENCRYPTION_KEY is an example from public documentation."),
        (
            [f"ENCRYPTION_KEY={FIRST}", f"ENCRYPTION_KEY_V3={OTHER}0"],
            "ENCRYPTION_KEY_V3 has 65 characters, not 64.",
        ),
        (
            [f"ENCRYPTION_KEY={FIRST}", f"ENCRYPTION_KEY_V256={OTHER}"],
            "ENCRYPTION_KEY_V256 has a version above 255.",
        ),
        (
            [f"ENCRYPTION_KEY={FIRST}", f"ENCRYPTION_KEY_V0={OTHER}"],
            "ENCRYPTION_KEY_V0 is a second, different key of version 0.",
        ),
        (
            [f"ENCRYPTION_KEY={FIRST}", f"ENCRYPTION_KEY_V4={FIRST.upper()}"],
            "ENCRYPTION_KEY_V4 is the same key as version 0.",
        ),
        (
            [f"ENCRYPTION_KEY={FIRST}", f"ENCRYPTION_KEY_V4={OTHER}", f"ENCRYPTION_KEY_V5={OTHER}"],
            "ENCRYPTION_KEY_V5 is the same key as version 4.",
        ),
        (
            [
                f"ENCRYPTION_KEY={FIRST}",
                f"ENCRYPTION_KEY_V4={OTHER}",
                f"ENCRYPTION_KEY_V04={SECOND}",
            ],
            "ENCRYPTION_KEY_V4 is a second, different key of version 4.",
        ),
    ],
)
def test_a_ring_that_contradicts_itself_is_refused(
    make: MakeRing, lines: list[str], words: str
) -> None:
    """Contradicting or bad keys are refused at once and by name, in development too."""
    assert refused(lambda: make(*lines)) == words


def test_the_current_key_may_be_named_twice(make: MakeRing) -> None:
    """The current key may also be set under its version, as some workers do."""
    lines = [f"ENCRYPTION_KEY={FIRST}", "ENCRYPTION_KEY_VERSION=9", f"ENCRYPTION_KEY_V9={FIRST}"]
    ring = make(*lines, f"ENCRYPTION_KEY_V09={FIRST.upper()}")

    assert repr(ring) == f"KeyRing(9: {keys.key_id(FIRST)})"


def test_a_weak_key_that_was_replaced_opens_what_it_wrote(make: MakeRing) -> None:
    """
    A weak older key opens tokens of the origin format.

    It has no id, so no token of the new format names it.
    """
    ring = make(f"ENCRYPTION_KEY={FIRST}", "ENCRYPTION_KEY_VERSION=2", f"ENCRYPTION_KEY_V1={WEAK}")
    token = changed(ring.encrypt(SECRET, context=PLACE), 3, 2 ^ 1)

    assert ring.decrypt(sealed_at_the_origin(WEAK, 1, SECRET), context=PLACE) == SECRET
    assert "another key" in refused(lambda: ring.decrypt(token, context=PLACE))
    assert repr(ring) == f"KeyRing(2: {keys.key_id(FIRST)}, 1: weak)"


def test_older_keys_come_from_every_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Older keys come from the environment, env files, named files and a directory of secrets.
    """
    monkeypatch.chdir(tmp_path)
    made = [MINT.key() for _ in range(5)]
    (tmp_path / ".env").write_text(f"ENCRYPTION_KEY={made[0]}\nENCRYPTION_KEY_V1={made[1]}\n")
    (tmp_path / "key").write_text(made[3] + "\n")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "ENCRYPTION_KEY_V4").write_text(made[4])
    monkeypatch.setenv("encryption_key_v2", made[2])
    monkeypatch.setenv("ENCRYPTION_KEY_V3_FILE", "key")
    monkeypatch.setenv("WORKERCTL_SECRETS_DIR", "secrets")
    settings = Settings(ENCRYPTION_KEY_VERSION=200)

    ids = {200: made[0], 1: made[1], 2: made[2], 3: made[3], 4: made[4]}
    shown = ", ".join(f"{version}: {keys.key_id(key)}" for version, key in ids.items())
    assert repr(KeyRing.from_settings(settings)) == f"KeyRing({shown})"
    assert Oracle(made).leaks(f"{settings!r} {settings} {settings.further_secrets}") == []
    assert Oracle(made[1:]).leaks(str(settings.model_dump())) == []


def test_an_older_key_that_cannot_be_read_stops_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older key in a file that cannot be read raises, like any other secret."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENCRYPTION_KEY_V3_FILE", "missing")

    with pytest.raises(ConfigurationError, match="ENCRYPTION_KEY_V3_FILE names a file"):
        Settings()


def test_a_team_may_have_further_families(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Secrets of further families do not become keys of the ring, even with a similar name.
    """

    class Team(Settings):
        """Settings with signing keys by number."""

        SECRET_FAMILIES = (*Settings.SECRET_FAMILIES, "ENCRYPTION_KEY_VAULT_", "SIGNING_KEY_")

    monkeypatch.chdir(tmp_path)
    for name in ("ENCRYPTION_KEY_VAULT_1", "SIGNING_KEY_7"):
        monkeypatch.setenv(name, OTHER)
    settings = Team(ENCRYPTION_KEY=FIRST)

    assert set(settings.further_secrets) == {"ENCRYPTION_KEY_VAULT_1", "SIGNING_KEY_7"}
    assert repr(KeyRing.from_settings(settings)) == f"KeyRing(0: {keys.key_id(FIRST)})"


def test_a_package_that_does_not_load_is_reported_at_once() -> None:
    """A missing cryptography package is reported when the ring is made, not by the first job."""
    program = f"""
import sys
sys.modules["cryptography"] = None
from workerctl.keyring import KeyRing
from workerctl.settings import Settings
try:
    KeyRing.from_settings(Settings(ENCRYPTION_KEY="{FIRST}"))
except Exception as error:
    print(type(error).__name__, error, error.__context__)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "EncryptionError The cryptography package does not load. None\n"
