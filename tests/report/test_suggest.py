"""
Tests of "Did you mean": names that are one typo apart, similar, or unrelated.
"""

import random
import time
from difflib import SequenceMatcher

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workerctl.report.suggest import NearMisses, closest, did_you_mean, is_slip
from workerctl.settings import Settings

FIELDS = list(Settings.model_fields)


@pytest.mark.parametrize(
    ("one", "other", "slip"),
    [
        ("ABCDEF", "ABCDEF", False),
        ("ABCDEF", "ABCDE", True),
        ("ABCDEF", "BCDEF", True),
        ("ABCDEF", "ABXCDEF", True),
        ("ABCDEF", "ABCDEFX", True),
        ("ABCDEF", "XBCDEF", True),
        ("ABCDEF", "ABCDEX", True),
        ("ABCDEF", "BACDEF", True),
        ("ABCDEF", "ABCDFE", True),
        ("ABCDEF", "ACBDFE", False),
        ("ABCDEF", "CBADEF", False),
        ("ABCDEF", "ABCD", False),
        ("ABCDEF", "AXCDEY", False),
        ("", "", False),
        ("", "A", True),
        ("", "AB", False),
        ("AB", "BA", True),
    ],
)
def test_a_slip_is_one_edit(one: str, other: str, slip: bool) -> None:
    """
    A slip is an insertion, a deletion, a replacement or a swap of neighbours; it is symmetric.
    """
    assert is_slip(one, other) is slip
    assert is_slip(other, one) is slip


def distance(one: str, other: str) -> int:
    """Return the Damerau-Levenshtein distance (optimal string alignment), by its definition."""
    rows = [[i + j if not i * j else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(st.text("AB_", max_size=7), st.text("AB_", max_size=7))
def test_a_slip_is_a_distance_of_one(one: str, other: str) -> None:
    """The fast function agrees with the definition."""
    assert is_slip(one, other) is (distance(one, other) == 1)


@given(st.sampled_from(FIELDS), st.data())
def test_every_slip_of_every_name_is_found(name: str, data: st.DataObject) -> None:
    """The index finds every name that is one typo away."""
    at = data.draw(st.integers(0, len(name) - 1))
    letter = data.draw(st.sampled_from("AZ_0"))
    swapped = name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :]
    misses = NearMisses(FIELDS)
    for typo in (name[:at] + name[at + 1 :], name[:at] + letter + name[at:], swapped):
        if typo not in FIELDS and len(name) >= 6:
            found = misses.slip(typo)
            assert found is not None
            assert distance(found, typo) == 1


def test_a_short_name_has_no_near_miss() -> None:
    """Names below six letters have no near misses, because one letter makes them another word."""
    misses = NearMisses(["DEBUG", "QUEUES"])

    assert misses.slip("DEBUGS") is None
    assert misses.slip("DEBU") is None
    assert misses.slip("QUEUE") == "QUEUES"
    assert misses.similar("DEBUG_") is None


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("LLM_TIMEOUT_SEC", "LLM_TIMEOUT_SECONDS"),
        ("LLM_TIMEOUT_SE", None),
        ("LLM_TIMEOUT_SECNDZ", "LLM_TIMEOUT_SECONDS"),
        ("SUPABASE_SERVICE_KEY_ROLE", None),
        ("SUPABASE_SERVICE_ROLES_KEYS", "SUPABASE_SERVICE_ROLE_KEY"),
        ("ENCRYPTIONKEYVERSION", "ENCRYPTION_KEY_VERSION"),
        ("COMPLETELY_ANOTHER_NAME", None),
        ("", None),
        ("AB", None),
    ],
)
def test_similar_names_have_a_ratio_of_85_hundredths(name: str, match: str | None) -> None:
    """The ratio is that of difflib, and 0.85 is sufficient."""
    assert NearMisses(FIELDS).similar(name) == match
    best = max(SequenceMatcher(a=known, b=name).ratio() for known in FIELDS)
    assert (best >= 0.85) is (match is not None)


def test_the_index_finds_what_a_full_comparison_finds() -> None:
    """After two or three random edits, the index finds what difflib finds among all names."""
    choose = random.Random(5)
    misses = NearMisses(FIELDS)
    for _ in range(200):
        name = list(choose.choice(FIELDS))
        for _ in range(choose.choice((2, 3))):
            at = choose.randrange(len(name))
            name[at : at + 1] = choose.choice((["X"], ["Q", name[at]], []))
        typo = "".join(name)
        long = [known for known in FIELDS if len(known) >= 6]
        assert misses.similar(typo) == closest(typo, long, 0.85)


def test_a_thousand_unrelated_names_are_compared_quickly() -> None:
    """Comparing a thousand names that resemble no known one takes less than two seconds."""
    misses = NearMisses(FIELDS)
    started = time.process_time()

    for number in range(1000):
        name = f"SOME_OTHER_VARIABLE_{number}"
        assert misses.slip(name) is None
        assert misses.similar(name) is None
    assert time.process_time() - started < 2


def test_a_hint_names_the_closest_or_nothing() -> None:
    """The hint names the closest name, or is None if no name is similar."""
    assert did_you_mean("chekc", ("check", "keygen")) == "Did you mean check?"
    assert did_you_mean("xyz", ("check", "keygen")) is None
    assert did_you_mean("check", ()) is None
    assert closest("abcd", [], 0.1) is None
