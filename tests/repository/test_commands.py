"""
Every command line in the documentation is run.

A `console` block without prompts lists commands that are independent of each other; one with
prompts is a part of the session of its page, which also writes the files that the page shows.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from tests.conftest import Run
from workerctl.cli import app

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
# The beginnings of command lines that no test runs as they stand, and why.
NOT_RUN = {
    "make demo": "tests/examples/test_demo.py runs what it starts",
    "make test": "this is one of its tests",
    "pip install": "the package under test is installed already",
    "python3 -m venv": "see pip install",
    "mkdir": "every test has its directory",
    "workerctl check --quiet --diff-from": "test_baseline_guide.py runs it in a work tree",
    "workerctl run -- python reencrypt.py": "tests/examples/test_reencrypt.py runs it",
}
# Programs of others, which end at once with exit code 0; `sops` prints its last argument's file.
PROGRAMS = {"celery": ":", "rq": ":", "sops": 'cat "${@: -1}"'}
SHELLS = ("bash", "sh", "shell", "zsh")
# Lines of a script that start no program, and that no reader types.
NOT_A_FILE = ('echo "::add-mask::$derived"\n',)
_FILE = r"# ([\w./-]+\.\w+|\.env)\n(.*)"


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """
    Yield the language and the text of every block of code.
    """
    yield from re.findall(r"(?ms)^```(\w+)\n(.*?)^```$", page.read_text("utf-8"))


def commands(block: str) -> list[str]:
    """
    Return the command lines of a console block, without prompts, comments and output.
    """
    text = block.replace("\\\n", " ")
    shown = re.findall(r"(?m)^\$ (.*)$", text) or text.splitlines()
    lines = [re.sub(r"\s+#\s.*", "", line).strip() for line in shown]
    return [re.sub(r" {2,}", " ", line) for line in lines if line]


def is_run(command: str) -> bool:
    """
    Return whether a command line is one that a test can run.
    """
    return not any(command.startswith(beginning) for beginning in NOT_RUN)


LISTED = [
    pytest.param(command, id=f"{page.name}: {command}")
    for page in PAGES
    for kind, text in blocks(page)
    if kind == "console" and not text.startswith("$ ")
    for command in commands(text)
    if is_run(command)
]
SESSIONS = [
    pytest.param(page, id=page.name)
    for page in PAGES
    if any(kind == "console" and text.startswith("$ ") for kind, text in blocks(page))
]


@pytest.fixture(name="project")
def _project(directory: Path) -> Path:
    """
    Return a directory with the files that command lines name, and the programs that they start.

    Nothing makes the files private but the commands that a page shows.
    """
    good = (ROOT / "examples/env/production-good.env").read_text("utf-8")
    (directory / "deploy").mkdir()
    for name in (".env", "prod.env", "production.env", "deploy/production.env", "prod.enc.env"):
        (directory / name).write_text(good, "utf-8")
    (directory / "app").mkdir()
    (directory / "app/config.py").write_text(
        "from pydantic_settings import BaseSettings\n\n\n"
        "class Settings(BaseSettings):\n    llm_timeout_seconds: int = 60\n"
    )
    (directory / "compose.yaml").write_text(
        "services: {worker: {image: 'app:1', command: rq worker, env_file: prod.env}}\n"
    )
    (directory / "bin").mkdir()
    for name, script in PROGRAMS.items():
        (directory / "bin" / name).write_text(f"#!/usr/bin/env bash\n{script}\n")
        (directory / "bin" / name).chmod(0o755)
    return directory


def exit_code(run: Run, project: Path, command: str) -> tuple[int, str]:
    """
    Return the exit code of a command line in a shell, and what it wrote.

    No other program of the machine is started, since the documentation may well name one.
    """
    started = {part.split()[0] for part in command.split("|")}
    assert started <= {"workerctl", "python", "chmod", *PROGRAMS}, f"add it to NOT_RUN: {command}"
    path = f"{Path(sys.executable).parent}:{project / 'bin'}:/usr/bin:/bin"
    done = run(script=f"{command} 2>&1", env={"PATH": path, "PYTHONPATH": f"{ROOT}:."})
    return done.returncode, done.stdout


@pytest.mark.parametrize("command", LISTED)
def test_a_command_of_a_list_gives_a_verdict(run: Run, project: Path, command: str) -> None:
    """
    It is not a usage error, its program exists, and nothing crashes: 0 and 1 are verdicts.
    """
    code, shown = exit_code(run, project, command)

    assert code in (0, 1), shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("page", SESSIONS)
def test_the_commands_of_a_session_give_verdicts(run: Run, project: Path, page: Path) -> None:
    """
    A reader who follows a page from the top can run every command that it shows.
    """
    for kind, text in blocks(page):
        shown_file = re.fullmatch(_FILE, text, re.DOTALL)
        if kind != "console" and shown_file:
            file = project / shown_file[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(shown_file[2], "utf-8")
        for command in commands(text) if kind == "console" and text.startswith("$ ") else ():
            if is_run(command):
                code, shown = exit_code(run, project, command)
                assert code in (0, 1), f"{command}\n{shown}"
                assert "Traceback" not in shown


def test_what_is_not_run_is_still_shown() -> None:
    """
    The list of exceptions has no entry that has become superfluous.
    """
    shown = [
        command
        for page in PAGES
        for kind, text in blocks(page)
        if kind == "console"
        for command in commands(text)
    ]

    assert len(shown) > 40
    for beginning, reason in NOT_RUN.items():
        assert any(command.startswith(beginning) for command in shown), beginning
        for test in re.findall(r"[\w/]*test_\w+\.py", reason):
            assert list((ROOT / "tests").rglob(Path(test).name)), test


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_no_command_line_is_in_a_block_that_is_not_run(page: Path) -> None:
    """
    A block for a shell without prompts is a file, and every fence begins or ends a block.
    """
    found = list(blocks(page))
    fences = re.findall(r"(?m)^ *(?:```|~~~)", page.read_text("utf-8"))

    assert len(fences) == 2 * len(found)
    for kind, text in found:
        if kind in SHELLS and text not in NOT_A_FILE:
            assert re.match(_FILE, text), text
        assert kind == "console" or not re.search(r"(?m)^\$ ", text), text


INLINE = sorted(
    {
        " ".join(span.split())
        for page in PAGES
        for span in re.findall(r"`(workerctl [a-z][^`]*)`", page.read_text("utf-8"))
    }
)


@pytest.mark.parametrize("span", INLINE)
def test_a_command_in_a_sentence_has_options_that_exist(span: str) -> None:
    """
    A command line within a sentence may be incomplete, but all its options exist.
    """
    group = typer.main.get_command(app)
    _, name, *words = re.split(r" --(?: |$)|;", span)[0].split()
    command = group.commands[name]
    options = {option for each in command.params for option in (*each.opts, *each.secondary_opts)}

    used = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"}
    assert used <= options | {"--help", "-h"}
