"""
Recognise secrets by their shape: known tokens, credentials in a text, random characters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workerctl.secrecy import shapes, urls
from workerctl.secrecy.credential_names import is_credential_name
from workerctl.secrecy.shapes import SHAPES

_CONSONANTS = r"[bcdfghjklmnpqrstvwxz]{5,}"
_CHANGES = 0.22
_CHANGES_OF_CAPITALS = 0.12  # base32 has few digits
_VOWELS = 0.2
_TOO_MANY_CONSONANTS = 7
_LONG = 24  # letters, from which on their frequency means something
_SHORTEST_HINT = 3
_LONGEST_VALUE = 8192
# The end is the last @, because the password may contain an unescaped slash.
_LOGIN = r"://[^\s/@:]{0,256}:[^\s@]{1,512}@"
# The same without a scheme, or after a damaged one; not mail addresses, and digests of images.
_BARE_LOGIN = r"(?<![^\s\"'=,;(])(?!mailto:)[^\s@:\"']{0,256}:[^\s@]{1,512}@(?!sha\d)[\w\[]"
_HEXADECIMAL = (
    r"(?<![A-Za-z0-9])(?=[0-9]*[A-Fa-f])(?=[A-Fa-f]*[0-9])"
    r"(?:[0-9a-f]{32,}|[0-9A-F]{32,})(?![A-Za-z0-9])"
)
# What precedes the value: a name and `=` or `:`, the scheme of a header, or both.
_LABEL = (
    r"^[\"']?(?:[A-Za-z_.\s]*[\"']?\s*[=:]\s*(?:(?i:bearer|basic)\s+)?"
    r"|(?i:bearer|basic|apikey|token)\s+)"
)


def is_token(text: str) -> bool:
    """
    Return whether the text contains a secret of a known form, such as `sk-…` or `password=…`.
    """
    if len(text) <= _SHORTEST_HINT:
        return False
    lower = text.lower()
    return any(
        any(hint in lower for hint in shape.hints) and re.search(shape.expression, text)
        for shape in SHAPES
    )


def secret_spans(text: str) -> Iterator[str]:
    """
    Yield the secrets in a text that contains some of a known form, without the words around them.

        >>> list(secret_spans("host=db password=hunter2 user=app"))
        ['hunter2']
    """
    if "-----" in text:
        yield text
        return
    for shape in SHAPES:
        for found in re.finditer(shape.expression, text):
            yield from _value_at(text, found.start())


def _value_at(text: str, start: int) -> Iterator[str]:
    """
    Yield the value that begins at a position, after a name such as `password=` or `Bearer`.
    """
    rest = re.sub(_LABEL, "", text[start : start + _LONGEST_VALUE].lstrip(), count=1)
    quoted = re.match(r"\s*([\"'])(.+?)\1", rest)
    end = r"[;\"']" if ";" in text else r"[\s;&,\"'}]"
    value = quoted[2] if quoted else re.split(end, rest.lstrip(), maxsplit=1)[0]
    if value:
        yield value


def has_userinfo(text: str) -> bool:
    """
    Return whether the text contains a URL with a password or a query parameter that is a secret.

    The scheme may be missing or damaged, as in `user:password@host`.
    """
    if "://" not in text:
        return "@" in text and re.search(_BARE_LOGIN, text) is not None
    if re.search(_LOGIN, text):
        return True
    if "@" not in text and "?" not in text:
        return False
    parts = urls.split(text)
    if parts is None:
        return re.search(r"://[^\s/@]+@", text) is not None
    names = (pair.partition("=")[0] for pair in parts.query.split("&") if "=" in pair)
    return bool(urls.userinfo_of(parts)) or any(map(is_credential_name, names))


def is_random(text: str) -> bool:
    """
    Return whether the text contains 32 and more characters in a row that a person did not write.

    Words, paths and slugs change between letters, digits and capitals rarely; random text often.
    """
    if len(text) < 32:  # noqa: PLR2004 -- shorter than a run
        return False
    plain = re.sub(shapes.IDENTIFIERS, " ", text)
    return any(_is_random_run(run) for run in re.findall(shapes.RUN, plain))


def _is_random_run(run: str) -> bool:
    pieces = re.findall(shapes.PIECE, run)
    if not pieces or run.isdecimal():
        return False
    if re.search(_HEXADECIMAL, run):
        return True
    changes = len(re.findall(r"[0-9](?=[A-Za-z])|[A-Za-z](?=[0-9])|[a-z](?=[A-Z])", run))
    changes += len(re.findall(r"(?<=[A-Z])[A-Z](?=[a-z]{1,2}(?![a-z]))", run))
    if changes >= _CHANGES * len(run):
        return True
    longest = max(pieces, key=len)
    if len(longest) < _LONG or not (longest.isupper() or longest.islower()):
        return False
    if longest.isupper() and changes >= _CHANGES_OF_CAPITALS * len(run):
        return True
    return _is_unpronounceable(longest.lower())


def _is_unpronounceable(letters: str) -> bool:
    vowels = sum(map(letters.count, "aeiouy"))
    runs = re.findall(_CONSONANTS, letters)
    longest = max(map(len, runs), default=0)
    return longest > _TOO_MANY_CONSONANTS or (bool(runs) and vowels < _VOWELS * len(letters))
