"""
Tests of the comments that systemd before version 254 continues on the next line.
"""

import random
import re
from pathlib import Path

import pytest

from tests.support.effort import effort
from tests.support.programs import readers
from workerctl.sources.dialects.systemd import lines_in_comments

_ENDS = ["\n", "\n", "\n", "\\\n", "\\\\\n", "\\\r\n"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", set()),
        ("A=\\\nB=1\n", set()),
        ("; a\\\nB=1\n", {2}),
        ("# a\\\nA=1\\\nB=1\n", {2, 3}),
        ("# a\\\n# b\\\nA=1\n# c\\\nB=1\n", {2, 3, 5}),
        ("# a\\\r\nA=1\r\n", set()),
        ("A='\n# a\\\n'\nB=1\n", set()),
        ("# a\\\n", set()),
    ],
)
def test_a_comment_goes_on_in_the_next_line(text: str, lines: set[int]) -> None:
    """It does so after an odd number of backslashes, in front of whatever line."""
    assert lines_in_comments(text) == lines


def test_the_lines_are_those_that_the_reader_does_not_find(tmp_path: Path) -> None:
    """Every variable is found but those on these lines."""
    rng = random.Random(254)
    for _ in range(effort(300)):
        parts = [rng.choice(["# c", "#", " ; c", "", "V{}=1"]) for _ in range(6)]
        # A value that ends in a backslash is joined with the next line, which is another fault.
        parts = [f"{part.format(at)}{_end(rng, part)}" for at, part in enumerate(parts, 1)]
        path = tmp_path / "a.env"
        path.write_bytes("".join(parts).encode())
        expected = {f"V{at}" for at, part in enumerate(parts, 1) if part.startswith("V")}
        lost = {f"V{number}" for number in lines_in_comments("".join(parts))}
        (found,) = readers.systemd([path])

        assert found is not None
        assert set(found) == expected - lost, parts


def _end(rng: random.Random, part: str) -> str:
    return rng.choice(_ENDS) if re.match(r"\s*[#;]", part) else "\n"


def test_many_comments_are_read_in_linear_time() -> None:
    """Each line is looked at once, however many continue the one above."""
    assert len(lines_in_comments("#\\\n" * 20_000)) == 19_999
