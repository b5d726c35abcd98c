"""
From a text to the pieces that are embedded.
"""

from collections.abc import Iterator
from typing import NamedTuple

from workerctl.settings import Settings, get_settings

from .analyst import Resume


class Chunk(NamedTuple):
    """
    One piece: what was found (`structured`), the beginning (`raw_full`) or a section of the text.
    """

    kind: str
    text: str

    def __repr__(self) -> str:
        return f"Chunk({self.kind!r}, {len(self.text)} characters)"


def chunks(text: str, resume: Resume) -> list[Chunk]:
    """
    The pieces of a résumé, by the CHUNK_ settings.
    """
    settings = get_settings()
    pieces = [Chunk("raw_full", text[: settings.CHUNK_MAX_RAW_FULL_CHARS])]
    if resume.skills:
        skills = ", ".join(resume.skills)[: settings.CHUNK_MAX_STRUCTURED_CHARS]
        pieces.insert(0, Chunk("structured", skills))
    return [*pieces, *(Chunk("raw_section", section) for section in _sections(text, settings))]


def _sections(text: str, settings: Settings) -> Iterator[str]:
    """
    Overlapping sections: a sentence that one of them cuts is whole in its neighbour.
    """
    korean = _hangul_share(text) >= settings.CHUNK_KOREAN_THRESHOLD
    size = settings.CHUNK_KOREAN_SIZE if korean else settings.CHUNK_RAW_SECTION_SIZE
    overlap = settings.CHUNK_KOREAN_OVERLAP if korean else settings.CHUNK_RAW_SECTION_OVERLAP
    for start in range(0, max(len(text) - overlap, 1), size - overlap):
        yield text[start : start + size]


def _hangul_share(text: str) -> float:
    letters = [letter for letter in text if letter.isalpha()]
    return sum("가" <= letter <= "힣" for letter in letters) / max(len(letters), 1)
