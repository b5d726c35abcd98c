"""
Encryption keys: generation, form, strength, and the id that identifies a key without revealing it.

This module uses the standard library only. No message contains a part of a key.
"""

from __future__ import annotations

import hashlib
import hmac
from itertools import pairwise

KEY_BYTES = 32
"""The length of an AES-256 key; as text, it has twice as many hexadecimal characters."""

_LENGTH = 2 * KEY_BYTES
_HEX = frozenset("0123456789abcdefABCDEF")
_QUOTES = frozenset("'\"`\u2018\u2019\u201c\u201d")
_BOM = "\ufeff"
_HEX_TEXT = f"a text of {_LENGTH} hexadecimal characters"
_ENCODINGS = ("base64", "base64url", "b64", "hex")
_FINGERPRINT = b"workerctl/v1/key-fingerprint"
_HALF_LENGTH = 32

# Cyrillic and Greek letters that look like hexadecimal digits.
_HOMOGLYPHS = frozenset("\u0430\u0435\u0441\u0501\u0410\u0412\u0415\u0421\u0391\u0392\u0395\u03f2")

# The smallest numbers of distinct bytes and digits in 300 000 random keys are 23 and 12.
_FEWEST_BYTES = 20
_FEWEST_DIGITS = 10
# One random key in 10^10 contains a run of this length.
_LONGEST_RUN = 10
# Equal steps, of 63 between digits and 31 between bytes: one random key in 10^11 has this many.
_SAME_DIGIT_STEPS = 24
_SAME_BYTE_STEPS = 16

_EXAMPLES = (
    "0123456789abcdef" * 4,
    bytes(range(KEY_BYTES)).hex(),  # FIPS 197, appendix C.3
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",  # SP 800-38A
    "feffe9928665731c6d6a8f9467308308" * 2,  # test cases of the GCM specification
    "a1b2c3d4e5f6789012345678901234567890abcdef1234567890abcdef123456",  # from many READMEs
)
# Words whose SHA-256 digests are used as keys.
_WORDS = (
    "", "0", "1", "123", "1234", "12345", "123456", "12345678", "123456789", "1234567890",
    "abc", "admin", "changeme", "default", "dev", "development", "encryption", "encryption_key",
    "ENCRYPTION_KEY", "foo", "hello", "hello world", "key", "letmein", "local", "master",
    "mysecret", "pass", "passw0rd", "passphrase", "password", "production", "qwerty", "root",
    "salt", "secret", "secretkey", "secret_key", "staging", "test", "testkey", "worker",
)  # fmt: skip


def generate() -> str:
    """
    Return a new key: 64 lowercase hexadecimal characters from the operating system's generator.
    """
    import secrets  # takes 8 ms, which a worker that only checks its key saves

    return secrets.token_bytes(KEY_BYTES).hex()


def form_problem(text: str) -> str | None:
    """
    Return what is wrong with the form of a key, worded to follow the name of its variable.

    The result is None for a well-formed key, which has exactly 64 hexadecimal ASCII characters.
    `bytes.fromhex` alone would accept spaces; `int(text, 16)`, underscores and other scripts.
    """
    if _is_well_formed(text):
        return None
    if not text:
        return "is empty"
    return _blanks(text) or _invisible(text) or _wrapping(text) or _other_form(text) or _count(text)


def weakness(text: str) -> str | None:
    """
    Return why a well-formed key can be guessed, worded in the same way; None if nothing is found.

    This detects placeholders and patterns but does not prove randomness: the digest of a weak word
    that is not listed here passes. Raises ValueError for a malformed key.
    """
    _require_form(text)
    digits = text.lower()
    key = bytes.fromhex(digits)
    if any(hmac.compare_digest(digits, example) for example in _EXAMPLES):
        return "is an example from public documentation"
    if any(hmac.compare_digest(key, digest) for digest in _digests()):
        return "is the SHA-256 digest of a common word"
    return _pattern(digits) or _alphabet(digits, key) or _steps(digits, key)


def key_id(text: str) -> str:
    """
    Return the public id of a key: "wk1:" and 16 hexadecimal characters, the same on every host.

    Raises ValueError for a malformed key, and for a weak one, whose id would confirm a guess.
    """
    problem = weakness(text)
    if problem is not None:
        raise ValueError(f"The key {problem}.")
    return f"wk1:{derived(text, _FINGERPRINT)[:8].hex()}"


def derived(text: str, label: bytes) -> bytes:
    """
    Return 32 bytes derived from a well-formed key; different labels give unrelated bytes.

    This is HKDF-Expand (RFC 5869) without Extract, which is only safe for uniformly random keys.
    """
    # The first block of the expansion: no previous block, the label as info, the counter 1.
    return hmac.digest(bytes.fromhex(text), label + b"\x01", "sha256")


def _is_well_formed(text: str) -> bool:
    return len(text) == _LENGTH and _HEX.issuperset(text)


def _require_form(text: str) -> None:
    problem = form_problem(text)
    if problem is not None:
        raise ValueError(f"The key {problem}.")


def _blanks(text: str) -> str | None:
    if text != text.strip():
        return "has leading or trailing whitespace" if text.strip() else "contains only whitespace"
    if any(map(str.isspace, text)):
        return "contains whitespace"
    return None


def _invisible(text: str) -> str | None:
    if text.isascii() and text.isprintable():
        return None
    if text.startswith(_BOM):
        return "starts with a byte order mark"
    import unicodedata

    if any(unicodedata.category(character) in {"Cc", "Cf"} for character in text):
        return "contains an invisible character"
    # NFKC maps full-width, mathematical and superscript characters to the plain ones.
    if any(
        other.isdecimal() or other in _HOMOGLYPHS or unicodedata.normalize("NFKC", other) in _HEX
        for other in text
        if not other.isascii()
    ):
        return "contains a character of another script that looks like a hexadecimal digit"
    return None


