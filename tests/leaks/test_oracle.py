"""
The leak oracle finds every leak and reports no false positives.
"""

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest

import workerctl
from tests.leaks.oracle import PIECE, Mint, Oracle, texts

SEED = 7


@pytest.mark.parametrize("kind", ["token", "foreign", "key"])
def test_every_form_of_every_piece_is_found(kind: str) -> None:
    """
    Six characters are enough: raw, in another case, reversed, or in any of the encodings.
    """
    secret = str(getattr(Mint(SEED), kind)())
    oracle = Oracle([secret])

    for at in range(len(secret) - PIECE + 1):
        piece = secret[at : at + PIECE]
        for form in (piece, piece.upper(), piece.lower(), piece[::-1], quote(piece), ascii(piece)):
            assert oracle.leaks(f"…{form}…")
        assert oracle.leaks(json.dumps({"value": piece}))
    for before in ("", "x", "xy"):
        assert oracle.leaks(base64.b64encode(f"{before}{secret}yz".encode()).decode())


@pytest.mark.parametrize("kind", ["token", "foreign", "key"])
def test_no_word_of_the_program_is_mistaken_for_a_secret(kind: str) -> None:
    """
    The source of the package, five characters of a secret and a key id are not leaks.
    """
    mint = Mint(SEED)
    made = [str(getattr(mint, kind)()) for _ in range(50)]
    oracle = Oracle(made)
    package = Path(workerctl.__file__).parent

    assert not [leak for file in package.rglob("*.py") for leak in oracle.leaks(file.read_text())]
    assert not [leak for secret in made for leak in oracle.leaks(secret[: PIECE - 1])]
    assert not oracle.leaks(f"wk1:{made[0].lower()[:16]}" if kind == "key" else "")


def test_a_memory_address_is_not_mistaken_for_a_piece_of_a_key() -> None:
    """
    The address in the repr of a function may share digits with a key; what follows is judged.
    """
    key = Mint(SEED).key()
    oracle = Oracle([key])

    assert not oracle.leaks(f"<function check at 0x7f{key[10:20]}>")
    assert oracle.leaks(f"<function check at 0x7f{key[10:20]}> {key[30:36]}")
    assert oracle.leaks(f"<function check at 0x{key[:40]}>")


def test_an_exception_is_searched_completely() -> None:
    """
    Arguments, attributes, notes, causes, contexts, groups and `errors()` are searched.
    """
    mint = Mint(SEED)

    class DetailedError(Exception):
        def errors(self) -> list[dict[str, object]]:
            return [{"input": mint.made[0], "nested": ({mint.made[1]},)}]

    made = [mint.token() for _ in range(8)]
    error = DetailedError(made[2])
    error.__cause__ = ValueError(made[3])
    error.__context__ = UnicodeDecodeError("utf-8", made[4].encode(), 0, 1, "")
    error.__context__.__context__ = ExceptionGroup("", [KeyError(made[5])])
    error.add_note(made[6])
    error.extra = made[7]  # type: ignore[attr-defined]

    reached = "\n".join(texts(error))
    assert [secret for secret in made if secret not in reached] == []
