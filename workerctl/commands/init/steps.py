"""
What comes after `workerctl init`: targets, a baseline, the hook and the job of CI.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from workerctl.commands.discovery.surroundings import Surroundings
from workerctl.output.formats import DOCUMENTATION
from workerctl.output.lines import Line, line
from workerctl.report.findings import ENVIRONMENTS
from workerctl.report.results import Report
from workerctl.schema.boot_rules.view import COMMON_WORDS
from workerctl.sources.project import BASELINE, Project

_MOST_TARGETS = 6
_MOST_WORKFLOWS = 50
_MOST_BYTES = 2**18
_WIDTH = 32
# Neither needs an escape in TOML.
_PATH = r"[A-Za-z0-9_./-]+"
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}"
_HOOKS = ".pre-commit-config.yaml"
_GITLAB = ".gitlab-ci.yml"
_GITHUB = ".github/workflows"


def steps(project: Project, around: Surroundings, reports: Sequence[Report]) -> Iterator[Line]:
    """
    Yield what remains to be done, as lines of pyproject.toml, commands, and pages to read.

    What the project has already is left out. The env files that the reports have read need no
    target.
    """
    read = {source for report in reports for source in report.sources}
    others = [file for file in around.env_files if project.path(file) not in read]
    targets = [] if project.targets else list(_targets(others))
    has_findings = any(report.exit_code for report in reports)
    has_baseline = (project.directory / (project.baseline or BASELINE)).exists()
    yield line(("Next steps", "bold"))
    if targets:
        yield line("  Declare what you deploy in pyproject.toml, for example:", indent=2)
        for target in targets:
            yield line()
            yield from (line(f"    {text}") for text in target)
        yield line()
        yield _step("workerctl check", "judge every target")
    if not has_baseline and (targets or has_findings):
        yield _step("workerctl check --write-baseline", "let only new findings fail")
    yield _step("workerctl run -- COMMAND", "check, then start the worker")
    if not _mentioned(project.directory / _HOOKS):
        yield _step("before each commit", f"{DOCUMENTATION}/how-to/pre-commit.md")
    yield from (_step("in CI", f"{DOCUMENTATION}/how-to/{page}.md") for page in _ci(project))


def _step(what: str, why: str) -> Line:
    return line(f"  {what:<{_WIDTH}}  {why}", indent=_WIDTH + 4)


def _targets(files: Sequence[str]) -> Iterator[list[str]]:
    """
    Yield the lines of a target for each env file, up to a bound.
    """
    names: set[str] = set()
    for file in files:
        name = next((each for each in _names(file) if each not in names), None)
        if name is None or not re.fullmatch(_PATH, file):
            continue
        names.add(name)
        env = _environment(name)
        rules = [] if env is None else [f'env = "{env}"']
        path = f'env_file = "{file}"'
        yield ["[[tool.workerctl.target]]", f'name = "{name}"', *rules, path]
        if len(names) == _MOST_TARGETS:
            return


def _names(file: str) -> Iterator[str]:
    """
    Yield names for the target of an env file: that of the file, or its path if others have it.
    """
    folder, _, base = file.rpartition("/")
    own = base.removesuffix(".env").removeprefix(".env").strip(".")
    for name in (own or folder.rpartition("/")[2], f"{folder}-{own}".replace("/", "-").strip("-")):
        if re.fullmatch(_NAME, name):
            yield name


def _environment(name: str) -> str | None:
    """
    Return the environment that is the only one in a name such as `worker.prod`, or None.
    """
    known = {**COMMON_WORDS, **{each: each for each in ENVIRONMENTS}}
    words = {known[word] for word in re.split(r"[._-]", name.lower()) if word in known}
    return words.pop() if len(words) == 1 else None


def _ci(project: Project) -> Iterator[str]:
    """
    Yield the pages about the CI services that the project uses, both if it uses neither.
    """
    workflows = sorted((project.directory / _GITHUB).glob("*.y*ml"))[:_MOST_WORKFLOWS]
    pipeline = project.directory / _GITLAB
    if any(map(_mentioned, (*workflows, pipeline))):
        return
    if workflows or not pipeline.is_file():
        yield "github-actions"
    if pipeline.is_file() or not workflows:
        yield "gitlab"


def _mentioned(file: Path) -> bool:
    """
    Return whether a file names workerctl.
    """
    with suppress(OSError), file.open("rb") as stream:
        return b"workerctl" in stream.read(_MOST_BYTES)
    return False
