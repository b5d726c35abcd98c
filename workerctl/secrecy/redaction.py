"""
Mask known secrets in texts: every piece of them, in every encoding that is common in logs.

The scheme, host and port of a secret URL are not masked, as in all other output.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from urllib.parse import SplitResult, parse_qsl, unquote

from workerctl.secrecy import urls
from workerctl.secrecy.credential_names import is_credential_name
from workerctl.secrecy.masking import PIECE
from workerctl.secrecy.spellings import ESCAPED_PIECE, spellings

LOG_MASK = "********"
"""ASCII, unlike the mask of reports, because log handlers may use any encoding."""

SHORTEST = 4
"""Secrets of four or five characters are masked as whole words, and shorter ones not at all."""

# Every six-character piece contains a four-character anchor that starts at a multiple of three, so
# checking every third position finds them all.
_STEP = 3

# Path segments, parameter names and user names that reveal nothing: "services", "v1", "default".
_HARMLESS = r"[a-z._~-]{1,16}|.{0,5}"

Anchor = tuple[str, ...]
# A text that is masked only where its pattern matches, never in pieces.
Whole = tuple[str, re.Pattern[str]]


class Redactor:
    """
    Masks what a text has in common with known secrets.

    Construction encodes every secret and is slow; searching a text is fast. Create one and keep it.
    """

    def __init__(self, secrets: Iterable[str], mask: str = LOG_MASK) -> None:
        self._mask = mask
        known = set(secrets)
        parts = {part for secret in known for part in _parts(secret)}
        spelled = [each for part in parts for each in spellings(part)]
        self._pieces = frozenset(chain.from_iterable(pieces for _, pieces in spelled))
        self._anchors = frozenset(chain.from_iterable(_anchors(text, 1) for text, _ in spelled))
        self._wholes = dict([*map(_short_word, parts), *map(_end_of_url, known)])
        self._wholes.pop("", None)

    def holds(self, text: str) -> bool:
        """
        Return whether the text contains a piece of a secret.
        """
        for whole, pattern in self._wholes.items():
            if whole in text and pattern.search(text):
                return True
        return not self._anchors.isdisjoint(_anchors(text)) and any(self._spans(text))

    def redact(self, text: str) -> str:
        """
        Return the text with every piece of a secret masked.
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
        Yield the start and end of every piece in the order of the starts; they may overlap.
        """
        for number, anchor in enumerate(_anchors(text)):
            if anchor in self._anchors:
                last = number * _STEP
                for start in range(max(0, last - _STEP + 1), last + 1):
                    for size in (ESCAPED_PIECE, PIECE):
                        if text[start : start + size] in self._pieces:
                            yield start, start + size
                            break


def _parts(secret: str) -> Iterator[str]:
    """
    Yield the parts of a secret that must not be shown: of a URL, all but scheme, host and port.
    """
    url = _parse_url(secret)
    if url is None:
        texts = [secret.partition("://")[2] or secret]
    else:
        user, _, password = urls.userinfo_of(url).partition(":")
        pairs = parse_qsl(url.query, keep_blank_values=True, errors="surrogateescape")
        names = [user, *url.path.split("/"), url.fragment, *(name for name, _ in pairs)]
        values = [(value, is_credential_name(name)) for name, value in pairs]
        values += [(name, False) for name in names]
        texts = [
            text for text, is_secret in values if is_secret or not re.fullmatch(_HARMLESS, text)
        ]
        texts.append(password)
    for text in texts:
        yield from {text, unquote(text, errors="surrogateescape")}


def _parse_url(secret: str) -> SplitResult | None:
    """
    Return the parts of a URL; None for other text, or if what looks like a path may be a password.
    """
    parts = urls.split(secret)
    return None if parts is None or urls.has_late_at(parts) else parts


def _short_word(part: str) -> Whole:
    """
    Return a part that is too short to have pieces, and its pattern; "" for any other part.
    """
    word = part if SHORTEST <= len(part) < PIECE else ""
    return word, re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")


def _end_of_url(secret: str) -> Whole:
    """
    Return what follows the host of a URL, and its pattern; "" if there is nothing to mask.

    It may consist of harmless words, which are masked in this place only.
    """
    url = _parse_url(secret)
    if url is None or url.path == "/" or re.fullmatch(urls.DATABASE_PATH, url.path):
        return "", re.compile("")
    if not url.netloc + url.path[:1]:  # only a scheme
        return "", re.compile("")
    host = urls.host_of(url) + url.path[:1]
    end = secret.partition(url.netloc + url.path[:1])[2]
    return end, re.compile(f"(?<={re.escape(host)}){re.escape(end)}")


def _anchors(text: str, step: int = _STEP) -> Iterator[Anchor]:
    """
    Yield the anchor at every `step`th position. Tuples are the fastest form to compare.
    """
    return zip(text[::step], text[1::step], text[2::step], text[3::step], strict=False)
