"""
Tests of keys: their form, weaknesses, and the id that identifies a key.
"""

import base64
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

import workerctl
from workerctl import keys

GOOD = "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2"
RAW = bytes.fromhex(GOOD)
NOISE = hashlib.shake_256(b"noise").digest(64)


def _base64(data: bytes | str) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


BAD_FORMS = {
    "": "is empty",
    " ": "contains only whitespace",
    "\n": "contains only whitespace",
    f"{GOOD}\n": "has leading or trailing whitespace",
    f" {GOOD}": "has leading or trailing whitespace",
    f"\u00a0{GOOD}": "has leading or trailing whitespace",
    f"{GOOD[:32]} {GOOD[32:]}": "contains whitespace",
    f"{GOOD[:31]}\t{GOOD[32:]}": "contains whitespace",
    f"\ufeff{GOOD}": "starts with a byte order mark",
    f"{GOOD}\u200b": "contains an invisible character",
    f"{GOOD[:10]}\ufeff{GOOD[11:]}": "contains an invisible character",
    f"{GOOD[:10]}\x00{GOOD[11:]}": "contains an invisible character",
    f"'{GOOD}'": "is enclosed in quotes (docker --env-file keeps them)",
    f'"{GOOD}"': "is enclosed in quotes (docker --env-file keeps them)",
    f"\u201c{GOOD}\u201d": "is enclosed in quotes (docker --env-file keeps them)",
    f'"{GOOD}': "has a quote at one end only",
    f"{GOOD}'": "has a quote at one end only",
    f"b'{GOOD}\"": "has a quote at one end only",
    f"0x{GOOD}": "starts with 0x, which is not part of the key",
    f"0X{GOOD[2:]}": "starts with 0x, which is not part of the key",
    GOOD[:32]: "has 32 hexadecimal characters (a 128-bit key), not 64",
    base64.b64encode(RAW).decode(): "is base64 of 32 bytes, not the 64 hexadecimal characters",
    base64.urlsafe_b64encode(RAW).decode().rstrip("="): (
        "is base64 of 32 bytes, not the 64 hexadecimal characters"
    ),
    _base64(_base64(RAW)): "is base64, twice, of 32 bytes, not the 64 hexadecimal characters",
    _base64(GOOD): "is base64 of a text of 64 hexadecimal characters, not the 64 hexadecimal "
    "characters",
    _base64(f"{GOOD}\n"): "is base64 of a text of 64 hexadecimal characters, not the 64 "
    "hexadecimal characters",
    _base64(_base64(GOOD)): "is base64, twice, of a text of 64 hexadecimal characters, not the 64 "
    "hexadecimal characters",
    GOOD.encode().hex(): "is hexadecimal of a text of 64 hexadecimal characters, not the 64 "
    "hexadecimal characters",
    f"base64:{_base64(RAW)}": "is base64 of 32 bytes, with `base64:` in front",
    f"b64:{_base64(GOOD)}": "is base64 of a text of 64 hexadecimal characters, with `b64:` in "
    "front",
    f"hex:{GOOD}": "is a text of 64 hexadecimal characters, with `hex:` in front",
    f"ENCRYPTION_KEY={GOOD}": "is a text of 64 hexadecimal characters, with a name in front",
    f"ENCRYPTION_KEY:{_base64(RAW)}": "is base64 of 32 bytes, with a name in front",
    f"K={GOOD}": "is a text of 64 hexadecimal characters, with a name in front",
    f"base64={_base64(RAW)}": "is base64 of 32 bytes, with a name in front",
    _base64(f"{GOOD}ab"): "has 88 characters, not 64, and 68 characters that are not hexadecimal",
    f"key={GOOD[1:]}": "has 67 characters, not 64, and 3 characters that are not hexadecimal",
    _base64(RAW[1:]): "has 44 characters, not 64, and 27 characters that are not hexadecimal",
    "a": "has 1 character, not 64",
    "ab": "has 2 characters, not 64",
    "g": "has 1 character, not 64, and 1 character that is not hexadecimal",
    GOOD[1:]: "has 63 characters, not 64",
    f"{GOOD}a": "has 65 characters, not 64",
    GOOD[:31]: "has 31 characters, not 64",
    GOOD[:43]: "has 43 characters, not 64",
    GOOD + GOOD: "is the same text twice",
    f"{GOOD}g{GOOD}g": "is the same text twice",
    GOOD[:8] * 2: "has 16 characters, not 64",
    GOOD + GOOD[1:] + "0": "has 128 characters, not 64",
    "\udc80" * 128: "is the same text twice",
    f"{GOOD};": "ends with a semicolon, as a line of code does",
    f'"{GOOD}",': "ends with a comma, as a line of code does",
    f"b'{GOOD}'": "is written in b'…', as Python prints bytes",
    f'b"{_base64(RAW)}"': "is written in b'…', as Python prints bytes",
    f"b'{GOOD}": "has 66 characters, not 64, and 1 character that is not hexadecimal",
    f"\\x{GOOD}": "starts with \\x, which is not part of the key",
    ":".join(GOOD[n : n + 2] for n in range(0, 64, 2)): (
        "is a text of 64 hexadecimal characters with separators between them"
    ),
    "-".join(GOOD[n : n + 8] for n in range(0, 64, 8)): (
        "is a text of 64 hexadecimal characters with separators between them"
    ),
    "\udc80:": "has 2 characters, not 64, and 2 characters that are not hexadecimal",
    f"{GOOD[1:]}g": "contains 1 character that is not hexadecimal",
    f"{GOOD[:-2]}_+": "contains 2 characters that are not hexadecimal",
    f"{GOOD[1:]}\u00e9": "contains 1 character that is not hexadecimal",
    f"{GOOD[1:]}\udc80": "contains 1 character that is not hexadecimal",
    f"{GOOD}!?": "has 66 characters, not 64, and 2 characters that are not hexadecimal",
}
LOOK_ALIKES = ["\uff11", "\uff21", "\u0663", "\U0001d7d9", "\u0430", "\u0421", "\u0395", "\u00b2"]

