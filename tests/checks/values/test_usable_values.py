"""
A working value is left alone: of 100 000 random ones, fewer than one in 10 000 is reported.
"""

import pytest
from hypothesis import settings

from tests.support.random_values import Usable, usable_values
from workerctl.schema.boot_rules.forms import role_of
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.forms.references import Holds, recognised
from workerctl.sources.forms.wrappings import bare_fault

SEED = 20261128


def is_reported(one: Usable) -> bool:
    """
    Return whether ENV004, REF001, REF002 or FRM001 to FRM003 would report the value.
    """
    role = role_of(one.name, one.text, secret=one.secret)
    if bare_fault(one.text, (one.name,), role) is not None:
        return True
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
