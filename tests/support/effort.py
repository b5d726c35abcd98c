"""
How much a test that repeats itself does: all of it in `make test-all`, a tenth in `make test`.
"""

import os

BRIEF = os.environ.get("HYPOTHESIS_PROFILE") == "quick"
"""Whether this run is a quick one: `make test` and `make test-others` set the profile."""


def effort(count: int) -> int:
    """
    Return the number of repetitions for this run, out of `count` in a full one.
    """
    return count // 10 if BRIEF else count
