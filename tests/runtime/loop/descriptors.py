"""
Count the open file descriptors of this process.
"""

from pathlib import Path


def descriptors() -> int:
    """
    Return the number of open descriptors, including the one that is used to count them.
    """
    return sum(1 for _ in Path("/dev/fd").iterdir())
