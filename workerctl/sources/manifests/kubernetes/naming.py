"""
How messages name objects, containers, keys and variables of a manifest.

A name in an unusual form may itself be a secret, pasted where a name belongs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_LONGEST = 63
_WORD = r"[a-z]{1,20}[0-9]{0,2}|[a-z0-9]{1,5}"
# The digest that Kustomize adds to the names of generated objects, in its own alphabet.
_DIGEST = r"-[2456789bcdfghkmt]{10}"
_KIND = r"[A-Z][a-z]{0,19}(?:[A-Z]{1,4}[a-z]{0,19}){0,4}"
_MOST = 12


def may_show(name: str) -> bool:
    """
    Return whether a message may show a name: one made of words.

        >>> may_show("worker-keys"), may_show("REDIS_URL"), may_show("sk-4fT9kQ2mX7")
        (True, True, False)
    """
    if not name or len(name) > _LONGEST or not name.isascii():
        return False
    plain = re.sub(rf"{_DIGEST}\Z", "", name).lower()
    return all(re.fullmatch(_WORD, word) for word in re.split(r"[-_.]", plain) if word)


def named(name: str, otherwise: str) -> str:
    """
    Return a name, or `otherwise` if it may be a secret.
    """
    return name if may_show(name) else otherwise


def thing(kind: str, name: str) -> str:
    """
    Return how to refer to an object.

        >>> thing("Secret", "worker-keys")
        'the Secret worker-keys'
    """
    return f"the {kind} {name}" if may_show(name) else f"a {kind}"


def key_of(key: str, kind: str, name: str) -> str:
    """
    Return how to refer to a key of an object.

        >>> key_of("api-key", "Secret", "worker-keys")
        'key api-key of the Secret worker-keys'
    """
    return f"{f'key {key}' if may_show(key) else 'a key'} of {thing(kind, name)}"


def kind_named(kind: str) -> str:
    """
    Return the kind of an object, or "Workload" if it may be a secret.
    """
    return kind if re.fullmatch(_KIND, kind) else "Workload"


def listed(names: Iterable[str]) -> str:
    """
    Return names as a list for a message, shortened if there are many.
    """
    known = list(dict.fromkeys(names))
    more = len(known) - _MOST
    return ", ".join(known[:_MOST]) + (f" and {more} more" if more > 0 else "")


def files_named(files: Sequence[str]) -> str:
    """
    Return how to refer to the files.
    """
    return ", ".join(files) if len(files) <= _MOST else f"{len(files)} files"


def sentence(text: str) -> str:
    """
    Return a text with a capital at its beginning.
    """
    return text[:1].upper() + text[1:]
