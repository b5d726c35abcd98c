"""
Characters that do not belong in a value: white space around it, invisible ones, look-alikes.

A description gives the position of a character, counted from 1, and its class. A letter is
described by its script only, because it may be part of a secret. Everything takes time linear in
the length of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from workerctl.report.records import Record

Kind = Literal["space", "hidden", "wrapped", "list", "origin"]


class Fault(Record):
    """
    What is wrong with a value, as words that follow its name, and a sentence that says what to do.

    `plainly` is true if the value cannot be meant like this, whatever it is used for.
    """

    kind: Kind
    words: str
    remedy: str
    plainly: bool = False


_BOM = "\ufeff"
_LINE_ENDS = frozenset("\n\r\x0b\x0c\x85\u2028\u2029")
# Letters and marks that show nothing: Hangul fillers, a blank Braille pattern, variation selectors.
_BLANK_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0") | frozenset(
    map(chr, range(0xFE00, 0xFE10))
)
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"})
# Letters that look like Latin ones: Cyrillic, Greek, Armenian, Cherokee and Roman numerals.
_LOOK_ALIKES = frozenset(
    "\u0430\u0435\u043e\u0440\u0441\u0443\u0445\u0455\u0456\u0458\u0501\u051b\u051d\u04bb\u04cf"
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0405\u0406\u0408"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7"
    "\u03bf\u03bd\u03b9\u03c1\u03f2\u03f9\u0261\u0131\u0570\u0578\u057d\u0585\u13aa\u13a2\u13df"
)
_RUN = r"[^\W_]+"


def around(text: str) -> Fault | None:
    """
    Return the white space at the ends of a text as a fault, if there is any.
    """
    bare = text.strip()
    if bare == text:
        return None
    if not bare:
        return Fault("space", "contains only white space", "Enter the value.")
    begins, ends = text[0].isspace(), text[-1].isspace()
    if begins and ends:
        return Fault("space", "has white space at both ends", "Remove the white space.")
    if begins:
        words, place = f"begins with {_space(text[0])}", "before"
    else:
        words, place = f"ends with {_space(text[-1])}", "after"
    remedy = f"Remove the white space {place} the value."
    if text.endswith("\r"):
        remedy = "Save the file that sets it with Unix line ends."
    return Fault("space", words, remedy)


def byte_order_mark(text: str) -> Fault | None:
    """
    Return the byte order mark in front of a text as a fault, if there is one.
    """
    if not text.startswith(_BOM):
        return None
    return Fault(
        "hidden",
        "begins with a byte order mark (U+FEFF)",
        "Save the file that sets it as UTF-8 without a byte order mark.",
        plainly=True,
    )


def hidden(text: str) -> Fault | None:
    """
    Return the first character that nobody sees, other than a blank, as a fault.
    """
    if text.isascii() and text.isprintable():
        return None
    for number, character in enumerate(text, 1):
        if character != " " and _is_hidden(character):
            described = _invisible(character)
            return Fault(
                "hidden",
                f"contains {described} as character {number}",
                "Remove it, or copy the value again from its origin.",
            )
    return None


def foreign(text: str) -> Fault | None:
    """
    Return the first character that is not ASCII as a fault.
    """
    if text.isascii():
        return None
    number, character = next(
        (number, each) for number, each in enumerate(text, 1) if not each.isascii()
    )
    return Fault(
        "hidden",
        f"contains {_visible(character)} as character {number}, which is not ASCII",
        "Copy the value again from its origin.",
    )


def look_alike(text: str) -> Fault | None:
    """
    Return a letter of another script in the middle of a Latin word as a fault.

    All characters of the text that are not ASCII have to look like ones that are: a text in another
    language has others.
    """
    if text.isascii() or not all(map(_is_look_alike, _not_ascii(text))):
        return None
    if not any(each.isascii() and each.isalpha() for each in text):
        return None
    for run in re.finditer(_RUN, text):
        if not run[0].isascii() and any(each.isascii() for each in run[0]):
            start = next(n for n, each in enumerate(run[0]) if not each.isascii())
            character = run[0][start]
            return Fault(
                "hidden",
                f"contains {_visible(character)} as character {run.start() + start + 1}, "
                f"among Latin ones that look alike",
                "Type the value again, or copy it from its origin.",
            )
    return None


def punctuation(text: str) -> Fault | None:
    """
    Return a typographic dash or quotation mark as a fault, if nothing else in the text is foreign.
    """
    if text.isascii():
        return None
    from unicodedata import category

    others = list(_not_ascii(text))
    if any(category(each) not in {"Pd", "Pi", "Pf", "Ps"} and each != "\u2212" for each in others):
        return None
    number = text.index(others[0]) + 1
    return Fault(
        "hidden",
        f"contains {_visible(others[0])} as character {number}",
        "Type the character again in its plain form.",
    )


def is_hidden_alone(text: str) -> bool:
    """
    Return whether all characters of a text are ASCII, but for those that nobody sees.
    """
    return all(map(_is_hidden, _not_ascii(text)))


def _not_ascii(text: str) -> Iterator[str]:
    return (each for each in text if not each.isascii())


def _is_hidden(character: str) -> bool:
    from unicodedata import category

    return category(character) in _HIDDEN or character in _BLANK_LETTERS


def _is_look_alike(character: str) -> bool:
    if character in _LOOK_ALIKES:
        return True
    from unicodedata import normalize

    # Full-width and mathematical letters, and digits of other scripts.
    plain = normalize("NFKC", character)
    return plain.isascii() and plain.isalnum()


def _space(character: str) -> str:
    if character == "\r":
        return "a carriage return, as lines of Windows files do"
    if character in _LINE_ENDS:
        return "a line end"
    return {" ": "a blank", "\t": "a tab"}.get(character) or _invisible(character)


def _invisible(character: str) -> str:
    """
    Return the description of a character that nobody sees, which reveals nothing of a secret.
    """
    if "\ud800" <= character <= "\udfff":
        return "a byte that is not UTF-8"
    if character in _LINE_ENDS:
        return "a line end"
    if character == "\t":
        return "a tab"
    from unicodedata import name

    code = f"U+{ord(character):04X}"
    known = name(character, "")
    return f"the invisible character {code}{' ' if known else ''}{known}"


def _visible(character: str) -> str:
    """
    Return the class of a character, such as "a Cyrillic letter", but not the character.
    """
    from unicodedata import category, name

    kind = category(character)
    if kind.startswith("L"):
        script = name(character, "").partition(" ")[0].capitalize()
        return f"a {script} letter" if script.isalpha() else "a letter of another script"
    if kind.startswith("N"):
        return "a digit of another script"
    if kind in {"Pi", "Pf"}:
        return "a typographic quotation mark"
    if kind == "Pd":
        return "a typographic dash"
    return "a symbol" if kind[0] in "SP" else "a character"