def _wrapping(text: str) -> str | None:
    if text[-1] in ",;":
        return f"ends with a {'comma' if text[-1] == ',' else 'semicolon'}, as a line of code does"
    if text.startswith(("b'", 'b"')) and text[-1] == text[1]:
        return "is written in b'…', as Python prints bytes"
    if text[0] in _QUOTES and text[-1] in _QUOTES:
        return "is enclosed in quotes (docker --env-file keeps them)"
    if text[0] in _QUOTES or text[-1] in _QUOTES:
        return "has a quote at one end only"
    return None


def _other_form(text: str) -> str | None:
    if text[:2] in {"0x", "0X", "\\x"}:
        return f"starts with {text[:2].lower()}, which is not part of the key"
    half = len(text) // 2
    if half >= _LENGTH and text[:half] == text[half:]:
        return "is the same text twice"
    if any(_is_well_formed(text.replace(sign, "")) for sign in ":-" if sign in text):
        return f"is {_HEX_TEXT} with separators between them"
    labelled = _labelled(text)
    if labelled is not None:
        return labelled
    if len(text) == _HALF_LENGTH and _HEX.issuperset(text):
        return f"has {_HALF_LENGTH} hexadecimal characters (a 128-bit key), not {_LENGTH}"
    inner = _encoded(text)
    return None if inner is None else f"is {inner}, not the {_LENGTH} hexadecimal characters"


def _labelled(text: str) -> str | None:
    """
    Return what a text is if it is a key in any encoding after `base64:`, `hex:` or a name.
    """
    ends = [text.index(sign) for sign in ":=" if sign in text]
    if not ends:
        return None
    end = min(ends)
    front, rest = text[:end], text[end + 1 :]
    inner = _HEX_TEXT if _is_well_formed(rest) else _encoded(rest)
    if inner is None or not front.isidentifier():
        return None
    is_encoding = text[end] == ":" and front.lower() in _ENCODINGS
    return f"is {inner}, with {f'`{front.lower()}:`' if is_encoding else 'a name'} in front"


def _encoded(text: str) -> str | None:
    """
    Return what a text is if it is a key in another encoding, such as base64 of its 32 bytes.
    """
    if _HEX.issuperset(text):
        data = b"" if len(text) % 2 else bytes.fromhex(text)
        return f"hexadecimal of {_HEX_TEXT}" if _is_well_formed(_line(data)) else None
    once = _from_base64(text)
    twice = None if once is None else _from_base64(_line(once))
    for decoded, how in ((once, "base64 of"), (twice, "base64, twice, of")):
        if decoded is not None and len(decoded) == KEY_BYTES:
            return f"{how} {KEY_BYTES} bytes"
        if decoded is not None and _is_well_formed(_line(decoded)):
            return f"{how} {_HEX_TEXT}"
    return None


def _line(data: bytes) -> str:
    """
    Return the text that a command such as `echo` encoded, without its end of line.
    """
    return data.rstrip(b"\r\n").decode("latin-1")


def _from_base64(text: str) -> bytes | None:
    """
    Return the bytes of a text in base64 or base64url, with or without padding; None for other text.
    """
    import binascii

    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return binascii.a2b_base64(standard + "=" * (-len(standard) % 4), strict_mode=True)
    except ValueError:
        return None


def _count(text: str) -> str:
    strange = sum(character not in _HEX for character in text)
    kind = "1 character that is" if strange == 1 else f"{strange} characters that are"
    if len(text) == _LENGTH:
        return f"contains {kind} not hexadecimal"
    size = f"has {len(text)} character{'s' if len(text) > 1 else ''}, not {_LENGTH}"
    return f"{size}, and {kind} not hexadecimal" if strange else size


def _digests() -> list[bytes]:
    # With and without the newline that `echo word | sha256sum` adds.
    lines = (word + end for word in _WORDS for end in ("", "\n"))
    return [hashlib.sha256(line.encode()).digest() for line in lines]


def _pattern(digits: str) -> str | None:
    if any(hmac.compare_digest(digits[n:], digits[:-n]) for n in range(1, _LENGTH // 2 + 1)):
        return "repeats a short pattern"
    if any(digit * _LONGEST_RUN in digits for digit in set(digits)):
        return f"has the same character {_LONGEST_RUN} times in a row"
    if hmac.compare_digest(digits, digits[::-1]):
        return "reads the same backwards"
    return None


def _alphabet(digits: str, key: bytes) -> str | None:
    if all(byte in b"\t\n\r" or 0x20 <= byte < 0x7F for byte in key):  # noqa: PLR2004
        return "is text encoded in hexadecimal"
    if digits.isdecimal():
        return "contains only digits"
    if digits.isalpha():
        return "contains only letters"
    if len(set(digits)) < _FEWEST_DIGITS:
        return "has too few different characters"
    if len(set(key)) < _FEWEST_BYTES:
        return "repeats the same few bytes"
    return None


def _steps(digits: str, key: bytes) -> str | None:
    nibbles = [int(digit, 16) for digit in digits]
    if _most_common_step(nibbles, 16) >= _SAME_DIGIT_STEPS:
        return "counts up or down in equal steps"
    if _most_common_step(key, 256) >= _SAME_BYTE_STEPS:
        return "counts up or down in equal steps"
    return None


def _most_common_step(numbers: bytes | list[int], size: int) -> int:
    steps = [(after - before) % size for before, after in pairwise(numbers)]
    return max(map(steps.count, set(steps)))
