"""
What the command of a container starts: a worker, and the queues that it takes jobs from.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh"})
_SEPARATORS = frozenset({";", "&&", "||", "|", "&", "then", "do", "else"})
_RQ_FLAGS = frozenset(
    {"-b", "--burst", "-q", "--quiet", "-v", "--verbose", "-s", "--with-scheduler"}
    | {"-d", "--disable-default-exception-handler", "--disable-job-desc-logging"}
)
_OPTION = re.compile(r"--?[A-Za-z]")
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_CELERY_DEFAULT = "celery"


class Program(NamedTuple):
    """
    A worker that a command starts. `queues` is None if the command does not name them.

    `kind` is "rq", "celery", "arq" or "dramatiq".
    """

    kind: str
    queues: tuple[str, ...] | None = None


def worker_in(command: Sequence[str]) -> Program | None:
    """
    Return the worker that a command starts, also behind a shell or another program; else None.

        >>> worker_in(["sh", "-c", "exec rq worker --with-scheduler high default"])
        Program(kind='rq', queues=('high', 'default'))
    """
    for words in _commands(list(command)):
        for at, word in enumerate(words):
            program = _program(PurePosixPath(word).name, words[at + 1 :])
            if program is not None:
                return program
    return None


def _commands(words: list[str]) -> Iterator[list[str]]:
    """
    Yield the simple commands: that of the words, or those of the script that a shell executes.
    """
    script = _script(words)
    if script is None:
        yield words
        return
    try:
        split = shlex.shlex(script, posix=True, punctuation_chars=True)
        split.whitespace_split = True
        parts = list(split)
    except ValueError:  # a quotation mark is missing
        return
    command: list[str] = []
    for part in parts:
        if part in _SEPARATORS:
            yield command
            command = []
        else:
            command.append(part)
    yield command


def _script(words: list[str]) -> str | None:
    for at, word in enumerate(words):
        is_shell = PurePosixPath(word).name in _SHELLS
        following = words[at + 1 : at + 3]
        if is_shell and len(following) > 1 and re.fullmatch(r"-[a-z]*c", following[0]):
            return following[1]
    return None


def _program(name: str, rest: list[str]) -> Program | None:
    if name == "rq" and rest[:1] in (["worker"], ["worker-pool"]):
        return Program("rq", tuple(_arguments_of_rq(rest[1:])) or None)
    if name == "celery" and "worker" in rest:
        queues = _values(rest, "-Q", "--queues")
        return Program("celery", tuple(queues) if queues else (_CELERY_DEFAULT,))
    if name == "dramatiq":
        return Program("dramatiq", tuple(_values(rest, "-Q", "--queues", several=True)) or None)
    if name == "arq" and rest:
        return Program("arq")
    return None


def _arguments_of_rq(words: list[str]) -> Iterator[str]:
    """
    Yield the queues of `rq worker`: the words that are neither options nor values of options.
    """
    is_value = False
    for word in words:
        if _OPTION.match(word):
            is_value = word not in _RQ_FLAGS and "=" not in word
        elif is_value:
            is_value = False
        elif _NAME.fullmatch(word):
            yield word


def _values(words: list[str], *options: str, several: bool = False) -> list[str]:
    """
    Return the values of an option, also those in a list with commas.
    """
    found: list[str] = []
    for at, word in enumerate(words):
        name, separator, value = word.partition("=")
        if name in options and separator:
            found += value.split(",")
        elif word in options:
            for value in words[at + 1 :]:
                if _OPTION.match(value):
                    break
                found += value.split(",")
                if not several:
                    break
    return [each for each in found if _NAME.fullmatch(each)]
