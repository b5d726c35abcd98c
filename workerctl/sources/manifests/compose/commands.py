"""
What a container executes: `entrypoint` and `command`.
"""

from __future__ import annotations

from workerctl.report.records import Record
from workerctl.sources.manifests.compose.project import Project
from workerctl.sources.manifests.compose.values import Value
from workerctl.sources.manifests.containers import Fact

_BLANKS = " \t\r\n"
_ENDS = ";&|<>"
_QUOTES = "'\""
_CLOSING = {"'": "'", '"': '"', "`": "`", "(": ")"}
_ESCAPES = {"t": "\t", "n": "\n"}


class Words(Record):
    """
    The words of a command line, and the character at which it ends too early, or "".
    """

    words: tuple[str, ...]
    end: str = ""

    def __repr__(self) -> str:
        return f"Words({len(self.words)})"


def command(project: Project, service: Value) -> Fact[tuple[str, ...]] | None:
    """
    Return the words that a service executes, the entry point first; None if it gives none.

    References to variables without a value stay in it, as `$NAME` or `${NAME}`.
    """
    words: list[str] = []
    location = None
    for key in ("entrypoint", "command"):
        value = service.get(key)
        if value is not None:
            words += _words(project, key, value)
            location = value.location
    return None if location is None or not words else Fact(tuple(words), location)


def _words(project: Project, key: str, value: Value) -> tuple[str, ...]:
    if value.kind == "seq":
        if any(item.kind != "str" for item in value.items):
            project.remark(value.location, f"A word of the {key} is not a string.")
        return tuple(item.value for item in value.items if item.kind not in {"map", "seq"})
    if value.written is None:
        project.remark(value.location, f"The {key} is neither a string nor a list.")
        return ()
    found = split(value.written)
    if found is None:
        # docker compose refuses it, unless the value of a variable makes it valid.
        if not value.missing:
            project.remark(
                value.location, f"The {key} has a quotation mark or parenthesis too many."
            )
        return tuple(value.written.split())
    if found.end:
        project.remark(
            value.location,
            f"The {key} ends at its first `{found.end}`: docker compose does not start a shell.",
        )
    return found.words


def split(line: str) -> Words | None:
    """
    Return the words of a command line as docker compose splits it; None if it refuses it.

        >>> split("rq worker 'a b' ; echo")
        Words(3)

    It stops at the first `;`, `&`, `|`, `<` or `>` outside of quotation marks.
    """
    splitter = _Splitter()
    for char in line:
        if splitter.is_plain and char in _ENDS:
            return splitter.ended(char)
        if char in "()" and not splitter.accepts(char):
            return None
        splitter.take(char)
    return splitter.ended("") if splitter.is_plain else None


class _Splitter:
    """
    Collects words from the characters of a command line.
    """

    def __init__(self) -> None:
        self._words: list[str] = []
        self._word: list[str] | None = None
        self._quote = ""  # the character that ends what is quoted
        self._escaped = False

    @property
    def is_plain(self) -> bool:
        """
        Whether the next character is outside of quotation marks and not escaped.
        """
        return not self._quote and not self._escaped

    def accepts(self, parenthesis: str) -> bool:
        """
        Return whether a parenthesis is quoted, or one of the `$(…)` of a shell, which do not nest.
        """
        if not self.is_plain:
            return parenthesis == ")" or self._quote != ")" or self._escaped
        return parenthesis == "(" and (self._word or [])[-1:] == ["$"]

    def take(self, char: str) -> None:
        if self._escaped:
            self._escaped = False
            self._append(_ESCAPES.get(char, char))
        elif char == "\\" and self._quote != "'":
            self._escaped = True
        elif self._quote:
            is_end = char == self._quote
            self._quote = "" if is_end else self._quote
            self._append("" if is_end and char in _QUOTES else char)
        elif char in _BLANKS:
            self._end_word()
        else:
            self._quote = _CLOSING.get(char, "")
            self._append("" if char in _QUOTES else char)

    def ended(self, end: str) -> Words:
        """
        Return the words; of `2>` and the like, the number is not a word.
        """
        if end == ">" and self._word and "".join(self._word)[:1].isdigit():
            self._word = None
        self._end_word()
        return Words(tuple(self._words), end)

    def _append(self, text: str) -> None:
        self._word = [] if self._word is None else self._word
        self._word.append(text)

    def _end_word(self) -> None:
        if self._word is not None:
            self._words.append("".join(self._word))
        self._word = None
