"""
YAML documents: scalars as they are written, lines, merges, and files that are refused.
"""

from pathlib import Path

import pytest

from workerctl.report.errors import SourceError
from workerctl.sources.manifests import documents


def test_scalars_have_the_kinds_of_yaml_1_2() -> None:
    """
    Texts that YAML 1.1 takes for truth values stay texts, and numbers stay as they are written.
    """
    written = "yes, on, true, 010, 1.50, '7', ~, null, 12:30:00, .5, 1e3, 0o17, No"
    (document,) = documents.parse(f"a: [{written}]", "x.yaml")
    found = document.get("a")
    assert found is not None

    kinds = [item.kind for item in found.items]
    expected = "str str bool int float str null null str float float int str"
    assert kinds == expected.split()
    assert [item.text for item in found.items][3:5] == ["010", "1.50"]


def test_a_value_has_the_line_of_its_key() -> None:
    """
    A value that an alias repeats is at its own key, one that a merge adds where it is written.
    """
    text = "x: &x\n  A: one\n  B: &b two\ny:\n  <<: *x\n  B: three\n  C: *b\n"
    (document,) = documents.parse(text, "x.yaml")
    merged = document.get("y")
    assert merged is not None

    assert {key: node.text for key, node in merged.entries.items()} == {
        "A": "one",
        "B": "three",
        "C": "two",
    }
    assert {key: node.location.line for key, node in merged.entries.items()} == {
        "A": 2,
        "B": 6,
        "C": 7,
    }


def test_of_several_merges_the_first_counts() -> None:
    """
    As the YAML merge type says.
    """
    text = "a: &a {K: 1, L: 1}\nb: &b {K: 2, M: 2}\nc:\n  <<: [*a, *b]\n"
    (document,) = documents.parse(text, "x.yaml")
    merged = document.get("c")
    assert merged is not None

    assert {key: node.text for key, node in merged.entries.items()} == {
        "K": "1",
        "L": "1",
        "M": "2",
    }


def test_several_documents_and_empty_ones() -> None:
    """
    Empty documents, as templates leave them, are left out; a List stands for its items.
    """
    text = "---\n---\nkind: A\n---\n# nothing\n---\nkind: List\nitems: [{kind: B}, {kind: C}]\n"
    found = [node.get("kind") for node in documents.flattened(documents.parse(text, "x.yaml"))]

    assert [node.text for node in found if node is not None] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [sk-live-4Jh7", "x.yaml:1 is not valid YAML."),
        ("a: 1\nb: sk-live-4Jh7: x\n", "x.yaml:2 is not valid YAML."),
        ("a: &a [*a]", "x.yaml:1 refers to an anchor that is not complete."),
        ("a:\n  k: sk-live-4Jh7\n  k: 2", "x.yaml:3 repeats a key of the same mapping."),
        ("a: *nowhere", "x.yaml:1 refers to an anchor that is not complete."),
        ("[" * 100_000, "x.yaml:1 is nested too deep."),
        ("[" * 100 + "]" * 100, "x.yaml:1 is nested too deep."),
        ("a: 1\nb: {{ .c }}", "x.yaml:2 has a key that is not a text."),
        ("a: \x01", "x.yaml is not valid YAML."),
    ],
)
def test_what_is_not_valid_is_said_without_its_text(text: str, message: str) -> None:
    """
    The error has the line, and nothing of the file, not even in its context.
    """
    with pytest.raises(SourceError) as caught:
        documents.parse(text, "x.yaml")

    assert caught.value.message == message
    assert caught.value.__context__ is None


def test_aliases_of_aliases_stay_small() -> None:
    """
    A node is made once, however often an alias repeats it.
    """
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 30)]
    (document,) = documents.parse("\n".join(lines), "x.yaml")

    last = document.get("a29")
    assert last is not None
    assert len(last.items) == 9


def test_a_file_is_read_as_other_sources_are(tmp_path: Path) -> None:
    """
    A file that is missing, too large or not text is a SourceError that names it.
    """
    missing, binary = tmp_path / "no.yaml", tmp_path / "b.yaml"
    binary.write_bytes(b"\xff\xfe\x00")

    for path in (missing, binary, tmp_path):
        with pytest.raises(SourceError, match=path.name):
            documents.read(str(path))
