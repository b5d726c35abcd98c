"""
Tests of the checks of env files: readable, private, untracked, not empty.
"""

import subprocess
from pathlib import Path

import pytest

from tests.support.configurations import KEY, MakeContext
from workerctl.checks.base import SkipCheck
from workerctl.checks.files import dialects, envfiles
from workerctl.report.findings import Location, Severity

UNREADABLE = "Line 2 cannot be read as an assignment"
UNCLOSED = "Line 2 has a quote that is not closed"
WHOLE = "the whole file"
SECRET = f"ENCRYPTION_KEY={KEY}\n"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (
            "this is not an assignment",
            f"{UNREADABLE}; docker compose and docker run refuse {WHOLE}.",
        ),
        ("ALONE", "Line 2 has no `=`; docker takes the value from its own environment."),
        ("A='x' y", "Line 2 has text after the closing quote."),
        ('A="x";', f"Line 2 has text after the closing quote; docker compose refuses {WHOLE}."),
        ("A='unterminated", f"{UNCLOSED}; docker compose refuses {WHOLE}."),
        (
            "A='x\nB=y' z q",
            f"Line 2 has text after the closing quote; docker compose refuses {WHOLE}.",
        ),
        (
            "A=${B}" + "${B}" * 20_000,
            f"Line 2 expands `${{…}}` beyond 64 KiB; docker run refuses {WHOLE}.",
        ),
    ],
)
def test_set005_names_the_line_and_not_its_text(
    context: MakeContext, line: str, reason: str
) -> None:
    """A line that assigns no value is reported by its number, without its text."""
    found = list(envfiles.SET005.run(context(f"\n{line}\nDEBUG=1\n")))

    assert [(finding.message, finding.location) for finding in found] == [
        (reason, Location("env-file", "worker.env", 2))
    ]


def test_set005_passes_comments_blanks_and_exports(context: MakeContext) -> None:
    """Comments, blank lines and `export` are allowed."""
    text = "# comment\n\n  export DEBUG=1 # why\n'LOG_LEVEL'=INFO\n"

    assert list(envfiles.SET005.run(context(text))) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("redis_url: redis://x\nqueues:\n  - fast\n  - slow\n", "YAML"),
        ('{"DEBUG": true, "QUEUES": "fast"}', "JSON"),
        ("[worker]\ndebug = true\n", "TOML or INI"),
        ("#!/bin/sh\necho no\nexport DEBUG=1\n", "a shell script"),
    ],
)
def test_set005_recognises_a_file_of_another_kind(
    context: MakeContext, text: str, kind: str
) -> None:
    """It is reported once, not line by line, and no other check of env files reports it again."""
    made = context(text)

    assert [finding.message for finding in envfiles.SET005.run(made)] == [
        f"worker.env looks like {kind}, not like an env file."
    ]
    assert list(envfiles.SET010.run(made)) == list(dialects.SET009.run(made)) == []


@pytest.mark.parametrize(("mode", "count"), [(0o600, 0), (0o400, 0), (0o640, 1), (0o604, 1)])
def test_set007_requires_files_with_secrets_to_be_private(
    context: MakeContext, tmp_path: Path, mode: int, count: int
) -> None:
    """
    A file with a secret is reported if other users may read it, with the command that closes it.
    """
    made = context(SECRET)
    (tmp_path / "worker.env").chmod(mode)

    found = list(envfiles.SET007.run(made))
    assert [finding.hint for finding in found] == ["Run `chmod 600 worker.env`."] * count


@pytest.mark.parametrize(
    "text",
    [
        "DEBUG=1\n",
        "ENCRYPTION_KEY=your-key-here\n",
        "ENCRYPTION_KEY_FILE=/run/secrets/key\n",
        "REDIS_URL=redis://cache:6379/0\n",
    ],
)
def test_set007_ignores_files_without_secrets(
    context: MakeContext, tmp_path: Path, text: str
) -> None:
    """A placeholder, a path, or a URL without a password is not a secret."""
    made = context(text)
    (tmp_path / "worker.env").chmod(0o644)

    assert list(envfiles.SET007.run(made)) == []


def git(directory: Path, *arguments: str) -> None:
    """
    Run git with a fixed identity.
    """
    subprocess.run(
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments],
        cwd=directory,
        check=True,
        capture_output=True,
    )