WEAK = {
    "0123456789abcdef" * 4: "is an example from public documentation",
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f": (
        "is an example from public documentation"
    ),
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4": (
        "is an example from public documentation"
    ),
    "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308": (
        "is an example from public documentation"
    ),
    "a1b2c3d4e5f6789012345678901234567890abcdef1234567890abcdef123456": (
        "is an example from public documentation"
    ),
    hashlib.sha256(b"").hexdigest(): "is the SHA-256 digest of a common word",
    hashlib.sha256(b"password").hexdigest(): "is the SHA-256 digest of a common word",
    hashlib.sha256(b"secret\n").hexdigest(): "is the SHA-256 digest of a common word",
    "0" * 64: "repeats a short pattern",
    "f" * 64: "repeats a short pattern",
    GOOD[:32] * 2: "repeats a short pattern",
    (GOOD[:5] * 13)[:64]: "repeats a short pattern",
    GOOD[:32] + "0" * 32: "has the same character 10 times in a row",
    "0" * 32 + GOOD[32:]: "has the same character 10 times in a row",
    GOOD[:27] + "7" * 10 + GOOD[37:]: "has the same character 10 times in a row",
    GOOD[:32] + GOOD[:32][::-1]: "reads the same backwards",
    b"correct horse battery staple ok!".hex(): "is text encoded in hexadecimal",
    b"correct horse\tbattery\r\nstaple ~ ".hex(): "is text encoded in hexadecimal",
    "8305917264" * 6 + "9917": "contains only digits",
    "fbcadeabcfdbeacfdebacfadbecfabdcefadbcaefdbcafedcbeafdacbfedabec": "contains only letters",
    # 19 different bytes, then 9 different digits: each is one less than required.
    (RAW[:19] + RAW[12::-1]).hex(): "repeats the same few bytes",
    "".join("0a1b2c3d4"[n % 9] for n in NOISE): "has too few different characters",
    bytes((37 * n + 11) % 256 for n in range(32)).hex(): "counts up or down in equal steps",
    bytes((-3 * n) % 256 for n in range(32)).hex(): "counts up or down in equal steps",
}


def test_generated_keys_are_well_formed_strong_and_different():
    """
    A key is 32 random bytes as 64 lowercase hexadecimal characters.
    """
    generated = [keys.generate() for _ in range(100)]

    assert len(set(generated)) == 100
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in generated)
    assert all(keys.weakness(key) is None for key in generated)


@pytest.mark.parametrize("text", [GOOD, GOOD.upper(), GOOD[:32] + GOOD[32:].upper(), "0" * 64])
def test_64_hexadecimal_characters_are_a_key(text):
    """
    Both cases of letters are accepted, and weak keys are well-formed.
    """
    assert keys.form_problem(text) is None


@pytest.mark.parametrize(("text", "problem"), BAD_FORMS.items(), ids=map(ascii, BAD_FORMS))
def test_the_problem_of_a_malformed_key_is_named(text, problem):
    """
    The message names the problem but contains no part of the value.
    """
    assert keys.form_problem(text) == problem
    assert not any(GOOD[n : n + 4] in problem for n in range(61))


@pytest.mark.parametrize("character", LOOK_ALIKES, ids=ascii)
def test_look_alikes_of_digits_and_letters_are_named(character):
    """
    Digits of other scripts, and letters that resemble a to f, have their own message.
    """
    expected = "contains a character of another script that looks like a hexadecimal digit"

    assert keys.form_problem(GOOD[:40] + character + GOOD[41:]) == expected
    assert keys.form_problem(character * 64) == expected


@pytest.mark.parametrize("size", [16, 24, 31, 33, 64, 300])
def test_base64_of_another_length_is_not_called_a_key(size):
    """
    Only base64 of exactly 32 bytes is called a key in another notation.
    """
    text = base64.b64encode(hashlib.shake_256(b"noise").digest(size)).decode()

    assert "base64" not in keys.form_problem(text)


def test_invalid_base64_is_not_called_a_key():
    """
    A lenient decoder would find a key in almost any line, so the decoder is strict.
    """
    text = base64.b64encode(RAW).decode()

    assert "base64" not in keys.form_problem(f"{text[:20]}!!!!{text[20:]}")


