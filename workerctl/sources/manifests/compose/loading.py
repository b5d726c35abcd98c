"""
Loading compose files: interpolated, with what they include and extend, and merged.
"""

from __future__ import annotations

from collections.abc import Mapping

from workerctl.report.errors import SourceError
from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources.dialects.templates import InvalidTemplateError
from workerctl.sources.manifests.compose import envfiles, merging, paths, scalars
from workerctl.sources.manifests.compose.interpolation import Interpolator, Text
from workerctl.sources.manifests.compose.merging import Path
from workerctl.sources.manifests.compose.project import Project, label
from workerctl.sources.manifests.compose.values import Value
from workerctl.sources.manifests.documents import Node

_LONGEST_CHAIN = 50
_WORK_PER_NODE = 20
_INCLUDED = ("services", "volumes", "networks", "secrets", "configs", "models")
_RESET, _OVERRIDE = "!reset", "!override"


class Context(Record):
    """
    What holds for the files that are merged with each other.

    `base` is the directory from which their paths start, and `names` are the variables that they
    may refer to. `including` are the files that include them.
    """

    project: Project
    base: str
    names: Mapping[str, Text]
    including: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Context({self.base!r})"


class _Document(Record):
    """
    A document of a compose file, and where it has the tags that remove what others say.
    """

    file: str
    tree: Value
    removed: tuple[Path, ...]


def load(context: Context, files: tuple[str, ...]) -> Value | None:
    """
    Return the model of several files, of which later ones prevail; None if all are empty.

    Raises SourceError if a file cannot be read, is not YAML, or has a `${` that is not valid.
    """
    model: Value | None = None
    for file in files:
        for document in _documents(context, file):
            tree = _with_included(context, document)
            tree = _with_extended(context, document, tree)
            model = _added(context, model, document.replace(tree=tree))
    return model


def _added(context: Context, model: Value | None, document: _Document) -> Value:
    if model is None:
        return document.tree
    rest = merging.without(model, document.removed)
    return merging.merged(context.project, rest, document.tree)


def dot_env(context: Context, directory: str) -> dict[str, envfiles.Setting]:
    """
    Return what the `.env` of a directory sets, if there is one.
    """
    path = paths.joined(directory, ".env")
    if not paths.is_file(path):
        return {}
    return envfiles.read(context.project, path, context.names)


def _documents(context: Context, file: str) -> list[_Document]:
    found = []
    for node in context.project.documents(file):
        if node.kind != "map":
            raise SourceError(f"{node.location} is not a mapping.", "Specify a compose file.")
        maker = _Maker(context)
        tree = maker.value(node, ())
        if tree is not None:
            found.append(_Document(file, tree, tuple(maker.removed)))
    return found


