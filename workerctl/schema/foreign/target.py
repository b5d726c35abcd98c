"""
The settings class that a target names: `module:Name`.

Name is a class, an instance of one, or a function that returns one.
"""

from __future__ import annotations

import importlib
import inspect
import os
import re
from contextlib import suppress
from types import ModuleType
from typing import Any, get_type_hints

from pydantic import BaseModel
from pydantic_settings import BaseSettings

from workerctl.report import places
from workerctl.report.errors import ProjectError, UsageError, WorkerctlError
from workerctl.report.suggest import did_you_mean
from workerctl.schema.foreign.annotations import alternatives
from workerctl.schema.foreign.construction import CONSTRUCTIONS
from workerctl.schema.foreign.judged import JudgedEnvironment
from workerctl.sources import modules
from workerctl.sources.project import Project

_TARGET = r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*"
_USABLE = (
    "Name a class derived from pydantic_settings.BaseSettings, an instance of one, or a function "
    "that returns one."
)
_OTHERS = {
    "pydantic.v1": "belongs to pydantic v1",
    "pydantic.env_settings": "belongs to pydantic v1",
    "dynaconf": "belongs to Dynaconf",
    "environs": "belongs to environs",
    "decouple": "belongs to python-decouple",
}


def settings_class(
    target: Any, project: Project, environment: JudgedEnvironment
) -> type[BaseSettings]:
    """
    Import the target under the judged environment, and return its settings class.

    A class that has been imported is its own target.

    Raises ProjectError for a module that does not load, UsageError for a name that is not a
    settings class, an instance or a function.
    """
    if not isinstance(target, str):
        return _class_of(getattr(target, "__name__", "The object"), target)
    if not re.fullmatch(_TARGET, target) or os.path.isfile(target.partition(":")[0]):  # noqa: PTH113
        raise modules.wrong_form(target, "A settings class")
    modules.make_importable(project.directory, target.partition(":")[0])
    failure: WorkerctlError | None = None
    found: type[BaseSettings] | None = None
    try:
        with environment.entered(), CONSTRUCTIONS.lenient():
            found = _class_of(target, _object(target))
    except KeyboardInterrupt:
        raise
    except (UsageError, ProjectError) as error:
        failure = error.with_traceback(None)
    except BaseException as error:  # noqa: BLE001 -- whatever a team's module raises
        found = _defined_before(target, error)
        failure = None if found is not None else _failure(target, error)
    # Raised outside the handler, so that the exception of the module does not become the context.
    if found is None:
        raise failure or _refused(target, "is not a settings class")
    return found


def _object(target: str) -> Any:
    module, _, name = target.partition(":")
    found: Any = importlib.import_module(module)
    for part in name.split("."):
        if not hasattr(found, part):
            raise _no_such_name(target, found)
        found = getattr(found, part)
    return found


def _class_of(target: str, found: Any) -> type[BaseSettings]:
    """
    Return the settings class of an object. Raises UsageError if it has none.
    """
    if isinstance(found, BaseSettings):
        return type(found)
    if _is_settings_class(found):
        return found  # type: ignore[no-any-return]
    if isinstance(found, type) or not callable(found) or inspect.iscoroutinefunction(found):
        raise _refused(target, _what_it_is(found))
    declared = _returned_by(found)
    if declared is not None:
        return declared
    made = found()
    with suppress(AttributeError):
        found.cache_clear()  # the instance may lack values
    if isinstance(made, BaseSettings):
        return type(made)
    raise _refused(target, f"returns an object that {_what_it_is(made)}")


def _is_settings_class(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseSettings) and found is not BaseSettings


def _returned_by(function: Any) -> type[BaseSettings] | None:
    hints: dict[str, Any] = {}
    with suppress(Exception):  # a name that only a type checker imports
        hints = get_type_hints(inspect.unwrap(function))
    kinds = [kind for kind in alternatives(hints.get("return")) if _is_settings_class(kind)]
    return kinds[0] if len(kinds) == 1 else None


def _defined_before(target: str, error: BaseException) -> type[BaseSettings] | None:
    """
    Return the class if the module defines it before it fails for want of values.

    A module that connects to a database with `settings.url` fails where the variable is not set.
    """
    module, _, name = target.partition(":")
    if not CONSTRUCTIONS.has_failed:
        return None
    for frame in places.modules(error):
        if frame.f_globals.get("__name__") == module:
            found = frame.f_globals.get(name)
            if isinstance(found, BaseSettings):
                return type(found)
            if _is_settings_class(found):
                return found
            return None if not callable(found) else _returned_by(found)
    return None


def _failure(target: str, error: BaseException) -> WorkerctlError:
    """
    Return the error for a target that does not load: where, and which type, never the text.
    """
    if type(error).__name__ == "PydanticImportError":
        place = places.last_of(error)
        where = "" if place is None else f" at {place.where}"
        return _refused(target, f"uses a name that only pydantic v1 has{where}")
    return modules.not_loaded(target, error)


def is_at_or_below(module: str, package: str) -> bool:
    """
    Return whether a module is the package, or in it.
    """
    return module == package or module.startswith(f"{package}.")


def _no_such_name(target: str, found: Any) -> UsageError:
    module, _, name = target.partition(":")
    if not isinstance(found, ModuleType):
        return UsageError(f"{target} does not exist.", "Check the name.")
    known = [
        each
        for each, value in vars(found).items()
        if isinstance(value, BaseSettings) or _is_settings_class(value)
    ]
    only = f"Did you mean {module}:{known[0]}?" if len(known) == 1 else None
    hint = did_you_mean(name, known) or only or "Check the name."
    return UsageError(f"The module {module} has no {name}.", hint)


def _refused(target: str, what: str) -> UsageError:
    return UsageError(f"{target} {what}.", _USABLE)


def _what_it_is(found: Any) -> str:
    kind = found if isinstance(found, type) else type(found)
    origins = [getattr(base, "__module__", "") for base in kind.__mro__]
    for package, words in _OTHERS.items():
        if any(is_at_or_below(str(origin), package) for origin in origins):
            return words
    if found is BaseSettings:
        return "is BaseSettings itself, which has no fields"
    if issubclass(kind, BaseModel):
        return "is a pydantic model that reads no variables"
    return "is not a settings class of pydantic-settings"
