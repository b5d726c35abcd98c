"""
Tests of names: which field a variable sets, and in which spelling.
"""

import pytest

from workerctl.sources.names import Names, Spelling

NAMES = Names(
    frozenset({"PLAIN", "API_KEY", "lower_token", "A_FILE"}),
    frozenset({"API_KEY", "lower_token"}),
    {"OLD_PLAIN": "PLAIN"},
    ("RING_V",),
)


@pytest.mark.parametrize(
    ("name", "field", "spelling"),
    [
        ("PLAIN", "PLAIN", Spelling.EXACT),
        ("plain", "PLAIN", Spelling.OTHER_CASE),
        ("Plain", "PLAIN", Spelling.OTHER_CASE),
        ("lower_token", "lower_token", Spelling.EXACT),
        ("LOWER_TOKEN", "lower_token", Spelling.OTHER_CASE),
        ("Lower_Token", "lower_token", Spelling.OTHER_CASE),
        ("API_KEY_FILE", "API_KEY", Spelling.FILE),
        ("api_key_file", "API_KEY", Spelling.FILE),
        ("lower_token_FILE", "lower_token", Spelling.FILE),
        ("LOWER_TOKEN_FILE", "lower_token", Spelling.FILE),
        ("A_FILE", "A_FILE", Spelling.EXACT),
        ("OLD_PLAIN", "PLAIN", Spelling.DEPRECATED),
        ("old_plain", "PLAIN", Spelling.DEPRECATED),
        ("RING_V1", "RING_V1", Spelling.EXACT),
        ("ring_v1", "RING_V1", Spelling.OTHER_CASE),
        ("RING_V255_FILE", "RING_V255", Spelling.FILE),
    ],
)
def test_a_variable_sets_a_field(name: str, field: str, spelling: int) -> None:
    """
    A variable sets a field by its name in any case, as NAME_FILE of a secret, or by an old name.
    """
    assert NAMES.resolve(name) == (field, spelling)


@pytest.mark.parametrize(
    "name",
    ["", "_FILE", "PLAIN_FILE", "API_KEY_FILE_FILE", "RING_V", "RING_V1234", "RING_V\u0661"],
)
def test_an_unknown_name_sets_nothing(name: str) -> None:
    """Only secrets have a NAME_FILE, and a family matches a whole name with ASCII digits."""
    assert NAMES.resolve(name) is None


def test_the_exact_spelling_ranks_first() -> None:
    """Within a source the order is: exact, another case, a file, an old name, an alias."""
    ranked = {name: rank for name, rank in vars(Spelling).items() if name.isupper()}

    assert sorted(ranked, key=lambda name: ranked[name]) == [
        "EXACT",
        "OTHER_CASE",
        "FILE",
        "DEPRECATED",
        "ALIAS",
    ]
    assert len(set(ranked.values())) == len(ranked)


def test_secrets_are_fields_and_families() -> None:
    """A name that a family matches is secret, like a field that is declared as such."""
    assert [NAMES.is_secret(name) for name in ("API_KEY", "RING_V9", "PLAIN", "STRANGER")] == [
        True,
        True,
        False,
        False,
    ]
