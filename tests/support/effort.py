"""
The number of repetitions of a test: all of them in `make test-all`, a tenth in `make test`.
"""

import os

BRIEF = os.environ.get("HYPOTHESIS_PROFILE") == "quick"
"""Whether this is a quick run: `make test` and `make test-others` set the profile."""


def effort(count: int) -> int:
    """
    Return the number of repetitions for this run, where a full run has `count` of them.
    """
    return count // 10 if BRIEF else count
