"""
The key ring: what one key encrypts, and which key opens what.
"""

import functools
import hmac
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn, ParamSpec, TypeVar

from workerctl import keys
from workerctl.keyring import cipher, tokens, versions
from workerctl.keyring.versions import VersionedKey

if TYPE_CHECKING:
    from workerctl.settings import Settings

Given = ParamSpec("Given")
Made = TypeVar("Made")


class _RefusedError(Exception):
    """
    Why a call fails, in words that anyone may read; it never leaves this module.
    """


def _without_frames(call: Callable[Given, Made]) -> Callable[Given, Made]:
    """
    Let an error of a call out without the call's frames, which hold keys.
    """

    @functools.wraps(call)
    def guarded(*args: Given.args, **kwargs: Given.kwargs) -> Made:
        try:
            return call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 -- whatever it is, its frames hold keys
            failure = _told(error)
        raise failure

    return guarded


def _told(error: Exception) -> Exception:
    """
    What a caller may see of an error: a refusal in its words, any other without our frames.

    Any other may be the timeout of the job, which has to stay what it is.
    """
    if isinstance(error, _RefusedError):
        return _encryption_error(str(error))
    if isinstance(error, OverflowError):
        return _encryption_error("The plaintext is too long for one token.")
    if isinstance(error, ImportError):
        return _encryption_error("The cryptography package does not load.")
    return error.with_traceback(None)


def _encryption_error(message: str) -> Exception:
    from workerctl.runtime.exceptions import EncryptionError

    return EncryptionError(message)


class KeyRing:
    """
    The current key, which encrypts, and the older ones, which only decrypt.

    Made by `from_settings`. It shows ids, never keys, and refuses to be copied or pickled.
    """

    __slots__ = ("_current", "_keys")

    def __init__(self, current: "_Key", *others: "_Key") -> None:
        self._current = current
        self._keys = {key.version: key for key in (current, *others)}

    @classmethod
    @_without_frames
    def from_settings(cls, settings: "Settings") -> "KeyRing":
        """
        The ring of `ENCRYPTION_KEY`, its version, and every `ENCRYPTION_KEY_V{n}`.

        Raises EncryptionError for a current key that is missing or weak, for any key that is
        malformed, and for versions that contradict each other. An older key may be weak, for that
        is a reason to replace it, but it opens only what was written before there was a ring.
        """
        # now, rather than in the middle of a job
        from cryptography.hazmat.primitives.ciphers import aead  # noqa: F401

        return cls(*_keys_of(settings))

    @property
    def current_version(self) -> int:
        """
        The version of the key that encrypts.
        """
        return self._current.version

    @property
    def versions(self) -> tuple[int, ...]:
        """
        The versions of all its keys, the current one first.
        """
        return tuple(self._keys)

    @_without_frames
    def encrypt(self, plaintext: bytes, *, context: bytes) -> bytes:
        """
        A token of the plaintext, in ASCII, which opens only with the same context.

        The context says where the token belongs, for instance table, column and row, so that a
        token moved elsewhere does not open there. It is no secret, and not part of the token.
        """
        _require_bytes(plaintext=plaintext, context=context)
        return self._sealed(plaintext, context)

    @_without_frames
    def decrypt(self, token: bytes, *, context: bytes) -> bytes:
        """
        The plaintext of a token; the one key that its header names is tried, and no other.

        Raises EncryptionError when it does not open. A token of the origin format is bound to no
        context, so none is compared: only encrypting it anew protects it from being moved.
        """
        _require_bytes(token=token, context=context)
        return self._opened(_parsed(token), context)

    @_without_frames
    def reencrypt(self, token: bytes, context: bytes) -> bytes:
        """
        The same plaintext in a token of the current key; a token that is one already is returned.

        Either way the token is opened, so that one which was changed or moved is found rather than
        carried on. Raises EncryptionError when it does not open.
        """
        _require_bytes(token=token, context=context)
        parsed = _parsed(token)
        plaintext = self._opened(parsed, context)
        return token if self._is_current(parsed) else self._sealed(plaintext, context)

    @_without_frames
    def is_current(self, token: bytes) -> bool:
        """
        Whether a token says that the current key wrote it, in today's format; nothing is decrypted.
        """
        _require_bytes(token=token)
        return self._is_current(_parsed(token))

    @staticmethod
    @_without_frames
    def version_of(token: bytes) -> int:
        """
        The version of the key that a token says it was written with; nothing is decrypted.
        """
        _require_bytes(token=token)
        return _parsed(token).version

    def _sealed(self, plaintext: bytes, context: bytes) -> bytes:
        key, salt = self._current, os.urandom(tokens.SALT_BYTES)
        header = tokens.header(key.version, key.id or b"", salt)
        # the header has one length, so nothing can be moved between it and the context
        nonce, sealed = cipher.seal(cipher.record_key(key.raw, salt), plaintext, header + context)
        return tokens.spell(header, nonce, sealed)

    def _opened(self, token: tokens.Token, context: bytes) -> bytes:
        key = self._key_of(token)
        if token.key_id is None:
            secret, bound = cipher.origin_key(key.raw, token.salt), None
        else:
            secret, bound = cipher.record_key(key.raw, token.salt), token.header + context
        plaintext = cipher.opened(secret, token.nonce, token.sealed, bound)
        if plaintext is None:
            raise _RefusedError("The token was changed, or belongs to another context.")
        return plaintext

    def _key_of(self, token: tokens.Token) -> "_Key":
        key = self._keys.get(token.version)
        if key is None:
            raise _RefusedError(f"The ring has no key of version {token.version}.")
        if token.key_id is not None and not hmac.compare_digest(token.key_id, key.id or b""):
            raise _RefusedError(f"The token was written with another key of version {key.version}.")
        return key

    def _is_current(self, token: tokens.Token) -> bool:
        return token.version == self.current_version and token.key_id == self._current.id

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(map(repr, self._keys.values()))})"

    def __reduce__(self) -> NoReturn:
        # as an argument of a job, every key would be written to Redis
        message = "A KeyRing holds keys: call KeyRing.from_settings() where it is needed"
        raise TypeError(message)


