"""
Verify that every weak key is flagged, and that no random key is.

    python benchmarks/weak_keys.py --keys 1000000

First come the classes of keys that can be guessed, with members from a seeded generator; then
random keys, on all cores. The time is the processor time for one of these. The exit code is 1 if a
weak key is missed or a random key is flagged.
"""

import argparse
import hashlib
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import TypeVar

from workerctl import keys

_SEED = 20261122
_BYTES = keys.KEY_BYTES
_DIGITS = 2 * _BYTES
_RUN = 10
# The number of keys that a process checks at a time.
_CHUNK = 2000

_DECIMALS, _LETTERS = "0123456789", "abcdef"
_HEX = _DECIMALS + _LETTERS
_PRINTABLE = bytes(range(0x20, 0x7F))
_DOCUMENTED = (
    bytes(range(_BYTES)).hex(),  # FIPS 197, RFC 3394
    bytes(range(0x80, 0x80 + _BYTES)).hex(),  # RFC 8439
    "01" + "00" * (_BYTES - 1),  # RFC 8452
    "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",  # SP 800-38A
    "feffe9928665731c6d6a8f9467308308" * 2,  # the test cases of GCM
    "a1b2c3d4e5f6789012345678901234567890abcdef1234567890abcdef123456",  # README files
    "0123456789abcdef" * 4,
    "0123456789abcdeffedcba9876543210" * 2,
    "00112233445566778899aabbccddeeff" * 2,
    "deadbeef" * 8,
)
_WORDS = (b"", b"test", b"secret", b"password", b"changeme", b"123456", b"secret\n", b"password\n")

Make = Callable[[random.Random, int], str]
Item = TypeVar("Item")


def main() -> int:
    """
    Check the members of the classes, then random keys. Return the exit code.
    """
    parser = argparse.ArgumentParser(description="Check weak and random keys.")
    parser.add_argument("--keys", type=int, default=1_000_000, help="number of random keys")
    parser.add_argument("--members", type=int, default=1760, help="most keys of each class")
    options = parser.parse_args()
    missed = sum(_missed(name, make, options.members) for name, make in CLASSES.items())
    alarms, seconds = _random_keys(options.keys)
    print(f"\n{'random keys':<34} {options.keys:>8}")
    print(f"{'false alarms':<34} {alarms.total():>8}")
    for reason, count in alarms.most_common():
        print(f"  {reason:<32} {count:>8}")
    print(f"{'microseconds for each':<34} {1e6 * seconds / options.keys:>8.0f}")
    return 1 if missed or alarms else 0


def _missed(name: str, make: Make, members: int) -> int:
    """
    Print how many members of a class are flagged. Return how many are not.
    """
    source = random.Random(_SEED)  # noqa: S311 -- these keys are meant to be guessable
    texts = list(dict.fromkeys(make(source, number) for number in range(members)))
    texts[::3] = map(str.upper, texts[::3])
    caught = sum(keys.weakness(text) is not None for text in texts)
    print(f"{name:<34} {caught:>8} of {len(texts)}")
    return len(texts) - caught


def _random_keys(count: int) -> tuple[Counter[str], float]:
    chunks = [min(_CHUNK, count - start) for start in range(0, count, _CHUNK)]
    alarms: Counter[str] = Counter()
    total = 0.0
    with multiprocessing.Pool() as pool:
        for reasons, seconds in pool.imap_unordered(_flagged, chunks):
            alarms.update(reasons)
            total += seconds
    return alarms, total


def _flagged(count: int) -> tuple[list[str], float]:
    """
    Check random keys. Return the reasons why some are flagged, and the processor time in seconds.
    """
    texts = [keys.generate() for _ in range(count)]
    start = time.process_time()
    reasons = [reason for reason in map(keys.weakness, texts) if reason is not None]
    return reasons, time.process_time() - start


def _documented(_source: random.Random, number: int) -> str:
    return _DOCUMENTED[number % len(_DOCUMENTED)]


def _digest(_source: random.Random, number: int) -> str:
    return hashlib.sha256(_WORDS[number % len(_WORDS)]).hexdigest()


def _periodic(source: random.Random, number: int) -> str:
    period = _text(source, _HEX, 1 + number % (_DIGITS // 2))
    return (period * _DIGITS)[:_DIGITS]


def _byte_steps(source: random.Random, number: int) -> str:
    return bytes(_two_steps(source, number, _BYTES, 256)).hex()


def _digit_steps(source: random.Random, number: int) -> str:
    return "".join(_HEX[digit] for digit in _two_steps(source, number, _DIGITS, 16))


def _two_steps(source: random.Random, number: int, length: int, size: int) -> list[int]:
    """
    Return numbers whose successive differences are one of two values, in random order.
    """
    first = number % length
    steps = [source.randrange(size)] * first + [source.randrange(size)] * (length - 1 - first)
    source.shuffle(steps)
    start = source.randrange(size)
    return [value % size for value in accumulate(steps, initial=start)]


def _printable(source: random.Random, _number: int) -> str:
    return bytes(source.choices(_PRINTABLE, k=_BYTES)).hex()


def _digits_only(source: random.Random, _number: int) -> str:
    return _text(source, _DECIMALS, _DIGITS)


def _letters_only(source: random.Random, _number: int) -> str:
    return _text(source, _LETTERS, _DIGITS)


def _few_bytes(source: random.Random, number: int) -> str:
    few = source.sample(range(256), 1 + number % 19)
    return bytes(_of_each(source, few, _BYTES)).hex()


def _few_digits(source: random.Random, number: int) -> str:
    few = source.sample(_HEX, 1 + number % 9)
    return "".join(_of_each(source, few, _DIGITS))


def _of_each(source: random.Random, few: list[Item], length: int) -> list[Item]:
    """
    Return a list of the given length that contains every item, in random order.
    """
    items = few + source.choices(few, k=length - len(few))
    source.shuffle(items)
    return items


def _run(source: random.Random, number: int) -> str:
    """
    Return a key with ten equal digits in a row; `number` selects the digit and the position.
    """
    digit, place = divmod(number, _DIGITS - _RUN + 1)
    text = _text(source, _HEX, _DIGITS - _RUN)
    return text[:place] + _HEX[digit % len(_HEX)] * _RUN + text[place:]


def _palindrome(source: random.Random, _number: int) -> str:
    half = _text(source, _HEX, _DIGITS // 2)
    return half + half[::-1]


def _byte_palindrome(source: random.Random, _number: int) -> str:
    half = source.randbytes(_BYTES // 2)
    return (half + half[::-1]).hex()


def _half_zero(source: random.Random, number: int) -> str:
    halves = [_text(source, _HEX, _DIGITS // 2), "0" * (_DIGITS // 2)]
    return "".join(halves[:: 1 if number % 2 else -1])


def _text(source: random.Random, alphabet: Sequence[str], length: int) -> str:
    return "".join(source.choices(alphabet, k=length))


CLASSES: dict[str, Make] = {
    "documented examples": _documented,
    "digests of common words": _digest,
    "periods of 1 to 32 digits": _periodic,
    "at most two differences of bytes": _byte_steps,
    "at most two differences of digits": _digit_steps,
    "printable ASCII": _printable,
    "digits only": _digits_only,
    "letters only": _letters_only,
    "fewer than 20 different bytes": _few_bytes,
    "fewer than 10 different digits": _few_digits,
    "ten equal digits, at every place": _run,
    "palindromes of digits": _palindrome,
    "palindromes of bytes": _byte_palindrome,
    "one half zero": _half_zero,
}


if __name__ == "__main__":
    sys.exit(main())
