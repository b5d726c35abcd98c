"""
The sample résumés are well-formed, and all of their content is extracted.
"""

import io
from collections.abc import Iterator
from pathlib import Path

import olefile
import pytest

from examples.resume_worker.documents import DEFAULT_LIMITS, extract_text
from examples.resume_worker.samples.compound_file import compound_file
from examples.resume_worker.samples.making import make_samples
from examples.resume_worker.samples.people import PEOPLE
from tests.examples.documents.files import EVERY_KIND, KINDS, Extract


@EVERY_KIND
def test_everything_in_a_sample_is_found(
    samples: dict[str, bytes], extract: Extract, kind: str
) -> None:
    """All data and sentences of the person are extracted in their order, including Korean text."""
    person = PEOPLE[kind]
    text = extract(samples[kind], DEFAULT_LIMITS)

    found = [text.index(words) for words in (*person[:6], *person.about)]
    assert found == sorted(found)


def test_samples_are_the_same_each_time(tmp_path: Path, samples: dict[str, bytes]) -> None:
    """Samples are reproducible, so that two runs of the demo can be compared."""
    (tmp_path / "again").mkdir()
    paths = make_samples(tmp_path / "again")

    assert {kind: path.read_bytes() for kind, path in paths.items()} == samples
    assert {kind: path.name for kind, path in paths.items()} == {
        kind: f"resume.{kind}" for kind in KINDS
    }


def test_the_people_are_invented() -> None:
    """Telephone numbers are unassigned, and domains are reserved for examples."""
    for person in PEOPLE.values():
        assert "10-0000-" in person.phone
        assert person.email.rpartition("@")[2] in {"example.com", "example.net", "example.org"}
        assert person.portfolio.split("/")[2].endswith(".example")


def test_the_name_of_a_file_is_ignored(tmp_path: Path, samples: dict[str, bytes]) -> None:
    """The format is detected from the content, because people rename files."""
    for kind, other in zip(KINDS, reversed(KINDS), strict=True):
        path = tmp_path / f"resume.{other}"
        path.write_bytes(samples[kind])
        assert PEOPLE[kind].name in extract_text(path)


def test_a_missing_file_is_not_a_bad_document(tmp_path: Path) -> None:
    """A missing file raises the error of the system, which may be temporary."""
    with pytest.raises(FileNotFoundError):
        extract_text(tmp_path / "missing.pdf")


def test_written_compound_files_have_no_defect(samples: dict[str, bytes]) -> None:
    """Compound files pass the strictest checks of olefile and contain every stream in order."""
    streams = {
        **{f"Stream{number}": bytes([number + 1]) * 700 * number for number in range(1, 9)},
        **{f"Storage/{'x' * number}": b"s" * number for number in range(1, 31)},
        "Large": bytes(range(1, 256)) * 1000,
    }
    for data in (samples["hwp"], compound_file(streams)):
        with olefile.OleFileIO(io.BytesIO(data), raise_defects=olefile.DEFECT_UNSURE) as file:
            assert file.parsing_issues == []
            found = {"/".join(path): file.openstream(path).read() for path in file.listdir()}
            assert [*names_in_order(file.root)] == sorted_names(file.root)

    assert {path: data.rstrip(b"\0") for path, data in found.items()} == streams
    assert min(map(len, found.values())) == 4096


def names_in_order(root: olefile.olefile.OleDirectoryEntry) -> Iterator[str]:
    """Yield the names of a storage's entries in the order of the tree in the file."""

    def walk(number: int) -> Iterator[str]:
        if number != olefile.olefile.NOSTREAM:
            entry = root.olefile.direntries[number]
            yield from walk(entry.sid_left)
            yield entry.name
            yield from walk(entry.sid_right)

    yield from walk(root.sid_child)


def sorted_names(root: olefile.olefile.OleDirectoryEntry) -> list[str]:
    """Return the same names in the order that the format requires."""
    return sorted((kid.name for kid in root.kids), key=lambda name: (len(name), name.upper()))


def test_a_compound_file_has_a_maximum_size() -> None:
    """Data that needs more sectors than the header can list raises a ValueError."""
    with pytest.raises(ValueError, match="too large for this writer"):
        compound_file({"Large": bytes(8_000_000)})
