"""
Tests of `KeyRing.from_settings` with a settings class of a team, and of tokens that are text.
"""

from pathlib import Path
from typing import Annotated

import pytest
from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.keyring.rings import FIRST, SECOND
from workerctl import keys
from workerctl.keyring import KeyRing
from workerctl.rules import EncryptionKey
from workerctl.runtime.exceptions import EncryptionError
from workerctl.settings import get_settings

PLACE = b"people/name/1"


class OneKey(BaseSettings):
    """
    A class with one key and its version.
    """

    model_config = SettingsConfigDict(env_prefix="APP_")

    pii_key: Annotated[SecretStr, EncryptionKey(version="pii_version")] = SecretStr("")
    pii_version: int = 0


class NoVersion(OneKey):
    """
    A class whose version need not be set.
    """

    pii_version: int | None = None  # type: ignore[assignment]


class Vault(BaseModel):
    """
    A nested model with a key that is an ordinary text.
    """

    key: Annotated[str, EncryptionKey()] = ""


class TwoKeys(BaseSettings):
    """
    A class with two keys, one of them nested.
    """

    model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__")

    pii_key: Annotated[SecretStr, EncryptionKey()] = SecretStr("")
    vault: Vault = Vault()


class NoKey(BaseSettings):
    """
    A class that marks no key.
    """

    encryption_key: str = "of another format"


@pytest.fixture(name="env")
def _env(directory: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """
    Yield a monkeypatch, in a process without cached settings.
    """
    get_settings.cache_clear()
    yield monkeypatch
    get_settings.cache_clear()


def test_the_ring_has_the_marked_key_and_its_family(env: pytest.MonkeyPatch, directory: Path):
    """The variables of older keys have the prefix of the class; they come from the sources."""
    env.setenv("APP_PII_KEY", SECOND)
    env.setenv("APP_PII_VERSION", "2")
    (directory / ".env").write_text(f"APP_PII_KEY_V1={FIRST}\n")
    env.setenv("WORKERCTL_ENV_FILE", ".env")
    settings = get_settings(OneKey)
    shown = f"KeyRing(2: {keys.key_id(SECOND)}, 1: {keys.key_id(FIRST)})"
    assert repr(KeyRing.from_settings(settings)) == shown

    # As they were when the settings were loaded.
    (directory / ".env").unlink()
    assert repr(KeyRing.from_settings(settings)) == shown


def test_an_instance_of_the_team_gets_the_keys_of_the_sources(env: pytest.MonkeyPatch):
    env.setenv("APP_PII_KEY", SECOND)
    env.setenv("APP_PII_VERSION", "2")
    env.setenv("APP_PII_KEY_V1", FIRST)

    shown = f"KeyRing(2: {keys.key_id(SECOND)}, 1: {keys.key_id(FIRST)})"
    assert repr(KeyRing.from_settings(OneKey())) == shown


def test_a_key_without_a_version_has_version_0(env: pytest.MonkeyPatch):
    env.setenv("APP_PII_KEY", FIRST)

    assert KeyRing.from_settings(get_settings(NoVersion)).current_version == 0


def test_the_field_is_given_by_name(env: pytest.MonkeyPatch):
    env.setenv("APP_PII_KEY", FIRST)
    with pytest.raises(TypeError, match="positional"):
        KeyRing.from_settings(get_settings(OneKey), "pii_key")  # type: ignore[misc]


@pytest.mark.parametrize(
    ("field", "key"), [("pii_key", FIRST), ("vault.key", SECOND), ("APP_VAULT__KEY", SECOND)]
)
def test_a_class_with_two_keys_has_two_rings(env: pytest.MonkeyPatch, field: str, key: str):
    env.setenv("APP_PII_KEY", FIRST)
    env.setenv("APP_VAULT__KEY", SECOND)
    ring = KeyRing.from_settings(get_settings(TwoKeys), field=field)

    assert repr(ring) == f"KeyRing(0: {keys.key_id(key)})"


def test_the_key_of_a_ring_must_be_clear(env: pytest.MonkeyPatch):
    env.setenv("APP_PII_KEY", FIRST)
    env.setenv("APP_VAULT__KEY", SECOND)
    words = r"The field must be one of the encryption keys of TwoKeys: pii_key, vault\.key\."
    for field in (None, "vault"):
        with pytest.raises(ValueError, match=words):
            KeyRing.from_settings(get_settings(TwoKeys), field=field)
    with pytest.raises(ValueError, match=r"No field of NoKey is marked EncryptionKey\(\)\."):
        KeyRing.from_settings(get_settings(NoKey))


def test_a_key_that_is_not_one_is_refused_by_the_name_of_its_variable(env: pytest.MonkeyPatch):
    with pytest.raises(EncryptionError, match="APP_PII_KEY"):
        KeyRing.from_settings(get_settings(OneKey))


def test_a_token_may_be_text(env: pytest.MonkeyPatch):
    """A text column returns text; a re-encrypted token has the type of the given one."""
    env.setenv("APP_PII_KEY", FIRST)
    old = KeyRing.from_settings(OneKey())
    env.setenv("APP_PII_KEY", SECOND)
    env.setenv("APP_PII_VERSION", "1")
    env.setenv("APP_PII_KEY_V0", FIRST)
    ring = KeyRing.from_settings(OneKey())
    token = old.encrypt(b"A. Applicant", context=PLACE).decode()

    assert ring.decrypt(token, context=PLACE) == b"A. Applicant"
    assert (ring.version_of(token), ring.is_current(token)) == (0, False)
    renewed = ring.reencrypt(token, PLACE)
    assert isinstance(renewed, str)
    assert ring.is_current(renewed)
    assert ring.reencrypt(renewed, PLACE) is renewed
    assert isinstance(ring.reencrypt(token.encode(), PLACE), bytes)


@pytest.mark.parametrize("text", ["", "wkt1", "wkt1…", "naïve", "\udcff"])
def test_text_that_is_not_a_token_is_malformed(env: pytest.MonkeyPatch, text: str):
    env.setenv("APP_PII_KEY", FIRST)
    with pytest.raises(EncryptionError, match=r"The token is malformed\."):
        KeyRing.from_settings(OneKey()).decrypt(text, context=PLACE)
