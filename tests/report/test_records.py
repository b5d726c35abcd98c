"""Tests for the base class of records."""

import copy
import pickle
from typing import Any, Generic, TypeVar

import pytest

from workerctl.report.records import Record

Said = TypeVar("Said")


class Place(Record):
    """A record with a default and a property."""

    file: str
    line: int = 1

    @property
    def where(self) -> str:
        """The fields as one text."""
        return f"{self.file}:{self.line}"


class Fact(Record, Generic[Said]):
    """A record of any type, whose default is a function."""

    said: Said
    read: Any = len


@pytest.mark.parametrize(
    "made", [Place("a", 2), Place("a", line=2), Place(line=2, file="a"), Place("a").replace(line=2)]
)
def test_fields_are_given_by_position_or_by_name(made: Place) -> None:
    """However a record is created, it has the same fields in the order of their declaration."""
    assert made == Place("a", 2)
    assert hash(made) == hash(Place("a", 2))
    assert made.where == "a:2"
    assert list(vars(made).items()) == [("file", "a"), ("line", 2)]
    assert repr(made) == "Place(file='a', line=2)"


def test_a_missing_field_has_its_default() -> None:
    """A default may be anything, even a function, which does not become a method."""
    assert Place("a") == Place("a", 1)
    assert Fact[str]("x").read("xyz") == 3


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ((), {}),
        ((), {"line": 1}),
        (("a", 1, 2), {}),
        (("a",), {"file": "b"}),
        (("a",), {"column": 1}),
        (("a", 1), {"column": 1}),
        ((), {"line": 1, "column": 1}),
    ],
)
def test_arguments_that_do_not_fit_are_refused(values: Any, named: Any) -> None:
    """As in a function, each field without a default is given exactly once, and nothing else."""
    with pytest.raises(TypeError, match=r"^Place "):
        Place(*values, **named)


def test_only_a_field_can_be_replaced() -> None:
    """Another name is an error, and not a further attribute."""
    with pytest.raises(TypeError, match=r"^Place "):
        Place("a").replace(column=1)


def test_a_record_is_immutable() -> None:
    """No attribute can be assigned or deleted; the message does not repeat the value."""
    place = Place("a")

    with pytest.raises(AttributeError, match=r"line cannot be assigned$"):
        place.line = 987  # type: ignore[misc]
    with pytest.raises(AttributeError, match=r"line cannot be deleted$"):
        del place.line
    assert place == Place("a")


def test_a_record_equals_only_a_record_of_its_class() -> None:
    """Neither a tuple of the same values nor a record of another class is equal."""

    class Other(Record):
        file: str
        line: int

    assert Place("a", 1) != Other("a", 1)
    assert Place("a", 1) != ("a", 1)
    assert Place("a", 1) != Place("a", 2)
    assert len({Place("a"), Place("a", 1), Place("b"), Other("a", 1)}) == 3


def test_copies_are_equal() -> None:
    """A record survives copying and pickling."""
    place = Place("a", 2)
    pickled = pickle.loads(pickle.dumps(place))  # noqa: S301 -- ours

    assert copy.copy(place) == copy.deepcopy(place) == pickled == place
