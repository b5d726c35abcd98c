"""
Personal data: encrypted where they are stored, taken out of what is searched.
"""

from typing import NamedTuple

from workerctl.keyring import KeyRing

from .analyst import Resume

PERSONAL = ("name", "phone", "email", "address")
"""The columns of a candidate that are stored encrypted."""


class Sealer(NamedTuple):
    """
    Encrypts and decrypts values: a token that was moved to another row or column does not open.
    """

    ring: KeyRing

    def seal(self, table: str, column: str, row: str, text: str) -> str:
        """
        The encrypted text, in ASCII.
        """
        return self.ring.encrypt(text.encode(), context=_context(table, column, row)).decode()

    def open(self, table: str, column: str, row: str, token: str) -> str:
        """
        The text. Raises EncryptionError when the key or the place is another one.
        """
        return self.ring.decrypt(token.encode(), context=_context(table, column, row)).decode()


def without_personal_data(text: str, resume: Resume) -> str:
    """
    The text with a word in place of each value that was found: a vector tells what it was made of.
    """
    for field in (*PERSONAL, "portfolio"):
        value = getattr(resume, field)
        if value:
            text = text.replace(value, f"[{field}]")
    return text


def _context(table: str, column: str, row: str) -> bytes:
    return f"{table}/{column}/{row}".encode()
