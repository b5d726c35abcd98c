"""
Tests of near misses of names: typing errors, and the names of other things.
"""

import pytest

from workerctl.report.near_names import Near, NearNames
from workerctl.settings import Settings

KNOWN = NearNames(Settings.model_fields)


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("OPENIA_API_KEY", "OPENAI_API_KEY"),
        ("OPENAI_API_KYE", "OPENAI_API_KEY"),
        ("OPENAI_APIK_EY", "OPENAI_API_KEY"),
        ("OPENAI__API_KEY", "OPENAI_API_KEY"),
        ("OPENAI_API_KEYY", "OPENAI_API_KEY"),
        ("LMM_TIMEOUT_SECONDS", None),
        ("MLL_TIMEOUT_SECONDS", None),
        ("LLM_TIMEOUT_SECOND", "LLM_TIMEOUT_SECONDS"),
        ("QUEUE", None),
        ("OPENAI_API_KEY2", None),
        ("LOGLEVEL", None),
        ("SUPABASE_URI", None),
    ],
)
def test_a_typing_error_differs_from_the_name_of_another_thing(
    name: str, known: str | None
) -> None:
    """A plural, a digit, joined words and another short first word are not typing errors."""
    near = KNOWN.near(name)

    assert (near.known if near is not None and near.is_typo else None) == known


@pytest.mark.parametrize(
    ("name", "known", "is_typo"),
    [
        ("ACCES_TOKEN", "ACCESS_TOKEN", True),
        ("DATABASE_ADDRES", "DATABASE_ADDRESS", True),
        ("DATABASE_PASSS", "DATABASE_PASS", True),
        ("WORKER_TOKENS", "WORKER_TOKEN", False),
        ("WORKER_QUEUE", "WORKER_QUEUES", False),
    ],
)
def test_a_word_that_ends_in_two_s_is_no_plural(name: str, known: str, is_typo: bool) -> None:
    """Leaving one of them out is a typing error."""
    assert NearNames([known]).near(name) == Near(known, is_typo=is_typo)


def test_a_name_inside_the_prefix_of_the_class_is_a_typing_error() -> None:
    """No other program has names with this prefix."""
    known = NearNames(["APP_LOG_LEVEL"], "APP_")

    assert known.near("APP_LOGLEVEL") == Near("APP_LOG_LEVEL", is_typo=True)
    assert known.near("LOG_LEVEL") == Near("APP_LOG_LEVEL")


@pytest.mark.parametrize(
    ("known", "name", "units"),
    [
        ("CACHE_TTL_SECONDS", "CACHE_TTL_MS", ("SECONDS", "MILLISECONDS")),
        ("CACHE_TTL_SECONDS", "CACHE_TTL_S", None),
        ("CACHE_TTL_SECONDS", "WEB_CACHE_TTL", ("SECONDS", "")),
        ("CACHE_TTL", "CACHE_TTL_HOURS", ("", "HOURS")),
        ("UPLOAD_LIMIT_MB", "UPLOAD_LIMIT_KIB", ("MEGABYTES", "KILOBYTES")),
    ],
)
def test_units(known: str, name: str, units: tuple[str, str] | None) -> None:
    """A unit that was left out, abbreviated or changed does not hide the name."""
    assert NearNames([known]).near(name) == Near(known, units=units)


@pytest.mark.parametrize("name", ["HTTP_TIMEOUT_MS", "SECONDS", "MS", "TTL", "", "_", "__S"])
def test_a_single_word_has_no_prefix(name: str) -> None:
    """`TIMEOUT` with a unit stands in the names of many programs."""
    assert NearNames(["TIMEOUT_SECONDS", "CACHE_TTL"]).near(name) is None


def test_the_suggestion_does_not_depend_on_the_order_of_the_names() -> None:
    """Of several names, the transposition is suggested, else the first one in the alphabet."""
    names = ["STAGE_A", "STAGE_B", "STAEG_C", "STAGEC"]

    for order in (names, names[::-1]):
        assert NearNames(order).near("STAGE_C") == Near("STAEG_C", is_typo=True)
        assert NearNames(order).near("STAGE_X") == Near("STAGE_A", is_typo=True)
