"""
What the command of a container starts: a worker, and the queues that it takes jobs from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath

from workerctl.report.records import Record
from workerctl.sources.manifests.shells import commands

_RQ_FLAGS = frozenset(
    {"-b", "--burst", "-q", "--quiet", "-v", "--verbose", "-s", "--with-scheduler"}
    | {"-d", "--disable-default-exception-handler", "--disable-job-desc-logging"}
)
_OPTION = re.compile(r"--?[A-Za-z]")
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
# What the options of celery that stand before its subcommand take along.
_CELERY_VALUES = frozenset(
    {"-A", "--app", "-b", "--broker", "--result-backend", "--loader", "--config", "--workdir"}
)
_CELERY_DEFAULT = "celery"
# Commands of manage.py, and of the extensions of other frameworks.
_COMMANDS_OF_RQ = frozenset({"rqworker", "rqworker-pool"})
_HUEY = frozenset({"huey_consumer", "huey_consumer.py", "run_huey", "djangohuey"})


class Program(Record):
    """
    A worker that a command starts. `queues` is None if the command does not name them.

    `kind` is "rq", "celery", "arq", "dramatiq", "huey" or "taskiq". A Celery worker for which none
    are named has the default queue, though its application may configure others. `job_seconds` is
    how long the command lets a job take, None if it does not say.
    """

    kind: str
    queues: tuple[str, ...] | None = None
    job_seconds: float | None = None

    @property
    def takes_named_queues_only(self) -> bool:
        """
        Whether the command says which queues the worker takes jobs from.
        """
        by_default = self.kind == "celery" and self.queues == (_CELERY_DEFAULT,)
        return self.queues is not None and not by_default


def worker_in(command: Sequence[str]) -> Program | None:
    """
    Return the first worker that a command starts; None if it starts none.

        >>> worker_in(["sh", "-c", "exec rq worker --with-scheduler high default"])
        Program(kind='rq', queues=('high', 'default'))
    """
    return next(workers_in(command), None)


def workers_in(command: Sequence[str]) -> Iterator[Program]:
    """
    Yield the workers that a command starts, also after another program. A shell may start several.

        >>> [each.queues for each in workers_in(["sh", "-c", "rq worker mail & rq worker bulk"])]
        [('mail',), ('bulk',)]
    """
    for words in commands(command):
        found = (_program_at(words, at) for at in range(len(words)))
        yield from islice((each for each in found if each is not None), 1)


def _program_at(words: list[str], at: int) -> Program | None:
    is_module = at > 0 and words[at - 1] == "-m"
    name = _module(words[at]) if is_module else PurePosixPath(words[at]).name
    return _program(name, words[at + 1 :])


def _module(word: str) -> str:
    """
    Return the program that is meant by `python -m`, such as `rq` by `rq.cli`.
    """
    return word.rpartition(".")[2] if word.startswith("huey.") else word.partition(".")[0]


def _program(name: str, rest: list[str]) -> Program | None:
    if name == "rq" and rest[:1] in (["worker"], ["worker-pool"]):
        return Program("rq", _known(_arguments_of_rq(rest[1:])))
    if name in _COMMANDS_OF_RQ:
        return Program("rq", _known(_arguments_of_rq(rest)))
    if name == "bench" and rest[:1] in (["worker"], ["worker-pool"]):
        return Program("rq", _known(_values(rest, "--queue")))
    if name == "celery" and _subcommand_of_celery(rest) == "worker":
        queues = _values(rest, "-Q", "--queues")
        limits = _values(rest, "--time-limit") or _values(rest, "--soft-time-limit")
        seconds = float(limits[0]) if limits and limits[0].isdecimal() else None
        return Program("celery", _known(queues) if queues else (_CELERY_DEFAULT,), seconds)
    if name in {"dramatiq", "rundramatiq"}:
        return Program("dramatiq", _known(_values(rest, "-Q", "--queues", several=True)))
    if name in _HUEY:
        return Program("huey")
    if name == "arq" and rest:
        return Program("arq")
    if name == "taskiq" and rest[:1] == ["worker"]:
        return Program("taskiq")
    return None


def _subcommand_of_celery(words: list[str]) -> str | None:
    following = iter(words)
    for word in following:
        if word in _CELERY_VALUES:
            next(following, None)
        elif not word.startswith("-"):
            return word
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
        else:
            yield word


def _values(words: list[str], *options: str, several: bool = False) -> list[str]:
    """
    Return the values of an option, also those in a list with commas.
    """
    found: list[str] = []
    for at, word in enumerate(words):
        name, separator, value = word.partition("=")
        is_attached = not word.startswith("--") and word[:2] in options and len(word) > len("-Q")
        if name in options and separator:
            found += value.split(",")
        elif is_attached:
            found += word[2:].split(",")
        elif word in options:
            for value in words[at + 1 :]:
                if _OPTION.match(value):
                    break
                found += value.split(",")
                if not several:
                    break
    return found


def _known(queues: Iterable[str]) -> tuple[str, ...] | None:
    """
    Return queues that a command names; None if it names none, or some by the value of a variable.
    """
    named = tuple(queues)
    if any("$" in each for each in named):
        return None
    return tuple(each for each in named if _NAME.fullmatch(each)) or None
