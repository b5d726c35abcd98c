"""
How much a test that repeats itself does: all of it once in CI, a tenth on each further Python.
"""

import os

BRIEF = os.environ.get("HYPOTHESIS_PROFILE") == "quick"
"""Whether these tests run in full elsewhere: `make test-others` sets the profile."""


def effort(count: int) -> int:
    """
    How many repetitions to do of so many.
    """
    return count // 10 if BRIEF else count
