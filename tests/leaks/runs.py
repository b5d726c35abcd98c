"""
Every way to call the program, from the description of its command line, and all of its output.
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
from workerctl.commands.shared.world import World
from workerctl.output.formats import FORMATS

SOURCE_OPTIONS = frozenset({"--env-file", "--secrets-dir", "--settings"})
"""The options whose values come from the configuration that holds the secrets."""

# Values for options and arguments that take a text: a file, a setting, a check and a group.
_WORDS = (ENV_FILE, "REDIS_URL", "KEY002", "llm")
# The env file with itself under another name, with standard input, and with a missing file.
_PAIRS = ((ENV_FILE, f"./{ENV_FILE}"), (ENV_FILE, "-"), ("-", "REDIS_URL"))
_PROGRAM = ("--", "sh", "-c", "exit")


class Invocation(NamedTuple):
    """
    The words of one command, the options that it accepts, and the program that it runs.
    """

    words: tuple[str, ...]
    takes: frozenset[str]
    program: tuple[str, ...] = ()

    def with_sources(self, holding: Holding) -> list[str]:
        """
        Return the command line with the source options of the holding that the command accepts.
        """
        options = [pair for pair in holding.options.items() if pair[0] in self.takes]
        return [*self.words, *(word for pair in options for word in pair), *self.program]


def invocations(*, every: bool = True) -> Iterator[Invocation]:
    """
    Yield each command in each format, combined with each other option or argument in turn.

    A command that judges files is called with one and with two of them as well, and one that
    compares two with several pairs. Without `every`, a command that has formats is called once in
    each format, and an option that takes a text always gets the name of the env file.
    """
    for words, command in _commands((), typer.main.get_command(cli.app)):
        takes = frozenset(name for parameter in command.params for name in parameter.opts)
        program = _PROGRAM if any(map(_is_program, command.params)) else ()
        variants = list(_variants(command.params, _WORDS if every else _WORDS[:1]))
        formats = [one for one in variants if one[0] == "--format"]
        others = [one for one in variants if one[0] != "--format"]
        for one in formats or [()]:
            for more in [(), *others] if every or not formats else [()]:
                yield Invocation((*words, *one, *more), takes, program)
            if any(map(_is_pair, command.params)):
                for pair in _PAIRS:
                    yield Invocation((*words, *one, *pair), takes)
            if any(map(_is_files, command.params)):
                for files in ((ENV_FILE,), (ENV_FILE, "REDIS_URL")):
                    yield Invocation((*words, *one, *files), takes & {"--settings"})


def parameters() -> Iterator[tuple[tuple[str, ...], str | None]]:
    """
    Yield each command with None, and then with each of its options.
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
            required = [_WORDS[0] for one in inner.params if one.required]
            yield (*words, name, *required), inner


def _is_program(parameter: Any) -> bool:
    """
    Return whether a parameter takes the rest of the line, which is another program's.
    """
    return bool(parameter.nargs == -1 and parameter.metavar == "COMMAND")


def _is_files(parameter: Any) -> bool:
    """
    Return whether a parameter takes the files that a command judges one by one.
    """
    return bool(parameter.nargs == -1 and parameter.metavar == "TARGET|FILE")


def _is_pair(parameter: Any) -> bool:
    """
    Return whether a parameter takes the two files that a command compares.
    """
    return bool(parameter.nargs == -1 and parameter.metavar == "A B")


def _variants(options: list[Any], texts: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for option in options:
        name, kind = option.opts[-1], option.type_descriptor.annotation
        if _is_program(option) or _is_files(option) or _is_pair(option):
            continue
        if kind is bool:
            yield from ((spelling,) for spelling in [*option.opts, *option.secondary_opts])
        elif name not in SOURCE_OPTIONS and not option.required:
            values = get_args(kind) if get_origin(kind) is Literal else texts
            if name == "--format" and get_origin(kind) is not Literal:
                values = tuple(FORMATS)
            opening = (name,) if name.startswith("-") else ()
            yield from ((*opening, str(value)) for value in values)


class Seen(NamedTuple):
    """
    The exit code of a run, and its output: streams, log records, warnings and files.
    """

    code: int
    text: str


def run(arguments: list[str], holding: Holding, *, terminal: bool = False) -> Seen:
    """
    Run a command in this process and in the working directory; return its output.

    Files are removed from the directory afterwards unless they existed before.
    """
    out, err = _Stream(terminal), _Stream(terminal)
    passed: list[str] = []

    def execute(program: str, words: list[str], environ: Mapping[str, str]) -> None:
        """
        Do what os.execvpe does, without replacing the process; record the variables it adds.
        """
        added = environ.items() - holding.environ.items()
        passed.extend(f"{name}={text}" for name, text in added)
        if shutil.which(program) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), program)
        assert words == arguments[-len(words) :]

    stdin = io.BytesIO(holding.stdin)
    world = World(dict(holding.environ), stdin, out, err, date(2026, 6, 1), execute)
    with _working_files(holding) as left, _log_records() as records, _redirected(out, err):
        code = cli.run(arguments, world)
    return Seen(code, "\n".join([out.getvalue(), err.getvalue(), *passed, *records, *left]))


def call(function: Callable[[], object], holding: Holding) -> str:
    """
    Call a function of the library in a process environment from which it reads the secrets.

    Return its output, and either the string forms of its result or every text that can be reached
    from the exception that it raises.
    """
    stream = io.StringIO()
    outcome: list[str] = []
    with (
        _working_files(holding) as left,
        _log_records() as records,
        _redirected(stream, stream),
        environment(_environ(holding)),
    ):
        try:
            result = function()
            outcome += [str(result), repr(result), f"{result}"]
        except Exception as error:  # noqa: BLE001 -- every exception is searched
            outcome += reachable(error)
    return "\n".join([stream.getvalue(), *outcome, *records, *left])


def _environ(holding: Holding) -> dict[str, str]:
    """
    Return the environment that has the effect of the options, with pydantic's debug output on.
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
    Replace the environment of the process within the context.
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
    A stream in memory that can claim to be a terminal.
    """

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal


@contextlib.contextmanager
def _redirected(out: io.StringIO, err: io.StringIO) -> Iterator[None]:
    """
    Redirect output that bypasses the streams of the command, and restore `sys.path` afterwards.
    """
    path = sys.path[:]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            yield
        finally:
            sys.path[:] = path


@contextlib.contextmanager
def _log_records() -> Iterator[list[str]]:
    """
    Yield a list of every text in the log records at level DEBUG, completed by every warning.
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
def _working_files(holding: Holding) -> Iterator[list[str]]:
    """
    Write the files of the holding; on exit, fill the list that is yielded with what a run wrote.

    Files that did not exist before are removed on exit.
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
        known = holding.files.get(name, b"")  # keygen may move comments within the file
        left += [
            text.decode("utf-8", "replace")
            for text in content.splitlines()
            # A rotation moves a key to another name in the same file.
            if text not in known and (b"=" not in text or text.partition(b"=")[2] not in known)
        ]
        if name not in before:
            Path(name).unlink()


def _files() -> list[str]:
    return [str(path) for path in Path().rglob("*") if path.is_file()]
