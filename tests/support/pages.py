"""
The files that a page of the documentation shows, each in a block that begins with its path.
"""

import re
from pathlib import Path

_BLOCK = r"^```\w+\n# (\S+)\n(.*?)^```$"


def files(page: Path, path: str) -> list[str]:
    """
    Return every version of a file that a page shows, without the line that names it.
    """
    shown = re.findall(_BLOCK, page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [text for name, text in shown if name == path]


def paths(page: Path) -> list[str]:
    """
    Return the path of every file that a page shows, in order.
    """
    return [
        name for name, _ in re.findall(_BLOCK, page.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    ]
