"""
The key ring: the current key encrypts, and each token is decrypted by the key that it names.
"""

from __future__ import annotations

import functools
import hmac
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, ParamSpec, TypeVar

from workerctl import keys
from workerctl.keyring import cipher, tokens, versions
from workerctl.keyring.versions import VersionedKey

if TYPE_CHECKING:
    from pydantic_settings import BaseSettings

    from workerctl.schema.declarations import Declaration, Schema

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")
Text = TypeVar("Text", bytes, str)


class _RefusedError(Exception):
    """
    The reason for refusing a call, in words without secrets. It never leaves this module.
    """


def _without_frames(call: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """
    Decorate a function so that its errors do not carry its frames, which hold keys.
    """

    @functools.wraps(call)
    def guarded(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Returned:
        try:
            return call(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 -- the frames of any error hold keys
            failure = _public_error(error)
        raise failure  # after the handler, so that the first error does not become its context

    return guarded


def _public_error(error: Exception) -> Exception:
    """
    Return the error that a caller may see: an EncryptionError, or the same error without frames.

    An error from outside, such as the timeout of the job, keeps its type.
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
    The current key, which encrypts and decrypts, and other keys, which only decrypt.

    Create a ring with `from_settings`. Its repr shows key ids, never keys, and it cannot be copied
    or pickled.

        ring = KeyRing.from_settings(get_settings())
        token = ring.encrypt(b"A. Applicant", context=b"candidates/name/17")
        plaintext = ring.decrypt(token, context=b"candidates/name/17")
    """

    __slots__ = ("_current", "_keys")

    def __init__(self, current: _Key, *others: _Key) -> None:
        self._current = current
        self._keys = {key.version: key for key in (current, *others)}

    @classmethod
    @_without_frames
    def from_settings(cls, settings: BaseSettings, *, field: str | None = None) -> KeyRing:
        """
        Return the ring of an encryption key, its version, and the other keys of its family.

        In the built-in schema, these are `ENCRYPTION_KEY`, `ENCRYPTION_KEY_VERSION` and every
        `ENCRYPTION_KEY_V{n}`. Any other settings class marks its key with
        `workerctl.rules.EncryptionKey`; if it has several, `field` names the key of this ring:

            KeyRing.from_settings(settings, field="pii_key")

        Raises EncryptionError if the current key is missing or weak, if any key is malformed, or if
        versions contradict each other. An older key may be weak, because that is a reason to rotate
        it. A weak key has no id, so it decrypts only tokens of the origin format.
        Raises ValueError if the class marks no key, or several and `field` names none of them.
        """
        # A package that does not load is reported now, not in the middle of a job.
        from cryptography.hazmat.primitives.ciphers import aead  # noqa: F401

        return cls(*_keys_of(settings, field))

    @property
    def current_version(self) -> int:
        """
        The version of the current key.
        """
        return self._current.version

    @property
    def versions(self) -> tuple[int, ...]:
        """
        The versions of all keys, the current one first.
        """
        return tuple(self._keys)

    @_without_frames
    def encrypt(self, plaintext: bytes, *, context: bytes) -> bytes:
        """
        Return a token of the plaintext, in ASCII, which is decrypted only with the same context.

        The context says where the token belongs, for example by table, column and row, so that a
        token moved to another place is not decrypted there. It is not a secret, and the token does
        not contain it.
        """
        _require_bytes(plaintext=plaintext, context=context)
        return self._sealed(plaintext, context)

    @_without_frames
    def decrypt(self, token: bytes | str, *, context: bytes) -> bytes:
        """
        Return the plaintext of a token. Only the key that its header names is tried.

        A token may also be text, as a text column of a database returns it.

        Raises EncryptionError if the token cannot be decrypted. A token of the origin format is not
        bound to a context, so `context` is ignored; re-encrypt it to protect it from being moved.
        """
        _require_bytes(context=context)
        return self._opened(_parsed(token), context)

    @_without_frames
    def reencrypt(self, token: Text, context: bytes) -> Text:
        """
        Return the same plaintext in a token of the current key; return a current token unchanged.

        The new token has the type of the given one, bytes or text.

        In both cases the token is decrypted first, so a modified or moved token raises
        EncryptionError instead of being kept.
        """
        _require_bytes(context=context)
        parsed = _parsed(token)
        plaintext = self._opened(parsed, context)
        if self._is_current(parsed):
            return token
        return _like(token, self._sealed(plaintext, context))

    @_without_frames
    def is_current(self, token: bytes | str) -> bool:
        """
        Return whether a token names the current key and has the current format.

        Nothing is decrypted, so a modified token may claim this as well.
        """
        return self._is_current(_parsed(token))

    @staticmethod
    @_without_frames
    def version_of(token: bytes | str) -> int:
        """
        Return the version of the key that a token names. Nothing is decrypted.
        """
        return _parsed(token).version

    def _sealed(self, plaintext: bytes, context: bytes) -> bytes:
        key, salt = self._current, os.urandom(tokens.SALT_BYTES)
        header = tokens.header(key.version, key.id or b"", salt)
        # The header has a fixed length, so no byte can be moved between it and the context.
        nonce, sealed = cipher.seal(cipher.record_key(key.raw, salt), plaintext, header + context)
        return tokens.encode(header, nonce, sealed)

    def _opened(self, token: tokens.Token, context: bytes) -> bytes:
        key = self._key_of(token)
        if token.key_id is None:
            secret, associated = cipher.origin_key(key.raw, token.salt), None
        else:
            secret, associated = cipher.record_key(key.raw, token.salt), token.header + context
        plaintext = cipher.unseal(secret, token.nonce, token.sealed, associated)
        if plaintext is None:
            raise _RefusedError("The token was modified, or belongs to another context.")
        return plaintext

    def _key_of(self, token: tokens.Token) -> _Key:
        key = self._keys.get(token.version)
        if key is None:
            raise _RefusedError(f"The ring has no key of version {token.version}.")
        if token.key_id is not None and not hmac.compare_digest(token.key_id, key.id or b""):
            raise _RefusedError(f"The token was made with another key of version {key.version}.")
        return key

    def _is_current(self, token: tokens.Token) -> bool:
        return token.version == self.current_version and token.key_id == self._current.id

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(map(repr, self._keys.values()))})"

    def __reduce__(self) -> NoReturn:
        # As an argument of a job, the ring would write every key to Redis.
        message = "A KeyRing holds keys: call KeyRing.from_settings() where it is needed"
        raise TypeError(message)


class _Key:
    """
    A key with its version, and its id unless it is weak.

    This is not a tuple, because error reporters show a tuple item by item.
    """

    __slots__ = ("id", "raw", "version")

    def __init__(self, key: VersionedKey) -> None:
        self.version = key.version
        self.raw = bytes.fromhex(key.text)
        self.id = None if key.id is None else tokens.id_bytes(key.id)

    def __repr__(self) -> str:
        return f"{self.version}: {'weak' if self.id is None else tokens.id_text(self.id)}"


def _keys_of(settings: BaseSettings, field: str | None) -> list[_Key]:
    """
    Return the current key and then the others, each version once.
    """
    from workerctl.schema.loading import further_secrets, schema_of

    schema = schema_of(settings)
    declaration = _declaration_of(schema, field)
    current = _text(schema, settings, declaration.name)
    problem = keys.form_problem(current) or keys.weakness(current)
    if problem is not None:
        raise _RefusedError(f"{declaration.name} {problem}.")
    others = {name: key.get_secret_value() for name, key in further_secrets(settings).items()}
    version = declaration.others.get("version")
    number = 0 if version is None else int(_text(schema, settings, version) or 0)
    texts = {**others, declaration.name: current}
    ring = versions.keys_of(texts, number, declaration.name)
    for found in versions.problems(ring):
        raise _RefusedError(f"{found.key.name} {found.words}.")
    by_version: dict[int, _Key] = {}
    for key in ring:
        by_version.setdefault(key.version, _Key(key))
    return list(by_version.values())


def _declaration_of(schema: Schema, field: str | None) -> Declaration:
    """
    Return the declaration of the encryption key that a field holds, or of the only one.
    """
    from workerctl.rules import EncryptionKey
    from workerctl.schema.declarations import variable_named

    found = {each.name: each for each in schema.of(EncryptionKey)}
    kind = schema.settings_class.__name__
    if not found:
        raise ValueError(f"No field of {kind} is marked EncryptionKey().")
    if field is None and len(found) == 1:
        return next(iter(found.values()))
    variable = None if field is None else variable_named(schema, field)
    if variable not in found:
        fields = ", ".join(".".join(schema.variables[name].path) for name in found)
        raise ValueError(f"The field must be one of the encryption keys of {kind}: {fields}.")
    return found[variable]


def _text(schema: Schema, settings: Any, variable: str) -> str:
    from workerctl.schema.instances import plain

    value = plain(schema.value(settings, variable))
    return "" if value is None else str(value)


def _parsed(token: bytes | str) -> tokens.Token:
    if not isinstance(token, bytes | str):
        raise TypeError(f"token must be bytes or str, not {type(token).__name__}")
    # A character that is not ASCII is in no token, whatever it is replaced by.
    parsed = tokens.parse(token.encode("ascii", "replace") if isinstance(token, str) else token)
    if parsed is None:
        raise _RefusedError("The token is malformed.")
    return parsed


def _like(token: Text, renewed: bytes) -> Text:
    """
    Return a new token in the type of another one.
    """
    kind: type[Any] = type(token)
    return renewed.decode() if issubclass(kind, str) else renewed  # type: ignore[return-value]


def _require_bytes(**arguments: object) -> None:
    for name, value in arguments.items():
        if not isinstance(value, bytes):
            raise TypeError(f"{name} must be bytes, not {type(value).__name__}")
