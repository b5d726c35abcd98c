"""
`[tool.workerctl]` of the nearest `pyproject.toml`: where a team says what is its own.
"""

import contextlib
import importlib
import os
import re
import sys
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from workerctl.errors import ProjectError
from workerctl.report.findings import ENVIRONMENTS, Suppression

_TARGET = r"[A-Za-z_][\w.]*:[A-Za-z_]\w*"
_KEYS = ("settings", "checks", "env_file", "secrets_dir", "ignore", "preload", "pipeline")
_IGNORE_KEYS = ("code", "reason", "until", "env")


class Project(NamedTuple):
    """
    What a team configured. Paths are as the file means them: relative to its own directory.

    `settings` is a `module:Class`, `checks` are `module:TABLE`s, `preload` is what a worker imports
    or calls before it forks; `pipeline` is read by `workerctl.budget.declaration`.
    """

    directory: Path
    settings: str | None = None
    checks: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    secrets_dir: str | None = None
    suppressions: tuple[Suppression, ...] = ()
    preload: tuple[str, ...] = ()
    pipeline: Mapping[str, Any] | None = None


def here() -> Project:
    """
    The project of the working directory. Raises ProjectError where there is no such directory.
    """
    try:
        start = Path.cwd()
    except OSError:
        start = None
    if start is None:
        raise ProjectError("The working directory is gone.", "Change into one that exists.")
    return find(start)


def find(start: Path) -> Project:
    """
    The nearest project at or above `start`; an empty one in `start` when there is none.

    Raises ProjectError for a table that does not say what it must.
    """
    for directory in (start, *start.parents):
        file = directory / "pyproject.toml"
        if os.path.isfile(file):  # noqa: PTH113 -- False, too, where nothing may be looked up
            table = _table(file)
            return Project(directory) if table is None else _project(directory, table)
    return Project(start)


def load(project: Project, target: str) -> Any:
    """
    The object that a `module:name` names, with the project's directory first on `sys.path`.

    Raises ProjectError with the exception's type only: its text may hold a value.
    """
    module, _, name = target.partition(":")
    if not re.fullmatch(_TARGET, target):
        # it is not repeated: what has another form may be a secret in the wrong place
        raise ProjectError(
            "A settings class or a table of checks is not named in the form module:NAME.",
            "Write it as in `workers.settings:Settings`.",
        )
    if sys.path[:1] != [str(project.directory)]:
        sys.path.insert(0, str(project.directory))
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what it prints is no part of a report
            return getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever a foreign module raises
        kind = type(error).__name__
    raise ProjectError(
        f"{target} cannot be loaded ({kind}).", f'Try `python -c "import {module}"`.'
    )


def _table(file: Path) -> Mapping[str, Any] | None:
    import tomllib

    try:
        document = tomllib.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        document = None
    if document is None:
        raise ProjectError(f"{file} is not readable TOML.", "Correct it, or run elsewhere.")
    tool = document.get("tool")
    table = tool.get("workerctl") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ProjectError(f"[tool.workerctl] in {file} is not a table.")
    return table


def _project(directory: Path, table: Mapping[str, Any]) -> Project:
    for key in table:
        if key not in _KEYS:
            from workerctl.report.suggest import did_you_mean

            raise ProjectError(f"[tool.workerctl] has no setting {key}.", did_you_mean(key, _KEYS))
    secrets_dir = _text(table, "secrets_dir")
    return Project(
        directory=directory,
        settings=_text(table, "settings"),
        checks=_texts(table, "checks"),
        env_files=tuple(_under(directory, path) for path in _texts(table, "env_file")),
        secrets_dir=None if secrets_dir is None else _under(directory, secrets_dir),
        suppressions=tuple(_suppression(entry) for entry in _list(table, "ignore")),
        preload=_texts(table, "preload"),
        pipeline=_table_in(table, "pipeline"),
    )


def _under(directory: Path, path: str) -> str:
    """
    The path as a message should show it: short when the project is the working directory.
    """
    return path if directory == Path.cwd() else str(directory / path)


def _text(table: Mapping[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is None or isinstance(value, str):
        return value
    raise ProjectError(f"[tool.workerctl] {key} must be a string.")


def _texts(table: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    items = [value] if isinstance(value, str) else value
    if isinstance(items, list) and all(isinstance(item, str) for item in items):
        return tuple(items)
    raise ProjectError(f"[tool.workerctl] {key} must be a string or a list of strings.")


def _table_in(table: Mapping[str, Any], key: str) -> Mapping[str, Any] | None:
    value = table.get(key)
    if value is None or isinstance(value, dict):
        return value
    raise ProjectError(f"[tool.workerctl] {key} must be a table.")


def _list(table: Mapping[str, Any], key: str) -> list[Any]:
    value = table.get(key, [])
    if isinstance(value, list):
        return value
    raise ProjectError(f"[tool.workerctl] {key} must be an array of tables.")


def _suppression(entry: object) -> Suppression:
    """
    One `[[tool.workerctl.ignore]]`: a reason and a date are required, or it would stay for ever.
    """
    example = 'Write code = "RED003", reason = "…", until = 2027-01-31.'
    if not isinstance(entry, dict):
        raise ProjectError("[[tool.workerctl.ignore]] must be a table.", example)
    for key in entry:
        if key not in _IGNORE_KEYS:
            from workerctl.report.suggest import did_you_mean

            hint = did_you_mean(key, _IGNORE_KEYS) or example
            raise ProjectError(f"[[tool.workerctl.ignore]] has no setting {key}.", hint)
    code, reason, until = entry.get("code"), entry.get("reason"), entry.get("until")
    if not isinstance(code, str) or not isinstance(reason, str) or not reason.strip():
        raise ProjectError("[[tool.workerctl.ignore]] needs a code and a reason.", example)
    # a TOML date-time is a date to Python; only a day is meant here
    if type(until) is not date:
        raise ProjectError(f"The suppression of {code} needs a date `until`.", example)
    environments = _texts(entry, "env")
    if not set(environments) <= set(ENVIRONMENTS):
        hint = f"Name some of {', '.join(ENVIRONMENTS)}."
        raise ProjectError(f"The suppression of {code} names an unknown environment.", hint)
    return Suppression(code, reason.strip(), until, environments)
