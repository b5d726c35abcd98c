"""
The words that a shell completes after `workerctl explain`: codes, areas and names.

They are read from the source files: importing the checks and the schema would take longer than
anybody waits for a completion. Nor is the settings class of a project imported, so that its names
are not completed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_PACKAGE = Path(__file__).parents[2]
_CODE = r"Check\(\s*\"([A-Z]{3}[0-9]{3})\""
_GROUP = r"^\w+ = group\(\"(\w+)\"\)"
_FIELD = r"^    ([A-Z][A-Z0-9_]+): (?!ClassVar)"


def words(incomplete: str) -> list[str]:
    """
    Return the codes, areas and names of settings that begin with a word.

    All are accepted in any case, so that small letters are completed by small letters.

        >>> words("chu")
        ['chu', 'chu001', 'chu002', 'chu003', 'chunking', ...]
    """
    found = dict.fromkeys((*_codes(), *_settings()))
    in_case = str.lower if incomplete.islower() else str
    return [each for each in map(in_case, found) if each.startswith(incomplete)]


def _codes() -> Iterator[str]:
    """
    Yield each code after its area.
    """
    texts = (file.read_text("utf-8") for file in (_PACKAGE / "checks").rglob("*.py"))
    codes = sorted(code for text in texts for code in re.findall(_CODE, text))
    for code in codes:
        yield code.rstrip("0123456789")
        yield code


def _settings() -> Iterator[str]:
    """
    Yield the groups and names of the built-in schema, unless the project has its own class.
    """
    from workerctl.sources import project

    if project.here().settings is not None:
        return
    text = (_PACKAGE / "settings.py").read_text("utf-8")
    yield from re.findall(_GROUP, text, re.MULTILINE)
    yield from re.findall(_FIELD, text, re.MULTILINE)
