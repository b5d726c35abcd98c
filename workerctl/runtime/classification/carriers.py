"""
The setting whose value a failed request carried, found by comparison with the secrets in memory.

    OPENAI_API_KEY ends with a line end, so no HTTP header can carry it
    HTTP 401: OPENAI_API_KEY is a reference to a secret store, not the secret in it
    HTTP 401: perhaps WEBHOOK_SECRET is a placeholder of a template

The sentences contain only names of settings and fixed words. Only settings that this process has
already created are searched.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from workerctl.report.records import Record
from workerctl.runtime.classification.verdict import class_names, get_attribute, text_of
from workerctl.sources.forms.plain import is_plain

_SHORTEST = 6
_MOST_NAMES = 3
_HEADER_ERRORS = frozenset({"LocalProtocolError", "InvalidHeader"})
_REQUESTS = (("response", "request"), ("request",), ("request_info",), ("response", "request_info"))


class _Setting(Record):
    """
    A secret setting of an instance in this process, and its value.
    """

    name: str
    value: str


def in_unsendable_header(cause: BaseException) -> str | None:
    """
    Return which setting no header can carry, if that is what the error is about.

    An error of encoding may be about any text, and counts only if that text contains the value of
    the setting. An error that names a header need not contain it if just one secret for headers has
    a fault.
    """
    text = text_of(cause)
    if "builtins.UnicodeEncodeError" in class_names(cause):
        return _sentence(one for one in _faulty() if _is_unencodable(one.value, cause))
    if not _is_of_a_header(cause, text):
        return None
    faulty = list(_faulty())
    for_headers = list(filter(_is_for_headers, faulty))
    guess = for_headers if len(for_headers) == 1 else []
    return _sentence([one for one in faulty if _occurs(one.value, text)] or guess)


def rejected(causes: Iterable[BaseException]) -> str | None:
    """
    Return which setting holds the credentials that a service has rejected, and what is wrong.

    If the error does not have its request, every setting is named that cannot be a secret.
    """
    settings = list(_settings())
    sent = [text for cause in causes for text in _sent(cause) if text]
    carried = [one for one in settings if any(one.value in text for text in sent)]
    if carried:
        one = max(carried, key=lambda setting: len(setting.value))
        return f"{one.name} {_stand_in(one) or _fault(one) or 'was sent'}"
    if sent:
        return None
    found = [f"{one.name} {words}" for one in settings if (words := _stand_in(one))]
    return f"perhaps {'; '.join(found[:_MOST_NAMES])}" if found else None


def _sentence(settings: Iterable[_Setting]) -> str | None:
    """
    Return what is wrong with the first of the settings; None without one.
    """
    for one in settings:
        what = "no HTTP header can carry it" if _is_for_headers(one) else "it cannot be encoded"
        return f"{one.name} {_fault(one)}, so {what}"
    return None


def _faulty() -> Iterator[_Setting]:
    return (one for one in _settings() if _fault(one))


def _is_for_headers(setting: _Setting) -> bool:
    from workerctl.schema.boot_rules.forms import role_of
    from workerctl.sources.forms.wrappings import Role

    return role_of(setting.name, setting.value, secret=True) is Role.HEADER


def _is_unencodable(value: str, cause: BaseException) -> bool:
    """
    Return whether the text of an error of encoding holds a value, and the character that failed.
    """
    text, start = get_attribute(cause, "object"), get_attribute(cause, "start")
    if not isinstance(text, str) or not isinstance(start, int) or value not in text:
        return False
    return text[start : start + 1] in value


def _is_of_a_header(cause: BaseException, text: str) -> bool:
    names = class_names(cause)
    if _HEADER_ERRORS.isdisjoint(name.rpartition(".")[2] for name in names):
        return "builtins.ValueError" in names and "header" in text.lower()
    return "header" in text.lower()


def _occurs(value: str, text: str) -> bool:
    """
    Return whether a text contains a value, as it is or as `repr` writes it.
    """
    spellings = (value, repr(value)[1:-1], repr(value.encode(errors="replace"))[2:-1])
    return any(spelling in text for spelling in spellings)


def _fault(setting: _Setting) -> str | None:
    """
    Return why no header can carry a value, completing "NAME …", or None.
    """
    if is_plain(setting.value):
        return None
    from workerctl.sources.forms.wrappings import Role, bare_fault

    found = bare_fault(setting.value, (setting.name,), Role.HEADER)
    return None if found is None else found.words


def _sent(cause: BaseException) -> Iterator[str]:
    """
    Yield the headers of the request that an SDK's exception has, and the query of its URL.
    """
    for path in _REQUESTS:
        request = get_attribute(cause, *path)
        headers = get_attribute(request, "headers")
        try:
            for header in map(str, dict(headers or {}).values()):
                yield header
                yield _basic(header)
            yield str(get_attribute(request, "url") or "").partition("?")[2]
        except Exception:  # noqa: BLE001, S112 -- foreign objects
            continue


def _basic(header: str) -> str:
    """
    Return the user name and the password in a header of basic authentication, else "".
    """
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        return ""
    import base64

    try:
        return base64.b64decode(encoded).decode()
    except ValueError:
        return ""


def _stand_in(setting: _Setting) -> str | None:
    """
    Return what stands in place of a secret, completing "NAME …", or None.
    """
    from workerctl.sources.forms.placeholders.recognition import is_placeholder
    from workerctl.sources.forms.references import Holds, recognised

    found = recognised(setting.value, setting.name, Holds.SECRET)
    if found is not None:
        return found.words
    if "${" in setting.value or "$(" in setting.value:
        return "contains a variable that nothing has replaced"
    is_template = is_placeholder(setting.value, setting.name, secret=True)
    return "is a placeholder of a template" if is_template else None


def _settings() -> Iterator[_Setting]:
    module: Any = sys.modules.get("workerctl.settings")
    for instance in module.get_settings.instances if module else ():
        from workerctl.schema.instances import plain
        from workerctl.schema.loading import schema_of
        from workerctl.schema.secrets.texts import secret_variables

        schema = schema_of(instance)
        for name in sorted(secret_variables(schema)):
            value = plain(schema.value(instance, name))
            if isinstance(value, str) and len(value) >= _SHORTEST:
                yield _Setting(name, value)
