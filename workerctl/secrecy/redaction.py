"""
Secrets out of texts: every piece of one, in every form in which a log comes to hold it.

What is shown of a secret URL elsewhere is shown here: scheme, host and port.
"""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import SplitResult, parse_qsl, unquote

from workerctl.secrecy import urls
from workerctl.secrecy.masking import PIECE, is_credential_name
from workerctl.secrecy.spellings import ESCAPED_PIECE, pieces

LOG_MASK = "********"
"""ASCII, unlike the mask of the reports, because a log passes through handlers of any encoding."""

SHORTEST = 4
"""Secrets of four or five characters are masked as whole words, shorter ones not at all."""

# Every six-character piece contains a four-character anchor that starts at a multiple of three, so
# checking every third position finds them all.
_STEP = 3

# Of a path, of the name of a parameter or a user: "services", "v1" and "default" give nothing away.
_WORD = r"[a-z._~-]{1,16}|.{0,5}"

Anchor = tuple[str, str, str, str]
Whole = tuple[str, re.Pattern[str]]


class Redactor:
    """
    Masks what a text has in common with known secrets; made once, then quick for each text.
    """

    def __init__(self, secrets: Iterable[str], mask: str = LOG_MASK) -> None:
        self._mask = mask
        known = set(secrets)
        parts = {part for secret in known for part in _parts(secret)}
        self._pieces = frozenset(piece for part in parts for piece in pieces(part))
        self._anchors = frozenset(anchor for piece in self._pieces for anchor in _every(piece, 1))
        self._wholes = dict([*map(_short_word, parts), *map(_end_of_url, known)])
        self._wholes.pop("", None)

    def holds(self, text: str) -> bool:
        """
        Whether the text has a piece of a secret in it.
        """
        for whole, pattern in self._wholes.items():
            if whole in text and pattern.search(text):
                return True
        return not self._anchors.isdisjoint(_every(text, _STEP)) and any(self._spans(text))

    def redact(self, text: str) -> str:
        """
        The text with every piece of a secret masked.
        """
        shown: list[str] = []
        end = 0
        for start, stop in self._spans(text):
            if start > end or not shown:
                shown += (text[end:start], self._mask)
            end = max(end, stop)
        redacted = "".join(shown) + text[end:]
        for whole, pattern in self._wholes.items():
            if whole in redacted:
                redacted = pattern.sub(self._mask, redacted)
        return redacted

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """
        The places of pieces, in the order of their starts; they may overlap.
        """
        for number, anchor in enumerate(_every(text, _STEP)):
            if anchor in self._anchors:
                last = number * _STEP
                for start in range(max(0, last - _STEP + 1), last + 1):
                    for size in (ESCAPED_PIECE, PIECE):
                        if text[start : start + size] in self._pieces:
                            yield start, start + size
                            break


def _parts(secret: str) -> Iterator[str]:
    """
    What of a secret must not be seen: all of it, or of a URL what follows scheme, host and port.
    """
    url = _sound(secret)
    if url is None:
        texts = [secret.partition("://")[2] or secret]
    else:
        user, _, password = urls.userinfo_of(url).partition(":")
        pairs = parse_qsl(url.query, keep_blank_values=True, errors="surrogateescape")
        names = [user, *url.path.split("/"), url.fragment, *(name for name, _ in pairs)]
        values = [(value, is_credential_name(name)) for name, value in pairs]
        values += [(name, False) for name in names]
        texts = [text for text, secret in values if secret or not re.fullmatch(_WORD, text)]
        texts.append(password)
    for text in texts:
        yield from {text, unquote(text, errors="surrogateescape")}


def _sound(secret: str) -> SplitResult | None:
    """
    Return the parts of a URL; None for anything else, and where a password may pass for a path.
    """
    parts = urls.split(secret)
    return None if parts is None or urls.has_late_at(parts) else parts


def _short_word(part: str) -> Whole:
    """
    A secret that is too short to have pieces, and where it is to be masked.
    """
    word = part if SHORTEST <= len(part) < PIECE else ""
    return word, re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")


def _end_of_url(secret: str) -> Whole:
    """
    What follows the host in a URL: it may consist of words, which are masked nowhere else.
    """
    url = _sound(secret)
    if url is None or url.path == "/" or re.fullmatch(urls.DATABASE_PATH, url.path):
        return "", re.compile("")
    host = urls.host_of(url) + url.path[:1]
    end = secret.partition(url.netloc + url.path[:1])[2]
    return end, re.compile(f"(?<={re.escape(host)}){re.escape(end)}")


def _every(text: str, step: int) -> Iterator[Anchor]:
    """
    The anchors of a text at every so many characters. Of tuples, because that is quickest.
    """
    return zip(text[::step], text[1::step], text[2::step], text[3::step], strict=False)
