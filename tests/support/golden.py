"""
Golden files: files of expected output. `WORKERCTL_GOLDEN=write pytest tests` rewrites them.
"""

import os
from pathlib import Path

from workerctl import __version__


def same(path: Path, text: str) -> None:
    """
    Assert that a text equals a golden file, or write it to the file.
    """
    text = text.replace(f"workerctl {__version__}", "workerctl VERSION")
    text = text.replace(f'"{__version__}"', '"VERSION"')
    if os.environ.get("WORKERCTL_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")
