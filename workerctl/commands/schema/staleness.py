"""
`--check`: whether a generated file is current, and how it differs, without showing what it holds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from difflib import unified_diff

from workerctl.output.lines import Line, Style, line
from workerctl.secrecy.masking import MASK, may_show_name

_STYLES: dict[str, Style] = {"+": "green", "-": "red", "@": "cyan"}
_ASSIGNMENT = r"(?P<before>[\s#]*\"?)(?P<name>[A-Za-z_][\w.-]*)(?P<sign>\"?\s*[:=]).*"


def difference(
    old: Sequence[str], new: Sequence[str], path: str, names: Collection[str]
) -> Iterator[Line]:
    """
    Yield a unified diff from the lines of a file to those that are generated.

    The file may hold real secrets by mistake. Of a line that is not generated, only the name of a
    variable is shown, if it is one of `names` or cannot be a secret itself.
    """
    generated = frozenset(new)
    shown = [each if each in generated else masked(each, names) for each in old]
    for text in unified_diff(shown, list(new), path, "generated", lineterm=""):
        yield line((text, _STYLES.get(text[:1], "")))


def masked(text: str, names: Collection[str]) -> str:
    """
    Return what may be shown of a line whose content is not known.

        >>> masked("#API_KEY=hunter2", ["API_KEY"]), masked("# hunter2", [])
        ('#API_KEY=••••••••', '••••••••')
    """
    if not text.strip():
        return ""
    found = re.fullmatch(_ASSIGNMENT, text, re.ASCII)
    if found is not None and (found["name"] in names or may_show_name(found["name"], names)):
        return f"{found['before']}{found['name']}{found['sign']}{MASK}"
    return MASK
