"""
HWPX: a zip archive with an XML file for each section, parsed with expat.
"""

import io
import re
import zipfile
import zlib
from xml.parsers import expat

from .reading import Limits, Reader, encrypted, refusal

_SECTION = r"Contents/section(\d+)\.xml"
_MANIFEST = "META-INF/manifest.xml"
_AS_TEXT = {"tab": "\t", "lineBreak": "\n", "nbSpace": " ", "fwSpace": " ", "hyphen": "-"}


def _read(data: bytes, _: Limits) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return "".join(map(_section, _sections(archive)))


def _sections(archive: zipfile.ZipFile) -> list[bytes]:
    names = archive.namelist()
    if _MANIFEST in names and b"encryption-data" in archive.read(_MANIFEST):
        raise encrypted()
    sections = {
        int(match[1]): name for name in names if (match := re.fullmatch(_SECTION, name, re.ASCII))
    }
    if not sections:
        raise refusal("damaged", "The HWPX document has no section.")
    return [archive.read(name) for _, name in sorted(sections.items())]


def _section(markup: bytes) -> str:
    text = _Text()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = text.start
    parser.EndElementHandler = text.end
    parser.CharacterDataHandler = text.add
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.ParseFile(io.BytesIO(markup))
    return "".join(text.pieces)


class _Text:
    """
    The text of `t` elements. Each `p` element is a line, including those in nested tables.
    """

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._depth = 0

    def start(self, name: str, _: object) -> None:
        tag = _local(name)
        if tag == "t":
            self._depth += 1
        elif tag == "p":
            self._break()
        else:
            self.add(_AS_TEXT.get(tag, ""))

    def end(self, name: str) -> None:
        tag = _local(name)
        if tag == "t":
            self._depth -= 1
        elif tag == "p":
            self._break()

    def add(self, text: str) -> None:
        if self._depth:
            self.pieces.append(text)

    def _break(self) -> None:
        if self.pieces and self.pieces[-1] != "\n":
            self.pieces.append("\n")


def _local(name: str) -> str:
    return name.rpartition(" ")[2]


def _refuse_doctype(*_: object) -> None:
    """
    Raise InvalidFileError: a document type can define entities that expand endlessly or name files.
    """
    raise refusal("damaged", "The HWPX document declares a document type.")


READER = Reader(_read, (expat.ExpatError, zipfile.BadZipFile, zlib.error))
