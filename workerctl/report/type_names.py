"""
The name of a type, as far as it is known to come from source code.
"""

from __future__ import annotations

import sys


def type_name(value: object) -> str:
    """
    Return the name of an object's type, or of its nearest base that a module defines.

    A class that is made while the program runs may be called like a secret. For
    `type(secret, (ValueError,), {})`, the result is `ValueError`.
    """
    for kind in type(value).__mro__:
        if "<locals>" in kind.__qualname__:  # from a class statement in a function
            return kind.__name__
        if is_found_by_name(kind):
            return kind.__name__
    return "object"


def is_found_by_name(kind: type) -> bool:
    """
    Return whether the module of a class has it under its qualified name.
    """
    found: object = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = getattr(found, "__dict__", {}).get(part)
    return found is kind
