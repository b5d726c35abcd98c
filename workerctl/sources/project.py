"""
Read a team's configuration: `[tool.workerctl]` in the nearest `pyproject.toml`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workerctl.report.errors import ProjectError
from workerctl.report.findings import ENVIRONMENTS, Suppression
from workerctl.report.records import Record

if TYPE_CHECKING:
    from workerctl.sources.targets import Target

_KEYS = (
    *("settings", "checks", "env_file", "secrets_dir", "rendered_by"),
    *("ignore", "preload", "pipeline", "rules", "target", "baseline"),
)
BASELINE = "workerctl-baseline.json"
"""The file of known findings, unless the project names another one."""
RENDERERS = (
    *("1password", "ansible", "argocd", "aws", "azure", "bitwarden", "bws", "chamber", "chezmoi"),
    *("confd", "consul-template", "docker", "doppler", "dotenvx", "envsubst", "external-secrets"),
    *("github-actions", "gomplate", "helm", "infisical", "jinja", "kubernetes", "kustomize"),
    *("nomad", "op", "pulumi", "sops", "summon", "teller", "terraform", "vals", "vault"),
)
"""The tools that may render an env file before a worker reads it."""
_IGNORE_KEYS = ("code", "reason", "until", "env", "field")


class Project(Record):
    """
    The configuration of a team. Its paths are relative to the directory of the file.

    `settings` is a `module:Class` and `checks` are `module:TABLE`s. `preload` names what a worker
    imports or calls before it forks. `rendered_by` is the tool that renders the env files before a
    worker reads them. `baseline` is the file of known findings. `pipeline` is read by
    `workerctl.budget.declaration`, and `rules` by `workerctl.schema.rule_table`.
    """

    directory: Path
    settings: str | None = None
    checks: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    secrets_dir: str | None = None
    suppressions: tuple[Suppression, ...] = ()
    preload: tuple[str, ...] = ()
    pipeline: Mapping[str, Any] | None = None
    rules: Mapping[str, Any] | None = None
    targets: tuple[Target, ...] = ()
    rendered_by: str | None = None
    baseline: str | None = None

    def path(self, path: str) -> str:
        """
        Return a path of the project, relative to the working directory if the project is there.
        """
        return _under(self.directory, path)


def here() -> Project:
    """
    Return the project of the working directory.

    Raises ProjectError as `find` does, or if the working directory no longer exists.
    """
    try:
        start = Path.cwd()
    except OSError:
        start = None
    if start is None:
        raise ProjectError("The working directory no longer exists.", "Change to one that exists.")
    return find(start)


def find(start: Path) -> Project:
    """
    Return the nearest project at or above `start`, or an empty project in `start`.

    Raises ProjectError for a table that is not valid.
    """
    file = file_above(start)
    if file is None:
        return Project(start)
    table = _table(file)
    return Project(file.parent) if table is None else _project(file.parent, table)


def file_above(start: Path) -> Path | None:
    """
    Return the nearest pyproject.toml at or above `start`, or None.
    """
    for directory in (start, *start.parents):
        file = directory / "pyproject.toml"
        if os.path.isfile(file):  # noqa: PTH113 -- also False if permission is denied
            return file
    return None


def _table(file: Path) -> Mapping[str, Any] | None:
    import tomllib

    document = problem = None
    text = ""
    try:
        text = file.read_text("utf-8")
        document = tomllib.loads(text)
    except OSError as error:
        problem = f" cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = " is not UTF-8"
    except (ValueError, RecursionError) as error:
        problem = f"{_place_in_toml(error, text)} is not valid TOML"
    # Raised outside the handlers: the exception may hold the text of the file.
    if document is None:
        raise ProjectError(f"{file}{problem}.", "Correct it, or run in another directory.")
    tool = document.get("tool")
    table = tool.get("workerctl") if isinstance(tool, dict) else None
    if table is not None and not isinstance(table, dict):
        raise ProjectError(f"[tool.workerctl] in {file} is not a table.")
    return table


def _place_in_toml(error: Exception, text: str) -> str:
    """
    Return `:line:column` from the message of an error of tomllib, which may also quote a key.
    """
    found = re.search(r"\(at line ([0-9]+), column ([0-9]+)\)\Z", str(error))
    if found is not None:
        return f":{found[1]}:{found[2]}"
    return f":{len(text.splitlines())}" if str(error).endswith("(at end of document)") else ""


def _project(directory: Path, table: Mapping[str, Any]) -> Project:
    for key in table:
        if key not in _KEYS:
            from workerctl.report.suggest import did_you_mean
            from workerctl.secrecy.typed import named

            shown = named(key, "has a key that")
            message = f"[tool.workerctl] {shown} is not a known setting."
            raise ProjectError(message, did_you_mean(key, _KEYS))
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
        rules=_table_in(table, "rules"),
        targets=_targets(_list(table, "target")),
        rendered_by=_renderer(table),
        baseline=_text(table, "baseline"),
    )


def _targets(entries: list[Any]) -> tuple[Target, ...]:
    if not entries:
        return ()
    from workerctl.sources import targets  # most projects declare no targets

    return targets.parsed(entries)


def _under(directory: Path, path: str) -> str:
    """
    Return a path of the table, relative to the working directory if the project is there.
    """
    return path if directory == Path.cwd() else str(directory / path)


def _text(table: Mapping[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is None or isinstance(value, str):
        return value
    raise ProjectError(f"[tool.workerctl] {key} must be a string.")


def _renderer(table: Mapping[str, Any]) -> str | None:
    name = _text(table, "rendered_by")
    if name is None or name in RENDERERS:
        return name
    from workerctl.report.suggest import did_you_mean

    hint = did_you_mean(name, RENDERERS) or f"Choose from {', '.join(RENDERERS)}."
    raise ProjectError("[tool.workerctl] rendered_by does not name a known tool.", hint)


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
    Parse one `[[tool.workerctl.ignore]]`. A reason is required, and a date on which it expires.
    """
    example = 'Write code = "RED003", reason = "…", until = 2027-01-31.'
    if not isinstance(entry, dict):
        raise ProjectError("[[tool.workerctl.ignore]] must be a table.", example)
    for key in entry:
        if key not in _IGNORE_KEYS:
            from workerctl.report.suggest import did_you_mean
            from workerctl.secrecy.typed import named

            hint = did_you_mean(key, _IGNORE_KEYS) or example
            shown = named(key, "has a key that")
            raise ProjectError(f"[[tool.workerctl.ignore]] {shown} is not a known setting.", hint)
    code, reason, until = entry.get("code"), entry.get("reason"), entry.get("until")
    if not isinstance(code, str) or not isinstance(reason, str) or not reason.strip():
        raise ProjectError("[[tool.workerctl.ignore]] needs a code and a reason.", example)
    # Not isinstance: a TOML date-time is a subclass of date, and only a day is allowed.
    if type(until) is not date:
        raise ProjectError(f"The suppression of {code} needs a date `until`.", example)
    field = entry.get("field")
    if field is not None and (not isinstance(field, str) or not field):
        raise ProjectError(
            f"The field of the suppression of {code} must be a string.",
            'Write it like field = "DEBUG".',
        )
    environments = _texts(entry, "env")
    if not set(environments) <= set(ENVIRONMENTS):
        hint = f"Choose from {', '.join(ENVIRONMENTS)}."
        raise ProjectError(f"The suppression of {code} names an unknown environment.", hint)
    return Suppression(code.upper(), reason.strip(), until, environments, field)
