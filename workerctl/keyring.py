"""
Encryption with the keys: the only module that imports cryptography, when it is first needed.
"""

import hashlib
import hmac
import os
from collections.abc import Iterator
from typing import NoReturn

from workerctl import keys, tokens
from workerctl.settings import Settings

_OLDER = "ENCRYPTION_KEY_V"
_HIGHEST_VERSION = 255  # it is one byte of a token
_RECORD_KEY = b"workerctl/v1/record-key"
_ORIGIN_ROUNDS = 100_000


def round_trip_failure(key: str) -> str | None:
    """
    Encrypt and decrypt with a well-formed key; why it failed, by the exception's type, or None.
    """
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        cipher = AESGCM(bytes.fromhex(key))
        nonce, probe, context = os.urandom(12), os.urandom(32), b"workerctl self-test"
        opened = cipher.decrypt(nonce, cipher.encrypt(nonce, probe, context), context)
    except Exception as error:  # noqa: BLE001 -- a broken native library raises anything
        return type(error).__name__
    return None if hmac.compare_digest(opened, probe) else "another text came back"


class KeyRing:
    """
    The current key, which encrypts, and the older ones, which only decrypt.

    Made by `from_settings`. It shows ids, never keys, and refuses to be copied or pickled.
    """

    __slots__ = ("_current", "_keys")

    def __init__(self, current: "_Key", *older: "_Key") -> None:
        self._current = current
        self._keys = {key.version: key for key in (current, *older)}

    @classmethod
    def from_settings(cls, settings: Settings) -> "KeyRing":
        """
        The ring of `ENCRYPTION_KEY`, its version, and every `ENCRYPTION_KEY_V{n}`.

        Raises EncryptionError for a current key that is missing or weak, for any key that is
        malformed, and for versions that contradict each other. An older key may be weak, for that
        is a reason to replace it, but it opens only what was written before there was a ring.
        """
        try:
            # now, rather than in the middle of a job
            from cryptography.hazmat.primitives.ciphers import aead  # noqa: F401

            return cls(*_keys_of(settings))
        except Exception as error:  # noqa: BLE001 -- its frames hold keys
            failure = _without_frames(error)
        raise failure

    def encrypt(self, plaintext: bytes, *, context: bytes) -> bytes:
        """
        A token of the plaintext, in ASCII, which opens only with the same context.

        The context says where the token belongs, for instance table, column and row, so that a
        token moved elsewhere does not open there. It is no secret, and not part of the token.
        """
        try:
            _require_bytes(plaintext=plaintext, context=context)
            return _sealed(self._current, plaintext, context)
        except Exception as error:  # noqa: BLE001 -- its frames hold keys
            failure = _without_frames(error)
        raise failure

    def decrypt(self, token: bytes, *, context: bytes) -> bytes:
        """
        The plaintext of a token; the one key that its header names is tried, and no other.

        Raises EncryptionError when it does not open. A token of the origin format is bound to no
        context, so none is compared: only encrypting it anew protects it from being moved.
        """
        try:
            _require_bytes(token=token, context=context)
            parsed = _parsed(token)
            return _opened(self._key_of(parsed), parsed, context)
        except Exception as error:  # noqa: BLE001 -- its frames hold keys
            failure = _without_frames(error)
        raise failure

    @staticmethod
    def version_of(token: bytes) -> int:
        """
        The version of the key that a token says it was written with; nothing is decrypted.
        """
        try:
            _require_bytes(token=token)
            return _parsed(token).version
        except Exception as error:  # noqa: BLE001 -- as above
            failure = _without_frames(error)
        raise failure

    def _key_of(self, token: tokens.Token) -> "_Key":
        key = self._keys.get(token.version)
        if key is None:
            raise _RefusedError(f"The ring has no key of version {token.version}.")
        if token.key_id is not None and not hmac.compare_digest(token.key_id, key.id or b""):
            raise _RefusedError(f"The token was written with another key of version {key.version}.")
        return key

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(map(repr, self._keys.values()))})"

    def __reduce__(self) -> NoReturn:
        # as an argument of a job, every key would be written to Redis
        message = "A KeyRing holds keys: call KeyRing.from_settings() where it is needed"
        raise TypeError(message)


