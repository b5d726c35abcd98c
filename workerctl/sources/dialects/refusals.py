"""
Which programs refuse a whole file because of a line that is not an assignment.
"""

from __future__ import annotations

from workerctl.sources.dialects import compose, docker_run
from workerctl.sources.dialects.statements import statement
from workerctl.sources.envfile import Entry


def refusing(text: str, entry: Entry) -> tuple[str, ...]:
    """
    Return the readers that refuse the file with this text because of an entry.
    """
    found = statement(entry)
    shown = found.text
    if entry.quote:  # the quote may be closed on a later line
        lines = text.split("\n")
        shown = "\n".join(lines[entry.number - 1 :])
    readers = {
        compose.READER.name: compose.refuses(shown),
        docker_run.READER.name: docker_run.refuses(found.text),
    }
    return tuple(name for name, refuses in readers.items() if refuses)
