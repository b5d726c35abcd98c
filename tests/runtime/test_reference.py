"""
Tests of the exception reference: it is complete.
"""

from docs.generating.exceptions import WITH, WITHOUT, classes, kind_of, text
from workerctl.runtime import exceptions
from workerctl.runtime.classification.known_errors import KNOWN
from workerctl.runtime.retry import classify


def test_every_class_has_a_row_with_all_that_rq_does() -> None:
    """A row shows code, kind and docstring, and what RQ does with and without workerctl."""
    rows = {row.split("`")[1]: row for row in text().splitlines() if row.startswith("| `")}

    assert len(classes()) == 24
    for found in classes():
        row = rows[found.__name__]
        kind = classify(found()).kind
        assert f"| `{found.error_code}` | {kind} |" in row
        assert f"| {WITH[kind]} | {WITHOUT[kind]} |" in row
        assert kind == kind_of(found)
        first = (found.__doc__ or "").strip().splitlines()[0]
        assert first in row
    assert set(rows) >= {name for name in vars(exceptions) if name.endswith("Exception")}


def test_every_class_of_the_table_is_named() -> None:
    """Every class that classify() knows is named on the page."""
    page = text()

    assert [name for name in KNOWN if f"`{name}`" not in page] == []


def test_the_tables_are_whole() -> None:
    """Every row of a table has the same number of cells as its header."""
    width = 0
    for line in text().splitlines():
        cells = line.count("|") if line.startswith("|") else 0
        assert cells in {0, width} or width == 0, line
        width = cells
