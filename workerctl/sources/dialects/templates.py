"""
Texts with references to variables, as docker compose reads them: `$NAME`, `${NAME:-default}`, `$$`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from workerctl.report.records import Record

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_FOUND = re.compile(
    rf"\$(?:(?P<dollar>\$)|(?P<plain>{_NAME})|\{{(?P<braced>{_NAME})(?:(?P<operator>:?[-+?])|\}})"
    r"|(?P<invalid>\{))"
)
_BRACE = re.compile(r"[{}]")


class InvalidTemplateError(Exception):
    """
    A `${` that docker compose refuses.
    """


class Reference(Record):
    """
    A reference to a variable.

    `operator` is "" or one of `:-`, `-`, `:?`, `?`, `:+` and `+`, and `argument` is the template
    after it. `written` is the whole reference.
    """

    name: str
    written: str
    operator: str = ""
    argument: str = ""

    @property
    def is_braced(self) -> bool:
        """
        Whether the name is in braces.
        """
        return self.written.startswith("${")

    def __repr__(self) -> str:
        return f"Reference({self.operator!r})"


def parts(template: str) -> Iterator[str | Reference]:
    """
    Yield the texts and the references of a template. A `$` that begins no reference is a text.

        >>> [part if isinstance(part, str) else part.name for part in parts("$A/$$b")]
        ['A', '/', '$', 'b']

    Raises InvalidTemplateError at a `${` that is not a reference.
    """
    position = 0
    while (found := _FOUND.search(template, position)) is not None:
        if found.start() > position:
            yield template[position : found.start()]
        if found["invalid"]:
            raise InvalidTemplateError
        if found["operator"]:
            reference = _with_operator(template, found)
            position = found.start() + len(reference.written)
            yield reference
        else:
            position = found.end()
            name = found["plain"] or found["braced"]
            yield "$" if found["dollar"] else Reference(name, found[0])
    if position < len(template):
        yield template[position:]


def _with_operator(template: str, found: re.Match[str]) -> Reference:
    # docker compose takes all up to the last brace of the line, in which it then looks for the one
    # that closes the reference. If it finds none, all of it is the reference.
    line_end = template.find("\n", found.end())
    last = template.rfind("}", found.end(), line_end if line_end >= 0 else len(template))
    if last < 0:
        raise InvalidTemplateError
    end = _closing(template, found.start() + 1, last + 1)
    end = last if end < 0 else end
    return Reference(
        name=found["braced"],
        written=template[found.start() : end + 1],
        operator=found["operator"],
        argument=template[found.end() : end],
    )


def _closing(text: str, start: int, end: int) -> int:
    """
    Return where the brace is closed that opens at `start`, or -1.

    The character after an opening brace is passed over, even if it is a brace.
    """
    depth = 0
    while (brace := _BRACE.search(text, start, end)) is not None:
        start = brace.end()
        if brace[0] == "{":
            depth += 1
            start += 1
        else:
            depth -= 1
            if depth == 0:
                return brace.start()
    return -1
