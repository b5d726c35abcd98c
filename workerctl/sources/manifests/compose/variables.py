"""
The environment of a service: `environment`, and the files of `env_file`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from workerctl.report.records import Record
from workerctl.sources.manifests.compose import envfiles, paths
from workerctl.sources.manifests.compose.envfiles import Setting
from workerctl.sources.manifests.compose.interpolation import Text
from workerctl.sources.manifests.compose.project import Project
from workerctl.sources.manifests.compose.values import Value, source
from workerctl.sources.manifests.containers import Fact, Variable

_A_TEXT = "Write the value as a text."
_REFUSED = {
    "map": ("docker compose refuses a mapping as the value of a variable.", _A_TEXT),
    "seq": ("docker compose refuses a list as the value of a variable.", _A_TEXT),
    "time": ("docker compose reads this value as a date, and refuses it.", "Quote the value."),
}


class Environment(Record):
    """
    The variables of a service, and the sources of variables that are not here.
    """

    variables: dict[str, Variable]
    further: tuple[Fact[str], ...]

    def __repr__(self) -> str:
        return f"Environment({len(self.variables)} variables)"


def environment(
    project: Project, service: Value, names: Mapping[str, Text], settings: Mapping[str, Setting]
) -> Environment:
    """
    Return the environment of a service.

    `names` are the variables of docker compose itself, and `settings` those of them that are from
    `.env`.
    """
    further: list[Fact[str]] = []
    own: dict[str, Variable] = {}
    known: dict[str, Text] = {}
    for name, value in _entries(project, service, further):
        text = names.get(name) if value.kind == "null" else _text(value)
        own[name] = _variable(name, value, text, settings)
        if text is not None:
            known[name] = text
    found: dict[str, Variable] = {}
    texts = dict(known)
    for file in _env_files(service).values():
        for name, setting in _settings(project, file, {**known, **names}, texts, further).items():
            found[name] = _from_file(setting)
            texts[name] = setting.text
    return Environment({**found, **own}, tuple(further))


def _text(value: Value) -> Text:
    return Text(value.value, value.missing, value.is_literal)


def _variable(
    name: str, value: Value, text: Text | None, settings: Mapping[str, Setting]
) -> Variable:
    if text is None:
        return Variable(None, value.location, source((name,)))
    if text.missing:
        return Variable(None, value.location, source(text.missing), partial=text.text)
    if value.kind == "null":
        setting = settings.get(name)
        return Variable(text.text, value.location if setting is None else setting.location)
    return Variable(text.text, value.location, in_clear=text.is_literal)


def _from_file(setting: Setting) -> Variable:
    if setting.text.missing:
        missing = source(setting.text.missing)
        return Variable(None, setting.location, missing, partial=setting.text.text)
    return Variable(setting.text.text, setting.location)


def _entries(
    project: Project, service: Value, further: list[Fact[str]]
) -> Iterator[tuple[str, Value]]:
    """
    Yield the names of `environment`, each with its value, null for one that is passed on.
    """
    value = service.entries.get("environment")
    if value is None:
        return
    for name, each in value.entries.items():
        if each.kind in _REFUSED:
            project.remark(each.location, *_REFUSED[each.kind])
        else:
            yield name, each
    for item in value.items:
        if item.written is None:
            problem = "This is not an assignment: docker compose refuses it."
            project.remark(item.location, problem, "Write it as `NAME=value`.")
            continue
        name, separator, text = item.written.partition("=")
        if "$" in name and item.missing:
            further.append(Fact(source(item.missing), item.location))
        elif name and name[-1:].isspace():
            project.remark(item.location, "The name of a variable ends in white space.")
        elif name:
            kind = "str" if separator else "null"
            yield name, item.replace(kind=kind, value=text)
    if value.kind not in {"map", "seq"}:
        project.remark(value.location, "The environment is neither a mapping nor a list.")


def _env_files(service: Value) -> dict[object, Value]:
    """
    Return the env files of a service by path; the last of those with the same path counts.
    """
    value = service.get("env_file")
    files: dict[object, Value] = {}
    for item in () if value is None else value.listed:
        path = item.get("path") if item.kind == "map" else item
        if path is not None and path.written:
            files[path.path or path.written] = item
    return files


def _settings(
    project: Project,
    file: Value,
    names: Mapping[str, Text],
    texts: Mapping[str, Text],
    further: list[Fact[str]],
) -> dict[str, Setting]:
    path = file.entries.get("path", file) if file.kind == "map" else file
    form = file.get("format")
    where = path.path
    if where is None or not paths.is_file(where):
        named = "an env file" if where is None else f"the env file {where}"
        further.append(Fact(named, path.location))
        return {}
    return envfiles.read(project, where, names, texts, "" if form is None else form.text or "")
