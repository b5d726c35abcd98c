"""
What else lies in a project: env files, the job queues that it depends on, and how it is started.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from workerctl.commands.discovery.files import Survey
from workerctl.report.records import Record

QUEUES = ("rq", "celery", "arq", "dramatiq")

_ENV_FILE = r"\.env(\..+)?|[\w.-]+\.env"
_TEMPLATE = r".*\b(example|sample|template|dist|tmpl|tpl)\b.*"
_PROCESSES = r"Procfile(\..+)?|(docker-)?compose([.-][\w.-]+)?\.ya?ml"
_REQUIREMENTS = r"(.*/)?requirements[\w.-]*\.(txt|in)|requirements/[\w.-]+\.(txt|in)"
_DEPTH = 2


class Surroundings(Record):
    """
    The paths of what was found, relative to the project.

    `templates` are env files to copy from. `queues` are pairs of a package and the file that
    requires it.
    """

    env_files: tuple[str, ...]
    templates: tuple[str, ...]
    queues: tuple[tuple[str, str], ...]
    processes: tuple[str, ...]


def look_around(directory: Path, survey: Survey) -> Surroundings:
    """
    Return what lies in the project's directory and in the folders directly in it.
    """
    paths = [
        folder.path + name
        for folder in survey.folders()
        if folder.path.count("/") < _DEPTH
        for name in folder.files
    ]
    env_files = [path for path in paths if re.fullmatch(_ENV_FILE, path.rpartition("/")[2])]
    templates = [path for path in env_files if re.fullmatch(_TEMPLATE, path)]
    requirements = [path for path in paths if re.fullmatch(_REQUIREMENTS, path)]
    return Surroundings(
        env_files=tuple(path for path in env_files if path not in templates),
        templates=tuple(templates),
        queues=tuple(_queues(directory, requirements)),
        processes=tuple(
            path for path in paths if re.fullmatch(_PROCESSES, path.rpartition("/")[2])
        ),
    )


def _queues(directory: Path, requirements: Iterable[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for path, lines in _requirements(directory, requirements):
        for line in lines:
            name = re.match(r"\s*([A-Za-z0-9._-]+)", line)
            package = name[1].lower() if name else ""
            if package in QUEUES and package not in seen:
                seen.add(package)
                yield package, path


def _requirements(directory: Path, paths: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """
    Yield each file that lists dependencies, with one text for each of them.
    """
    yield "pyproject.toml", list(_in_pyproject(document_of(directory / "pyproject.toml")))
    for path in paths:
        with suppress(OSError, ValueError):
            yield path, (directory / path).read_text("utf-8").splitlines()


def document_of(file: Path) -> Mapping[str, Any]:
    """
    Return a TOML document, an empty one if it cannot be read.
    """
    import tomllib

    with suppress(OSError, ValueError, RecursionError):
        return tomllib.loads(file.read_text("utf-8"))
    return {}


def _in_pyproject(document: Mapping[str, Any]) -> Iterator[str]:
    """
    Yield the dependencies, optional ones and groups included, in the formats of PEP 621 and Poetry.
    """
    project = _table(document, "project")
    poetry = _table(_table(document, "tool"), "poetry")
    groups = [_table(group, "dependencies") for group in _table(poetry, "group").values()]
    lists = [
        project.get("dependencies"),
        *_table(project, "optional-dependencies").values(),
        *_table(document, "dependency-groups").values(),
        *map(list, (_table(poetry, "dependencies"), *groups)),
    ]
    for each in lists:
        if isinstance(each, list):
            yield from (item for item in each if isinstance(item, str))


def _table(table: object, key: str) -> Mapping[str, Any]:
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, dict) else {}
