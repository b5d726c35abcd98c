"""
What a ring tells of itself: ids, and never a key.
"""

import copy
import pickle
import signal
from collections.abc import Callable

import pytest

from tests.keyring.rings import FIRST, PLACE, SECOND, SECRET, functions_in, sealed_at_the_origin
from tests.leaks.oracle import Oracle
from workerctl import keys
from workerctl.keyring import KeyRing
from workerctl.runtime.exceptions import EncryptionError


def test_a_ring_shows_ids_only(ring: KeyRing) -> None:
    """Printed in any way; the current key comes first."""
    shown = f"KeyRing(1: {keys.key_id(SECOND)}, 0: {keys.key_id(FIRST)})"

    assert {repr(ring), str(ring), f"{ring}"} == {shown}
    assert Oracle([FIRST, SECOND]).leaks(shown) == []


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_ring_does_not_leave_the_process(
    ring: KeyRing, duplicate: Callable[[KeyRing], object]
) -> None:
    """As an argument of a job it would be written to Redis."""
    with pytest.raises(TypeError, match=r"call KeyRing\.from_settings\(\) where it is needed"):
        duplicate(ring)


def test_a_mistake_in_the_code_stays_one(ring: KeyRing) -> None:
    """Text instead of bytes is a TypeError, which names types only."""
    token = ring.encrypt(SECRET, context=PLACE)
    calls = {
        "plaintext must be bytes, not str": lambda: ring.encrypt("text", context=PLACE),
        "context must be bytes, not NoneType": lambda: ring.encrypt(SECRET, context=None),
        "token must be bytes, not str": lambda: ring.decrypt(token.decode(), context=PLACE),
        "context must be bytes, not int": lambda: ring.decrypt(token, context=17),
        "token must be bytes, not bytearray": lambda: ring.version_of(bytearray(token)),
        "token must be bytes, not int": lambda: ring.is_current(17),
        "token must be bytes, not list": lambda: ring.reencrypt([], PLACE),
    }
    for words, call in calls.items():
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == words
        assert functions_in(caught.value.__traceback__) == {"guarded"}


def test_a_context_is_named(ring: KeyRing) -> None:
    """Text and context are both bytes: by its place alone one could be taken for the other."""
    token = ring.encrypt(plaintext=SECRET, context=PLACE)
    assert ring.decrypt(token=token, context=PLACE) == SECRET
    for call in (ring.encrypt, ring.decrypt):
        with pytest.raises(TypeError, match="positional argument"):
            call(token, PLACE)


def test_methods_say_what_they_are() -> None:
    """Their own names and manuals, also to those who ask the class."""
    for name in ("encrypt", "decrypt", "reencrypt", "is_current", "version_of", "from_settings"):
        method = getattr(KeyRing, name)
        assert method.__name__ == name
        assert method.__doc__


def test_a_text_that_is_too_long_is_refused(ring: KeyRing) -> None:
    """Two gigabytes of zeros, which take no memory unless something reads or prints them."""
    message = ""
    try:
        ring.encrypt(bytes(2**31), context=PLACE)
    except EncryptionError as error:
        message = str(error)

    assert message == "The plaintext is too long for one token."


def test_the_timeout_of_a_job_stays_one(ring: KeyRing) -> None:
    """It comes as a signal, in the middle of a decryption; its frames show no key."""

    class TimeIsUpError(Exception):
        """What a queue raises."""

    def alarm(*_: object) -> None:
        raise TimeIsUpError

    def decrypt_forever() -> None:
        token = sealed_at_the_origin(SECOND, 1, SECRET)
        while True:
            ring.decrypt(token, context=PLACE)

    before = signal.signal(signal.SIGALRM, alarm)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(TimeIsUpError) as caught:
            decrypt_forever()
    finally:
        signal.signal(signal.SIGALRM, before)

    assert functions_in(caught.value.__traceback__) <= {"guarded"}
