"""
Logs that obey LOG_LEVEL and LOG_FORMAT, one line for each record, without a secret in it.

    from workerctl.runtime import setup_logger
    logger = setup_logger(__name__)

`configure_logging` sets up the root logger, and nothing else gets a handler: one that the
application has given to the root logger is kept, and ours is not added. RQ's own handlers go,
because with one at the root they would write every line twice.

Libraries that log each request stay at WARNING. Whoever wants to see one of them sets its own
level, `logging.getLogger("httpx").setLevel("DEBUG")`, which is then left alone, or all of them
with `configure_logging(settings, third_party="DEBUG")`.

Secrets are masked in every handler that exists when `configure_logging` is called, the
application's own included. Call it again after adding one.
"""

import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

from workerctl.runtime.log_filter import RedactingFilter
from workerctl.schema.secrets import secret_texts
from workerctl.secrecy.redaction import Redactor
from workerctl.settings import Settings, get_settings

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
"""Loggers that write what is none of the worker's business, such as the bodies of requests."""


class JsonFormatter(logging.Formatter):
    """
    One JSON object for each record, on one line.

    Its keys are `time` (ISO 8601, UTC), `level`, `logger`, `message`; where there is one, `job_id`,
    `exception`, `stack`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """
        The record as JSON, in ASCII.
        """
        time = datetime.fromtimestamp(record.created, UTC)
        told = {
            "time": time.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "job_id": _job_id(),
            "exception": record.exc_text,
            "stack": record.stack_info,
        }
        if record.exc_info and not record.exc_text:
            told["exception"] = self.formatException(record.exc_info)
        return json.dumps({key: text for key, text in told.items() if text is not None})


class _Handler(logging.StreamHandler):  # type: ignore[type-arg]
    """
    The handler of the root logger, where the application has none.
    """


class _Configured:
    """
    What was set up in this process, to be known again by the next call.
    """

    def __init__(self) -> None:
        self.settings: Settings | None = None
        self.filter = RedactingFilter()
        self.third_party: int | None = None
        self.levels: dict[str, int] = {}


_configured = _Configured()


def configure_logging(settings: Settings, *, third_party: str | int | None = None) -> None:
    """
    Set up the root logger as the settings say; a second call changes only what is different.

    `third_party` is the level of the loggers in THIRD_PARTY, as a name or number; unless it was
    ever given, that is WARNING, or LOG_LEVEL where that is higher. The worker classes call this
    themselves.
    """
    level = _number(settings.LOG_LEVEL)
    if third_party is not None:
        _configured.third_party = _number(third_party)
    if _configured.settings is not settings:
        _configured.filter.redactor = Redactor(secret_texts(settings))
        _configured.settings = settings
    _take_back_from_rq()
    _set_up_root(level, settings.LOG_FORMAT)
    _quieten(max(level, logging.WARNING))
    for handler in _handlers():
        handler.addFilter(_configured.filter)


def setup_logger(name: str) -> logging.Logger:
    """
    The logger of this name. Logging is configured by `get_settings()`, unless it has been already.
    """
    if _configured.settings is None:
        configure_logging(get_settings())
    return logging.getLogger(name)


def _number(level: str | int) -> int:
    """
    The number of a level that is given by its name or as a number.
    """
    text = str(level).strip().upper()
    number = int(text) if text.isdecimal() else logging.getLevelNamesMapping().get(text)
    if not number:
        raise ValueError("A level of logging is a name such as WARNING, or a number above 0.")
    return number


def _set_up_root(level: int, form: str) -> None:
    root = logging.getLogger()
    others = [one for one in root.handlers if not isinstance(one, _Handler | logging.NullHandler)]
    ours = next((one for one in root.handlers if isinstance(one, _Handler)), None)
    if others and ours is not None:
        root.removeHandler(ours)  # the application's came later
    elif not others:
        handler = ours or _Handler()
        handler.setFormatter(JsonFormatter() if form == "json" else logging.Formatter(TEXT_FORMAT))
        handler.addFilter(_configured.filter)
        root.addHandler(handler)  # which does nothing for one that is there
    root.setLevel(level)


def _take_back_from_rq() -> None:
    """
    Let RQ's loggers pass everything on to the root logger, once.

    RQ sets the level of some to INFO, on import and in every process of a pool. Another level was
    asked for: by `rq worker --quiet`, or by the application.
    """
    for name, logger in _loggers():
        if name == "rq" or name.startswith("rq."):
            for handler in logger.handlers[:]:
                if type(handler).__module__.startswith("rq."):
                    logger.removeHandler(handler)
                    logger.propagate = True  # from RQ 3 on, its handlers switch that off
            logger.disabled = False
            if logger.level == logging.INFO:
                logger.setLevel(logging.NOTSET)


def _quieten(level: int) -> None:
    """
    Set the level of the third party's loggers, those aside that somebody else has set.
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
    Every handler of every logger there is.
    """
    yield from logging.root.handlers
    for _, logger in _loggers():
        yield from logger.handlers


def _job_id() -> str | None:
    """
    The id of the job that RQ runs here, if RQ is there at all.
    """
    current = getattr(sys.modules.get("rq"), "get_current_job", None)
    job = None if current is None else current()
    return None if job is None else str(job.id)
