"""
Comments in env files that are instructions for workerctl: which findings the team accepts there.

    # workerctl: ignore[ENV005] until 2027-01-31 the tunnel encrypts it

Such a comment covers the statement on its line or directly below it. Before the first statement,
one that a blank line follows, or that begins with `ignore-file`, covers the whole file. A comment
is what python-dotenv takes for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from dotenv.parser import Binding

from workerctl.report.errors import SourceError
from workerctl.report.findings import Location, Suppression
from workerctl.report.records import Record
from workerctl.sources import envfile

MARK = "workerctl:"
"""How a comment begins that is an instruction. A file without this text has none."""

_FORM = "Write `# workerctl: ignore[ENV005] until 2027-01-31`, and then the reason."
_INSTRUCTION = r"(?P<word>[^\s\[]*)\s*(?P<codes>\[[^\]]*\])?(?P<rest>.*)"
_CODES = r"\[\s*[A-Za-z0-9]+(?:\s*,\s*[A-Za-z0-9]+)*\s*\]"
_UNTIL = r"\s+until\s+(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})(?P<reason>(?:\s.*)?)"
_QUOTED = {"'": r"(?:\\'|[^'])*'", '"': r'(?:\\"|[^"])*"'}
_LINE, _FILE = "ignore", "ignore-file"


class Comment(Record):
    """
    A comment: its line, and that of the statement to which it belongs, or None.

    `is_first` says that no statement precedes it. The text has no `#` and no surrounding blanks.
    """

    text: str
    number: int
    of: int | None = None
    is_first: bool = False

    def __repr__(self) -> str:
        return f"Comment(line {self.number})"


def suppressions(name: str, text: str) -> tuple[Suppression, ...]:
    """
    Return what the comments in the text of an env file suppress; `name` is that of the file.

        >>> found, = suppressions(".env", "A=b # workerctl: ignore[ENV005] until 2027-01-31 tunnel")
        >>> found.code, found.reason, str(found.place)
        ('ENV005', 'tunnel', '.env:1')

    Raises SourceError, which shows nothing of a comment, for an instruction that is not valid.
    """
    if MARK not in text:
        return ()
    comments = (each for each in _comments(text) if each.text.startswith(MARK))
    return tuple(one for comment in comments for one in _parsed(comment, name))


def _comments(text: str) -> Iterator[Comment]:
    """
    Yield the comments of an env file with the statements to which they belong.
    """
    above: list[Comment] = []  # the comments on the lines directly above
    is_first = True
    for number, binding in envfile.bindings(text):
        raw = binding.original.string
        if _begins_with_blank_line(raw):
            yield from above
            above = []
        if binding.key is None and not binding.error:
            above += [Comment(each, number, None, is_first) for each in _own_line(raw)]
            continue
        yield from (each.replace(of=number) for each in above)
        above, is_first = [], False
        yield from (Comment(each, number, number) for each in _behind(binding))
    yield from above


def _begins_with_blank_line(raw: str) -> bool:
    blanks = raw[: len(raw) - len(raw.lstrip())]
    return "\n" in blanks or "\r" in blanks


def _own_line(raw: str) -> Iterator[str]:
    stripped = raw.strip()
    if stripped.startswith("#"):
        yield stripped.lstrip("#").strip()


def _behind(binding: Binding) -> Iterator[str]:
    """
    Yield the comment after a value. What python-dotenv takes for the value is not a comment.
    """
    if binding.error:
        return
    raw = binding.original.string
    match = re.match(envfile.ASSIGNMENT, raw)
    if match is None:  # a name alone
        comment = raw.partition("#")[2]
    elif match["quote"]:
        behind = re.sub(_QUOTED[match["quote"]], "", raw[match.end() :], count=1)
        comment = behind.partition("#")[2]
    else:
        comment = "".join(re.split(r"\s+#", raw[match.end() :], maxsplit=1)[1:])
    if comment.strip():
        yield comment.lstrip("#").strip()


def _parsed(comment: Comment, name: str) -> Iterator[Suppression]:
    written = Location("env-file", name, comment.number)
    match = re.fullmatch(_INSTRUCTION, comment.text.removeprefix(MARK).strip(), re.DOTALL)
    word = "" if match is None else match["word"]
    if match is None or word not in {_LINE, _FILE}:
        raise SourceError(f"The comment at {written} is not an instruction for workerctl.", _FORM)
    place = written.replace(line=_covered(comment, word, written))
    codes = match["codes"] or ""
    if not re.fullmatch(_CODES, codes):
        raise SourceError(f"The comment at {written} has no codes in brackets.", _FORM)
    until = re.fullmatch(_UNTIL, match["rest"], re.DOTALL)
    last = None if until is None else _date(until["date"])
    if until is None or last is None:
        raise SourceError(f"The comment at {written} has no date `until`.", _FORM)
    reason = until["reason"].strip()
    if not reason:
        raise SourceError(f"The comment at {written} has no reason after its date.", _FORM)
    for code in dict.fromkeys(re.findall(r"[A-Z0-9]+", codes.upper())):
        yield Suppression(code, reason, last, place=place, written=written)


def _covered(comment: Comment, word: str, written: Location) -> int | None:
    """
    Return the line that a comment covers, or None for the whole file.
    """
    if word == _FILE:
        if comment.is_first:
            return None
        problem = f"The comment at {written} is for the whole file, but stands below its beginning."
        raise SourceError(problem, "Move it above the first assignment.")
    if comment.of is None and not comment.is_first:
        hint = "Write it on the line of the assignment, or directly above it."
        raise SourceError(f"The comment at {written} belongs to no assignment.", hint)
    return comment.of


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
