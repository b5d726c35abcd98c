"""
Messages for a command line that is not valid.

They repeat only names that workerctl knows: any other text may be a secret in the wrong place.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

from workerctl.report.errors import UsageError
from workerctl.report.exit_codes import ExitCode
from workerctl.report.results import Problem
from workerctl.report.suggest import did_you_mean

_NAME = r"(?=.{2,40}\Z)[A-Z]+[0-9]{0,3}(?:_[A-Z]+[0-9]{0,3})*"


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

    The name is repeated only if it looks like that of a setting or a check.
    """
    shown = name if re.fullmatch(_NAME, name) else "The name"
    return UsageError(f"{shown} is not a known {kind}.", did_you_mean(name.upper(), known))


def _describe(
    error: Exception, arguments: Sequence[str], command: str | None, commands: Mapping[str, Any]
) -> tuple[str, str | None]:
    kind, option = type(error).__name__, _parameter_of(error)
    if kind == "UsageError" and command is None:
        word = next((word for word in arguments if not word.startswith("-")), "")
        return "Unknown command.", did_you_mean(word, commands)
    if kind == "NoSuchOption":
        is_known = command is not None and option in _options(commands)
        message = f"`workerctl {command}` has no option {option}." if is_known else None
        return message or "Unknown option.", _similar_option(error)
    return {
        "BadParameter": (f"Invalid value for {option}.", _choices(error)),
        "BadOptionUsage": (f"{option} {_expected_value(error)}.", None),
        "UsageError": ("Too many arguments.", None),
    }.get(kind, ("The command line is not valid.", None))


def _options(commands: Mapping[str, Any]) -> Iterator[str]:
    for command in commands.values():
        for parameter in command.params:
            yield from (*parameter.opts, *parameter.secondary_opts)


def _expected_value(error: Exception) -> str:
    return "requires a value" if "requires" in str(error) else "does not take a value"


def _similar_option(error: Exception) -> str | None:
    possible = getattr(error, "possibilities", None)
    return f"Did you mean {possible[0]}?" if possible else None


def _choices(error: Exception) -> str | None:
    declared = getattr(getattr(error, "param", None), "type_descriptor", None)
    choices = get_args(getattr(declared, "annotation", None))
    return f"Use {' or '.join(map(str, choices))}." if choices else None


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