def test_the_form_agrees_with_the_regular_expression():
    """
    Every ASCII and Latin character is accepted exactly if `[0-9a-fA-F]` matches it.
    """
    for number in range(0x250):
        text = GOOD[:20] + chr(number) + GOOD[21:]
        matches = re.fullmatch("[0-9a-fA-F]{64}", text, re.ASCII) is not None

        assert (keys.form_problem(text) is None) == matches


@pytest.mark.parametrize(("text", "weakness"), WEAK.items(), ids=list(WEAK))
def test_guessable_keys_are_weak(text, weakness):
    """
    Every rule applies to both cases of letters.
    """
    assert keys.weakness(text) == weakness
    assert keys.weakness(text.upper()) == weakness


def test_rules_have_the_documented_limits():
    """
    One less than each limit is not a weakness, because a random key may have it.
    """
    assert keys.weakness(GOOD[:27] + "7" * 9 + GOOD[36:]) is None
    assert keys.weakness((RAW[:20] + RAW[11::-1]).hex()) is None
    assert keys.weakness(GOOD[:31] + GOOD[:33]) is None
    assert keys.weakness(GOOD[:33] + GOOD[:31]) is None
    assert keys.weakness("".join("0a1b2c3d4e"[n % 10] for n in NOISE)) is None


@pytest.mark.parametrize("byte", [b"\x1f", b"\x7f", b"\x80", b"\x00", b"\x0b"])
def test_one_unprintable_byte_rules_out_text(byte):
    """
    Text consists of printable ASCII characters and common white space.
    """
    text = b"Sphinx of black quartz, judge my"

    assert keys.weakness(text.hex()) == "is text encoded in hexadecimal"
    assert keys.weakness((text[:-1] + byte).hex()) is None


@pytest.mark.parametrize(
    ("same", "weakness"),
    [
        (30, "counts up or down in equal steps"),
        (25, "counts up or down in equal steps"),
        (24, "counts up or down in equal steps"),
        (23, None),
    ],
)
def test_24_equal_steps_between_digits_are_too_many(same, weakness):
    """
    A random key has about four equal steps among its 63.
    """
    digits = [0]
    steps = [3] * same + [1, 5, 9, 12, 2, 7, 14, 6, 11, 4] * 4
    for step in steps[:63]:
        digits.append((digits[-1] + step) % 16)

    assert keys.weakness("".join(f"{digit:x}" for digit in digits)) == weakness


@pytest.mark.parametrize(
    ("same", "weakness"), [(16, "counts up or down in equal steps"), (15, None)]
)
def test_16_equal_steps_between_bytes_are_too_many(same, weakness):
    """
    A random key hardly ever has two equal steps among its 31.
    """
    numbers = [17]
    steps = [151] * same + [3, 77, 200, 45, 91, 130, 251, 60, 19, 170, 222, 8, 99, 143, 33, 5]
    for step in steps[:31]:
        numbers.append((numbers[-1] + step) % 256)

    assert keys.weakness(bytes(numbers).hex()) == weakness


def test_random_keys_raise_no_false_alarm():
    """
    None of 20 000 random keys is weak; a benchmark tries a million.
    """
    assert [key for key in (keys.generate() for _ in range(20_000)) if keys.weakness(key)] == []


@pytest.mark.parametrize("text", ["", GOOD[1:], f"{GOOD[:63]}\n", f"'{GOOD}'"])
def test_strength_and_id_are_only_for_well_formed_keys(text):
    """
    The error names the problem without the value.
    """
    for function in (keys.weakness, keys.key_id):
        with pytest.raises(ValueError, match=r"^The key [a-z0-9 (),-]+\.$") as caught:
            function(text)

        assert GOOD[:6] not in str(caught.value)
        assert caught.value.__context__ is None


def test_a_weak_key_has_no_id():
    """
    An id of a guessable key would allow anyone to verify guesses.
    """
    with pytest.raises(ValueError, match=r"^The key repeats a short pattern\.$"):
        keys.key_id("ab" * 32)


def test_the_id_is_hkdf_expand_of_the_bytes():
    """
    The id agrees with an independent implementation, and ignores the case of the text.
    """
    for key in [GOOD, *(keys.generate() for _ in range(200))]:
        expand = HKDFExpand(SHA256(), length=8, info=b"workerctl/v1/key-fingerprint")
        expected = "wk1:" + expand.derive(bytes.fromhex(key)).hex()

        assert keys.key_id(key) == expected
        assert keys.key_id(key.upper()) == expected


def test_the_id_of_a_known_key_never_changes():
    """
    An id must stay the same, because people write it down.
    """
    assert keys.key_id(GOOD) == "wk1:2565c91eda0c9d9c"


def test_judging_a_key_imports_nothing_slow():
    """
    A worker checks its key at every start, so this must not import slow modules.
    """
    code = (
        "import sys; from workerctl import keys;"
        f"keys.weakness({'ab' * 32!r});"
        "print(*sorted({'re', 'secrets', 'random', 'dataclasses', 'typing', 'enum', 'unicodedata'}"
        " & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=Path(workerctl.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )

    assert run.stdout == "\n"
