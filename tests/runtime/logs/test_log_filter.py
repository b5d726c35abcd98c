"""
Tests of the filter: no part of a record shows a secret to any handler.
"""

import asyncio
import logging
import re
import traceback
from collections.abc import Mapping
from logging.handlers import QueueHandler
from queue import SimpleQueue
from typing import Any

import pytest
from httpx import URL

from tests.leaks.oracle import Mint, Oracle, texts
from workerctl.runtime.log_filter import RedactingFilter
from workerctl.secrecy.redaction import LOG_MASK, Redactor

MINT = Mint(21)
SECRET = MINT.token(32)
ORACLE = Oracle(MINT.made)


class KeepingHandler(logging.Handler):
    """
    A handler that keeps all records, and the lines that a formatter makes of them.
    """

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """
        Keep the record and its formatted line.
        """
        self.records.append(record)
        self.lines.append(self.format(record))


@pytest.fixture(name="kept")
def _kept() -> KeepingHandler:
    """
    Return a handler with the filter.
    """
    handler = KeepingHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    redacting = RedactingFilter()
    redacting.redactor = Redactor([SECRET])
    handler.addFilter(redacting)
    return handler


@pytest.fixture(name="logger")
def _logger(kept: KeepingHandler) -> logging.Logger:
    logger = logging.getLogger("app")
    logger.addHandler(kept)
    logger.setLevel(logging.DEBUG)
    return logger


