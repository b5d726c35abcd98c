"""
`workerctl explain`: the manual page of a check or a setting, and the list of all checks.
"""

import inspect
import textwrap
from collections.abc import Iterable, Iterator
from itertools import chain

from workerctl.budget.lookup import pipeline_of
from workerctl.checks.base import Check, titled
from workerctl.checks.engine.select import under
from workerctl.commands.show_config.rows import Row, rows
from workerctl.commands.show_config.story import about, readers
from workerctl.commands.usage import unknown_name
from workerctl.commands.world import World
from workerctl.output.lines import Line, line
from workerctl.preflight import check_table
from workerctl.report.errors import WorkerctlError
from workerctl.schema.declarations import Schema
from workerctl.schema.loading import Loaded, load
from workerctl.schema.source_options import Options
from workerctl.settings import Settings
from workerctl.sources import project


def page(check: Check, schema: Schema | None = None) -> Iterator[Line]:
    """
    Yield the manual page of a check: what it verifies, why that matters, how to fix a finding.
    """
    yield line((check.code, "bold"), f" · {titled(check, schema)}")
    for paragraph in manual(check).split("\n\n"):
        yield line()
        yield line(f"  {' '.join(paragraph.split())}", indent=2)


def manual(check: Check) -> str:
    """
    Return the manual of a check, which is the docstring of its function.
    """
    return (
        inspect.getdoc(check.run) or _docstring_in_source(check) or "This check has no manual page."
    )


def _docstring_in_source(check: Check) -> str | None:
    """
    Return the docstring from the source file; with PYTHONOPTIMIZE=2, functions have none.
    """
    import ast

    try:
        (function,) = ast.parse(textwrap.dedent(inspect.getsource(check.run))).body
    except (OSError, TypeError, ValueError, SyntaxError):
        return None
    return ast.get_docstring(function) if isinstance(function, ast.FunctionDef) else None


def listed(checks: Iterable[Check], schema: Schema | None = None) -> Iterator[Line]:
    """
    Yield the checks, each with its claim.
    """
    for check in checks:
        yield line((check.code, "bold"), f"  {titled(check, schema)}", indent=8)


def contents(checks: Iterable[Check], schema: Schema | None = None) -> Iterator[Line]:
    """
    Yield the list of checks, and how to learn more.
    """
    yield from listed(checks, schema)
    yield line()
    yield line("`workerctl explain CODE` shows why a check matters and how to fix a finding;")
    yield line("`workerctl explain NAME` describes a setting.")


def execute(world: World, name: str | None) -> int:
    """
    Write the page of a check or a setting, or without a name the list of checks.

    Return the exit code.
    """
    return world.output.write_lines(answer(name))


def answer(name: str | None) -> Iterator[Line]:
    """
    Return the page of the check or setting with that name; without a name, the list of checks.

    The first letters of codes list these checks, after the setting of that name if there is one.
    Raises UsageError for a name that is neither a check nor a setting.
    """
    checks = check_table(project.here())
    if name is None:
        return contents(checks, _schema())
    codes = under([check.code for check in checks], name) if name else []
    area = [check for check in checks if check.code in codes]
    if name.upper() in codes:
        return page(area[0], _schema())
    loaded = _loaded()
    settings = rows(loaded)
    about_setting = _about(name, loaded, settings, checks)
    if about_setting and area:
        return chain(about_setting, [line()], listed(area, loaded.schema))
    if about_setting or area:
        return iter(about_setting) if about_setting else contents(area, loaded.schema)
    known = [*(check.code for check in checks), *(row.setting.name for row in settings)]
    raise unknown_name(name, "check or setting", known)


def _about(
    name: str, loaded: Loaded, settings: Iterable[Row], checks: Iterable[Check]
) -> list[Line]:
    """
    Return the page of the setting with that name; an empty one if there is no such setting.
    """
    for row in settings:
        if name.upper() in {row.setting.name, *row.setting.deprecated}:
            pipeline = pipeline_of(loaded.schema, loaded.project)
            read_by = readers(checks, row.setting.name, loaded.schema, pipeline)
            return [*about(row.setting, read_by)]
    return []


def _loaded() -> Loaded:
    """
    Return the configuration of the project without any source: only its schema matters here.
    """
    return load(Settings, Options(env_files=(), isolated=True), environ={})


def _schema() -> Schema | None:
    """
    Return the schema of the project, whose variables titles name; None if it does not load.
    """
    try:
        return _loaded().schema
    except WorkerctlError:
        return None
