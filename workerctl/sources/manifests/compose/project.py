"""
What reading a project has found so far, and how much work it may still take.
"""

from __future__ import annotations

from typing import BinaryIO

from workerctl.report.errors import SourceError
from workerctl.report.findings import Location
from workerctl.secrecy.masking import is_like_secret
from workerctl.sources import envfile
from workerctl.sources.manifests import documents
from workerctl.sources.manifests.containers import Fact

_MOST_FILES = 100
_MOST_WORK = 8_000_000  # in characters that are read or made, more or less


def label(service: str) -> str:
    """
    Return the name of a service as messages show it, unless it may be a misplaced secret.
    """
    return "a service" if is_like_secret(service) else service


class Project:
    """
    The files that were read, and what was found in them.

    `remarks` say what docker compose would refuse or ignore; `left` are files that it would fetch.
    """

    def __init__(self, stdin: BinaryIO | None) -> None:
        self._stdin = stdin
        self._work = 0
        self.files: list[str] = []
        self.remarks: list[Fact[str]] = []
        self.left: list[Fact[str]] = []

    def spend(self, work: int) -> None:
        """
        Count some work. Raises SourceError when it is more than a project takes.
        """
        self._work += work
        if self._work > _MOST_WORK:
            raise SourceError(
                "The compose files are too large, or repeat too much.", "Simplify them."
            )

    def remark(self, location: Location, sentence: str, hint: str | None = None) -> None:
        """
        Note something that docker compose refuses or ignores, once.
        """
        fact = Fact(sentence, location, hint)
        if fact not in self.remarks:
            self.remarks.append(fact)

    def leave(self, location: Location) -> None:
        """
        Note a file that is not read, because it is in another repository or on another machine.
        """
        self.left.append(Fact(f"the remote file of {location}", location))

    def documents(self, path: str) -> tuple[documents.Node, ...]:
        """
        Return the documents of a compose file. Raises SourceError.
        """
        found = documents.read(path, self._stdin if path == envfile.STDIN else None)
        self._count("<stdin>" if path == envfile.STDIN else path)
        return found

    def text(self, path: str) -> str:
        """
        Return the text of an env file. Raises SourceError.
        """
        _, text = envfile.read_plain(path)
        self._count(path)
        self.spend(len(text))
        return text

    def _count(self, name: str) -> None:
        if name not in self.files:
            self.files.append(name)
        self.spend(_MOST_WORK // (50 * _MOST_FILES))  # a file may be read many times
        if len(self.files) > _MOST_FILES:
            raise SourceError(
                f"The compose files refer to more than {_MOST_FILES} files.", "Simplify them."
            )
