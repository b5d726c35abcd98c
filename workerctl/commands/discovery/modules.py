"""
What a module says by its syntax: what it imports, defines and creates at its top level.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator

from workerctl.report.records import Record

_SOURCE_FOLDER = "src/"


class Definition(Record):
    """
    A class, a function or a variable of a module, with the names that decide what it is.

    `refers_to` holds the bases of a class, the class that a function returns, or the one whose
    instance a variable is. `parts` are the names in the annotations of a class.
    """

    kind: str
    name: str
    line: int
    refers_to: tuple[str, ...]
    parts: frozenset[str] = frozenset()


class Module(Record):
    """
    A module: its name as it is imported, its file, and what it defines.

    `imports` maps a local name to the dotted name of what it stands for.
    """

    name: str
    file: str
    imports: dict[str, str]
    definitions: tuple[Definition, ...]

    def absolute(self, name: str) -> str:
        """
        Return the dotted name that a name in this module stands for.
        """
        first, dot, rest = name.partition(".")
        return self.imports.get(first, f"{self.name}.{first}") + dot + rest


def module_name(path: str, *, is_layout: bool) -> str | None:
    """
    Return the name by which a file of the project is imported, or None if it has none.

    With `is_layout`, the folder `src` is on the import path.

        >>> module_name("src/app/config/__init__.py", is_layout=True)
        'app.config'
    """
    inner = path.removeprefix(_SOURCE_FOLDER) if is_layout else path
    parts = inner.removesuffix(".py").split("/")
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) if parts and all(map(str.isidentifier, parts)) else None


def parsed(path: str, content: bytes, *, is_layout: bool) -> Module | None:
    """
    Return the module in a file, or None if it is not valid Python or cannot be imported.
    """
    name = module_name(path, is_layout=is_layout)
    if name is None:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of an invalid escape sequence, say
            tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    statements = list(_statements(tree.body))
    package = name if path.endswith("/__init__.py") else name.rpartition(".")[0]
    imports = dict(each for node in statements for each in _imported(node, package))
    definitions = tuple(each for node in statements for each in _defined(node))
    return Module(name, path, imports, definitions)


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """
    Yield the statements of a module, including those in `if` and `try`.
    """
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _statements([*node.body, *node.orelse])
        if isinstance(node, ast.Try):
            handled = (each for handler in node.handlers for each in handler.body)
            yield from _statements([*handled, *node.finalbody])


def _imported(node: ast.stmt, package: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            first = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (first, first)
    elif isinstance(node, ast.ImportFrom):
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = [*(parents if node.level else []), *([node.module] if node.module else [])]
        for alias in node.names:
            yield alias.asname or alias.name, ".".join([*base, alias.name])


def _defined(node: ast.stmt) -> Iterator[Definition]:
    if isinstance(node, ast.ClassDef):
        bases = tuple(filter(None, map(_dotted, node.bases)))
        yield Definition("class", node.name, node.lineno, bases, frozenset(_parts(node)))
    elif isinstance(node, ast.FunctionDef):
        returned = _dotted(node.returns)
        if returned and not _requires_arguments(node.args):
            yield Definition("function", node.name, node.lineno, (returned,))
    elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Call):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        made = _dotted(node.value.func)
        if made and isinstance(targets[0], ast.Name):
            yield Definition("instance", targets[0].id, node.lineno, (made,))


def _parts(node: ast.ClassDef) -> Iterator[str]:
    for statement in node.body:
        if isinstance(statement, ast.AnnAssign):
            for each in ast.walk(statement.annotation):
                if isinstance(each, ast.Name | ast.Attribute | ast.Constant):
                    yield _dotted(each)


def _requires_arguments(arguments: ast.arguments) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional > 0 or None in arguments.kw_defaults


def _dotted(node: ast.expr | None) -> str:
    """
    Return the dotted name that an expression consists of, or "" for any other expression.
    """
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        value = _dotted(node.value)
        return value and f"{value}.{node.attr}"
    if isinstance(node, ast.Subscript):  # a generic class
        return _dotted(node.value)
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    text = str(node.value) if is_text and isinstance(node, ast.Constant) else ""
    return text if all(map(str.isidentifier, text.split("."))) else ""