@pytest.mark.parametrize(
    ("env", "severity"), [("development", Severity.WARNING), ("production", Severity.ERROR)]
)
def test_set008_finds_a_tracked_file(
    context: MakeContext, tmp_path: Path, env: str, severity: Severity
) -> None:
    """A file with a secret is reported if git tracks it; an untracked one in a work tree is not."""
    made = context(f"ENV={env}\n{SECRET}")
    git(tmp_path, "init", "-q")
    assert list(envfiles.SET008.run(made)) == []

    git(tmp_path, "add", "worker.env")
    found = list(envfiles.SET008.run(made))
    assert [(finding.severity, finding.message) for finding in found] == [
        (severity, "worker.env holds secrets and is tracked by git.")
    ]


def test_set008_finds_a_tracked_secret_file(context: MakeContext, tmp_path: Path) -> None:
    """A tracked file that a `NAME_FILE` variable points at is reported."""
    (tmp_path / "key.txt").write_text(KEY)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "key.txt")

    found = list(envfiles.SET008.run(context("ENCRYPTION_KEY_FILE=key.txt\n")))
    assert [finding.location for finding in found] == [Location("secret-file", "key.txt")]


def test_set008_says_that_there_is_no_work_tree(context: MakeContext) -> None:
    """Outside a work tree, the check is skipped."""
    with pytest.raises(SkipCheck, match="not in a git work tree"):
        list(envfiles.SET008.run(context(SECRET)))


def test_set008_runs_nothing_that_the_work_tree_names(context: MakeContext, tmp_path: Path) -> None:
    """A fsmonitor hook that the work tree configures is not run."""
    made = context(SECRET)
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "core.fsmonitor", f"touch {tmp_path}/pwned; false")

    assert list(envfiles.SET008.run(made)) == []
    assert not (tmp_path / "pwned").exists()


def test_set008_says_when_git_does_not_answer(context: MakeContext, tmp_path: Path) -> None:
    """A broken work tree skips the check; the file does not count as untracked."""
    made = context(SECRET)
    (tmp_path / ".git").write_text("gitdir: /nowhere\n")

    with pytest.raises(SkipCheck, match="git cannot read this work tree"):
        list(envfiles.SET008.run(made))


# --- SET010 ---


def test_set010_an_empty_configuration_is_a_warning(context: MakeContext) -> None:
    """Nothing but defaults is a warning; where an environment is asked for, an error."""
    (found,) = envfiles.SET010.run(context("# nothing\n"))
    (asked,) = envfiles.SET010.run(context("", env="production"))

    assert (found.code, found.severity, found.location) == ("SET010", Severity.WARNING, None)
    assert asked.severity is Severity.ERROR


@pytest.mark.parametrize("text", ["LOG_FORMAT=json\n", "ENV=\n"])
def test_set010_one_setting_is_enough(context: MakeContext, text: str) -> None:
    """A configuration that sets one variable, even to nothing, has been found."""
    assert list(envfiles.SET010.run(context(text))) == []


def test_set010_unknown_variables_are_no_configuration(context: MakeContext) -> None:
    """Variables of other programs do not count."""
    assert len(list(envfiles.SET010.run(context("PATH_TO=x\n", {"HOME": "/"})))) == 1


def test_set010_an_image_is_built_without_configuration(context: MakeContext) -> None:
    """In the build phase, an empty configuration is expected."""
    with pytest.raises(SkipCheck, match="an image is built without its configuration"):
        list(envfiles.SET010.run(context("", phase="build")))


@pytest.mark.parametrize("text", ["", "# DEBUG=1\n", "\n\n"])
def test_set010_names_a_file_that_sets_nothing(context: MakeContext, text: str) -> None:
    """Where another source sets a variable, an empty file is information."""
    found = list(envfiles.SET010.run(context(text, {"DEBUG": "1"})))

    assert [(finding.severity, finding.message) for finding in found] == [
        (Severity.INFO, "worker.env sets nothing.")
    ]


def test_set010_recognises_line_ends_that_are_text(context: MakeContext) -> None:
    """A comment with the text of a line end in it has swallowed the assignments."""
    found = list(envfiles.SET010.run(context("# settings\\nDEBUG=1\\nQUEUES=fast")))

    assert [(finding.severity, finding.message) for finding in found] == [
        (Severity.WARNING, "worker.env sets nothing; its line ends are written as `\\n`.")
    ]


# --- what git is asked ---
