"""
The formats of `workerctl show-config` for programs: JSON, and lines of an env file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from workerctl import __version__
from workerctl.commands.show_config.rows import Row
from workerctl.output.json import location_of
from workerctl.secrecy.masking import printable
from workerctl.sources.dialects.quoting import quoted

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
                "locations": [location_of(location) for location in row.locations],
                "shadows": [location_of(location) for location in row.shadowed],
            }
            for row in selected
        ],
    }


def env_lines(
    selected: Iterable[Row],
    texts: Mapping[str, str],
    *,
    literal_quotes: bool,
    encoding: str | None = "utf-8",
) -> Iterator[str]:
    """
    Yield the rows as lines of an env file.

    `texts` has a text for each variable whose value may be shown and is read back from it. A line
    is written only if the text is read back from the line, too, as `literal_quotes` says. A comment
    stands for any other value: one that is masked, of several lines, not set, not valid, or not
    representable in `encoding`.
    """
    for row in selected:
        name, text = row.setting.name, texts.get(row.setting.name)
        written = None
        if text is not None and text.isprintable():
            written = quoted(name, text, literal_quotes=literal_quotes)
        if not row.valid:
            yield f"# {name} is not valid"
        elif row.typed is None and row.setting.path:  # an empty text is not None
            yield f"# {name} is not set"
        elif written is None:
            yield f"# {name} is {'set' if row.shown else 'not set'}"
        elif not _fits(name + written, encoding):
            yield f"# {name} cannot be written in {encoding}"
        else:
            yield f"{name}={written}"


def _fits(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
