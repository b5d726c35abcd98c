"""
Logging for workers, with the level and the format that the settings say, and without secrets.

    from workerctl.runtime import setup_logger

    logger = setup_logger(__name__)
    logger.info("Stored %d chunks.", 12)

**Level and format.** In the built-in schema, these are LOG_LEVEL and LOG_FORMAT. Any other settings
class marks a field with `workerctl.rules.LogLevel`, or calls it `log_level`, `loglevel` or
`logging_level`, in any case; a field called `log_format` holds `text` or `json`. Without such a
field, the level is INFO and the format is text.

With the format json, every record is one line of JSON:

    {"time": "2026-01-05T09:30:00.123+00:00", "level": "INFO", "logger": "workers.jobs",
     "message": "Stored 12 chunks.", "job_id": "a7c1"}

**Handlers.** `configure_logging` adds a handler to the root logger, unless the application has
added one. RQ's own handlers are removed, because they would write every line a second time.

**Third-party loggers.** Verbose libraries (THIRD_PARTY), such as HTTP clients that log every
request, are set to WARNING. A level that the application sets is respected, and `third_party`
changes all others:

    logging.getLogger("httpx").setLevel("DEBUG")
    configure_logging(settings, third_party="INFO")

**Secrets.** The values of secret settings are masked in every handler that exists when
`configure_logging` is called, the application's handlers included. Call it again after adding one.
Local variables are not searched: with `RichHandler(tracebacks_show_locals=True)`, structlog's rich
tracebacks or an error tracker, turn them off, because they are shown with any secret in them.
They are also masked in what Python writes without a handler: the records of loggers that have none,
errors in formatting a record, and warnings, which become records of the logger `py.warnings`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import traceback
from collections.abc import Container, Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic_settings import BaseSettings

from workerctl.report.records import Record
from workerctl.rules import LogLevel
from workerctl.runtime.log_filter import RedactingFilter
from workerctl.schema.declarations import Schema
from workerctl.schema.instances import plain
from workerctl.schema.loading import schema_of
from workerctl.schema.secrets.texts import secret_texts
from workerctl.secrecy.redaction import Redactor
from workerctl.settings import get_settings

_LEVEL_NAMES = ("log_level", "loglevel", "logging_level")
_FORMAT_NAMES = ("log_format",)

TEXT_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"

THIRD_PARTY = (
    "PIL",
    "anthropic",
    "asyncio",
    "boto3",
    "botocore",
    "fontTools",
    "google.auth",
    "google_genai",
    "grpc",
    "h2",
    "hpack",
    "httpcore",
    "httpcore2",
    "httpx",
    "httpx2",
    "openai",
    "pdfminer",
    "postgrest",
    "pypdf",
    "realtime",
    "redis",
    "requests",
    "s3transfer",
    "storage3",
    "supabase",
    "urllib3",
    "websockets",
)
"""Loggers that are verbose below WARNING; some of them log the bodies of requests."""


class JsonFormatter(logging.Formatter):
    """
    Formats every record as a JSON object on one line.

    Its keys are `time` (ISO 8601, in UTC), `level`, `logger` and `message`, and if there is one,
    `job_id`, `exception` and `stack`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """
        Return the record as JSON, in ASCII characters.
        """
        time = datetime.fromtimestamp(record.created, UTC)
        values = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "job_id": _job_id(),
            "exception": record.exc_text,
            "stack": record.stack_info,
        }
        if record.exc_info and not record.exc_text:
            values["exception"] = self.formatException(record.exc_info)
        return json.dumps({key: text for key, text in values.items() if text is not None})


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """
    The handler that `configure_logging` adds; the class distinguishes it from all others.
    """


class _Style(Record):
    """
    The level and the format that an instance of a settings class says.
    """

    level: int
    form: str


class _Configured:
    """
    What `configure_logging` has set up in this process.

    `secrets` has an instance of every settings class that it was called with: a process with
    several of them hides the secrets of all.
    """

    def __init__(self) -> None:
        self.settings: Any = None
        self.style = _Style(logging.INFO, "text")
        self.secrets: dict[type, Any] = {}
        self.filter = RedactingFilter()
        self.third_party: int | None = None
        self.levels: dict[str, int] = {}


_configured = _Configured()


def configure_logging(settings: BaseSettings, *, third_party: str | int | None = None) -> None:
    """
    Configure logging as the settings say; further calls change only what differs.

        configure_logging(get_settings())

    The settings are an instance of any settings class. `third_party` is the level of the loggers in
    THIRD_PARTY, as a name or a number, and is kept by later calls. By default it is WARNING, or the
    level of the settings if that is higher. Raises ValueError for an unknown level. `boot()` and
    the worker classes of `workerctl.runtime.rq` call this function.
    """
    style = _configured.style if _configured.settings is settings else _style_of(settings)
    if third_party is not None:
        _configured.third_party = _number(third_party)
    if _configured.settings is not settings:
        _configured.secrets[type(settings)] = settings
        texts = (text for each in _configured.secrets.values() for text in secret_texts(each))
        _configured.filter.redactor = Redactor(texts)
        _configured.settings, _configured.style = settings, style
    _reclaim_rq_loggers()
    _set_up_root(style.level, style.form)
    _quieten(max(style.level, logging.WARNING))
    for handler in _handlers():
        handler.addFilter(_configured.filter)
        if type(handler).handleError is logging.Handler.handleError:
            handler.handleError = _report_error  # type: ignore[method-assign]
    logging.captureWarnings(True)  # noqa: FBT003 -- the signature of the standard library


