"""
DOCX, read with python-docx: body, tables, text boxes, headers and footers.
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
_MARGINS = (RELATIONSHIP_TYPE.HEADER, RELATIONSHIP_TYPE.FOOTER)


def _read(data: bytes, _: Limits) -> str:
    document = Document(io.BytesIO(data))
    # Many résumés have the contact data in the header or the footer.
    margins = [
        relation.target_part.element
        for relation in document.part.rels.values()
        if relation.reltype in _MARGINS and not relation.is_external
    ]
    return "\n".join(text for element in (*margins, document.element) for text in _lines(element))


def _lines(element: Any) -> Iterator[str]:
    # document.paragraphs would omit tables and text boxes.
    for paragraph in element.iter(qn("w:p")):
        # A text box appears twice, once as a fallback for older programs.
        if next(paragraph.iterancestors(_FALLBACK), None) is None:
            yield paragraph.text


READER = Reader(_read, (LxmlError, OpcError))
