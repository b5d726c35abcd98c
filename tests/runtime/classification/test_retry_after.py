"""
Tests of retry_after(): every form in which a server requests a wait.
"""

import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workerctl.runtime.classification.retry_after import LONGEST, duration, retry_after

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110
REQUESTS = {"x-ratelimit-remaining-requests": "0"}
TOKENS = {"x-ratelimit-remaining-tokens": "0"}
ANTHROPIC = {"anthropic-ratelimit-tokens-remaining": "0"}


@pytest.fixture(name="time_zone_of_seoul")
def _time_zone_of_seoul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """
    Set a time zone nine hours ahead of UTC.
    """
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "KST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        # ---------------------------------------------------------------------------- seconds
        ({"retry-after": "5"}, 5.0),
        ({"retry-after": "  5 "}, 5.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "999999999"}, LONGEST),
        ({"retry-after": "9" * 400}, LONGEST),
        # ----------------------------------------------------------------------- milliseconds
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "60"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "60"}, 60.0),
        # ------------------------------------------------------------------------------ dates
        ({"retry-after": "Sun, 06 Nov 1994 08:50:07 GMT"}, 30.0),
        ({"retry-after": "Sunday, 06-Nov-94 08:50:07 GMT"}, 30.0),
        ({"retry-after": "Sun Nov  6 08:50:07 1994"}, 30.0),
        ({"retry-after": "Sun, 06 Nov 1994 17:50:07 +0900"}, 30.0),
        ({"retry-after": "Sun, 06 Nov 1994 08:49:07 GMT"}, 0.0),
        ({"retry-after": "Fri, 31 Dec 1999 23:59:59 GMT"}, LONGEST),
        (  # the server's clock is one hour ahead
            {
                "retry-after": "Sun, 06 Nov 1994 09:50:07 GMT",
                "date": "Sun, 06 Nov 1994 09:49:37 GMT",
            },
            30.0,
        ),
        ({"retry-after": "Sun, 06 Nov 1994 08:50:07 GMT", "date": "today"}, 30.0),
        # ------------------------------------------------------------------------ rate limits
        ({**REQUESTS, "x-ratelimit-reset-requests": "6m0s"}, 360.0),
        ({**REQUESTS, "x-ratelimit-reset-requests": "12ms"}, 0.012),
        ({**REQUESTS, "x-ratelimit-reset-requests": "1h2m3.5s"}, LONGEST),
        ({**REQUESTS, "x-ratelimit-reset-requests": "20"}, 20.0),
        ({**REQUESTS, "x-ratelimit-reset-tokens": "20s"}, None),
        ({"x-ratelimit-remaining-tokens": "7", "x-ratelimit-reset-tokens": "20s"}, None),
        (
            {
                **REQUESTS,
                **TOKENS,
                "x-ratelimit-reset-requests": "2s",
                "x-ratelimit-reset-tokens": "1m",
            },
            60.0,
        ),
        ({**ANTHROPIC, "anthropic-ratelimit-tokens-reset": "1994-11-06T08:50:07Z"}, 30.0),
        ({**ANTHROPIC, "anthropic-ratelimit-tokens-reset": "1994-11-06T17:50:07+09:00"}, 30.0),
        ({**ANTHROPIC, "anthropic-ratelimit-tokens-reset": "1994-11-06T08:50:07"}, None),
        ({**ANTHROPIC, "anthropic-ratelimit-tokens-reset": "tomorrow"}, None),
        ({**TOKENS, "x-ratelimit-reset-tokens": "9s", "retry-after": "2"}, 2.0),
        # ---------------------------------------------------------------------------- invalid
        ({}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1_0"}, None),
        ({"retry-after": "5, 10"}, None),
        ({"retry-after": "٣"}, None),
        ({"retry-after": "Sun, 99 Nov 1994 08:49:37 GMT"}, None),
        ({"retry-after": "Sun, 06 Nov 0 08:49:37 GMT"}, LONGEST),
    ],
)
def test_a_wait_is_read_in_every_form(
    time_zone_of_seoul: None, headers: dict[str, str], seconds: float | None
) -> None:
    """Every form is read, independently of the worker's time zone."""
    assert retry_after(headers, NOW) == seconds


def test_the_workers_clock_is_used_without_a_date_header() -> None:
    """Without a `Date` header, the worker's clock is used."""
    due = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 100))
    found = retry_after({"retry-after": due})

    assert found is not None
    assert 80 < found <= 100


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("37s", 37.0),
        ("0.5s", 0.5),
        ("1m30s", 90.0),
        ("2h", LONGEST),
        ("250ms", 0.25),
        ("100us", 1e-4),
        ("100µs", 1e-4),
        ("5ns", 5e-9),
        ("20", 20.0),
        ("-20", 0.0),
        ("", None),
        ("s", None),
        ("1m 30s", None),
        ("1" * 200, None),
        (37, None),
        (None, None),
    ],
)
def test_a_duration_is_read_with_its_units(text: object, seconds: float | None) -> None:
    """A duration has the units of Go or protobuf, or none."""
    assert duration(text) == (None if seconds is None else pytest.approx(seconds))


TEXT = st.text(alphabet="0123456789.,-+:hmsuµn GMTSunNov", max_size=40) | st.text()
NAMES = st.sampled_from(
    [
        "retry-after",
        "retry-after-ms",
        "date",
        "x-ratelimit-reset-tokens",
        "anthropic-ratelimit-tokens-reset",
    ]
)


@given(st.dictionaries(NAMES, TEXT))
def test_any_headers_give_a_valid_wait_or_none(headers: dict[str, str]) -> None:
    """Any headers give None or a wait within the bounds."""
    found = retry_after({**TOKENS, **ANTHROPIC, **headers}, NOW)

    assert found is None or 0.0 <= found <= LONGEST
