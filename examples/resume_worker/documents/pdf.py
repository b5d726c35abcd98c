"""
PDF, read with pypdf, which limits the unpacked size of streams itself.
"""

import io
import logging

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from .reading import Limits, Reader, encrypted, refusal

_END, _END_WITHIN = b"%%EOF", 1024

# The warnings of pypdf concern the structure of a file, and some of them quote its content.
logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def _read(data: bytes, limits: Limits) -> str:
    if _END not in data[-_END_WITHIN:]:
        raise refusal("damaged", "The PDF is truncated.")
    reader = PdfReader(io.BytesIO(data))
    # Many PDFs are encrypted with an empty password, which forbids printing but not reading.
    if reader.is_encrypted and not reader.decrypt(""):
        raise encrypted()
    if len(reader.pages) > limits.max_pages:
        raise refusal("too_many_pages", f"The PDF has more than {limits.max_pages} pages.")
    return "\n".join(page.extract_text() for page in reader.pages)


READER = Reader(_read, (PyPdfError,))
