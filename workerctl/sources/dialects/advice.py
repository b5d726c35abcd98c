"""
How to write an assignment so that as many readers as possible find the same value.
"""

from __future__ import annotations

import re

from workerctl.report.errors import SourceError
from workerctl.report.records import Record
from workerctl.report.words import listed
from workerctl.sources import envfile
from workerctl.sources.dialects import bash
from workerctl.sources.dialects.comparison import differences, text_of
from workerctl.sources.dialects.statements import MARK, NAME, Statement, statement

_MINOR = frozenset({"docker run", "systemd"})


class _Form(Record):
    """
    A way of writing a value, and the readers that still read it differently.
    """

    how: str
    readers: frozenset[str]

    @property
    def cost(self) -> int:
        """
        How bad the remaining differences are.
        """
        return sum(1 if reader in _MINOR else 2 for reader in self.readers)


def how_to_write(found: Statement, readers: frozenset[str], *, literal_quotes: bool = True) -> str:
    """
    Return a hint, without the value: in which form all readers agree, or which of them cannot.

    `readers` are those that read the statement differently as it is.
    """
    if re.fullmatch(NAME, found.name, re.ASCII) is None:
        return "Rename the variable: use only letters, digits and underscores, and no digit first."
    if found.name in bash.READ_ONLY:
        return f"Rename the variable: {found.name} belongs to bash."
    own = text_of(found, literal_quotes=literal_quotes)
    if MARK in own:
        return "Write the value out: not every reader expands `${…}`."
    if "\n" in own:
        return "Encode the value on a single line: docker run reads no further."
    forms: list[_Form] = []
    for how, text in _candidates(found.name, own):
        form = _form(how, text, own, literal_quotes=literal_quotes)
        if form is not None:
            forms.append(form)
            if not form.readers:
                break
    if not forms:
        return "Change the value: no form of it suits every reader."
    return _in_words(min(forms, key=lambda form: form.cost), found, readers)


def _candidates(name: str, value: str) -> list[tuple[str, str]]:
    escaped = re.sub(r"([\\\"`$])", r"\\\1", value)
    return [
        ("plainly", f"{name}={value}"),
        ("in single quotes", f"{name}='{value}'"),
        ("in double quotes", f'{name}="{escaped}"'),
    ]


def _form(how: str, text: str, own: str, *, literal_quotes: bool) -> _Form | None:
    """
    Return a form with its readers; None if workerctl itself reads another value in it.
    """
    try:
        entries = envfile.parse(f"{text}\n", "").entries
    except SourceError:
        return None
    if len(entries) != 1 or entries[0].value is None:
        return None
    written = statement(entries[0])
    if text_of(written, literal_quotes=literal_quotes) != own:
        return None
    return _Form(how, _readers(written, literal_quotes=literal_quotes))


def _readers(found: Statement, *, literal_quotes: bool) -> frozenset[str]:
    return frozenset(each.reader for each in differences(found, literal_quotes=literal_quotes))


def _in_words(best: _Form, found: Statement, readers: frozenset[str]) -> str:
    if not best.readers:
        return f"Write NAME=value{_without(found)}."
    rest = listed(sorted(best.readers))
    if best.readers >= readers or best.how == "plainly":
        return f"Change the value if {rest} must read it: no form of it suits every program."
    verb = "reads" if len(best.readers) == 1 else "read"
    return f"Write the value {best.how}; then only {rest} {verb} it differently."


def _without(found: Statement) -> str:
    before, _, after = found.text.partition("=")
    comment = "#" in found.written.replace(found.value, "", 1)
    parts = {
        "`export`": before.lstrip().startswith("export"),
        "quotes": any(mark in found.written for mark in "'\""),
        "a comment": comment,
        "blanks": before != before.rstrip() or (not comment and after != after.strip()),
    }
    names = [name for name, applies in parts.items() if applies]
    return f" without {listed(names, 'or')}" if names else ""
