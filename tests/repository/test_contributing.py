"""
The guide for contributors names files and functions that exist.
"""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from workerctl.checks.table import CHECKS

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
QUESTIONS = {
    "Where does the whole flow begin?",
    "Where is the exit code decided?",
    "Where do I add a report format?",
    "Where do I add a check?",
    "Where do I add a source?",
    "Which source takes precedence?",
    "Where is a default changed?",
    "What is the grammar of `.env`?",
    "What may `[tool.workerctl]` contain?",
    "What can a class say at a field?",
    "Where are the rules of a class found?",
    "Is this field secret?",
    "Where is a value masked?",
    "Where is KEY006?",
    "Where is SET007?",
    "How does a suppression work?",
    'Where is "Did you mean"?',
    "What does `workerctl run` do?",
    "Where does boot refuse to start?",
    "Where is the retry of a job decided?",
    "What happens on SIGTERM?",
    "What are the bytes of a token?",
}


class Row(NamedTuple):
    """
    A row of the table: a question, the file that answers it, and the names to look for in it.
    """

    question: str
    shown: str
    path: str
    names: tuple[str, ...]


ROWS = [
    Row(question, shown.replace("\\", ""), path, tuple(re.findall("`([^`]+)`", names)))
    for question, shown, path, names in re.findall(
        r"^\| (.+\?) \| \[(.+)\]\((.+)\) \| (.+) \|$", GUIDE, re.MULTILINE
    )
]


def definitions(body: list[ast.stmt], prefix: str = "") -> Iterator[str]:
    """
    Yield the names that a module defines: functions, constants, classes and their members.
    """
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield prefix + node.name
        if isinstance(node, ast.ClassDef):
            yield from definitions(node.body, f"{prefix}{node.name}.")
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        yield from (prefix + target.id for target in targets if isinstance(target, ast.Name))


def tree() -> Iterator[str]:
    """
    Yield the paths of the map, relative to the root of the repository.
    """
    (text,) = re.findall(r"```text\n(workerctl/\n.*?)```", GUIDE, re.DOTALL)
    parents: list[str] = []
    for line in text.splitlines():
        indent, name = re.match(r"( *)(\S+)", line).groups()
        parents = [*parents[: len(indent) // 2], name]
        yield "".join(parents)


def test_every_question_is_answered_once() -> None:
    """
    The table has one row for each question, and no others.
    """
    section = GUIDE.partition("## Where to look")[2].partition("##")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]

    assert {row.question for row in ROWS} == QUESTIONS
    assert len(ROWS) == len(QUESTIONS) == len(lines) - 1


@pytest.mark.parametrize("row", ROWS, ids=[row.question for row in ROWS])
def test_the_file_of_an_answer_defines_the_names_to_look_for(row: Row) -> None:
    """
    Each answer links to a file, by its path in the package, that defines the names it lists.
    """
    defined = set(definitions(ast.parse((ROOT / row.path).read_text("utf-8")).body))

    assert row.path == f"workerctl/{row.shown}"
    assert row.names
    assert set(row.names) <= defined


def test_no_two_answers_contradict_each_other() -> None:
    """
    Each name in the table is attributed to one file only.
    """
    files: dict[str, set[str]] = {}
    for row in ROWS:
        for name in row.names:
            files.setdefault(name, set()).add(row.path)

    assert {name: paths for name, paths in files.items() if len(paths) > 1} == {}


def test_the_checks_are_where_the_table_says() -> None:
    """
    The code of a check leads to the module that defines its function.
    """
    modules = {check.code: check.run.__module__ for check in CHECKS}
    codes = {name: row.path for row in ROWS for name in row.names if name in modules}

    assert set(codes) == {"KEY006", "SET007"}
    for code, path in codes.items():
        assert path == f"{modules[code].replace('.', '/')}.py"


def test_the_map_lists_every_folder_of_the_package() -> None:
    """
    The map lists every folder of the package, and no path that does not exist.
    """
    listed = list(tree())
    folders = {
        f"{path.parent.relative_to(ROOT).as_posix()}/"
        for path in (ROOT / "workerctl").rglob("__init__.py")
    }

    assert len(set(listed)) == len(listed)
    assert {path for path in listed if re.match("workerctl/.*/$|workerctl/$", path)} == folders
    assert [path for path in listed if not (ROOT / path).exists()] == []
    assert [path for path in listed if path.endswith("/") != (ROOT / path).is_dir()] == []


def test_the_map_is_in_the_order_of_the_layers() -> None:
    """
    The map lists the layers from top to bottom, as import-linter enforces them.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = [one["layers"] for one in contracts if one.get("containers") == ["workerctl"]]
    order = [name.strip() for layer in layers for name in layer.split("|")]
    listed = re.findall(r"^workerctl/(\w+)(?:/|\.py)$", "\n".join(tree()), re.MULTILINE)

    assert listed == order
