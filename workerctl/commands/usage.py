"""
What to say of a command line that Typer refuses, without repeating what was typed.

A secret pasted in the wrong place must not be echoed, so messages are built from our own names.
"""

from collections.abc import Sequence
from typing import get_args

from workerctl.report.exit_codes import ExitCode
from workerctl.report.results import Problem
from workerctl.report.suggest import did_you_mean


def usage_problem(error: Exception, arguments: Sequence[str], commands: Sequence[str]) -> Problem:
    """
    The problem behind an error of Typer's own, told by its kind.
    """
    command = next((word for word in arguments if word in commands), None)
    help_of = f"Run `workerctl {command} --help`." if command else "Run `workerctl --help`."
    message, hint = _words(error, arguments, command, commands)
    return Problem(message, f"{hint} {help_of}" if hint else help_of, ExitCode.USAGE)


def _words(
    error: Exception, arguments: Sequence[str], command: str | None, commands: Sequence[str]
) -> tuple[str, str | None]:
    kind, option = type(error).__name__, _name_of(error)
    if kind == "UsageError" and command is None:
        word = next((word for word in arguments if not word.startswith("-")), "")
        return "There is no such command.", did_you_mean(word, commands)
    return {
        "NoSuchOption": ("There is no such option.", _possible(error)),
        "MissingParameter": (f"{option} is missing.", None),
        "BadParameter": (f"{option} does not take this value.", _choices(error)),
        "BadOptionUsage": (f"{option} {_count(error)}.", None),
    }.get(kind, ("There is an argument too many.", None))


def _count(error: Exception) -> str:
    return "needs a value" if "requires" in str(error) else "takes no value"


def _possible(error: Exception) -> str | None:
    possible = getattr(error, "possibilities", None)
    return f"Did you mean {possible[0]}?" if possible else None


def _choices(error: Exception) -> str | None:
    declared = getattr(getattr(error, "param", None), "type_descriptor", None)
    choices = get_args(getattr(declared, "annotation", None))
    return f"Use {' or '.join(map(str, choices))}." if choices else None


def _name_of(error: Exception) -> str:
    """
    The option or argument that an error is about, in our own words.
    """
    parameter = getattr(error, "param", None)
    options = getattr(parameter, "opts", None)
    if options:
        return str(max(options, key=len))
    name = getattr(error, "option_name", None)
    return str(name) if name else "The argument"
