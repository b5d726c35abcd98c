"""
Tests of the names of types: only those that stand in source code are told.
"""

import pytest

from tests.leaks.oracle import Mint
from workerctl.report.type_names import type_name

SECRET = Mint(3).token()


class OuterError(Exception):
    """An error in a module."""

    class InnerError(ValueError):
        """An error in a class."""


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (ValueError(), "ValueError"),
        (OuterError(), "OuterError"),
        (OuterError.InnerError(), "InnerError"),
        (type(SECRET, (KeyError,), {})(), "KeyError"),
        (type(SECRET, (OuterError,), {"__module__": SECRET})(), "OuterError"),
        (type(SECRET, (BaseException,), {"__qualname__": f"{SECRET}.{SECRET}"})(), "BaseException"),
    ],
)
def test_a_class_that_is_made_while_the_program_runs_has_the_name_of_its_base(
    error: BaseException, name: str
) -> None:
    """Such a class may be called like a secret."""
    assert type_name(error) == name
