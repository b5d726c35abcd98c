"""
Tests of where reports and pictures are written, and of what they must not replace.
"""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]

COMPOSE = "services: {worker: {image: worker:1, environment: {ENV: staging}}}\n"


@pytest.mark.parametrize(
    "arguments",
    [
        "check good.env --output good.env",
        "check good.env --output ./good.env",
        "check good.env --format json=link.env",
        "check --isolated --env-file good.env --format json --format sarif=good.env",
        "check --isolated --env-file good.env --env-file missing.env --format json=good.env",
        "budget --isolated --env-file good.env --svg good.env",
        "budget --isolated --env-file good.env --svg ./good.env --format json",
        "check --isolated --compose compose.yaml --output compose.yaml",
        "check --isolated --no-env-file --secrets-dir secrets --output secrets/OPENAI_API_KEY",
    ],
)
def test_no_output_replaces_a_source(
    call: Run, good: Path, directory: Path, arguments: str
) -> None:
    """
    A file that was read is never replaced, whatever it is called.
    """
    (directory / "link.env").symlink_to(good)
    (directory / "compose.yaml").write_text(COMPOSE)
    (directory / "secrets").mkdir()
    (directory / "secrets/OPENAI_API_KEY").write_text("k")
    before = {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()}
    done = call(*arguments.split())

    assert done.returncode == 2
    assert "is a source of this run, which the output would replace. Name another" in done.stderr
    assert {path: path.read_bytes() for path in directory.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("arguments", ["--output report", "--format json=report", "--output -"])
def test_another_file_may_be_replaced(
    call: Run, good: Path, directory: Path, arguments: str
) -> None:
    """
    The report of an earlier run is replaced, and standard output is left alone.
    """
    (directory / "report").write_text("old\n")
    done = call("check", good.name, *arguments.split())

    assert (done.returncode, done.stderr.count("source")) == (0, 0)
    assert ((directory / "report").read_text() == "old\n") is arguments.endswith("-")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["check", "--output", ""], "--output is empty, so it names no file."),
        (["budget", "--svg", ""], "--svg is empty, so it names no file."),
        (["check", "--env-file", ""], "--env-file is empty, so it names no file."),
        (["show-config", "--env-file", ""], "--env-file is empty, so it names no file."),
        (["run", "--env-file", "", "--", "true"], "--env-file is empty, so it names no file."),
        (["check", "--secrets-dir", ""], "--secrets-dir is empty, so it names no directory."),
        (["show-config", ""], "The name is not a known setting."),
        (["explain", ""], "is not a known"),
    ],
)
def test_an_empty_name_is_a_usage_error(call: Run, arguments: list[str], message: str) -> None:
    """
    A variable of a shell without a value names nothing, and is never taken for another name.
    """
    done = call(*arguments)

    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize("option", ["check --output", "check --format json=", "budget --svg"])
def test_a_directory_is_named_as_the_cause(
    call: Run, good: Path, directory: Path, option: str
) -> None:
    """
    The hint for a directory does not send the reader to look for free space.
    """
    (directory / "reports").mkdir()
    *words, last = option.split()
    path = [f"{last}reports"] if last.endswith("=") else [last, "reports"]
    done = call(*words, *path, "--env-file", good.name)

    assert done.returncode == 3
    assert "could not be written to reports. It is a directory: specify a file" in done.stderr


@pytest.mark.parametrize("spelling", ["./report", "../{name}/report", "{directory}/report"])
def test_two_formats_need_two_files(call: Run, good: Path, directory: Path, spelling: str) -> None:
    """
    Two reports for one file are refused, however its path is spelled.
    """
    other = spelling.format(name=directory.name, directory=directory)
    done = call("check", good.name, "--format", "json=report", "--format", f"sarif={other}")

    assert done.returncode == 2
    assert "json and sarif would both be written to the same file." in done.stderr


@pytest.mark.parametrize("command", ["check", "show-config", "keygen"])
def test_a_command_has_no_version(call: Run, command: str) -> None:
    """
    The hint names the command line that has the option.
    """
    done = call(command, "--version")

    assert done.returncode == 2
    assert "Did you mean `workerctl --version`?" in done.stderr
