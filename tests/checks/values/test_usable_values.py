"""
A working value is left alone: of 100 000 random ones, fewer than one in 10 000 is reported.
"""

import pytest
from hypothesis import settings

from tests.support.random_values import Usable, usable_values
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.forms.references import Holds, recognised

SEED = 20261128


def is_reported(one: Usable) -> bool:
    """
    Return whether ENV004, REF001 or REF002 would report the value.
    """
    is_url = one.name.endswith(("_URL", "_HOST"))
    holds = Holds.SECRET if one.secret else Holds.FORM if is_url else Holds.TEXT
    return is_placeholder(one.text, one.name, secret=one.secret) or (
        recognised(one.text, one.name, holds) is not None
    )


@pytest.mark.generated
def test_a_working_value_is_hardly_ever_reported() -> None:
    """
    The profile `ci` tries 100 000 values; the default profile, 3 000.
    """
    count = settings().max_examples * 10
    reported = [one for one in usable_values(SEED, count) if is_reported(one)]

    assert len(reported) * 10_000 < max(count, 10_001), reported
