"""
Import what a project names in its modules: a settings class, a table of checks.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

from workerctl.report import places
from workerctl.report.errors import ProjectError
from workerctl.secrecy.typed import may_repeat
from workerctl.sources.project import Project

_TARGET = r"[A-Za-z_][\w.]*:[A-Za-z_]\w*"


def load(project: Project, target: str) -> Any:
    """
    Return the object named by `module:name`, imported with the project's directory on `sys.path`.

    So is its folder `src`, if that holds the module.

    Raises ProjectError with the type and the line of the exception only, because its message may
    hold a value.
    """
    module, _, name = require_target(target).partition(":")
    make_importable(project.directory, module)
    try:
        # Whatever the module prints must not mix with a report.
        with contextlib.redirect_stdout(sys.stderr):
            return getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- a team's module may raise anything
        problem = not_loaded(target, error)
    raise problem


def not_loaded(target: str, error: BaseException) -> ProjectError:
    """
    Return the error for a target whose module does not load: what is wrong and where.

    The message has the type of the exception and the line of the team that is nearest to it, but
    not its text, which may hold a value.
    """
    module, _, name = target.partition(":")
    place = places.last_of(error)
    where = "" if place is None else f" at {place.where}"
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing and f"{module}.".startswith(f"{missing}."):
        return ProjectError(
            f"{target} cannot be loaded: there is no module {missing}.",
            "Check the name, and the directory in which the command runs.",
        )
    kind = type(error).__name__
    hint = f'Try `python -c "import {module}"`.'
    # Not getattr, which may call a team's code; if there is a function, its call failed.
    if callable(getattr(sys.modules.get(module), "__dict__", {}).get(name)):
        hint = f'Try `python -c "import {module}; {module}.{name}()"`.'
    unset = places.unset_variable(error)
    if unset is not None:
        return ProjectError(
            f"{target} cannot be loaded: {unset} is not set (KeyError{where}).",
            "Set it, or read it with os.environ.get().",
        )
    if missing and places.is_imported_by_name(missing, error):
        hint = _not_installed(missing)
    return ProjectError(f"{target} cannot be loaded ({kind}{where}).", hint)


def _not_installed(module: str) -> str:
    """
    Return the hint for a dependency of a team that is missing where workerctl is installed.
    """
    missing = f"{module} is not installed in the environment of workerctl, {sys.prefix}"
    if os.environ.get("PRE_COMMIT"):  # which installs a hook into a separate environment
        return (
            f"{missing}: list its package in `additional_dependencies` of the hook, or use "
            "`language: system` and the project's workerctl."
        )
    if os.environ.get("GITHUB_ACTION_PATH"):  # in a step of an action, which has its own one, too
        return (
            f"{missing}: install workerctl together with the project, and name its path as "
            "the input `executable` of the action."
        )
    return f"{missing}: install it there, or use the workerctl of the project's environment."


def require_target(target: str) -> str:
    """
    Return a target of the form `module:name`.

    Raises ProjectError for any other text.
    """
    if re.fullmatch(_TARGET, target):
        return target
    raise wrong_form(target, "A settings class or a table of checks")


def wrong_form(target: str, what: str) -> ProjectError:
    """
    Return the error for a target that does not have the form `module:name`.

    Its text is shown only if it cannot be a misplaced secret. A path, or a name after a dot, gets a
    hint.
    """
    path, _, name = target.partition(":")
    module = path.removesuffix(".py").replace(os.sep, ".").strip(".")
    last = path.rpartition(".")[2]
    if path == module and not name and last[:1].isupper():
        module, name = path.removesuffix(f".{last}"), last
    likely = f"{module}:{name or 'Settings'}"
    parts = [part for part in target.split(":") if part]
    is_shown = bool(parts) and all(map(may_repeat, parts))
    is_likely = is_shown and module != name and re.fullmatch(_TARGET, likely)
    return ProjectError(
        f"{target} does not have the form module:Name."
        if is_shown
        else f"{what} is not named in the form module:NAME.",
        f"Did you mean {likely}?" if is_likely else "Write it like `app.config:Settings`.",
    )


def make_importable(directory: Path, module: str) -> None:
    """
    Put the directory first on `sys.path` and, right after it, its `src` if the module is there.
    """
    first = module.partition(".")[0]
    source = directory / "src"
    is_there = (source / first).is_dir() or (source / f"{first}.py").is_file()
    if is_there and str(source) not in sys.path:
        sys.path.insert(0, str(source))
    if sys.path[:1] != [str(directory)]:
        sys.path.insert(0, str(directory))
