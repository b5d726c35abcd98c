"""
What the readers share: how much of a document is read, and how a document is refused.
"""

from collections.abc import Callable
from typing import NamedTuple

from workerctl.runtime.exceptions import InvalidFileError
from workerctl.settings import Settings


class Limits(NamedTuple):
    """
    The bounds of one document. Pages are counted where a format has pages, that is, in PDF.

    `max_expanded` bounds what the text of a compressed document unpacks to.
    """

    max_bytes: int = 50 * 2**20
    max_pages: int = 50
    min_characters: int = 100
    max_expanded: int = 32 * 2**20

    @classmethod
    def of(cls, settings: Settings) -> "Limits":
        """
        The bounds that the settings give.
        """
        return cls(
            settings.MAX_FILE_SIZE_MB * 2**20, settings.MAX_PAGE_COUNT, settings.MIN_TEXT_LENGTH
        )


DEFAULT_LIMITS = Limits()


class Reader(NamedTuple):
    """
    How one kind of file is read, and what the library for it raises when it is malformed.
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
What libraries raise beside their own errors when a file is not what it says.

Not Exception: the timeout of a job is one, and must not be taken for a bad file.
"""


def read_with(reader: Reader, data: bytes, limits: Limits) -> str:
    """
    What the reader finds; whatever its library raises becomes an error that quotes nothing.
    """
    try:
        return reader.read(data, limits)
    except TimeoutError:  # an OSError, which some libraries raise for a bad file
        raise
    except (*MALFORMED, *reader.failures) as error:
        kind = type(error).__name__
    # outside the handler, or the library's error would be the context of this one
    raise refusal("damaged", "The document is damaged or cut off.", kind)


def refusal(reason: str, message: str, error: str | None = None) -> InvalidFileError:
    """
    The error for a document that is not taken; `error` is the type of what a library raised.
    """
    details = {"reason": reason} if error is None else {"reason": reason, "error": error}
    return InvalidFileError(message, details)


def encrypted() -> InvalidFileError:
    """
    The error for a document that asks for a password.
    """
    return refusal("encrypted", "The document is encrypted or protected.")


def expands_too_far() -> InvalidFileError:
    """
    The error for a small file that unpacks to a large one.
    """
    return refusal("too_large", "The document unpacks to more than a résumé can hold.")
