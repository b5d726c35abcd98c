"""
The text of the command reference, from the descriptions that `--help` shows.
"""

import html
import inspect
from collections.abc import Iterator
from typing import Any

import typer

from workerctl.cli import app

INTRODUCTION = """\
`workerctl COMMAND --help` shows the same text. All commands have
[the same exit codes](exit-codes.md).
"""


def text() -> str:
    """
    Return the page below its title.
    """
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    group: Any = typer.main.get_command(app)
    yield INTRODUCTION
    yield "| Command | What it does |"
    yield "|---|---|"
    for name, command in group.commands.items():
        yield f"| [`{name}`](#workerctl-{name}) | {_summary(command)} |"
    yield ""
    parent = group.make_context("workerctl", [], resilient_parsing=True)
    for name, command in group.commands.items():
        yield from _command(command, command.make_context(name, [], parent, resilient_parsing=True))


def _summary(command: Any) -> str:
    return command.help.partition("\n\n")[0].replace("\n", " ")


def _command(command: Any, context: Any) -> Iterator[str]:
    yield f"## {context.command_path}\n"
    yield f"```text\n{command.get_usage(context).removeprefix('Usage: ')}\n```\n"
    yield inspect.cleandoc(command.help) + "\n"
    yield "| Argument or option | Meaning |"
    yield "|---|---|"
    for parameter in command.get_params(context):
        written, meaning = parameter.get_help_record(context)
        if parameter.param_type_name == "argument":
            written = parameter.metavar
        yield f"| {_names(written)} | {_cell(meaning)} |"
    yield ""


def _names(written: str) -> str:
    """
    Return the names of an option, each with its value, in a cell of a table.

    A bar in a code span would need a backslash, which not every reader of Markdown removes.

        >>> _names("--annotations / --no-annotations")
        '<code>--annotations</code><br><code>--no-annotations</code>'
    """
    names = written.replace(" / ", ", ").split(", ")
    return "<br>".join(f"<code>{_cell(html.escape(name))}</code>" for name in names)


def _cell(written: str) -> str:
    return written.replace("|", "&#124;").replace("  [", " [")
