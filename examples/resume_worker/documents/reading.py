"""
What all readers share: the limits of a document, and the errors for invalid ones.
"""

from collections.abc import Callable
from typing import NamedTuple

from workerctl.runtime.exceptions import InvalidFileError
from workerctl.settings import Settings


class Limits(NamedTuple):
    """
    The limits of one document. Only PDF has pages to count.

    `max_expanded` limits the bytes to which the text of a compressed document unpacks.
    """

    max_bytes: int = 50 * 2**20
    max_pages: int = 50
    min_characters: int = 100
    max_expanded: int = 32 * 2**20

    @classmethod
    def from_settings(cls, settings: Settings) -> "Limits":
        """
        Return the limits that the settings define.
        """
        return cls(
            settings.MAX_FILE_SIZE_MB * 2**20, settings.MAX_PAGE_COUNT, settings.MIN_TEXT_LENGTH
        )


DEFAULT_LIMITS = Limits()


class Reader(NamedTuple):
    """
    The reader of one kind of file, and the exceptions of its library for malformed files.
    """

    read: Callable[[bytes, Limits], str]
    failures: tuple[type[Exception], ...]


MALFORMED: tuple[type[Exception], ...] = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)
"""
Other exceptions that libraries raise for malformed files.

Exception is too general: it includes the timeout of the job, which says nothing about the file.
"""


def read_with(reader: Reader, data: bytes, limits: Limits) -> str:
    """
    Return the text that the reader extracts.

    Raise InvalidFileError, which quotes nothing of the document, if the reader's library fails.
    """
    try:
        return reader.read(data, limits)
    except TimeoutError:  # a subclass of OSError, which some libraries raise for malformed files
        raise
    except (*MALFORMED, *reader.failures) as error:
        kind = type(error).__name__
    # Outside the handler, so that the library's exception does not become the context of this one.
    raise refusal("damaged", "The document is damaged or truncated.", kind)


def refusal(reason: str, message: str, error: str | None = None) -> InvalidFileError:
    """
    Return the error for an invalid document. `error` names the exception that a library raised.
    """
    details = {"reason": reason} if error is None else {"reason": reason, "error": error}
    return InvalidFileError(message, details)


def encrypted() -> InvalidFileError:
    """
    Return the error for a document that needs a password.
    """
    return refusal("encrypted", "The document is encrypted or protected.")


def expands_too_far() -> InvalidFileError:
    """
    Return the error for a document that unpacks to too many bytes.
    """
    return refusal("too_large", "The document unpacks to more data than allowed.")
