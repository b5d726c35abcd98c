"""
Tests of what a key ring shows of itself: ids, and never a key.
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
    """The text of a ring has the ids of its keys, the current one first."""
    shown = f"KeyRing(1: {keys.key_id(SECOND)}, 0: {keys.key_id(FIRST)})"

    assert {repr(ring), str(ring), f"{ring}"} == {shown}
    assert Oracle([FIRST, SECOND]).leaks(shown) == []


@pytest.mark.parametrize("duplicate", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_ring_does_not_leave_the_process(
    ring: KeyRing, duplicate: Callable[[KeyRing], object]
) -> None:
    """
    A ring cannot be pickled or copied: as an argument of a job, it would be written to Redis.
    """
    with pytest.raises(TypeError, match=r"call KeyRing\.from_settings\(\) where it is needed"):
        duplicate(ring)


def test_an_argument_of_the_wrong_type_is_a_type_error(ring: KeyRing) -> None:
    """An argument of the wrong type is a `TypeError` that names only types."""
    token = ring.encrypt(SECRET, context=PLACE)
    calls = {
        "plaintext must be bytes, not str": lambda: ring.encrypt("text", context=PLACE),
        "context must be bytes, not NoneType": lambda: ring.encrypt(SECRET, context=None),
        "context must be bytes, not int": lambda: ring.decrypt(token, context=17),
        "token must be bytes or str, not bytearray": lambda: ring.version_of(bytearray(token)),
        "token must be bytes or str, not int": lambda: ring.is_current(17),
        "token must be bytes or str, not list": lambda: ring.reencrypt([], PLACE),
    }
    for words, call in calls.items():
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == words
        assert functions_in(caught.value.__traceback__) == {"guarded"}


def test_a_context_is_a_keyword_argument(ring: KeyRing) -> None:
    """Text and context are both bytes, so the context must be passed by name."""
    token = ring.encrypt(plaintext=SECRET, context=PLACE)
    assert ring.decrypt(token=token, context=PLACE) == SECRET
    for call in (ring.encrypt, ring.decrypt):
        with pytest.raises(TypeError, match="positional argument"):
            call(token, PLACE)


def test_guarded_methods_keep_their_names_and_docstrings() -> None:
    """The methods of the class have their own names and docstrings."""
    for name in ("encrypt", "decrypt", "reencrypt", "is_current", "version_of", "from_settings"):
        method = getattr(KeyRing, name)
        assert method.__name__ == name
        assert method.__doc__


def test_a_text_that_is_too_long_is_refused(ring: KeyRing) -> None:
    """
    A text of two gigabytes is refused.

    Its zeros take no memory unless something reads or prints them.
    """
    message = ""
    try:
        ring.encrypt(bytes(2**31), context=PLACE)
    except EncryptionError as error:
        message = str(error)

    assert message == "The plaintext is too long for one token."


def test_the_timeout_of_a_job_is_not_replaced(ring: KeyRing) -> None:
    """
    An exception that a signal raises during a decryption is not replaced by another.

    The frames of the decryption hold no key.
    """

    class TimeIsUpError(Exception):
        """The exception that a queue raises on a timeout."""

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
