"""
Tests of the canary: one key opens it in one context, and any other case has its own outcome.
"""

import base64
import hmac
import random
import re
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from tests.keyring.rings import FIRST, OTHER, SECOND, WEAK
from tests.leaks.oracle import Oracle
from tests.support.effort import effort
from workerctl import keys
from workerctl.keyring import canary, tokens
from workerctl.keyring.canary import Outcome, Verification
from workerctl.keyring.versions import VersionedKey
from workerctl.schema.vocabulary import CANARY_PATTERN
from workerctl.settings import Settings

CONTEXT = "production/db-eu"
WRONG_KEYS = effort(20_000)
HEADER, NONCE = 9, 12


def named(text: str, version: int = 0) -> VersionedKey:
    """
    Return a key of a ring.
    """
    return VersionedKey("ENCRYPTION_KEY", version, text)


def outcome(token: str, *ring: str, context: str = CONTEXT) -> Outcome:
    """
    Return the outcome of verifying a canary with a ring of the given keys.
    """
    return canary.verify(token, [named(key, at) for at, key in enumerate(ring)], context).outcome


def made_by_hand(key: str, context: str, nonce: bytes) -> str:
    """
    Return a canary, made according to RFC 5869 and the description of the format.
    """
    raw = bytes.fromhex(key)
    purpose_key = hmac.digest(raw, b"workerctl/v1/canary\x01", sha256)
    header = b"\x01" + bytes.fromhex(keys.key_id(key)[4:])
    bound = b"workerctl-canary" + header + context.encode()
    sealed = AESGCM(purpose_key).encrypt(nonce, b"workerctl canary v01", bound)
    return base64.urlsafe_b64encode(header + nonce + sealed).decode()


def respelt(token: str, data: bytes) -> str:
    """
    Encode other bytes as the text of a canary.
    """
    assert len(data) == len(base64.urlsafe_b64decode(token))
    return base64.urlsafe_b64encode(data).decode()


def test_the_right_key_opens_it() -> None:
    """
    The result names the key that opens the canary, whether it is the current one or an older one.
    """
    token = canary.make(SECOND, CONTEXT)
    ring = [named(FIRST, 1), named(SECOND, 0)]

    assert re.fullmatch("[A-Za-z0-9_-]{76}", token)
    judged = canary.verify(token, ring, CONTEXT)
    assert judged == Verification(Outcome.OPENS, keys.key_id(SECOND), ring[1])
    assert Oracle([FIRST, SECOND]).leaks(f"{token} {judged!r} {judged}") == []


def test_no_two_canaries_are_alike() -> None:
    """
    Each canary has a new nonce.
    """
    assert len({canary.make(FIRST, CONTEXT) for _ in range(300)}) == 300


def test_the_format_stays_readable() -> None:
    """
    A canary of an earlier version opens; otherwise, every canary stored with data would be useless.
    """
    token = made_by_hand(FIRST, CONTEXT, bytes(range(12)))
    long_ago = "AQlffBFqnpn_AAECAwQFBgcICQoLfw9D-2WbtifU_iwnuUTkiD9n6_pASFu6rVCghRm1SKF8K409"
    key = "911d31690a8ff606eb0ecc1be9f51f7f7c0fa631639aae99aca8f3b30ad77224"

    assert outcome(token, FIRST) is Outcome.OPENS
    assert made_by_hand(key, "예/db", bytes(range(12))) == long_ago
    assert outcome(long_ago, key, context="예/db") is Outcome.OPENS


def test_of_20_000_wrong_keys_none_is_accepted() -> None:
    """
    No wrong key opens a canary, not even one with the id of that key, which is tried 5 000 times.
    """
    token = canary.make(FIRST, CONTEXT)
    data = base64.urlsafe_b64decode(token)
    source = random.Random(20_000)
    for number in range(WRONG_KEYS):
        wrong = named(source.randbytes(32).hex())
        assert canary.verify(token, [wrong], CONTEXT).outcome is Outcome.OTHER_KEY
        if number % 4:
            continue
        forged = respelt(token, b"\x01" + tokens.id_bytes(wrong.id or "") + data[HEADER:])
        assert canary.verify(forged, [wrong], CONTEXT).outcome is Outcome.TAMPERED


def test_no_changed_bit_of_the_key_is_accepted() -> None:
    """
    A key of which any of the 256 bits differs does not open the canary.
    """
    token = canary.make(FIRST, CONTEXT)
    for bit in range(256):
        other = (int(FIRST, 16) ^ 1 << bit).to_bytes(32, "big").hex()
        assert outcome(token, other) is Outcome.OTHER_KEY


