"""
Extracting the text of a PDF, DOCX, HWP 5 or HWPX file, whose format is detected by its content.

A file of another format, or one that is encrypted, damaged, truncated, too large or without text,
raises InvalidFileError. A retry would not help. The error contains nothing of the document.
"""

import re
import unicodedata
from pathlib import Path

from workerctl.runtime.exceptions import InvalidFileError

from .reading import DEFAULT_LIMITS, Limits, Reader, read_with, refusal

__all__ = ["DEFAULT_LIMITS", "Limits", "extract_text"]

_PDF, _PDF_WITHIN = b"%PDF-", 1024
_ZIP = b"PK\x03\x04"
_COMPOUND_FILE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

# Control characters, and lone surrogates, which UTF-8 cannot encode.
_BLANKS = re.compile(r"\s+")
_NO_TEXT = "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]"


def extract_text(path: Path, limits: Limits = DEFAULT_LIMITS) -> str:
    """
    Return the text of a document as lines.

    Raise InvalidFileError if the document cannot be used, and OSError if the file cannot be opened.
    """
    try:
        return _text(path, limits)
    except InvalidFileError as error:
        # Error reporters often send the local variables of every frame, which hold the document.
        failure = error.with_traceback(None)
    raise failure


def _text(path: Path, limits: Limits) -> str:
    with path.open("rb") as file:
        data = file.read(limits.max_bytes + 1)
    if len(data) > limits.max_bytes:
        raise refusal("too_large", f"The file is larger than {limits.max_bytes} bytes.")
    text = _tidy(read_with(_reader(data), data, limits))
    if len(text) < limits.min_characters:
        raise refusal("too_little_text", "The document contains too little text; it may be a scan.")
    return text


def _reader(data: bytes) -> Reader:
    # Each reader imports a library, and a job needs only one of them.
    if _PDF in data[:_PDF_WITHIN]:
        from .pdf import READER
    elif data.startswith(_ZIP):
        from .archive import READER
    elif data.startswith(_COMPOUND_FILE):
        from .hwp import READER
    else:
        raise refusal("unknown_format", "The file is not a PDF, DOCX, HWP or HWPX document.")
    return READER


def _tidy(text: str) -> str:
    """
    Return the text with composed Hangul syllables and without redundant white space.
    """
    clean = re.sub(_NO_TEXT, "", unicodedata.normalize("NFC", re.sub("\r\n?", "\n", text)))
    lines = (_BLANKS.sub(_blank, line).strip() for line in clean.split("\n"))
    return re.sub("\n{3,}", "\n\n", "\n".join(lines)).strip()


def _blank(match: re.Match[str]) -> str:
    return "\t" if "\t" in match[0] else " "
