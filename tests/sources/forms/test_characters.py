"""
Characters that do not belong in a value are described by position and class, never shown.
"""

import time

import pytest

from workerctl.sources.forms import characters, plain


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("key", None),
        ("two words", None),
        ("", None),
        (" ", "contains only white space"),
        ("\r\n", "contains only white space"),
        ("key\n", "ends with a line end"),
        ("key\r\n", "ends with a line end"),
        ("key\r", "ends with a carriage return, as lines of Windows files do"),
        ("key\u2028", "ends with a line end"),
        (" key", "begins with a blank"),
        ("\tkey", "begins with a tab"),
        (" key\n", "has white space at both ends"),
        ("key\u00a0", "ends with the invisible character U+00A0 NO-BREAK SPACE"),
        ("\u3000key", "begins with the invisible character U+3000 IDEOGRAPHIC SPACE"),
    ],
    ids=ascii,
)
def test_white_space_around_a_text_is_named(text: str, words: str | None) -> None:
    """The words say at which end it is, and what it is."""
    found = characters.around(text)
    assert (None if found is None else found.words) == words


@pytest.mark.parametrize(
    ("character", "described"),
    [
        ("\u200b", "the invisible character U+200B ZERO WIDTH SPACE"),
        ("\u00ad", "the invisible character U+00AD SOFT HYPHEN"),
        ("\u202e", "the invisible character U+202E RIGHT-TO-LEFT OVERRIDE"),
        ("\u2066", "the invisible character U+2066 LEFT-TO-RIGHT ISOLATE"),
        ("\u00a0", "the invisible character U+00A0 NO-BREAK SPACE"),
        ("\ufeff", "the invisible character U+FEFF ZERO WIDTH NO-BREAK SPACE"),
        ("\ufe0f", "the invisible character U+FE0F VARIATION SELECTOR-16"),
        ("\u3164", "the invisible character U+3164 HANGUL FILLER"),
        ("\x1b", "the invisible character U+001B"),
        ("\x00", "the invisible character U+0000"),
        ("\n", "a line end"),
        ("\t", "a tab"),
        ("\udcff", "a byte that is not UTF-8"),
    ],
    ids=ascii,
)
def test_invisible_characters_are_named_with_their_position(character: str, described: str) -> None:
    """The position counts from 1, and a blank or a letter is not invisible."""
    found = characters.hidden(f"ab c{character}d")
    assert found is not None
    assert found.words == f"contains {described} as character 5"
    assert characters.hidden("ab c\u00e9\uac00") is None


@pytest.mark.parametrize(
    ("character", "described"),
    [
        ("\u0430", "a Cyrillic letter"),
        ("\u03bf", "a Greek letter"),
        ("\u00e9", "a Latin letter"),
        ("\uff41", "a Fullwidth letter"),
        ("\u0663", "a digit of another script"),
        ("\u2013", "a typographic dash"),
        ("\u201d", "a typographic quotation mark"),
        ("\u2026", "a symbol"),
    ],
    ids=ascii,
)
def test_a_visible_character_is_described_by_its_class(character: str, described: str) -> None:
    """Neither the character nor its code point is shown: it may be part of a secret."""
    found = characters.foreign(f"sk-{character}b")
    assert found is not None
    assert found.words == f"contains {described} as character 4, which is not ASCII"
    assert characters.foreign("sk-ab") is None


@pytest.mark.parametrize(
    "text", ["gpt-4\u043e", "\u0430bc", "p\u0430ss", "\uff47pt", "mod\u0435l-x"]
)
def test_a_look_alike_in_a_latin_word_is_found(text: str) -> None:
    """One letter of another script in a Latin word comes from copying."""
    found = characters.look_alike(text)
    assert found is not None
    assert "look alike" in found.words


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "\u043f\u0430\u0440\u043e\u043b\u044c-abc",
        "Stra\u00dfe",
        "\u0441\u043e\u0440",
        "\uac00a",
    ],
    ids=ascii,
)
def test_words_of_other_languages_are_no_look_alikes(text: str) -> None:
    """A text in another language has letters that look like no Latin ones."""
    assert characters.look_alike(text) is None


@pytest.mark.parametrize(
    ("text", "is_plain"), [("sk-a b", True), (" a", False), ("a\n", False), ("é", False)]
)
def test_plain_text_fits_into_a_header(text: str, is_plain: bool) -> None:
    """A header carries printable ASCII without a blank at its ends."""
    assert plain.is_plain(text) is is_plain


def test_long_texts_take_linear_time() -> None:
    """A text of a megabyte is judged at once."""
    looks = (characters.around, characters.hidden, characters.foreign, characters.look_alike)
    texts = (" " * 500_000, "a" * 500_000 + "\u200b", "a " * 250_000 + "\u0430")
    started = time.process_time()
    for look in looks:
        for text in texts:
            look(text)
    assert time.process_time() - started < 5
