"""
Single stages, for behaviour that the tests of the pipeline do not cover.
"""

from pathlib import Path

import pytest
from resume_worker.stages import analyst, chunking, privacy
from resume_worker.stages.analyst import Resume
from resume_worker.stages.chunking import Chunk
from resume_worker.stages.identity_checker import Identity

from workerctl.settings import get_settings

_PERSON = Resume(
    name="Jane Sample",
    phone=None,
    email="jane@example.org",
    address=None,
    skills=("Go", "C"),
    portfolio=None,
)


@pytest.fixture(autouse=True)
def _settings(directory: Path, monkeypatch: pytest.MonkeyPatch):
    settings = {
        "CHUNK_MAX_STRUCTURED_CHARS": 4,
        "CHUNK_MAX_RAW_FULL_CHARS": 30,
        "CHUNK_RAW_SECTION_SIZE": 10,
        "CHUNK_RAW_SECTION_OVERLAP": 4,
        "CHUNK_KOREAN_SIZE": 20,
        "CHUNK_KOREAN_OVERLAP": 5,
        "ENCRYPTION_KEY": "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


def test_sections_overlap_and_none_is_lost():
    text = "abcdefghijklmnopqrstuvwxyz0123456789"
    skills, beginning, *sections = chunking.chunks(text, _PERSON)
    assert skills == Chunk("structured", "Go, ")
    assert beginning == Chunk("raw_full", text[:30])
    assert [section.text for section in sections] == [
        "abcdefghij",
        "ghijklmnop",
        "mnopqrstuv",
        "stuvwxyz01",
        "yz01234567",
        "456789",
    ]


@pytest.mark.parametrize(
    ("text", "longest"), [("가" * 30 + "a" * 29, 20), ("가" * 29 + "a" * 31, 10), ("1 2 3", 5)]
)
def test_korean_text_has_sections_of_its_own_size(text: str, longest: int):
    sections = chunking.chunks(text, _PERSON)[2:]
    assert max(len(section.text) for section in sections) == longest


def test_a_text_that_fits_is_one_section():
    assert [chunk.text for chunk in chunking.chunks("short", _PERSON)[2:]] == ["short"]


def test_the_majority_decides_and_the_first_model_a_tie():
    others = [
        _PERSON.model_copy(update={"name": "Jane S.", "phone": "1"}),
        _PERSON.model_copy(update={"name": "J. Sample", "phone": "1"}),
    ]
    agreed = analyst.agreed([_PERSON, *others])
    assert (agreed.name, agreed.phone) == ("Jane Sample", "1")
    assert agreed.skills == ("Go", "C")


def test_personal_data_is_removed_from_the_text():
    text = "Jane Sample <jane@example.org> writes Go. Jane Sample."
    hidden = privacy.without_personal_data(text, _PERSON)
    assert hidden == "[name] <[email]> writes Go. [name]."


def test_repr_shows_no_personal_data():
    shown = repr([_PERSON, Chunk("raw_full", "Jane Sample")])
    assert "Jane" not in shown
    assert "jane@" not in shown
    assert "11 characters" in shown


@pytest.mark.parametrize(("people", "rejected"), [(0, False), (1, False), (2, True)])
def test_two_people_are_rejected(people: int, rejected: bool):
    assert Identity(people=people).should_reject is rejected
