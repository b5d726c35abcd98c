"""
The settings classes of a project, found in its syntax.

    found = discover(Survey(directory))
    found.chosen.target  # "app.config:Settings"

A settings class is derived, directly or not, from pydantic_settings.BaseSettings. Names are
followed through the imports of the project's own modules; nothing is imported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from workerctl.commands.discovery.files import Survey
from workerctl.commands.discovery.modules import Definition, Module, parsed
from workerctl.report.records import Record

BUILT_IN = "workerctl.settings.Settings"

_ROOTS = frozenset(
    {"pydantic_settings.BaseSettings", "pydantic_settings.main.BaseSettings", BUILT_IN}
)
_FIRST_WORDS = (b"BaseSettings", b"workerctl.settings")
_IMPORTS_SRC = rb"^\s*(from|import)\s+src\b"
_MOST_PARSED = 300
_ROUNDS = 4


class Found(Record):
    """
    A settings class, or a function or an instance that gives one, with its place.

    `of` is the dotted name of the class. `is_used` says that the class is instantiated at the top
    level of a module or returned by a function, and `is_part` that it is a field or a base of
    another settings class.
    """

    kind: str
    target: str
    file: str
    line: int
    of: str
    is_used: bool = False
    is_part: bool = False


class Discovery(Record):
    """
    What was found: the classes, the most likely one first, then what gives an instance of one.

    `is_complete` is false if the project is too large to be read whole.
    """

    classes: tuple[Found, ...]
    givers: tuple[Found, ...]
    is_complete: bool

    @property
    def chosen(self) -> Found | None:
        """
        The class that the project uses, if that is clear; a function that chooses among several.
        """
        used = [each for each in self.classes if each.is_used]
        whole = [each for each in used or self.classes if not each.is_part]
        for candidates in (self.classes, used, whole):
            if len(candidates) == 1:
                return self._function_for(candidates[0]) or candidates[0]
        return None

    def _function_for(self, found: Found) -> Found | None:
        """
        Return the function that returns a class or one derived from it, if there are such classes.
        """
        if not found.is_part:
            return None
        functions = (each for each in self.givers if each.kind == "function")
        return next((each for each in functions if each.of == found.of), None)


def discover(survey: Survey) -> Discovery:
    """
    Return the settings classes of a project.
    """
    modules: dict[str, Module] = {}
    classes: dict[str, Definition] = {}
    words: tuple[bytes, ...] = _FIRST_WORDS
    is_layout = has_source_layout(survey)
    is_complete = True
    for _ in range(_ROUNDS):
        # A further module matters only if it names a class that was found.
        is_complete = _parse(survey, words, modules, is_layout=is_layout)
        found = _classes(modules)
        if found.keys() == classes.keys():
            break
        classes = found
        words = (*_FIRST_WORDS, *sorted({each.name.encode() for each in found.values()}))
    everything = list(_found(modules, classes))
    return Discovery(
        classes=tuple(sorted((one for one in everything if one.kind == "class"), key=_order)),
        givers=tuple(sorted((one for one in everything if one.kind != "class"), key=_order)),
        is_complete=is_complete and survey.is_complete,
    )


def has_source_layout(survey: Survey) -> bool:
    """
    Return whether `src` holds the packages of the project, and is not a package itself.
    """
    return not any(
        source.path == "src/__init__.py" or re.search(_IMPORTS_SRC, source.content, re.MULTILINE)
        for source in survey.sources
    )


def _parse(
    survey: Survey, words: tuple[bytes, ...], modules: dict[str, Module], *, is_layout: bool
) -> bool:
    """
    Add the modules that hold one of the words. Return whether all of them were parsed.
    """
    known = {module.file for module in modules.values()}
    for source in survey.sources:
        if source.path in known or not any(word in source.content for word in words):
            continue
        if len(modules) >= _MOST_PARSED:
            return False
        module = parsed(source.path, source.content, is_layout=is_layout)
        if module is not None:
            modules.setdefault(module.name, module)
    return True


def _classes(modules: dict[str, Module]) -> dict[str, Definition]:
    """
    Return the settings classes by their dotted names.
    """
    found: dict[str, Definition] = {}
    size = -1
    while size != len(found):
        size = len(found)
        for module, definition in _definitions(modules):
            is_settings = any(
                name in _ROOTS or name in found
                for name in _resolved(modules, module, definition.refers_to)
            )
            if definition.kind == "class" and is_settings:
                found[f"{module.name}.{definition.name}"] = definition
    found.pop(BUILT_IN, None)  # in workerctl's own repository
    return found


def _definitions(modules: dict[str, Module]) -> Iterator[tuple[Module, Definition]]:
    for module in modules.values():
        yield from ((module, definition) for definition in module.definitions)


def _resolved(modules: dict[str, Module], module: Module, names: Iterable[str]) -> Iterator[str]:
    """
    Yield the dotted names of what names in a module stand for, where they are defined.
    """
    for name in names:
        dotted = module.absolute(name)
        for _ in range(_ROUNDS):
            # A package may import the class from one of its modules.
            owner = modules.get(dotted.rpartition(".")[0])
            last = dotted.rpartition(".")[2]
            if owner is None or last not in owner.imports:
                break
            dotted = owner.imports[last]
        yield dotted


def _found(modules: dict[str, Module], classes: dict[str, Definition]) -> Iterator[Found]:
    of_givers: dict[tuple[str, str], str] = {}
    parts: set[str] = set()
    for module, one in _definitions(modules):
        names = [name for name in _resolved(modules, module, one.refers_to) if name in classes]
        if one.kind == "class":
            if f"{module.name}.{one.name}" in classes:
                parts.update(names, _resolved(modules, module, filter(None, one.parts)))
        elif names:
            of_givers[module.name, one.name] = names[0]
    used = set(of_givers.values())
    for module, one in _definitions(modules):
        dotted = f"{module.name}.{one.name}"
        of = dotted if one.kind == "class" else of_givers.get((module.name, one.name))
        if of in classes and of is not None:
            target = f"{module.name}:{one.name}"
            yield Found(one.kind, target, module.file, one.line, of, of in used, of in parts)


def _order(found: Found) -> tuple[object, ...]:
    """
    Return a key that sorts the most likely target first.
    """
    is_example = found.file.startswith(("docs/", "examples/", "example/", "scripts/"))
    is_plain = found.target.endswith(":Settings")
    depth = found.file.count("/")
    return is_example, found.is_part, not found.is_used, not is_plain, depth, found.file, found.line
