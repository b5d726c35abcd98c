"""
`workerctl diff`: compare two configurations and write what differs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from workerctl.commands.diff import text
from workerctl.commands.diff.comparison import Comparison, Entry, compare
from workerctl.commands.shared.configurations import configurations
from workerctl.commands.shared.world import World
from workerctl.commands.show_config.table import columns_of
from workerctl.preflight import Request
from workerctl.report.errors import UsageError
from workerctl.report.exit_codes import ExitCode
from workerctl.report.records import Record
from workerctl.sources import project as projects
from workerctl.sources.options import Options

_TWO = 2

Only = Literal["names", "values", "secrets"]


class DiffOptions(Record):
    """
    The format, which differences are shown, and whether they decide on the exit code.
    """

    format: Literal["text", "json"] = "text"
    only: Only | None = None
    exit_code: bool = False


def execute(world: World, words: Sequence[str], settings: str | None, options: DiffOptions) -> int:
    """
    Compare the two configurations that the words name. Return the exit code.

    It is 0 whether they differ or not; with `exit_code`, FINDINGS if anything that is shown
    differs. Raises UsageError unless the words name two configurations.
    """
    project = projects.here()
    found = configurations(words, Request(Options(settings=settings)), project)
    if len(words) != _TWO or len(found) != _TWO:
        raise _not_two(words, [target.name for target in project.targets])
    shown = selected(compare(world, *found), options.only)
    differs = options.exit_code and shown.is_different
    code = ExitCode.FINDINGS if differs else ExitCode.OK
    if options.format == "json":
        from workerctl.commands.diff.document import document
        from workerctl.output.json import dump

        return world.output.write(lambda stream: dump(document(shown, code), stream), code)
    columns = columns_of(world.stdout)
    return world.output.write_lines(text.lines(shown, code, columns, settings)) or int(code)


def selected(comparison: Comparison, only: Only | None) -> Comparison:
    """
    Return the comparison with the entries of one kind; the counts of equal values remain.

    A name that only one configuration has is of the kind `names`, even if it is a secret.
    """
    if only is None:
        return comparison
    return comparison.replace(
        entries=tuple(entry for entry in comparison.entries if kind_of(entry) == only),
        findings=comparison.findings if only == "secrets" else (),
        unnamed=comparison.unnamed if only == "names" else 0,
    )


def kind_of(entry: Entry) -> Only:
    """
    Return what an entry is about.
    """
    if entry.relation.startswith("only"):
        return "names"
    return "secrets" if entry.secret else "values"


def _not_two(words: Sequence[str], targets: Sequence[str]) -> UsageError:
    declared = f"The targets are {', '.join(targets)}." if targets else "No target is declared."
    if len(words) == _TWO:
        message = "Both arguments name the same configuration."
    else:
        count = {0: "none is", 1: "one is"}.get(len(words), f"{len(words)} are")
        message = f"`workerctl diff` compares two configurations, but {count} named."
    return UsageError(message, f"Name two targets or env files. {declared}")
