"""
A logging filter that removes secrets from records before handlers format them.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from workerctl.secrecy.redaction import Redactor

# The attributes of every record. `message` is not one of them, and is searched like an extra
# attribute, because the formatter of an earlier handler may have set it.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"asctime", "taskName"}
_PLAIN = frozenset({int, float, bool, type(None)})
_CONTAINERS = (dict, list, tuple, set, frozenset)
# The standard attributes that hold a text other than the message and the exception.
_LABELS = (
    *("name", "levelname", "threadName", "processName", "taskName"),
    *("funcName", "module", "filename", "pathname"),
)
_SEPARATOR = "\n"
_FORMATTER = logging.Formatter()


class RedactingFilter(logging.Filter):
    """
    Masks the secrets that `redactor` knows; every record passes.

    Add it to handlers rather than to loggers, whose filters do not see the records of their
    children. A record without secrets is not changed. In any other, arguments and exception are
    replaced by their redacted text, for handlers that read them; a message that is a dictionary, as
    structlog's are, remains one, and so do containers in it and among the extra attributes. Errors
    in formatting, such as arguments that do not fit the message, are not raised.
    """

    def __init__(self) -> None:
        super().__init__()
        self.redactor = Redactor(())

    def filter(self, record: logging.LogRecord) -> bool:
        """
        Redact the record in place; return True.
        """
        try:
            self._redact(record)
        except BaseException as error:
            _blank(record)
            if _must_pass(error):
                raise
        return True

    def _redact(self, record: logging.LogRecord) -> None:
        self._redact_attributes(record, _LABELS)
        self._redact_message(record)
        self._redact_exception(record)
        if record.stack_info and self.redactor.holds(record.stack_info):
            record.stack_info = self.redactor.redact(record.stack_info)
        extra = vars(record).keys() - _STANDARD
        self._redact_attributes(record, extra)
        for name in filter(self.redactor.holds, extra):
            vars(record)[self.redactor.redact(name)] = vars(record).pop(name)

    def _redact_attributes(self, record: logging.LogRecord, names: Iterable[str]) -> None:
        for name in names:
            value = getattr(record, name, None)
            redacted = self._redacted(value)
            if redacted is not value:
                setattr(record, name, redacted)

    def _redact_message(self, record: logging.LogRecord) -> None:
        if isinstance(record.msg, dict) and not record.args:
            record.msg = self._redacted_event(record.msg)
            return
        message = _message(record)
        if message is None:
            message = f"{record.msg} {record.args!r}"
        elif not any(map(self.redactor.holds, (message, *_texts(record.args)))):
            return
        record.msg, record.args = self.redactor.redact(message), ()

    def _redacted_event(self, event: dict[Any, Any]) -> Any:
        """
        Return a message of structlog, whose formatter needs a dictionary, without the secrets.

        An exception in it is formatted here, because the formatter would do so after this filter.
        """
        text = _text_of_exception(event.get("exc_info"))
        if text and self.redactor.holds(text):
            rest = {name: value for name, value in event.items() if name != "exc_info"}
            event = {**rest, "exception": text}
        return self._redacted(event)

    def _redacted(self, value: Any) -> Any:
        """
        Return a value without secrets, in the same containers; itself if it has none.
        """
        texts = (value,) if type(value) is str else tuple(_texts_of(value))
        if not self.redactor.holds(_SEPARATOR.join(texts)):  # faster than one search for each
            return value
        if isinstance(value, dict):
            return {self._redacted(key): self._redacted(each) for key, each in value.items()}
        if type(value) in {list, tuple}:
            return type(value)(map(self._redacted, value))
        found = next(filter(self.redactor.holds, texts), None)
        return value if found is None else self.redactor.redact(found)

    def _redact_exception(self, record: logging.LogRecord) -> None:
        text = record.exc_text
        if not text and isinstance(record.exc_info, tuple) and record.exc_info[0] is not None:
            text = _FORMATTER.formatException(record.exc_info)
        if text and self.redactor.holds(text):
            # Without the exception itself, which a handler could format again.
            record.exc_text, record.exc_info = self.redactor.redact(text), None


def _text_of_exception(given: Any) -> str | None:
    """
    Return the traceback of what may be given as `exc_info`: an exception, a tuple, or true.
    """
    if isinstance(given, BaseException):
        given = (type(given), given, given.__traceback__)
    elif given and not isinstance(given, tuple):
        given = sys.exc_info()
    return _FORMATTER.formatException(given) if given and given[0] is not None else None


def _message(record: logging.LogRecord) -> str | None:
    """
    Return the formatted message, or None if that fails, as when the arguments do not fit.
    """
    try:
        return record.getMessage()
    except BaseException as error:
        if _must_pass(error):
            raise
        return None


def _texts(arguments: Any) -> Iterator[str]:
    """
    Yield the text of arguments that the message may not show in full, such as one for `%.3s`.
    """
    for argument in arguments if isinstance(arguments, tuple) else (arguments,):
        if isinstance(argument, str | dict | list | tuple):
            yield from _texts_of(argument)


def _texts_of(value: object, above: tuple[int, ...] = ()) -> Iterator[str]:
    """
    Yield the texts that a handler may write for a value, which may take `str` or `repr` of it.

    A container stands for what it contains; one of a derived class also has texts. `above` has the
    ids of the containers that hold the value.
    """
    kind = type(value)
    if kind is str:
        yield value  # type: ignore[misc]
    elif kind in _PLAIN or id(value) in above:
        return
    elif not isinstance(value, _CONTAINERS):
        yield from _written(value)
    else:
        if kind not in _CONTAINERS:
            yield from _written(value)
        inside = (*above, id(value))
        for member in chain(value, value.values()) if isinstance(value, dict) else value:
            yield from _texts_of(member, inside)


def _written(value: object) -> Iterator[str]:
    """
    Yield what `str` and `repr` return for a value; raise if neither returns a text.
    """
    failure: BaseException | None = None
    found = False
    for write in (repr,) if type(value).__str__ is object.__str__ else (str, repr):
        try:
            text = write(value)
        except BaseException as error:
            if _must_pass(error):
                raise
            failure = error
        else:
            found = True
            yield text
    if failure is not None and not found:
        raise failure


def _blank(record: logging.LogRecord) -> None:
    """
    Remove everything from a record that cannot be searched, except for where it came from.
    """
    record.msg, record.args = "This record was blanked: it could not be searched for secrets.", ()
    record.exc_info = record.exc_text = record.stack_info = None
    for name in vars(record).keys() - _STANDARD:
        delattr(record, name)


def _must_pass(error: BaseException) -> bool:
    """
    Return whether this ends the program, or is RQ's timeout, which a signal handler may raise.
    """
    if isinstance(error, KeyboardInterrupt | SystemExit | GeneratorExit):
        return True
    return any(kind.__module__ == "rq.timeouts" for kind in type(error).__mro__)
