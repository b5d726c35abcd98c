"""
Golden files: output compared to the letter. `WORKERCTL_GOLDEN=write pytest tests` renews them.
"""

import os
from pathlib import Path

from workerctl import __version__


def same(path: Path, text: str) -> None:
    """
    Compare a text with a golden file, or write the file.
    """
    text = text.replace(f"workerctl {__version__}", "workerctl VERSION")
    text = text.replace(f'"{__version__}"', '"VERSION"')
    if os.environ.get("WORKERCTL_GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")
