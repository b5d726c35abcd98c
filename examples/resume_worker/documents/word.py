"""
DOCX, by python-docx: body, tables, text boxes, headers and footers.
"""

import io
from collections.abc import Iterator
from typing import Any

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.opc.exceptions import OpcError
from docx.oxml.ns import qn
from lxml.etree import LxmlError

from .reading import Limits, Reader

_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_AROUND = (RELATIONSHIP_TYPE.HEADER, RELATIONSHIP_TYPE.FOOTER)


def _read(data: bytes, _: Limits) -> str:
    document = Document(io.BytesIO(data))
    # where many a résumé has its contact data
    around = [
        relation.target_part.element
        for relation in document.part.rels.values()
        if relation.reltype in _AROUND and not relation.is_external
    ]
    return "\n".join(text for element in (*around, document.element) for text in _lines(element))


def _lines(element: Any) -> Iterator[str]:
    # not document.paragraphs, which leaves out tables and text boxes
    for paragraph in element.iter(qn("w:p")):
        # a text box comes twice, once for programs that do not know them
        if next(paragraph.iterancestors(_FALLBACK), None) is None:
            yield paragraph.text


READER = Reader(_read, (LxmlError, OpcError))
