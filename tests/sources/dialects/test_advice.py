"""
Tests of the hint that says how to write an assignment.
"""

import pytest

from workerctl.sources import envfile
from workerctl.sources.dialects import advice
from workerctl.sources.dialects.comparison import differences
from workerctl.sources.dialects.statements import statement


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("export A='x' # c", "Write NAME=value without `export`, quotes or a comment."),
        ("A = x", "Write NAME=value without blanks."),
        ("A=x y", "Write the value in single quotes; then only docker run reads it differently."),
        ("A=x$y", "Write the value in single quotes; then only docker run reads it differently."),
        (
            "A='x y'",
            "Change the value if docker run must read it: no form of it suits every program.",
        ),
        ("A=${X}", "Write the value out: not every reader expands `${…}`."),
        ("A='x\ny'", "Encode the value on a single line: docker run reads no further."),
        (
            "A.B='x'",
            "Rename the variable: use only letters, digits and underscores, and no digit first.",
        ),
        ("UID=1", "Rename the variable: UID belongs to bash."),
    ],
)
def test_the_hint_says_how_all_agree(line: str, hint: str) -> None:
    """It names the form with the fewest differences, and is about the name if that is refused."""
    (entry,) = envfile.parse(f"{line}\n", ".env").entries

    found = statement(entry)
    readers = frozenset(each.reader for each in differences(found))
    assert advice.how_to_write(found, readers) == hint
