"""
The values that a tool was to resolve, in the sources of a configuration.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from workerctl.report.findings import Location
from workerctl.sources.forms.references import Holds, Recognised, recognised
from workerctl.sources.values import Values


class Unresolved(NamedTuple):
    """
    A variable whose value is not the one that was meant, and what it is instead.

    `in_file` is true for a value that stands in an env file, which a tool may still render.
    """

    name: str
    what: Recognised
    location: Location
    in_file: bool


def unresolved(values: Values, holds: Callable[[str], Holds]) -> Iterator[Unresolved]:
    """
    Yield the chosen values that are references or the text of a missing value.
    """
    for name, value in values.chosen.items():
        in_file = value.location.source == "env-file"
        text = _as_written(values, name, value.location) if in_file else None
        what = recognised(text or value.text, name, holds(name)) if value.text else None
        if what is not None:
            yield Unresolved(name, what, value.location, in_file)


def _as_written(values: Values, name: str, location: Location) -> str | None:
    """
    Return the text of an env file with a `${{ … }}`, of which expansion has left a brace only.
    """
    if "}" not in values.text(name):
        return None
    for source in values.env_files:
        for assignment in source.assignments:
            if assignment.sets == name and assignment.location == location and assignment.entry:
                written = assignment.entry.value or ""
                return written if "${{" in written else None
    return None