def _report_error(record: logging.LogRecord) -> None:
    """
    Report an error in writing a record as `Handler.handleError` does, without secrets.
    """
    if not logging.raiseExceptions or sys.stderr is None:
        return
    text = traceback.format_exc()
    with contextlib.suppress(Exception):  # the arguments are foreign objects
        text = f"{text}Message: {record.msg!r}\nArguments: {record.args!r}\n"
    with contextlib.suppress(Exception):
        sys.stderr.write(_configured.filter.redactor.redact(f"--- Logging error ---\n{text}"))


def setup_logger(name: str) -> logging.Logger:
    """
    Return the logger with this name; configure logging from `get_settings()` if it is not yet.
    """
    if _configured.settings is None:
        configure_logging(get_settings())
    return logging.getLogger(name)


def _style_of(settings: Any) -> _Style:
    schema = schema_of(settings)
    form = _value(schema, settings, _called(schema, _FORMAT_NAMES))
    is_json = str(form).strip().lower() == "json"
    return _Style(_level_of(schema, settings), "json" if is_json else "text")


def _level_of(schema: Schema, settings: Any) -> int:
    marked = _value(schema, settings, [each.name for each in schema.of(LogLevel)])
    if marked is not None:
        return _number(marked)
    try:
        return _number(_value(schema, settings, _called(schema, _LEVEL_NAMES)))
    except ValueError:  # no such field, or one with the levels of another library
        return logging.INFO


def _called(schema: Schema, names: Container[str]) -> list[str]:
    """
    Return the variables of the fields with one of these names, the outermost fields first.
    """
    found = [each for each in schema.variables.values() if each.path[-1].lower() in names]
    return [each.name for each in sorted(found, key=lambda each: len(each.path))]


def _value(schema: Schema, settings: Any, variables: list[str]) -> Any:
    """
    Return the value of the first of these variables, without its enumeration; None without any.
    """
    return plain(schema.value(settings, variables[0])) if variables else None


def _number(level: str | int) -> int:
    """
    Return the number of a level given as a name or a number.
    """
    text = str(level).strip().upper()
    number = int(text) if text.isdecimal() else logging.getLevelNamesMapping().get(text)
    if not number:
        raise ValueError("A logging level must be a name such as WARNING, or a number above 0.")
    return number


def _set_up_root(level: int, form: str) -> None:
    root = logging.getLogger()
    others = [one for one in root.handlers if not isinstance(one, _Handler | logging.NullHandler)]
    ours = next((one for one in root.handlers if isinstance(one, _Handler)), None)
    if others and ours is not None:
        root.removeHandler(ours)  # the application has added its handler since
    elif not others:
        handler = ours or _Handler()
        handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(TEXT_FORMAT))
        handler.addFilter(_configured.filter)
        root.addHandler(handler)  # has no effect if it is there already
    root.setLevel(level)


def _reclaim_rq_loggers() -> None:
    """
    Remove the handlers of RQ's loggers, so that the root logger alone writes their records.

    RQ sets some of its loggers to INFO, on import and in every process of a pool; that level is
    reset. Any other level was set on purpose, by `rq worker --quiet` or the application, and stays.
    """
    for name, logger in _loggers():
        if name == "rq" or name.startswith("rq."):
            for handler in logger.handlers[:]:
                if type(handler).__module__.startswith("rq."):
                    logger.removeHandler(handler)
                    logger.propagate = True  # RQ 3 turns it off with its handlers
            logger.disabled = False
            if logger.level == logging.INFO:
                logger.setLevel(logging.NOTSET)


def _quieten(level: int) -> None:
    """
    Set the level of third-party loggers, except for those whose level the application has set.
    """
    level = level if _configured.third_party is None else _configured.third_party
    for name in THIRD_PARTY:
        logger = logging.getLogger(name)
        if logger.level in {logging.NOTSET, _configured.levels.get(name)}:
            _configured.levels[name] = level
            logger.setLevel(level)


def _loggers() -> Iterator[tuple[str, logging.Logger]]:
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger):
            yield name, logger


def _handlers() -> Iterator[logging.Handler]:
    """
    Yield the handlers of all loggers, and the one that writes for loggers without any.
    """
    if logging.lastResort is not None:
        yield logging.lastResort
    yield from logging.root.handlers
    for _, logger in _loggers():
        yield from logger.handlers


def _job_id() -> str | None:
    """
    Return the id of the current RQ job, or None without one; RQ is not imported for it.
    """
    current = getattr(sys.modules.get("rq"), "get_current_job", None)
    job = None if current is None else current()
    return None if job is None else str(job.id)
