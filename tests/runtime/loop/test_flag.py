"""
Tests of USE_NEW_ASYNC_HELPER: every call reads its mode from the flag.
"""

import asyncio
import traceback

import pytest

from workerctl.report.errors import ConfigurationError
from workerctl.runtime.async_helpers import cleanup_event_loop, get_or_create_event_loop, run_async
from workerctl.settings import Settings, get_settings

FLAG = "USE_NEW_ASYNC_HELPER"


async def running_loop():
    return asyncio.get_running_loop()


def is_kept():
    """
    Return whether a call runs on the kept loop; in the other mode, its loop is closed.
    """
    loop = run_async(running_loop())
    kept = loop is get_or_create_event_loop()
    assert loop.is_closed() is not kept
    return kept


def test_the_flag_may_be_changed_between_two_calls_in_both_directions(monkeypatch):
    seen = []
    for text in ("true", "false", "true", "false"):
        monkeypatch.setenv(FLAG, text)
        seen.append(is_kept())
    monkeypatch.delenv(FLAG)

    assert [*seen, is_kept()] == [True, False, True, False, True]


@pytest.mark.parametrize("text", "0 off f false n no 1 on t true y yes OFF False NO On Yes".split())
def test_the_flag_has_the_spellings_of_the_settings(text, monkeypatch):
    monkeypatch.setenv(FLAG, text)

    assert is_kept() is Settings().USE_NEW_ASYNC_HELPER


def test_an_empty_flag_counts_as_not_set(monkeypatch):
    monkeypatch.setenv(FLAG, "")

    assert is_kept()


def test_without_a_variable_the_settings_decide(directory, monkeypatch):
    """
    The settings count only if they are already loaded; they are not loaded for this.
    """
    get_settings.cache_clear()
    (directory / ".env").write_text(f"{FLAG}=false\nDEBUG=nonsense\n")
    assert is_kept()
    assert get_settings.made is None

    monkeypatch.setitem(get_settings._made, None, Settings(DEBUG=False))
    assert get_settings.made is get_settings()
    assert not is_kept()

    monkeypatch.setenv(FLAG, "true")
    assert is_kept()


@pytest.mark.parametrize("text", ["nonsense-K7qVz2Lm", "2", " true", "None"])
def test_any_other_value_is_an_error_that_does_not_show_it(text, monkeypatch):
    """
    No mode is guessed, and the coroutine is closed without a warning.
    """
    monkeypatch.setenv(FLAG, text)
    with pytest.raises(ConfigurationError, match=f"{FLAG} must be true or false") as caught:
        run_async(running_loop())

    shown = "".join(traceback.TracebackException.from_exception(caught.value).format())
    assert text.strip() == "2" or f"{text}" not in shown.replace(FLAG, "").replace("true or", "")
    assert caught.value.__context__ is None
    frames = [frame for frame, _ in traceback.walk_tb(caught.tb)]
    assert text not in [value for frame in frames[1:] for value in frame.f_locals.values()]


def test_the_clean_up_works_in_both_modes(monkeypatch):
    """
    A loop that is left from the other mode is closed, too.
    """
    run_async(running_loop())
    monkeypatch.setenv(FLAG, "false")
    run_async(running_loop())

    assert [cleanup_event_loop(), cleanup_event_loop()] == [True, False]
