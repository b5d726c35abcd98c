"""
`workerctl explain`: the manual page of a check or a setting, and the list of all checks.
"""

import inspect
import textwrap
from collections.abc import Iterable, Iterator

from workerctl.checks import table
from workerctl.checks.base import Check
from workerctl.commands.show_config.rows import rows
from workerctl.commands.show_config.story import about, readers
from workerctl.commands.world import World
from workerctl.errors import UsageError
from workerctl.output.lines import Line, line
from workerctl.preflight import foreign_checks
from workerctl.report.suggest import did_you_mean
from workerctl.schema.loading import load
from workerctl.schema.source_options import Options
from workerctl.settings import Settings
from workerctl.sources import project


def page(check: Check) -> Iterator[Line]:
    """
    A check's claim and its docstring: what it verifies, why it matters, how to fix it.
    """
    yield line((check.code, "bold"), f" · {check.title}")
    for paragraph in manual(check).split("\n\n"):
        yield line()
        yield line(f"  {' '.join(paragraph.split())}", indent=2)


def manual(check: Check) -> str:
    """
    The docstring of a check, without its indentation.
    """
    return inspect.getdoc(check.run) or _written(check) or "This check has no manual page."


def _written(check: Check) -> str | None:
    """
    The docstring as it stands in the source: with PYTHONOPTIMIZE=2 the function has none.
    """
    import ast

    try:
        (function,) = ast.parse(textwrap.dedent(inspect.getsource(check.run))).body
    except (OSError, TypeError, ValueError, SyntaxError):
        return None
    return ast.get_docstring(function) if isinstance(function, ast.FunctionDef) else None


def contents(checks: Iterable[Check]) -> Iterator[Line]:
    """
    Every check with its claim.
    """
    for check in checks:
        yield line((check.code, "bold"), f"  {check.title}", indent=8)
    yield line()
    yield line("`workerctl explain CODE` tells why it matters and how to fix it;")
    yield line("`workerctl explain NAME` tells all about a setting.")


def execute(world: World, name: str | None) -> int:
    """
    Write the page of a check or setting, or without a name the list of checks.
    """
    return world.output.write_lines(answer(name))


def answer(name: str | None) -> Iterator[Line]:
    """
    The page of a code or of a setting's name; without either, the list of checks.

    Raises UsageError for a name that is neither.
    """
    checks = table(foreign_checks(project.here()))
    if name is None:
        return contents(checks)
    wanted = name.upper()
    for check in checks:
        if check.code == wanted:
            return page(check)
    settings = rows(load(Settings, Options(env_files=(), isolated=True), environ={}))
    for row in settings:
        if wanted in {row.setting.name, *row.setting.deprecated}:
            return about(row.setting, readers(checks, row.setting.name))
    known = [*(check.code for check in checks), *(row.setting.name for row in settings)]
    raise UsageError("There is no such check or setting.", did_you_mean(wanted, known))
