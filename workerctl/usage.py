"""
What to say of a command line that Typer refuses, without repeating what was typed.

A secret pasted in the wrong place must not be echoed, so messages are built from our own names.
"""

from collections.abc import Sequence

import typer

from workerctl.findings import ExitCode, Problem
from workerctl.suggest import did_you_mean


def usage_problem(
    error: typer.TyperException, arguments: Sequence[str], commands: Sequence[str]
) -> Problem:
    """
    The problem behind an error of Typer's own, told by its kind.
    """
    command = next((word for word in arguments if word in commands), None)
    help_of = f"Run `workerctl {command} --help`." if command else "Run `workerctl --help`."
    message, hint = _words(error, arguments, command, commands)
    return Problem(message, f"{hint} {help_of}" if hint else help_of, ExitCode.USAGE)


def _words(
    error: typer.TyperException,
    arguments: Sequence[str],
    command: str | None,
    commands: Sequence[str],
) -> tuple[str, str | None]:
    kind = type(error).__name__
    option = _name_of(error)
    if kind == "NoSuchOption":
        possible = getattr(error, "possibilities", None)
        return "There is no such option.", f"Did you mean {possible[0]}?" if possible else None
    if kind == "MissingParameter":
        return f"{option} is missing.", None
    if kind == "BadParameter":
        choices = getattr(getattr(getattr(error, "param", None), "type", None), "choices", None)
        hint = f"Use {' or '.join(map(str, choices))}." if choices else None
        return f"{option} does not take this value.", hint
    if kind == "BadOptionUsage":
        return f"{option} is followed by too little or too much.", None
    if kind == "NoArgsIsHelpError" or (command is None and not arguments):
        return "No command is given.", None
    if command is None:
        word = next((word for word in arguments if not word.startswith("-")), "")
        return "There is no such command.", did_you_mean(word, commands)
    return "There is an argument too many.", None


def _name_of(error: typer.TyperException) -> str:
    """
    The option or argument that an error is about, in our own words.
    """
    parameter = getattr(error, "param", None)
    options = getattr(parameter, "opts", None)
    if options:
        return str(max(options, key=len))
    name = getattr(error, "option_name", None)
    return str(name) if name else "The argument"
