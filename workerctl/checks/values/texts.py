"""
The texts of settings as the program gets them: chosen from a source, or the default.
"""

from __future__ import annotations

from typing import Any

from workerctl.checks.base import Context


def text_of(context: Context, name: str) -> str:
    """
    Return the text of a setting: from a source, else its default; "" if it is not a text.

    A class may rewrite what it reads, such as postgres: to postgresql+asyncpg:, and its clients get
    the new URL. It may be a secret.
    """
    chosen = context.values.text(name)
    if name in context.invalid or name not in context.schema.variables:
        return chosen
    own = text_in(context.value(name))
    if chosen and own.partition("://")[0].lower() == chosen.partition("://")[0].lower():
        return chosen
    return own if "://" in own or not chosen else chosen


def texts_of(context: Context, name: str) -> list[str]:
    """
    Return the items of a setting that holds a list, or the text of any other setting.
    """
    value = context.value(name) if name in context.schema.variables else None
    if isinstance(value, list | tuple | set | frozenset) and name not in context.invalid:
        return [text for text in map(text_in, value) if text]
    return [text_of(context, name)]


def text_in(value: Any) -> str:
    """
    Return the text of a value: a str, a SecretStr or a URL of pydantic; "" for any other.
    """
    if isinstance(value, str):
        return value
    if hasattr(value, "get_secret_value"):
        return text_in(value.get_secret_value())
    return str(value) if hasattr(value, "unicode_string") else ""