class _Maker:
    """
    Makes values of the nodes of a document, and remembers where `!reset` and `!override` are.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._interpolator = Interpolator(context.names, context.project.spend)
        self.removed: list[Path] = []

    def value(self, node: Node, path: Path) -> Value | None:
        self._context.project.spend(_WORK_PER_NODE)
        if node.tag in {_RESET, _OVERRIDE}:
            self.removed.append(path)
        if node.tag == _RESET:
            return None
        base, location = self._context.base, node.location
        if node.kind == "map":
            entries = {key: self.value(each, (*path, key)) for key, each in node.entries.items()}
            known = {key: each for key, each in entries.items() if each is not None}
            return Value("map", known, location, base=base)
        if node.kind == "seq":
            items = (self.value(each, (*path, "-")) for each in node.items)
            return Value(
                "seq", tuple(each for each in items if each is not None), location, base=base
            )
        return self._scalar(node)

    def _scalar(self, node: Node) -> Value:
        is_resolved = node.is_plain or node.kind != "str"
        kind, text = scalars.resolved(node.value) if is_resolved else ("str", node.value)
        found = Text(text)
        problem = None
        if kind == "str":
            try:
                found = self._interpolator.text(text)
            except InvalidTemplateError:
                problem = f"{node.location} has a `${{` that docker compose does not accept."
            except SourceError as error:
                problem = f"{node.location}: {error.message}"
        # Raised outside of the handlers: no context may have the text.
        if problem is not None:
            raise SourceError(problem, "Correct the reference, or write `$$` for a dollar sign.")
        return Value(
            kind=kind,
            value=found.text,
            location=node.location,
            missing=found.missing,
            is_literal=found.is_literal,
            base=self._context.base,
        )


def _with_included(context: Context, document: _Document) -> Value:
    """
    Return the tree of a document with what it includes.
    """
    tree = document.tree
    include = tree.get("include")
    if include is None:
        return tree
    entries = {key: value for key, value in tree.entries.items() if key != "include"}
    including = (*context.including, paths.identity(document.file))
    for item in include.listed:
        model = _included(context, including, item)
        for section in _INCLUDED if model is not None else ():
            found = None if model is None else model.get(section)
            if found is not None:
                own = merging.without(
                    Value("map", {section: found}, found.location), document.removed
                )
                found = own.entries.get(section, found)
                mine = entries.get(section, Value("map", {}, found.location))
                entries[section] = merging.merged(context.project, found, mine, (section,))
    return tree.replace(value=entries)


def _included(context: Context, including: tuple[str, ...], item: Value) -> Value | None:
    project = context.project
    path = item.entries.get("path", item) if item.kind == "map" else item
    files = [_file(project, each, "includes") for each in path.listed]
    known = tuple(each for each in files if each is not None)
    if not known or len(known) < len(files):
        return None
    if paths.identity(known[0]) in including:
        raise SourceError(f"{item.location} includes itself.", "Remove one of the includes.")
    if len(including) > _LONGEST_CHAIN:
        raise SourceError(f"{item.location} is included too deep.", "Simplify the files.")
    directory = item.get("project_directory")
    base = paths.directory(known[0]) if directory is None else directory.path
    if base is None:
        return None
    inner = Context(project, base, context.names, including)
    env_file = item.get("env_file")
    settings: dict[str, envfiles.Setting] = {}
    if env_file is None:
        settings = dot_env(inner, base)
    for each in () if env_file is None else env_file.listed:
        if each.path is not None and paths.is_file(each.path):
            earlier = {name: setting.text for name, setting in settings.items()}
            settings |= envfiles.read(project, each.path, context.names, earlier)
    names = {name: setting.text for name, setting in settings.items()}
    return load(inner.replace(names={**names, **context.names}), known)


def _file(project: Project, value: Value, verb: str) -> str | None:
    """
    Return the path of another compose file that can be read here.

    Otherwise, note why not, and return None.
    """
    path = value.path
    if value.missing or value.kind != "str":
        return None
    text = value.text or ""
    if path is None or "://" in text or text.startswith(("git@", "oci:")):
        project.leave(value.location)
        return None
    if not paths.is_file(path):
        project.remark(value.location, f"This {verb} a file that does not exist.")
        return None
    return path


def _with_extended(context: Context, document: _Document, tree: Value) -> Value:
    """
    Return a tree whose services have what they extend.
    """
    services = tree.get("services")
    if services is None or services.kind != "map":
        return tree
    extension = _Extension(context, {})
    own = _Services(document.file, dict(services.entries), document.removed)
    for name in services.entries:
        extension.extended(own, name, ())
    return tree.replace(value={**tree.entries, "services": services.replace(value=own.entries)})


class _Services(Record):
    """
    The services of a file, which are replaced as they are extended.
    """

    file: str
    entries: dict[str, Value]
    removed: tuple[Path, ...]


class _Extension(Record):
    """
    Extends services; `files` has the services of the other files by their paths.
    """

    context: Context
    files: dict[str, _Services | None]

    def extended(self, services: _Services, name: str, chain: tuple[tuple[str, str], ...]) -> Value:
        """
        Return a service with what it extends, directly or not.
        """
        service = services.entries[name]
        extends = service.get("extends")
        if extends is None:
            return service
        at = (paths.identity(services.file), name)
        if at in chain or len(chain) > _LONGEST_CHAIN:
            raise SourceError(
                f"{extends.location} extends itself.", "Remove one of the services from the chain."
            )
        entries = {key: each for key, each in service.entries.items() if key != "extends"}
        service = service.replace(value=entries)
        found = self._base(services, name, extends)
        if found is not None:
            others, ref = found
            base = self.extended(others, ref, (*chain, at))
            base = merging.without(base, services.removed, ("services", name))
            if base.kind == "map":
                path = ("services", name)
                service = merging.merged(self.context.project, base, service, path)
                service = service.replace(location=services.entries[name].location)
        services.entries[name] = service
        return service

    def _base(self, services: _Services, name: str, extends: Value) -> tuple[_Services, str] | None:
        ref = extends.get("service") if extends.kind == "map" else extends
        wanted = None if ref is None else ref.text
        if ref is None or wanted is None:
            if ref is None or not ref.missing:
                self._remark(extends.location, name, "extends no service")
            return None
        file = extends.get("file")
        others: _Services | None = services
        if file is not None:
            path = _file(self.context.project, file, "extends")
            others = None if path is None else self._services(path)
        if others is None:
            return None
        if wanted not in others.entries:
            self._remark(extends.location, name, "extends a service that does not exist")
            return None
        return others, wanted

    def _services(self, path: str) -> _Services | None:
        if path not in self.files:
            self.files[path] = self._loaded(path)
        return self.files[path]

    def _loaded(self, path: str) -> _Services | None:
        inner = self.context.replace(base=paths.directory(path))
        model: Value | None = None
        removed: tuple[Path, ...] = ()
        for document in _documents(inner, path):
            removed = document.removed
            model = _added(inner, model, document)
        services = None if model is None else model.get("services")
        return None if services is None else _Services(path, dict(services.entries), removed)

    def _remark(self, location: Location, name: str, what: str) -> None:
        self.context.project.remark(location, f"The service {label(name)} {what}.")
