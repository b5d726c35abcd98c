"""
Messages for a command line that is not valid, and command lines in hints.

They repeat what was typed only where it cannot be a secret in the wrong place, which
`workerctl.secrecy.typed` decides.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, get_args

from workerctl.report.errors import UsageError
from workerctl.report.exit_codes import ExitCode
from workerctl.report.results import Problem
from workerctl.report.suggest import closest, did_you_mean
from workerctl.report.words import listed
from workerctl.secrecy.typed import named

if TYPE_CHECKING:
    from workerctl.sources.manifests.selection import Selection
    from workerctl.sources.options import Options

NO_HOME = Problem(
    "HOME is not set, so there is no place to install the completion.",
    "Set HOME, or write the output of `workerctl --show-completion` to a file of your shell.",
    ExitCode.USAGE,
)
NOT_INSTALLED = Problem(
    "The completion could not be written to the home directory.",
    "Write the output of `workerctl --show-completion` to a file of your shell.",
    ExitCode.INCOMPLETE,
)

_SHORTEST_PREFIX = 2
_SIMILAR = 0.6
_EVERYWHERE = ("--help", "--version")


def usage_problem(
    error: Exception, arguments: Sequence[str], commands: Mapping[str, Any]
) -> Problem:
    """
    Return the problem that describes an error of Typer's; `commands` are Typer's, by name.
    """
    command = next((word for word in arguments if word in commands), None)
    see_help = f"Run `workerctl {command} --help`." if command else "Run `workerctl --help`."
    message, hint = _describe(error, arguments, command, commands)
    return Problem(message, f"{hint} {see_help}" if hint else see_help, ExitCode.USAGE)


def unknown_name(name: str, kind: str, known: Iterable[str]) -> UsageError:
    """
    Return the error for a name that is not one of the `known` ones, with the closest as a hint.
    """
    hint = _as_env_file(name) or did_you_mean(name.upper(), known)
    return UsageError(f"{named(name, 'The name')} is not a known {kind}.", hint)


def similar(word: str, choices: Iterable[str]) -> str | None:
    """
    Return a hint with the choice that a word abbreviates, or that is similar in any case.
    """
    folded, known = word.lower(), list(choices)
    whole = [each for each in known if each.startswith(folded)]
    if len(folded) >= _SHORTEST_PREFIX and len(whole) == 1:
        return f"Did you mean {whole[0]}?"
    return did_you_mean(folded, known)


def _describe(
    error: Exception, arguments: Sequence[str], command: str | None, commands: Mapping[str, Any]
) -> tuple[str, str | None]:
    kind, option = type(error).__name__, _parameter_of(error)
    if kind == "UsageError" and command is None:
        word = next((word for word in arguments if not word.startswith("-")), "")
        hint = _as_env_file(word, "check") or similar(word, commands)
        return f"Unknown command{_after_blank(word)}.", hint
    if kind == "NoSuchOption":
        return _unknown_option(option, command, commands)
    if kind == "BadParameter":
        return _invalid_value(option, error, arguments)
    if kind == "UsageError":
        surplus = _surplus(error, arguments)
        return f"Too many arguments{_after_colon(surplus)}.", _as_env_file(surplus)
    if kind == "BadOptionUsage":
        return f"{option} {_expected_value(error)}.", None
    return "The command line is not valid.", None


def _unknown_option(
    option: str, command: str | None, commands: Mapping[str, Any]
) -> tuple[str, str | None]:
    if command is not None and option in _options(each.params for each in commands.values()):
        return f"`workerctl {command}` has no option {option}.", None
    parameters = [] if command is None else commands[command].params
    hint = _option_with_choice(option, parameters) or _similar_option(option, parameters)
    if command is not None and hint == "Did you mean --version?":
        hint = "Did you mean `workerctl --version`?"  # commands have no such option
    return f"Unknown option{_after_blank(option)}.", hint


def _invalid_value(
    option: str, error: Exception, arguments: Sequence[str]
) -> tuple[str, str | None]:
    declared = _annotation(getattr(error, "param", None))
    choices = tuple(map(str, get_args(declared)))
    if not choices:
        return f"Invalid value for {option}.", "Use a whole number." if declared is int else None
    word = _value_of(option, arguments)
    hint = similar(word, choices) or f"Use {listed(choices, 'or')}."
    return f"Invalid value for {option}{_after_colon(word)}.", hint


def _after_blank(word: str) -> str:
    return f" {word}" if named(word) else ""


def _after_colon(word: str) -> str:
    return f": {word}" if named(word) else ""


def _options(parameters: Iterable[Iterable[Any]]) -> Iterator[str]:
    for parameter in chain.from_iterable(parameters):
        yield from (*parameter.opts, *parameter.secondary_opts)


def _option_with_choice(option: str, parameters: Iterable[Any]) -> str | None:
    """
    Return a hint if the name of an option is a choice of another one, such as `--json`.
    """
    from workerctl.output.formats import FORMATS

    name = option.removeprefix("--")
    for parameter in parameters:
        formats = FORMATS if parameter.name == "format" else ()
        if name in (*get_args(_annotation(parameter)), *formats):
            return f"Did you mean {parameter.opts[0]} {name}?"
    return None


def _similar_option(option: str, parameters: Iterable[Any]) -> str | None:
    names = [name for name in _options([parameters]) if name.startswith("--")]
    bare = {name.removeprefix("--"): name for name in (*names, *_EVERYWHERE)}
    match = closest(option.lstrip("-").lower(), bare, _SIMILAR)
    return None if match is None else f"Did you mean {bare[match]}?"


def _annotation(parameter: Any) -> Any:
    return getattr(getattr(parameter, "type_descriptor", None), "annotation", None)


def _value_of(option: str, arguments: Sequence[str]) -> str:
    """
    Return the last value that was typed for an option, which is the one that counts.
    """
    found = ""
    for word, following in zip(arguments, (*arguments[1:], ""), strict=True):
        if word == option:
            found = following
        elif word.startswith(f"{option}="):
            found = word.partition("=")[2]
    return found


def _surplus(error: Exception, arguments: Iterable[str]) -> str:
    """
    Return the first argument that is too much; Typer's error lists them all in parentheses.
    """
    found = re.search(r" \((.*)\)\Z", str(getattr(error, "message", "")), re.DOTALL)
    listed = "" if found is None else found[1]
    matching = [word for word in arguments if word and f"{listed} ".startswith(f"{word} ")]
    return max(matching, key=len, default="")


def _as_env_file(word: str, before: str = "--env-file") -> str | None:
    is_file = bool(named(word)) and os.path.isfile(word)  # noqa: PTH113 -- "" is not a file
    return f"Did you mean {before} {word}?" if is_file else None


def _expected_value(error: Exception) -> str:
    return "requires a value" if "requires" in str(error) else "does not take a value"


def _parameter_of(error: Exception) -> str:
    """
    Return the name of the option or argument that an error is about.

    For an unknown option, that is the text that was typed.
    """
    parameter = getattr(error, "param", None)
    options = getattr(parameter, "opts", None)
    if options:
        return str(max(options, key=len))
    name = getattr(error, "option_name", None)
    return str(name) if name else "the argument"


def command_line(
    words: Iterable[str], options: Options | None = None, further: Iterable[str] = ()
) -> str:
    """
    Return a command as a hint names it, with the options that name its sources.

    Without them, it would be about another configuration, or the built-in schema.

        >>> command_line(["check"], Options(env_files=("my worker.env",)))
        "`workerctl check --env-file 'my worker.env'`"

    `further` options follow. A word that may be a secret is not repeated.
    """
    typed = ["workerctl", *words, *(_sources(options) if options else ()), *further]
    return f"`{' '.join(map(shlex.quote, typed))}`"


def _sources(options: Options) -> Iterator[str]:
    if options.env_files == ():
        yield "--no-env-file"
    for file in options.env_files or ():
        yield from ("--env-file", named(file, "FILE"))
    if options.secrets_dir is not None:
        yield from ("--secrets-dir", named(options.secrets_dir, "DIRECTORY"))
    if options.isolated:
        yield "--isolated"
    if isinstance(options.settings, str):
        yield from ("--settings", _class(options.settings))
    if options.manifest is not None:
        yield from _manifest(options.manifest)


def _class(settings: str) -> str:
    """
    Return the name of a settings class; one that is imported cannot be a secret.
    """
    module, _, name = settings.partition(":")
    is_imported = hasattr(sys.modules.get(module), name.partition(".")[0])
    return settings if is_imported else named(settings, "MODULE:CLASS")


def _manifest(manifest: Selection) -> Iterator[str]:
    for file in manifest.files:
        yield from (f"--{manifest.kind}", named(file, "FILE"))
    if manifest.name is not None:
        option = "--service" if manifest.kind == "compose" else "--workload"
        yield from (option, named(manifest.name, "NAME"))
    if manifest.container is not None:
        yield from ("--container", named(manifest.container, "NAME"))