class _RefusedError(Exception):
    """
    Why a call fails, in words that anyone may read; it never leaves this module.
    """


class _Key:
    """
    A key, its version, and its id unless it is weak; no tuple, which is printed item by item.
    """

    __slots__ = ("id", "raw", "version")

    def __init__(self, version: int, text: str) -> None:
        self.version = version
        self.raw = bytes.fromhex(text)
        self.id = None if keys.weakness(text) else bytes.fromhex(keys.key_id(text)[len("wk1:") :])

    def __repr__(self) -> str:
        return f"{self.version}: {'weak' if self.id is None else f'wk1:{self.id.hex()}'}"


def _keys_of(settings: Settings) -> list[_Key]:
    """
    The current key, then the older ones; one that is named twice with its version counts once.
    """
    ring: dict[int, _Key] = {}
    for name, version, text in _named(settings):
        # only the first one encrypts
        problem = keys.form_problem(text) or (None if ring else keys.weakness(text))
        if problem is not None:
            raise _RefusedError(f"{name} {problem}.")
        if version > _HIGHEST_VERSION:
            raise _RefusedError(f"{name} has a version above {_HIGHEST_VERSION}.")
        key = _Key(version, text)
        for other in ring.values():
            is_same = hmac.compare_digest(key.raw, other.raw)
            if is_same and key.version != other.version:
                raise _RefusedError(f"{name} is the key of version {other.version}, too.")
            if not is_same and key.version == other.version:
                raise _RefusedError(f"{name} is a second key of version {other.version}.")
        ring.setdefault(version, key)
    return list(ring.values())


def _named(settings: Settings) -> Iterator[tuple[str, int, str]]:
    key = settings.ENCRYPTION_KEY.get_secret_value()
    yield "ENCRYPTION_KEY", settings.ENCRYPTION_KEY_VERSION, key
    for name, older in sorted(settings.further_secrets.items()):
        number = name.removeprefix(_OLDER)
        if number.isdecimal():  # a team may have further families
            yield name, int(number), older.get_secret_value()


def _sealed(key: _Key, plaintext: bytes, context: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = os.urandom(tokens.SALT_BYTES), os.urandom(tokens.NONCE_BYTES)
    header = tokens.header(key.version, key.id or b"", salt)
    # the header has one length, so nothing can be moved between it and the context
    sealed = AESGCM(_record_key(key, salt)).encrypt(nonce, plaintext, header + context)
    return tokens.spell(header, nonce, sealed)


def _parsed(token: bytes) -> tokens.Token:
    parsed = tokens.parse(token)
    if parsed is None:
        raise _RefusedError("The token is malformed.")
    return parsed


def _opened(key: _Key, token: tokens.Token, context: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    if token.key_id is None:
        secret, bound = _origin_key(key, token.salt), None
    else:
        secret, bound = _record_key(key, token.salt), token.header + context
    try:
        return AESGCM(secret).decrypt(token.nonce, token.sealed, bound)
    except InvalidTag:
        pass
    raise _RefusedError("The token was changed, or belongs to another context.")


def _record_key(key: _Key, salt: bytes) -> bytes:
    """
    The key of one token, so that none encrypts so often that random nonces could meet.
    """
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), keys.KEY_BYTES, salt, _RECORD_KEY).derive(key.raw)


def _origin_key(key: _Key, salt: bytes) -> bytes:
    # stretching adds nothing to a random key: it is how these tokens were written
    return hashlib.pbkdf2_hmac("sha256", key.raw, salt, _ORIGIN_ROUNDS, keys.KEY_BYTES)


def _require_bytes(**arguments: object) -> None:
    for name, value in arguments.items():
        if not isinstance(value, bytes):
            raise TypeError(f"{name} must be bytes, not {type(value).__name__}")


def _without_frames(error: Exception) -> Exception:
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
