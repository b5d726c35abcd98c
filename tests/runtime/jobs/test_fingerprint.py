"""
Tests of the published fingerprint: it can be compared, and reveals no value to readers of Redis.
"""

import hashlib
import hmac
import json

import pytest

import workerctl
from tests.runtime.jobs.conftest import KEY
from workerctl import keys
from workerctl.runtime.jobs import fingerprint
from workerctl.schema import inputs
from workerctl.settings import Settings

OTHER_KEY = "1c84f0b7e25d93a60f7be41829c5d3706ae8f1b94d02c75638fe9ab1407d5c2e"
WEAK_KEY = "ab" * 32


def published(**values: object) -> dict:
    """
    Return what is published for these settings, with its JSON parsed.
    """
    fields = fingerprint.published(Settings(**{"ENCRYPTION_KEY": KEY, **values}))
    return {
        name.removeprefix("workerctl:"): json.loads(text) if text[:1] == "{" else text
        for name, text in fields.items()
    }


def test_every_public_field_has_a_digest_and_no_secret_has_one():
    found = published()
    assert set(found) == {"version", "keys", "fields", "fingerprint"}
    assert found["version"] == workerctl.__version__
    secrets = frozenset(inputs.names(Settings).secrets)
    assert set(found["fields"]) == set(Settings.model_fields) - secrets
    assert {"OPENAI_API_KEY", "REDIS_URL", "ENCRYPTION_KEY"} <= secrets
    assert found["keys"] == {"ENCRYPTION_KEY": keys.key_id(KEY)}


def test_equal_settings_have_equal_digests_and_a_change_affects_its_field_alone():
    one, other = published(LOG_LEVEL="INFO"), published(LOG_LEVEL="DEBUG")
    assert published(LOG_LEVEL="INFO") == one
    differing = {name for name in one["fields"] if one["fields"][name] != other["fields"][name]}
    assert differing == {"LOG_LEVEL"}
    assert one["fingerprint"] != other["fingerprint"]


def test_fields_with_the_same_value_have_different_digests():
    digests = published()["fields"]
    assert len(set(digests.values())) == len(digests)


def test_with_another_key_every_digest_differs():
    one, other = published(), published(ENCRYPTION_KEY=OTHER_KEY)
    assert not set(one["fields"].values()) & set(other["fields"].values())
    assert one["fingerprint"] != other["fingerprint"]
    assert one["keys"] != other["keys"]


def test_a_value_cannot_be_found_by_guessing():
    """The digest cannot be computed without the key, even if the algorithm is known."""
    found = json.dumps(published(LOG_LEVEL="INFO"))
    text = b'["LOG_LEVEL","INFO"]'
    public = [b"", b"workerctl/v1/config-fingerprint", keys.key_id(KEY).encode(), b"LOG_LEVEL"]
    guesses = [hashlib.sha256(text).hexdigest(), hashlib.sha256(b"INFO").hexdigest()]
    guesses += [hmac.digest(key, text, "sha256").hex() for key in public]
    assert not any(guess[:16] in found for guess in guesses)
    assert "INFO" not in found


@pytest.mark.parametrize("key", ["", WEAK_KEY])
def test_without_a_strong_key_no_field_is_published(key):
    assert published(ENCRYPTION_KEY=key) == {"version": workerctl.__version__, "keys": {}}


def test_older_keys_are_published_by_their_ids(monkeypatch, directory):
    monkeypatch.setenv("ENCRYPTION_KEY_V1", OTHER_KEY)
    monkeypatch.setenv("ENCRYPTION_KEY_V2", WEAK_KEY)
    assert published()["keys"] == {
        "ENCRYPTION_KEY": keys.key_id(KEY),
        "ENCRYPTION_KEY_V1": keys.key_id(OTHER_KEY),
    }


def test_no_piece_of_a_secret_is_published(directory):
    secrets = {
        "OPENAI_API_KEY": "oai_R4tq9WmZ2vB7nK5xD8cL3jH6fG1sPyTe",
        "REDIS_URL": "rediss://:pV7mqL2sXw9RkT4c@queue.example-works.net:6380/0",
        "WEBHOOK_URL": "https://hooks.example-works.net/in/Zx9Kp2Lm4Q",
    }
    text = json.dumps(published(**secrets))
    for secret in (*secrets.values(), KEY):
        assert not any(secret[start : start + 6] in text for start in range(len(secret) - 5))
