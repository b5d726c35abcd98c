"""
References to variables as docker compose finds them; and the assignments of its env files.
"""

import pytest

from workerctl.sources.dialects import compose, templates
from workerctl.sources.dialects.compose import Assignment, RefusedFileError
from workerctl.sources.dialects.templates import InvalidTemplateError, Reference


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("text", ["text"]),
        ("a$$b", ["a", "$", "b"]),
        ("$A.$B_1", [Reference("A", "$A"), ".", Reference("B_1", "$B_1")]),
        ("${A}b", [Reference("A", "${A}"), "b"]),
        ("$ 5$", ["$ 5$"]),
        ("${A:-b}c", [Reference("A", "${A:-b}", ":-", "b"), "c"]),
        ("${A-${B:?c}}", [Reference("A", "${A-${B:?c}}", "-", "${B:?c}")]),
        ("${A+{x}}", [Reference("A", "${A+{x}}", "+", "{x}")]),
        # A brace after a brace is passed over, so that none is left to close the reference.
        ("${A?{}}", [Reference("A", "${A?{}}", "?", "{}")]),
        (
            "${A:+b}${C-d}",
            [Reference("A", "${A:+b}", ":+", "b"), Reference("C", "${C-d}", "-", "d")],
        ),
        ("${A-b}\n}", [Reference("A", "${A-b}", "-", "b"), "\n}"]),
    ],
)
def test_templates_have_texts_and_references(
    template: str, expected: list[str | Reference]
) -> None:
    """
    Together they are the template, but for the second of two dollar signs.
    """
    found = list(templates.parts(template))
    assert found == expected
    written = "".join(each if isinstance(each, str) else each.written for each in found)
    assert written == template.replace("$$", "$")


@pytest.mark.parametrize("template", ["${", "${}", "${A", "${A }", "${1}", "${A:b}", "${A-b\n}"])
def test_a_reference_that_is_not_valid_is_refused(template: str) -> None:
    """
    Wherever it is.
    """
    with pytest.raises(InvalidTemplateError):
        list(templates.parts(f"a{template}"))


def test_assignments_have_templates_and_lines() -> None:
    """
    Single quotation marks keep everything, others are read before variables are expanded.
    """
    text = "# c\n\nA=1 # c\n export B='$X\n'\nC:\"a\\n$X\\$\" # c\nD\nE = $X\nF=\n"
    assert list(compose.assignments(text)) == [
        Assignment("A", "1", 3),
        Assignment("B", "$X\n", 4, is_literal=True),
        Assignment("C", "a\n$X$$", 6),
        Assignment("D", None, 7),
        Assignment("E", "$X", 8),
        Assignment("F", "", 9),
    ]


@pytest.mark.parametrize("line", ["A B=1", "A='1", "A!=1", "=1'\"\nA'"])
def test_a_file_is_refused_at_a_line(line: str) -> None:
    """
    What stands before it has been read.
    """
    found = []
    with pytest.raises(RefusedFileError) as caught:
        found.extend(compose.assignments(f"X=1\n\n{line}\n"))
    assert caught.value.line >= 3
