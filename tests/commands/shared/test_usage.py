"""
The command lines in hints name the same configuration as the one that was typed.
"""

import shlex
from pathlib import Path

import pytest

from workerctl.commands.shared.usage import command_line
from workerctl.sources.manifests.selection import Selection
from workerctl.sources.options import Options

SECRET = "gT7kP2xW9qLm4Rb8Tz3Kd6Yh9Mc4Pf1"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (Options(), ""),
        (Options(env_files=()), " --no-env-file"),
        (Options(env_files=("a.env", "b.env")), " --env-file a.env --env-file b.env"),
        (
            Options(secrets_dir="secrets", isolated=True),
            " --secrets-dir secrets --isolated",
        ),
        (Options(settings="app.config:Settings"), " --settings app.config:Settings"),
        (
            Options(settings="workerctl.commands.shared.usage:command_line"),
            " --settings workerctl.commands.shared.usage:command_line",
        ),
        (Options(settings=Options), ""),
        (
            Options(manifest=Selection("compose", ("a.yaml", "b.yaml"), "worker")),
            " --compose a.yaml --compose b.yaml --service worker",
        ),
        (
            Options(manifest=Selection("kubernetes", ("-",), "Deployment/worker", "main")),
            " --kubernetes - --workload Deployment/worker --container main",
        ),
        (
            Options(env_files=(SECRET,), secrets_dir=SECRET, settings=SECRET),
            " --env-file FILE --secrets-dir DIRECTORY --settings MODULE:CLASS",
        ),
    ],
)
def test_the_sources_are_those_that_were_typed(
    directory: Path, options: Options, expected: str
) -> None:
    """What may be a secret is not repeated, but the option that it belongs to is."""
    for name in ("a.env", "b.env", "a.yaml", "b.yaml", "-"):
        (directory / name).touch()

    assert command_line(["check"], options) == f"`workerctl check{expected}`"


def test_a_shell_reads_every_word_as_it_was_typed(directory: Path) -> None:
    """Blanks and characters with a meaning to the shell are quoted."""
    (directory / "it's $HOME.env").touch()
    words = ["check", "a b"]
    line = command_line(words, Options(env_files=("it's $HOME.env",)), ["--env", "staging"])

    assert shlex.split(line.strip("`")) == [
        *("workerctl", "check", "a b", "--env-file", "it's $HOME.env", "--env", "staging")
    ]
