"""
Expand `$(NAME)` as the kubelet does.
"""

from __future__ import annotations

import re
from collections.abc import Callable

LONGEST = 128 * 1024
"""In bytes. Linux starts no program with a longer variable or argument."""

_CLOSER = ")"
_ESCAPED = "$$"
_REFERENCE = re.compile(r"\$(?:\$|\(([^)]*)\))")


def expand(text: str, value: Callable[[str], str | None]) -> str | None:
    """
    Return a text with each `$(NAME)` replaced by `value("NAME")`, and `$$` by `$`.

    A reference stays as it is written if its value is None, and so does any other text. What is
    inserted is not expanded again. The result is None if it is too long for Linux.

        >>> expand("$(A)-$$(A)-$(B)", {"A": "1"}.get)
        '1-$(A)-$(B)'
    """
    # Without a closing bracket there is no reference; to search for one from each `$(` would take
    # quadratic time.
    end = text.rfind(_CLOSER) + 1
    parts: list[str] = []
    size = position = 0
    for found in _REFERENCE.finditer(text, 0, end):
        name = found[1]
        inserted = "$" if name is None else value(name)
        parts += text[position : found.start()], found[0] if inserted is None else inserted
        position = found.end()
        size += len(parts[-2]) + len(parts[-1])
        if size > LONGEST:
            return None
    parts.append(text[position:].replace(_ESCAPED, "$"))
    expanded = "".join(parts)
    return expanded if len(expanded.encode("utf-8", "surrogatepass")) <= LONGEST else None
