"""
The filter that takes secrets out of log records, before any handler formats them.
"""

import logging
from collections.abc import Iterator
from typing import Any

from workerctl.secrecy.redaction import Redactor

# What every record has. `message` is not among them: a formatter that came first may have left it.
_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "taskName"}
_PLAIN = (int, float, bool, type(None))
_FORMATTER = logging.Formatter()


class RedactingFilter(logging.Filter):
    """
    Lets every record pass, without the secrets that its redactor knows.

    Added to a handler, so that records of all loggers come through. A record that holds none stays
    as it is; of one that does, arguments and exception are replaced by their text, for handlers
    that look into them. Never raises, not even for arguments that do not fit the message.
    """

    def __init__(self) -> None:
        super().__init__()
        self.redactor = Redactor(())

    def filter(self, record: logging.LogRecord) -> bool:
        """
        Redact the record in place. Returns True.
        """
        try:
            self._redact(record)
        except Exception as error:
            _blank(record)
            if _ends_the_job(error):
                raise
        return True

    def _redact(self, record: logging.LogRecord) -> None:
        self._redact_message(record)
        self._redact_exception(record)
        if record.stack_info and self.redactor.holds(record.stack_info):
            record.stack_info = self.redactor.redact(record.stack_info)
        for name in vars(record).keys() - _OWN:
            value = getattr(record, name)
            text = _as_text(value)
            if text is not None and self.redactor.holds(text):
                setattr(record, name, self.redactor.redact(text))

    def _redact_message(self, record: logging.LogRecord) -> None:
        message = _message(record)
        if message is None:
            message = f"{record.msg} {record.args!r}"
        elif not any(map(self.redactor.holds, (message, *_texts(record.args)))):
            return
        record.msg, record.args = self.redactor.redact(message), ()

    def _redact_exception(self, record: logging.LogRecord) -> None:
        text = record.exc_text
        if not text and isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
            text = _FORMATTER.formatException(record.exc_info)
        if text and self.redactor.holds(text):
            # without the exception: a handler could format it anew
            record.exc_text, record.exc_info = self.redactor.redact(text), None


def _message(record: logging.LogRecord) -> str | None:
    """
    The message, None where the arguments do not fit: logging would print both to standard error.
    """
    try:
        return record.getMessage()
    except Exception as error:
        if _ends_the_job(error):
            raise
        return None


def _texts(arguments: Any) -> Iterator[str]:
    """
    What of the arguments the message need not show: `%.3s`, or a key that it does not name.
    """
    for argument in arguments if isinstance(arguments, tuple) else (arguments,):
        if isinstance(argument, str | dict | list | tuple):
            yield _as_text(argument) or ""


def _as_text(value: object) -> str | None:
    """
    The text by which a value would be shown; None for what cannot hold a secret.
    """
    if isinstance(value, str):
        return value
    return None if isinstance(value, _PLAIN) else repr(value)


def _blank(record: logging.LogRecord) -> None:
    """
    Leave nothing of a record that could not be searched but where it came from.
    """
    record.msg, record.args = "A record that could not be searched for secrets.", ()
    record.exc_info = record.exc_text = record.stack_info = None
    for name in vars(record).keys() - _OWN:
        delattr(record, name)


def _ends_the_job(error: Exception) -> bool:
    """
    Whether it is the timeout of RQ, which comes by a signal, in the midst of anything.
    """
    return any(kind.__module__ == "rq.timeouts" for kind in type(error).__mro__)
