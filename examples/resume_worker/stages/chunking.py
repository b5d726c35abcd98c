"""
Splitting a text into the chunks that are embedded.
"""

from collections.abc import Iterator
from typing import NamedTuple

from workerctl.settings import Settings, get_settings

from .analyst import Resume


class Chunk(NamedTuple):
    """
    A piece of a résumé. Its kind is `structured` (skills), `raw_full` (the start) or `raw_section`.
    """

    kind: str
    text: str

    def __repr__(self) -> str:
        return f"Chunk({self.kind!r}, {len(self.text)} characters)"


def chunks(text: str, resume: Resume) -> list[Chunk]:
    """
    Return the chunks of a résumé, with the sizes that the CHUNK_ settings define.
    """
    settings = get_settings()
    pieces = [Chunk("raw_full", text[: settings.CHUNK_MAX_RAW_FULL_CHARS])]
    if resume.skills:
        skills = ", ".join(resume.skills)[: settings.CHUNK_MAX_STRUCTURED_CHARS]
        pieces.insert(0, Chunk("structured", skills))
    return [*pieces, *(Chunk("raw_section", section) for section in _sections(text, settings))]


def _sections(text: str, settings: Settings) -> Iterator[str]:
    """
    Yield sections that overlap, so that a sentence at the end of one is complete in the next.
    """
    korean = _hangul_share(text) >= settings.CHUNK_KOREAN_THRESHOLD
    size = settings.CHUNK_KOREAN_SIZE if korean else settings.CHUNK_RAW_SECTION_SIZE
    overlap = settings.CHUNK_KOREAN_OVERLAP if korean else settings.CHUNK_RAW_SECTION_OVERLAP
    for start in range(0, max(len(text) - overlap, 1), size - overlap):
        yield text[start : start + size]


def _hangul_share(text: str) -> float:
    letters = [letter for letter in text if letter.isalpha()]
    return sum("가" <= letter <= "힣" for letter in letters) / max(len(letters), 1)
