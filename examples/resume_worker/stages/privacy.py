"""
Personal data: encrypted before it is stored, and removed from the text that is embedded.
"""

from typing import NamedTuple

from workerctl.keyring import KeyRing

from .analyst import Resume

PERSONAL = ("name", "phone", "email", "address")
"""The columns of a candidate that are stored encrypted."""


class Sealer(NamedTuple):
    """
    Encrypts and decrypts values. A token cannot be decrypted in another row or column.
    """

    ring: KeyRing

    def seal(self, table: str, column: str, row: str, text: str) -> str:
        """
        Return the encrypted text as ASCII.
        """
        return self.ring.encrypt(text.encode(), context=_context(table, column, row)).decode()

    def open(self, table: str, column: str, row: str, token: str) -> str:
        """
        Return the decrypted text. Raise EncryptionError for a wrong key, row or column.
        """
        return self.ring.decrypt(token.encode(), context=_context(table, column, row)).decode()


def without_personal_data(text: str, resume: Resume) -> str:
    """
    Return the text with placeholders for the values that were found.

    This is necessary because a vector reveals the text that it was made from.
    """
    for field in (*PERSONAL, "portfolio"):
        value = getattr(resume, field)
        if value:
            text = text.replace(value, f"[{field}]")
    return text


def _context(table: str, column: str, row: str) -> bytes:
    return f"{table}/{column}/{row}".encode()