class _Key:
    """
    A key, its version, and its id unless it is weak; no tuple, which is printed item by item.
    """

    __slots__ = ("id", "raw", "version")

    def __init__(self, key: VersionedKey) -> None:
        self.version = key.version
        self.raw = bytes.fromhex(key.text)
        self.id = None if key.id is None else tokens.id_bytes(key.id)

    def __repr__(self) -> str:
        return f"{self.version}: {'weak' if self.id is None else tokens.id_text(self.id)}"


def _keys_of(settings: "Settings") -> list[_Key]:
    """
    The current key, then the older ones; one that is named twice with its version counts once.
    """
    current = settings.ENCRYPTION_KEY.get_secret_value()
    problem = keys.form_problem(current) or keys.weakness(current)  # only this one encrypts
    if problem is not None:
        raise _RefusedError(f"{versions.CURRENT} {problem}.")
    others = {name: key.get_secret_value() for name, key in settings.further_secrets.items()}
    ring = versions.keys_of({versions.CURRENT: current, **others}, settings.ENCRYPTION_KEY_VERSION)
    for found in versions.problems(ring):
        raise _RefusedError(f"{found.key.name} {found.words}.")
    by_version: dict[int, _Key] = {}
    for key in ring:
        by_version.setdefault(key.version, _Key(key))
    return list(by_version.values())


def _parsed(token: bytes) -> tokens.Token:
    parsed = tokens.parse(token)
    if parsed is None:
        raise _RefusedError("The token is malformed.")
    return parsed


def _require_bytes(**arguments: object) -> None:
    for name, value in arguments.items():
        if not isinstance(value, bytes):
            raise TypeError(f"{name} must be bytes, not {type(value).__name__}")
