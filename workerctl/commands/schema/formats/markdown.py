"""
A reference of the settings in Markdown: a table for each group.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from workerctl.commands.schema.defaults import NOT_SET
from workerctl.commands.schema.entries import Entry, Outline
from workerctl.commands.schema.formats.comments import origin
from workerctl.output.ci.markdown import escaped

CheckedBy = Callable[[str], Iterable[str]]


def lines(outline: Outline) -> Iterator[str]:
    """
    Yield a page with a table for each group of settings.
    """
    yield f"# Settings of {outline.schema.settings_class.__name__}"
    yield ""
    yield f"<!-- {origin(outline)} -->"
    yield ""
    yield from tables(outline)


def tables(outline: Outline, checked_by: CheckedBy | None = None) -> Iterator[str]:
    """
    Yield the tables. `checked_by` returns the codes of the checks that look at a variable.
    """
    more = ("", "") if checked_by is None else (" Checked by |", "---|")
    for group, entries in outline.groups():
        yield f"## {escaped(group)}"
        yield ""
        yield f"| Name | Default | Must be | Meaning |{more[0]}"
        yield f"|---|---|---|---|{more[1]}"
        for entry in entries:
            codes = "" if checked_by is None else f" {', '.join(checked_by(entry.name))} |"
            yield f"{_row(entry)}{codes}"
        yield ""


def _code(text: str) -> str:
    """
    Return a text as code in a cell, which cannot contain a backtick.
    """
    return escaped("`{}`".format(text.replace("`", "'")))


def _row(entry: Entry) -> str:
    default = _code(entry.default) if entry.default else "–"
    kind = escaped(entry.expects) + ("; **secret**" if entry.setting.secret else "")
    note = "" if entry.default_note == NOT_SET else entry.default_note  # as the dash says
    meaning = escaped(" ".join(filter(None, (entry.description, *entry.notes, note))))
    return f"| {_code(entry.name)} | {default} | {kind} | {meaning} |"
