"""
The formats of `workerctl show-config` for programs: JSON, and lines of an env file.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from workerctl import __version__
from workerctl.commands.show_config.rows import Row
from workerctl.output.json import location_of
from workerctl.secrecy.masking import printable

SCHEMA = "workerctl.config/1"


def document(selected: Iterable[Row]) -> dict[str, Any]:
    """
    Return the rows as plain data in the shape `workerctl.config/1`.
    """
    return {
        "schema": SCHEMA,
        "version": __version__,
        "settings": [
            {
                "name": row.setting.name,
                "group": row.setting.group,
                "value": printable(row.shown) if row.valid else None,
                "typed": row.typed if row.valid else None,
                "secret": row.setting.secret,
                "set": row.is_set,
                "required": row.required,
                "valid": row.valid,
                "changed": row.changed,
                "location": location_of(row.location),
                "shadows": [location_of(location) for location in row.shadowed],
            }
            for row in selected
        ],
    }


def env_lines(
    selected: Iterable[Row], is_whole: Callable[[Row], bool], encoding: str | None = "utf-8"
) -> Iterator[str]:
    """
    Yield the rows as lines of an env file.

    A line is written only if it reads back as the same value. A comment stands for a value that is
    masked, of several lines, not set, not valid, or not representable in `encoding`.
    """
    for row in selected:
        name = row.setting.name
        if not row.valid:
            yield f"# {name} is not valid"
        elif row.typed is None and row.setting.path:  # an empty text is not None
            yield f"# {name} is not set"
        elif row.setting.secret or not is_whole(row) or not row.shown.isprintable():
            yield f"# {name} is {'set' if row.shown else 'not set'}"
        else:
            text = f"{name}={_quoted(row.shown)}"
            yield text if _fits(text, encoding) else f"# {name} cannot be written in {encoding}"


def _fits(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _quoted(text: str) -> str:
    """
    Return the text in a form that every env file parser reads alike: single-quoted if necessary.
    """
    safe = all(character.isalnum() or character in "_./:+,@%-" for character in text)
    return text if safe and text.isascii() else "'" + text.replace("'", "\\'") + "'"
