"""
How many descriptors this process has open.
"""

from pathlib import Path


def descriptors() -> int:
    """
    Their number, with the one that it takes to count them.
    """
    return sum(1 for _ in Path("/dev/fd").iterdir())