class Revealing:
    """
    An object whose text or representation is the secret.
    """

    def __init__(self, text: str = "", representation: str = "") -> None:
        self._text, self._representation = text, representation

    def __str__(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return self._representation


MESSAGES: Mapping[str, tuple[Any, ...]] = {
    "in the message": (f"key {SECRET[:8]}",),
    "as an argument": ("key %s", SECRET[:8]),
    "as the representation of an argument": ("key %r", SECRET),
    "by name": ("key %(key)s", {"key": SECRET}),
    "in an object": ("key %s", Revealing(SECRET)),
    "in the representation of an object": ("key %r", Revealing("", SECRET)),
    "in a list": ("keys %s", [SECRET, 1]),
    "as the message itself": (Revealing(SECRET),),
    "as an error": ("failed: %s", ValueError(SECRET)),
    "as bytes": ("key %s", SECRET.encode()),
    "over two arguments": ("%s%s", SECRET[:4], SECRET[4:8]),
    "too many arguments": ("key", SECRET),
    "an argument too few": ("key %s %s", SECRET),
    "an argument of another type": ("key %d", SECRET),
}


@pytest.mark.parametrize("arguments", MESSAGES.values(), ids=MESSAGES)
def test_a_message_is_masked(
    logger: logging.Logger,
    kept: KeepingHandler,
    arguments: tuple[Any, ...],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A secret is masked in the output and in the attributes of the record."""
    logger.error(*arguments)

    assert LOG_MASK in kept.lines[0]
    assert kept.lines[0].startswith("ERROR ")
    assert ORACLE.leaks("\n".join([*kept.lines, *texts(vars(kept.records[0]))])) == []
    # If the arguments do not fit the message, logging itself would print them.
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "arguments",
    [("%.3s", SECRET), ("%(number)d", {"number": 1, "key": SECRET}), ("%.2s", [SECRET])],
)
def test_arguments_that_are_not_shown_are_masked(
    logger: logging.Logger, kept: KeepingHandler, arguments: tuple[Any, ...]
) -> None:
    """Arguments are masked even if they are not shown: error trackers send them, too."""
    logger.error(*arguments)

    assert ORACLE.leaks("\n".join(texts(vars(kept.records[0])))) == []


def test_a_record_without_secrets_is_unchanged(
    logger: logging.Logger, kept: KeepingHandler
) -> None:
    """The message and its arguments stay separate: handlers group records by the message."""
    error = ValueError("bad page")
    logger.error("page %d of %s", 3, "a.pdf", exc_info=error, extra={"pages": [1, 2]})
    (record,) = kept.records

    assert (record.msg, record.args) == ("page %d of %s", (3, "a.pdf"))
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    assert vars(record)["pages"] == [1, 2]


def _raising() -> None:
    try:
        {}[SECRET]
    except LookupError as error:
        raise ValueError(f"{SECRET[:8]} is bad") from error


def test_a_traceback_is_masked(logger: logging.Logger, kept: KeepingHandler) -> None:
    """The texts of the error and its causes are masked; the frames stay."""
    try:
        _raising()
    except ValueError:
        logger.exception("failed")

    assert "in _raising" in kept.lines[0]
    assert f"KeyError: '{LOG_MASK}'" in kept.lines[0]
    assert f"ValueError: {LOG_MASK} is bad" in kept.lines[0]
    assert ORACLE.leaks("\n".join(texts(vars(kept.records[0])))) == []


def test_a_traceback_that_was_formatted_before_is_masked(
    logger: logging.Logger, kept: KeepingHandler
) -> None:
    """A handler without the filter leaves its formatted traceback in the record."""
    other = KeepingHandler()
    logger.handlers.insert(0, other)
    try:
        _raising()
    except ValueError:
        logger.exception("failed: %s", SECRET)

    assert SECRET in other.lines[0]
    assert ORACLE.leaks("\n".join([kept.lines[0], *texts(vars(kept.records[0]))])) == []


def test_the_stack_is_masked(logger: logging.Logger, kept: KeepingHandler) -> None:
    """A stack is masked, because its source lines may contain a secret."""
    record = logger.makeRecord("app", 40, "a.py", 1, "here", (), None, sinfo=f"key = '{SECRET}'")
    logger.handle(record)

    assert kept.lines == [f"ERROR here\nkey = '{LOG_MASK}'"]


@pytest.mark.parametrize(
    "extra", [{"key": SECRET}, {"keys": [SECRET]}, {"settings": Revealing("", SECRET)}]
)
def test_extra_attributes_are_masked(
    logger: logging.Logger, kept: KeepingHandler, extra: dict[str, Any]
) -> None:
    """Attributes from `extra` are masked, because a formatter may write them."""
    logger.info("here", extra=extra)
    (name,) = extra

    assert LOG_MASK in vars(kept.records[0])[name]
    assert ORACLE.leaks("\n".join(texts(vars(kept.records[0])))) == []


class CallError(Exception):
    """
    An error of whose keyword arguments the representation shows nothing.
    """

    def __init__(self, *, url: str) -> None:
        self.url = url

    def __str__(self) -> str:
        return f"GET {self.url} failed"


class Unwritable(Revealing):
    """
    An object of which one of the two texts fails.
    """

    def __init__(self, fails: str) -> None:
        super().__init__(SECRET, SECRET)
        self._fails = fails

    def __str__(self) -> str:
        if self._fails == "str":
            raise RuntimeError(SECRET)
        return super().__str__()

    def __repr__(self) -> str:
        if self._fails == "repr":
            raise RuntimeError(SECRET)
        return super().__repr__()


class Named(dict):  # type: ignore[type-arg]
    """
    A dictionary that shows its length only.
    """

    def __repr__(self) -> str:
        return f"<{len(self)} names>"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (CallError(url=f"https://h?key={SECRET}"), f"GET https://h?key={LOG_MASK} failed"),
        (Revealing(SECRET, "<hidden>"), LOG_MASK),
        (Revealing("hidden", SECRET), LOG_MASK),
        (Unwritable("str"), LOG_MASK),
        (Unwritable("repr"), LOG_MASK),
        (URL(f"https://me:{SECRET}@h/x"), f"https://me:{LOG_MASK}@h/x"),
        ({"url": [Revealing(SECRET)], "n": 1}, {"url": [LOG_MASK], "n": 1}),
        ((CallError(url=SECRET), 2), (f"GET {LOG_MASK} failed", 2)),
        (Named(key=SECRET), {"key": LOG_MASK}),
        ({Revealing(SECRET)}, LOG_MASK),
    ],
    ids="error str repr only-repr only-str url nested tuple dict set".split(),
)
def test_what_str_or_repr_shows_of_an_attribute_is_masked(
    logger: logging.Logger, kept: KeepingHandler, value: object, shown: object
) -> None:
    """A format takes `str`, a library of JSON either, so that a safe one of them proves nothing."""
    kept.setFormatter(logging.Formatter("%(message)s %(value)s"))
    logger.warning("failed", extra={"value": value})
    logger.warning({"event": "failed", "value": value}, extra={"value": None})

    assert vars(kept.records[0])["value"] == shown
    assert kept.records[1].msg == {"event": "failed", "value": shown}
    assert ORACLE.leaks("\n".join([*kept.lines, *texts(vars(kept.records[0]))])) == []


def test_attributes_without_a_secret_stay_the_same_objects(
    logger: logging.Logger, kept: KeepingHandler
) -> None:
    """Even one that contains itself, or of which only one text can be had."""
    loop: list[object] = ["a"]
    loop.append(loop)
    broken = Revealing("harmless")
    broken.__dict__["_representation"] = None  # repr() raises TypeError
    extra = {"loop": loop, "broken": broken, "call": CallError(url="h"), "names": {"a", "b"}}
    logger.info("here", extra=extra)

    assert all(vars(kept.records[0])[name] is value for name, value in extra.items())


def test_the_names_of_extra_attributes_are_masked(
    logger: logging.Logger, kept: KeepingHandler
) -> None:
    """The value stays under the redacted name."""
    logger.info("here", extra={f"k_{SECRET}": 7})

    assert vars(kept.records[0])[f"k_{LOG_MASK}"] == 7
    assert ORACLE.leaks("\n".join(texts(vars(kept.records[0])))) == []


def test_the_labels_of_a_record_are_masked(logger: logging.Logger, kept: KeepingHandler) -> None:
    """The names of logger, level, thread, process, task, function and file may hold a secret."""
    logging.addLevelName(35, SECRET)
    record = logger.makeRecord(SECRET, 35, f"/{SECRET}/a.py", 1, "here", (), None, func=SECRET)
    for label in ("threadName", "processName", "taskName"):
        setattr(record, label, f"{label} {SECRET}")
    try:
        logger.handle(record)
    finally:
        logging.addLevelName(35, "Level 35")

    assert kept.lines == [f"{LOG_MASK} here"]
    assert vars(record)["threadName"] == f"threadName {LOG_MASK}"
    assert ORACLE.leaks("\n".join(texts(vars(record)))) == []


def test_the_name_of_an_exception_class_is_masked(
    logger: logging.Logger, kept: KeepingHandler
) -> None:
    """A class that is made while the program runs may be called like a secret."""
    try:
        raise type(SECRET, (ValueError,), {})("bad")
    except ValueError:
        logger.exception("failed")

    assert ORACLE.leaks("\n".join([*kept.lines, *texts(vars(kept.records[0]))])) == []


@pytest.mark.parametrize("kind", [asyncio.CancelledError, BaseException])
def test_an_argument_that_raises_no_exception_blanks_the_record(
    logger: logging.Logger, kept: KeepingHandler, kind: type[BaseException]
) -> None:
    """Extension modules panic with a BaseException; a log line must not end the job."""

    class Panicking:
        """An object whose text fails."""

        def __str__(self) -> str:
            raise kind(SECRET)

        __repr__ = __str__

    logger.error("%s", Panicking())

    assert kept.lines == ["ERROR This record was blanked: it could not be searched for secrets."]


class Broken:
    """
    An object whose representation fails with a secret in the message.
    """

    def __repr__(self) -> str:
        raise RuntimeError(SECRET)


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [(("%s", Broken()), {}), (("here",), {"thing": Broken(), "key": SECRET})],
)
def test_what_cannot_be_searched_is_blanked(
    logger: logging.Logger,
    kept: KeepingHandler,
    arguments: tuple[Any, ...],
    extra: dict[str, Any],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A record that cannot be searched is blanked. Nothing is raised or printed."""
    logger.error(*arguments, extra=extra, stack_info=True)

    assert kept.lines == ["ERROR This record was blanked: it could not be searched for secrets."]
    assert ORACLE.leaks("\n".join(texts(vars(kept.records[0])))) == []
    assert capsys.readouterr() == ("", "")


TIMEOUT = type("JobTimeoutException", (Exception,), {"__module__": "rq.timeouts"})


class Late:
    """
    An object during whose formatting the job exceeds its timeout.
    """

    def __str__(self) -> str:
        raise TIMEOUT

    __repr__ = __str__


@pytest.mark.parametrize(
    ("arguments", "extra"), [(("%s", Late()), {}), (("here",), {"thing": Late()})]
)
def test_the_timeout_of_a_job_is_not_suppressed(
    logger: logging.Logger, arguments: tuple[Any, ...], extra: dict[str, Any]
) -> None:
    """RQ raises it from a signal handler at any time; if suppressed, the job would not end."""
    with pytest.raises(TIMEOUT):
        logger.error(*arguments, extra=extra)


def test_a_queue_gets_masked_records(logger: logging.Logger, kept: KeepingHandler) -> None:
    """A queue receives masked records, so that its listener needs no filter."""
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    handler = QueueHandler(queue)
    handler.addFilter(kept.filters[0])
    logger.addHandler(handler)
    logger.error("key %s", SECRET)

    assert queue.get().getMessage() == f"key {LOG_MASK}"


def test_two_handlers_see_the_same(logger: logging.Logger, kept: KeepingHandler) -> None:
    """The mask is not masked again, and a later handler without the filter shows no secret."""
    second = KeepingHandler()
    logger.addHandler(second)
    logger.addHandler(kept)
    logger.error("key %s", SECRET)

    assert second.lines == [f"key {LOG_MASK}"]
    assert kept.lines == [f"ERROR key {LOG_MASK}"]


class Event(logging.Formatter):
    """
    A formatter that needs a dictionary as the message, like structlog's.
    """

    def format(self, record: logging.LogRecord) -> str:
        """
        Return the event and the traceback, which structlog formats last.
        """
        event = {**record.msg}  # type: ignore[dict-item]
        if info := event.pop("exc_info", None):
            error = info if isinstance(info, BaseException) else info[1]
            event["exception"] = "".join(traceback.format_exception(error))
        return str(event)


def test_a_message_that_is_a_dictionary_remains_one(kept, logger):
    kept.setFormatter(Event())
    rest = {"count": 3, "kinds": ("a", Revealing()), "plain": ["b"]}
    logger.warning({"event": f"it is {SECRET}", SECRET: [SECRET, {"a": (SECRET, 1)}], **rest})
    (record,) = kept.records
    assert record.msg == {
        "event": f"it is {LOG_MASK}",
        LOG_MASK: [LOG_MASK, {"a": (LOG_MASK, 1)}],
        **rest,
    }
    logger.warning({"event": Revealing(representation=SECRET)})
    assert kept.records[1].msg == {"event": LOG_MASK}


def error(text: str) -> Exception:
    """
    Return an exception that was raised.
    """
    with pytest.raises(ValueError, match=re.escape(text)) as caught:
        raise ValueError(text)
    return caught.value


@pytest.mark.parametrize("form", ["exception", "tuple", "true"])
def test_the_exception_in_a_dictionary_is_redacted_before_it_is_formatted(kept, logger, form):
    kept.setFormatter(Event())
    found = error(f"it is {SECRET}")
    info = (type(found), found, found.__traceback__)
    given = {"exception": found, "tuple": info, "true": True}[form]
    try:
        raise found
    except ValueError:
        logger.warning({"event": "failed", "exc_info": given})
    assert ORACLE.leaks(kept.lines[0]) == []
    assert f"ValueError: it is {LOG_MASK}" in kept.lines[0]


def test_an_exception_without_a_secret_stays_in_its_dictionary(kept, logger):
    kept.setFormatter(Event())
    found = error("harmless")
    logger.error({"event": "failed", "exc_info": found})
    assert kept.records[0].msg == {"event": "failed", "exc_info": found}
    logger.info({"event": "none", "exc_info": False})
    assert kept.lines[1] == "{'event': 'none'}"
