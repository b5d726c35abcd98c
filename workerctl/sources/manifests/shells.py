"""
The commands that the command line of a container executes, also those of a shell's script.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh"})
_SCRIPT = re.compile(r"-[a-z]*c")
_WITH_VALUE = frozenset({"-o", "+o", "-O", "+O"})
_PUNCTUATION = ";&|()<>\n"
_ENDS = frozenset(";&|()\n")
_WORDS = frozenset({"then", "do", "else", "{", "}"})
_CONTINUED = re.compile(r"\\\r?\n")


def commands(words: Sequence[str]) -> Iterator[list[str]]:
    """
    Yield the simple commands: the words themselves, or those of the script that a shell executes.

        >>> list(commands(["sh", "-c", "migrate && exec rq worker high"]))
        [['migrate'], ['exec', 'rq', 'worker', 'high']]

    A script that is not complete has none.
    """
    script = _script(words)
    if script is None:
        yield list(words)
        return
    lexer = shlex.shlex(_CONTINUED.sub(" ", script), posix=True, punctuation_chars=_PUNCTUATION)
    lexer.whitespace_split = True
    lexer.whitespace = " \t\r"
    try:
        parts = list(lexer)
    except ValueError:  # a quotation mark is missing
        return
    command: list[str] = []
    for part in parts:
        if part not in _WORDS and not (part and _ENDS.issuperset(part)):
            command.append(part)
        elif command:
            yield command
            command = []
    if command:
        yield command


def _script(words: Sequence[str]) -> str | None:
    for at, word in enumerate(words):
        if PurePosixPath(word).name in _SHELLS:
            following = iter(words[at + 1 :])
            for option in following:
                if _SCRIPT.fullmatch(option):
                    return next(following, None)
                if option in _WITH_VALUE:
                    next(following, None)
                elif not option.startswith("-"):
                    break
    return None