def test_no_changed_bit_of_the_canary_is_accepted() -> None:
    """
    The outcome depends on the changed part: the version, the key id, or the sealed text.
    """
    token = canary.make(FIRST, CONTEXT)
    data = base64.urlsafe_b64decode(token)
    for at in range(8 * len(data)):
        other = bytearray(data)
        other[at // 8] ^= 1 << at % 8
        found = outcome(respelt(token, bytes(other)), FIRST)
        in_id = Outcome.OTHER_KEY if at // 8 < HEADER else Outcome.TAMPERED
        assert found is (Outcome.MALFORMED if at < 8 else in_id), at


def test_no_changed_bit_of_its_text_is_accepted() -> None:
    """
    A canary of which any bit of a character differs does not open.
    """
    token = canary.make(FIRST, CONTEXT)
    for at in range(8 * len(token)):
        text = bytearray(token.encode())
        text[at // 8] ^= 1 << at % 8
        assert outcome(text.decode("latin-1"), FIRST) is not Outcome.OPENS, at


def test_other_text_than_a_canary_is_malformed() -> None:
    """
    Truncated, extended or differently encoded canaries, keys and tokens of data are malformed.
    """
    token = canary.make(FIRST, CONTEXT)
    others = [token[:size] for size in range(1, len(token))]
    others += [token[1:], f"{token}=", f"{token}\n", f" {token}", f"{token}AAAA", token * 2]
    others += [FIRST, "wkt1" + token[4:], "\udc80" * 76, "é" * 76, f"{token[:-1]}+"]

    for other in others:
        assert outcome(other, FIRST) is Outcome.MALFORMED, other
        assert tokens.parse_canary(other) is None


def test_another_context_is_refused() -> None:
    """
    A context that differs only in length or in case is another context.
    """
    token = canary.make(FIRST, CONTEXT)
    for other in ("", CONTEXT[:-1], f"{CONTEXT} ", CONTEXT.upper(), "production/db-us", "\udc80"):
        assert outcome(token, FIRST, context=other) is Outcome.TAMPERED
    assert outcome(canary.make(FIRST, ""), FIRST) is Outcome.TAMPERED


def test_a_missing_canary_and_one_of_another_key_are_distinguished() -> None:
    """
    The result has the id of the other key, which is public, so that the key can be found.
    """
    token = canary.make(OTHER, CONTEXT)

    assert canary.verify("", [named(FIRST)], CONTEXT) == Verification(Outcome.MISSING)
    judged = canary.verify(token, [named(FIRST), named("short", 1), named(WEAK, 2)], CONTEXT)
    assert judged == Verification(Outcome.OTHER_KEY, keys.key_id(OTHER))
    assert canary.verify(token, [], CONTEXT).outcome is Outcome.OTHER_KEY


@pytest.mark.parametrize("key", [WEAK, "short", ""])
def test_a_weak_key_gets_no_canary(key: str) -> None:
    """
    A weak key has no canary, because anyone could verify guesses with it.
    """
    with pytest.raises(ValueError, match=r"^The key "):
        canary.make(key, CONTEXT)


def test_a_canary_is_not_sealed_with_the_key_of_data() -> None:
    """
    A text that was sealed with the encryption key itself does not open as a canary.
    """
    token = canary.make(FIRST, CONTEXT)
    data = base64.urlsafe_b64decode(token)
    planted = AESGCM(bytes.fromhex(FIRST)).encrypt(bytes(NONCE), b"t" * 20, None)

    assert outcome(respelt(token, data[:HEADER] + bytes(NONCE) + planted), FIRST) is (
        Outcome.TAMPERED
    )
    assert b"workerctl canary" not in data


@given(
    st.one_of(
        st.from_regex(r"\AA[P-h][A-Za-z0-9_-]{74}\n?\Z"),
        st.binary(min_size=56, max_size=58).map(
            lambda data: base64.urlsafe_b64encode(data).decode()
        ),
        st.text(max_size=80),
    )
)
def test_the_schema_accepts_the_form_of_a_canary_only(text: str) -> None:
    """
    The pattern of the setting accepts the same texts as the parser.
    """
    is_canary = tokens.parse_canary(text) is not None
    assert bool(re.fullmatch(CANARY_PATTERN, text)) is is_canary


def test_the_setting_refuses_other_text_than_a_canary() -> None:
    """
    The setting refuses other text, including a canary with a trailing line feed.
    """
    token = canary.make(FIRST, CONTEXT)
    assert token == Settings(ENCRYPTION_CANARY=token).ENCRYPTION_CANARY
    for other in (f"{token}\n", token[:-1], FIRST):
        with pytest.raises(ValueError, match="ENCRYPTION_CANARY must be a token"):
            Settings(ENCRYPTION_CANARY=other)
