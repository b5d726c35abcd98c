"""
Every way to call the program, taken from its own description, and everything that a run lets out.
"""

import contextlib
import errno
import io
import logging
import os
import shutil
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args, get_origin

import typer

from tests.leaks.holdings import ENV_FILE, Holding
from tests.leaks.oracle import texts as reachable
from workerctl import cli
from workerctl.commands.world import World

SOURCE_OPTIONS = frozenset({"--env-file", "--secrets-dir", "--settings"})
"""Their values come from what holds the secrets."""

# For options and arguments that take a text: a file, a setting, a check, a group.
_WORDS = (ENV_FILE, "REDIS_URL", "KEY002", "llm")
_PROGRAM = ("--", "sh", "-c", "exit")


class Invocation(NamedTuple):
    """
    The words of one command, the source options that it knows, and the program that it runs.
    """

    words: tuple[str, ...]
    takes: frozenset[str]
    program: tuple[str, ...] = ()

    def with_sources(self, holding: Holding) -> list[str]:
        """
        The command line that reads what holds the secrets, as far as the command reads anything.
        """
        options = [pair for pair in holding.options.items() if pair[0] in self.takes]
        return [*self.words, *(word for pair in options for word in pair), *self.program]


def invocations(*, every: bool = True) -> Iterator[Invocation]:
    """
    Each command in each format, with each other option or argument beside it, one at a time.

    Without `every`, a command that has formats is called once in each of them, and a text is
    always the name of the env file.
    """
    for words, command in _commands((), typer.main.get_command(cli.app)):
        takes = frozenset(name for parameter in command.params for name in parameter.opts)
        program = _PROGRAM if any(map(_is_program, command.params)) else ()
        variants = list(_variants(command.params, _WORDS if every else _WORDS[:1]))
        formats = [one for one in variants if one[0] == "--format"]
        beside = [one for one in variants if one[0] != "--format"]
        for one in formats or [()]:
            for more in [(), *beside] if every or not formats else [()]:
                yield Invocation((*words, *one, *more), takes, program)


def parameters() -> Iterator[tuple[tuple[str, ...], str | None]]:
    """
    Each command with each of its options, and with none.
    """
    for words, command in _commands((), typer.main.get_command(cli.app)):
        yield words, None
        for parameter in command.params:
            yield from ((words, name) for name in parameter.opts if name.startswith("-"))


def _commands(words: tuple[str, ...], command: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, inner in getattr(command, "commands", {}).items():
        if hasattr(inner, "commands"):
            yield from _commands((*words, name), inner)
        else:
            wanted = [_WORDS[0] for one in inner.params if one.required]
            yield (*words, name, *wanted), inner


def _is_program(parameter: Any) -> bool:
    """
    Whether the rest of the line belongs to another program.
    """
    return bool(parameter.nargs == -1)


def _variants(options: list[Any], texts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for option in options:
        name, kind = option.opts[-1], option.type_descriptor.annotation
        if _is_program(option):
            continue
        if kind is bool:
            yield from ((spelling,) for spelling in [*option.opts, *option.secondary_opts])
        elif name not in SOURCE_OPTIONS and not option.required:
            values = get_args(kind) if get_origin(kind) is Literal else texts
            opening = (name,) if name.startswith("-") else ()
            yield from ((*opening, str(value)) for value in values)


class Seen(NamedTuple):
    """
    What a run let out: streams, log records, warnings, files. `code` is its exit code.
    """

    code: int
    text: str


def run(arguments: list[str], holding: Holding, *, terminal: bool = False) -> Seen:
    """
    Run a command in this process and in the working directory, and put the directory in order.
    """
    out, err = _Stream(terminal), _Stream(terminal)
    told: list[str] = []

    def execute(program: str, words: list[str], environ: Mapping[str, str]) -> None:
        """
        As far as os.execvpe goes without ending the tests; it gets what was typed, and more.
        """
        told.extend(f"{name}={text}" for name, text in (environ.items() - holding.environ.items()))
        if shutil.which(program) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
        assert words == arguments[-len(words) :]

    stdin = io.BytesIO(holding.stdin)
    world = World(dict(holding.environ), stdin, out, err, date(2026, 6, 1), execute)
    with _laid_out(holding) as left, _overheard() as records, _caught(out, err):
        code = cli.run(arguments, world)
    return Seen(code, "\n".join([out.getvalue(), err.getvalue(), *told, *records, *left]))


def call(function: Callable[[], object], holding: Holding) -> str:
    """
    Call a function of the library in a process environment that leads to the secrets.

    Returns what it lets out, and all that can be reached from what it raises, or how what it
    returns prints itself.
    """
    stream = io.StringIO()
    told: list[str] = []
    with (
        _laid_out(holding) as left,
        _overheard() as records,
        _caught(stream, stream),
        environment(_environ(holding)),
    ):
        try:
            result = function()
            told += [str(result), repr(result), f"{result}"]
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is searched
            told += reachable(error)
    return "\n".join([stream.getvalue(), *told, *records, *left])


def _environ(holding: Holding) -> dict[str, str]:
    """
    What says to the library what options say to a command; and the switch that makes it talk.
    """
    options = {
        "WORKERCTL_ENV_FILE": holding.options.get("--env-file", ""),
        "WORKERCTL_SECRETS_DIR": holding.options.get("--secrets-dir", ""),
        "PYDANTIC_SETTINGS_DEBUG": "1",
    }
    return {"PATH": os.defpath, **options, **holding.environ}


@contextlib.contextmanager
def environment(given: Mapping[str, str]) -> Iterator[None]:
    """
    The process's environment, replaced for a while.
    """
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(given)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class _Stream(io.StringIO):
    """
    A stream in memory that may call itself a terminal.
    """

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@contextlib.contextmanager
def _caught(out: io.StringIO, err: io.StringIO) -> Iterator[None]:
    """
    What is written past the streams that the command was given, and what it puts on `sys.path`.
    """
    path = sys.path[:]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            yield
        finally:
            sys.path[:] = path


@contextlib.contextmanager
def _overheard() -> Iterator[list[str]]:
    """
    Every log record, as an eager handler of the root logger at DEBUG gets it, and every warning.
    """
    records: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: records.extend(reachable(vars(record)))  # type: ignore[method-assign]
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield records
        records += [str(warning.message) for warning in caught]
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


@contextlib.contextmanager
def _laid_out(holding: Holding) -> Iterator[list[str]]:
    """
    The files that the holding wants, and afterwards what the run wrote; then all is as before.
    """
    before = set(_files())
    for name, content in holding.files.items():
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_bytes(content)
        Path(name).chmod(0o600)
    left: list[str] = []
    yield left
    for name in _files():
        content = Path(name).read_bytes()
        known = holding.files.get(name, b"")  # also where keygen moves a comment in its file
        left += [
            text.decode("utf-8", "replace")
            for text in content.splitlines()
            # a rotation moves a key to another name in the same file
            if text not in known and text.partition(b"=")[2] not in known
        ]
        if name not in before:
            Path(name).unlink()


def _files() -> list[str]:
    return [str(path) for path in Path().rglob("*") if path.is_file()]
