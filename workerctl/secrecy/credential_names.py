"""
Decide by its name whether a field, a key or a variable holds a credential.

A name is split into words: `dbPassword`, `db-password` and `DB_PASSWORD` have two. A word counts
as a whole or as a clear part, so that `DBPASSWORD` is a credential, but `MONKEY` and `AUTHOR` are
not. A last word that says what else the field is, as in `TOKEN_COUNT`, overrules the others, and so
does a word before KEY that says of what, as in `PARTITION_KEY`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

_BOUNDARY = r"[^A-Za-z0-9]+|(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])"


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that occur in credentials only, wherever they stand in a longer word.
_PARTS = _set("PASSWORD PASSWD PASSWORT PSWD PASSPHRASE PASSCODE SECRET CREDENTIAL")

_WORDS = _set(
    "KEY KEYS TOKEN TOKENS PWD PASS DSN CREDS JWT BEARER AUTH AUTHORIZATION SIGNING SALT "
    "COOKIE COOKIES PRIVATE PW PASSKEY PASSKEYS PEPPER FERNET HMAC JWK JWKS MNEMONIC CONNSTR"
)
# Words that name a credential only at the end of a name, and never a number, because they are used
# for much else: a PIN is one, PIN_MEMORY and PIN_COUNT are not.
_ENDS = _set("CONN OTP PAT PIN TOK TOTP")
# What stands before KEY, TOKEN or PASS in one word.
_OWNERS = _set(
    "API ACCESS APP AUTH BOT CLIENT CSRF DB DEPLOY ENCRYPTION HMAC ID LICENSE MASTER MY "
    "PRIVATE REDIS REFRESH ROOT SERVICE SESSION SIGNING SMTP SSH USER "
    "ADMIN AES ENC FTP LDAP MAIL MYSQL PG POSTGRES PRIV RSA SHARED SIGN"
)
_OWNED = ("KEY", "KEYS", "TOKEN", "TOKENS", "PASS", "PWD", "PW")

# Every name of a credential contains one of these; most names contain none.
_HINTS = _set(
    "KEY TOK PASS SECRET PW PSWD AUTH CRED DSN JW BEARER SIGNING SALT COOKIE PRIVATE CONN "
    "FERNET HMAC MNEMONIC OTP PAT PEPPER PHRASE PIN SEED"
)
_PAIRS = tuple(
    map(
        _set,
        (
            *("CONNECTION STRING", "CONN STRING", "CONNECTION STR", "CONN STR"),
            # A seed alone is that of random numbers.
            *("SEED PHRASE", "RECOVERY PHRASE", "BACKUP PHRASE", "WALLET PHRASE"),
            *("TOTP SEED", "OTP SEED", "WALLET SEED", "HD SEED", "MASTER SEED"),
        ),
    )
)

# A last word after which any of the words above only says what is measured or switched.
_MEASURES = _set(
    "COUNT LIMIT LIMITS LENGTH LEN SIZE BITS BYTES MAX MIN ROUNDS ITERATIONS TTL AGE LIFETIME "
    "TIMEOUT EXPIRE EXPIRES EXPIRY EXPIRATION DELTA LEEWAY INTERVAL MS SECS SECONDS MINS "
    "MINUTES HOURS DAYS WEEKS ENABLED DISABLED REQUIRED OPTIONAL ALGORITHM ALGORITHMS ALG "
    "ALGO NAME NAMES PREFIX SUFFIX VERSION TYPE POLICY RATE BUDGET USAGE"
)
# The same after the words that are used for much besides credentials.
_PROPERTIES = _set(
    "BACKEND BACKENDS BASE BUCKET CLASS DIR DOMAIN DOMAINS ENDPOINT FILE HOST HOSTNAME ID "
    "ISSUER AUDIENCE IP LEVEL METHOD METHODS MODE MODEL MODULE NETWORK PATH PORT PROVIDER "
    "PROVIDERS REALM REGION SAMESITE SCHEME SCOPE SCOPES SECURE SERVER SERVICE STRATEGY "
    "SUBNET SUBNETS THRESHOLD THROUGH URI URL HTTPONLY RETRIES FLOW USER USERNAME ZONE"
)
# What stands before KEY where it means the key of a row, a message or an entry.
_KEYED = _set(
    "BINDING CACHE CLUSTERING COMPOSITE DEDUP DEDUPE DEDUPLICATION DISTRIBUTION FOREIGN GROUP "
    "GROUPING IDEMPOTENCY JOIN LIMIT LIMITER LOCK LOOKUP MESSAGE OBJECT ORDER ORDERING PARTITION "
    "PARTITIONING PRIMARY RANGE ROUTING SHARD SHARDING SORT SORTING THROTTLE UNIQUE"
)
_AMBIGUOUS = _set(
    "AUTH COOKIE COOKIES PRIVATE SIGNING PASS JWT BEARER HMAC JWK JWKS PASSKEY PASSKEYS"
)
_QUANTITIES = _set("MAX MIN NUM TOTAL COUNT LIMIT PER USE ENABLE REQUIRE IS HAS")

# Names of collections, whose members are credentials whatever they are called.
_COLLECTIONS = _set("CREDENTIAL CREDENTIALS CREDS KEYS PASSWORDS SECRET SECRETS TOKENS")

# Words for what looks as random as a secret: digests, identifiers and names of versions.
_RANDOM_BY_NATURE = _set(
    "HASH HASHES SHA SHA1 SHA256 SHA512 MD5 CHECKSUM DIGEST DIGESTS ID IDS UUID GUID COMMIT "
    "REVISION REV REF BUILD RELEASE VERSION FINGERPRINT THUMBPRINT MODEL MODELS ETAG TRACE "
    "SPAN CURSOR ADDRESS PUBLIC IMAGE TAG CANARY INTEGRITY"
)

# Words of secrets that are not sent as they are: passwords, keys of files, strings of settings.
_NEVER_SENT = _set(
    "PASSWORD PASSWD PASSPHRASE PASSCODE PWD PASS DSN SALT PEPPER COOKIE COOKIES PRIVATE PUBLIC "
    "SIGNING SIGN ENCRYPTION ENCRYPT CIPHER FERNET HMAC SSH PGP GPG PEM CERT CERTIFICATE SSL TLS "
    "CREDENTIAL CREDENTIALS CREDS PHRASE MNEMONIC SEED CONNECTION CONN LICENSE HASH KEYFILE "
    "KEYSTORE TRUSTSTORE JWK JWKS USER USERNAME LOGIN PIN OTP TOTP PASSKEY PASSKEYS CONNSTR "
    "ENCKEY PRIVKEY AESKEY RSAKEY SIGNKEY"
)
_NEVER_SENT_PARTS = ("PASSW", "PSWD", "PASSPHRASE")
_NEVER_SENT_ENDS = ("PASS", "PWD", "PW")
# Words of a SECRET_KEY or SECRET with which an application signs what only it reads.
_OWN_SECRETS = _set(
    "APP APPLICATION DJANGO FLASK RAILS JWT SESSION CSRF NEXTAUTH AUTH SIGNATURE STATE SERVER"
)


Use = Literal["sent", "shared", "private"]
"""How a secret is used: sent in a header, compared with what a service holds, or neither."""


@lru_cache(maxsize=4096)
def use_of(name: str) -> Use:
    """
    Return how a secret of this name is probably used.

        >>> [use_of(name) for name in ("API_KEY", "WEBHOOK_SECRET", "DB_PASSWORD")]
        ['sent', 'shared', 'private']
    """
    words = frozenset(word.rstrip("0123456789") or word for word in _words(name))
    others = words - {"SECRET", "SECRETS", "KEY", "KEYS", "MY", "TOKEN", "V"}
    if words & _NEVER_SENT or any(map(_is_never_sent, words)):
        return "private"
    if not any("SECRET" in word for word in words):
        return "sent"
    if not others or others & _OWN_SECRETS or {"ACCESS", "KEY"} <= words:
        return "private"  # such as SECRET_KEY of Django; AWS_SECRET_ACCESS_KEY signs
    return "sent" if words & {"KEY", "KEYS"} else "shared"


def _is_never_sent(word: str) -> bool:
    """
    Return whether a word, such as ROOTPASSWORD or DBPW, contains one for a password.
    """
    if any(part in word for part in _NEVER_SENT_PARTS):
        return True
    return word.endswith(_NEVER_SENT_ENDS) and _is_credential(word)


@lru_cache(maxsize=4096)
def is_credential_name(name: str) -> bool:
    """
    Return whether a variable of this name is treated as secret unless it is declared public.

        >>> list(map(is_credential_name, ("DB_PASS", "apiKey", "MAX_TOKENS", "KEYBOARD")))
        [True, True, False, False]
    """
    upper = name.upper()
    if not any(map(upper.__contains__, _HINTS)):  # faster than a generator, for many names
        return False
    words = _words(name)
    found = frozenset(filter(_is_credential, _without_keys(words)))
    if not found:
        return _ends_in_credential(words) or any(pair <= set(words) for pair in _PAIRS)
    last = words[-1]
    if "BY" in words[:-1]:  # a mapping, such as TOKENS_BY_NAME
        return True
    if last in _MEASURES or (found <= {"TOKENS", "KEYS"} and not _QUANTITIES.isdisjoint(words)):
        return False
    return not (found <= _AMBIGUOUS and last in _PROPERTIES)


def _ends_in_credential(words: list[str]) -> bool:
    """
    Return whether the last word is one that names a credential only there.
    """
    last = next((word for word in reversed(words) if not word.isdecimal()), "")
    if last.rstrip("0123456789") not in _ENDS:
        return False
    return _QUANTITIES.isdisjoint(words) and _RANDOM_BY_NATURE.isdisjoint(words)


def ends_as_credential(name: str) -> bool:
    """
    Return whether the name says that the value itself is a credential, as in `PIN_TOKEN`.

    A number is one only then: `TOKEN_BUCKETS` and `MAX_TOKENS` count something.
    """
    words = _words(name)
    return bool(words) and is_credential_name(name) and _is_credential(words[-1])


def is_collection_name(name: str) -> bool:
    """
    Return whether everything below a field of this name is a credential, as in `SECRETS`.
    """
    words = _without_keys(_words(name))
    return bool(words) and words[-1] in _COLLECTIONS


def may_look_random(name: str) -> bool:
    """
    Return whether a field of this name holds random characters that are not secret, such as a hash.
    """
    return not _RANDOM_BY_NATURE.isdisjoint(_words(name))


def _words(name: str) -> list[str]:
    if name.isupper() and "-" not in name and "." not in name:  # as most are: no expression needed
        return [word for word in name.split("_") if word]
    return [word.upper() for word in re.split(_BOUNDARY, name) if word]


def _without_keys(words: list[str]) -> list[str]:
    """
    Return the words of a name without a KEY that opens nothing: PARTITION_KEY, SIGNING_KEY_ID.

    An ACCESS_KEY_ID is half of a pair of credentials.
    """
    if len(words) > 1 and words[-1] in {"KEY", "KEYS"} and words[-2] in _KEYED:
        return words[:-1]
    if words[-2:] in (["KEY", "ID"], ["KEY", "IDS"]) and "ACCESS" not in words:
        return [*words[:-2], words[-1]]
    return words


def _is_credential(word: str) -> bool:
    letters = word.rstrip("0123456789")
    if letters in _WORDS or any(part in letters for part in _PARTS):
        return True
    return any(
        letters.endswith(suffix) and letters.removesuffix(suffix) in _OWNERS for suffix in _OWNED
    )
