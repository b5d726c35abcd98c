"""
Tests of `workerctl run` in front of a class that reads its sources by itself.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import workerctl

Run = Callable[..., CompletedProcess[str]]

PATH = f"{Path(workerctl.__file__).parents[1]}:."
READ = "from app import Settings; s = Settings(); print(s.url, s.size)"
CLASS = """
from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

class Settings(BaseSettings):
    model_config = SettingsConfigDict({config})
    url: str = Field("none", validation_alias=AliasChoices("URL", "APP_URL"))
    size: int = 1
"""


@pytest.fixture(name="start")
def _start(directory: Path, run: Run) -> Callable[..., CompletedProcess[str]]:
    """
    Return a function that starts a program behind `workerctl run` with a class and its files.
    """

    def start(config: str, files: dict[str, str], *options: str, **env: str):
        (directory / "app.py").write_text(CLASS.replace("{config}", config))
        for name, text in files.items():
            (directory / name).write_text(text)
            (directory / name).chmod(0o600)
        words = ("--settings", "app:Settings", *options, "--", sys.executable, "-c", READ)
        return run("run", *words, env={**env, "PYTHONPATH": PATH})

    return start


@pytest.mark.parametrize("config", ["", 'env_file=".env", extra="ignore"'])
@pytest.mark.parametrize(
    ("files", "options", "env", "expected"),
    [
        ({"a.env": "URL=x://a\n"}, ["a.env"], {}, "x://a 1"),
        ({"a.env": "URL=x://a\nSIZE=2\n", "b.env": "SIZE=3\n"}, ["a.env", "b.env"], {}, "x://a 3"),
        ({"a.env": "URL=x://a\n", "b.env": "APP_URL=x://b\n"}, ["a.env", "b.env"], {}, "x://a 1"),
        ({"a.env": "APP_URL=x://a\n"}, ["a.env"], {"URL": "x://e"}, "x://e 1"),
        ({"a.env": "BASE=x\nURL='${BASE}://a'\n"}, ["a.env"], {}, "x://a 1"),
        ({"a.env": "size=7\n"}, ["a.env"], {"SIZE": "8"}, "none 8"),
    ],
)
def test_the_process_reads_what_was_checked(
    start: Run,
    config: str,
    files: dict[str, str],
    options: list[str],
    env: dict[str, str],
    expected: str,
) -> None:
    """Files, aliases and cases mean in the process what they mean in the check."""
    words = [word for name in options for word in ("--env-file", name)]
    done = start(config, files, *words, **env)

    assert (done.stdout, done.stderr) == (f"{expected}\n", "")


def test_an_alias_of_the_environment_wins_over_that_of_a_file(start: Run) -> None:
    """The line of the file has no effect in the check, so it is not passed on."""
    config = 'env_file=".env", extra="ignore"'
    done = start(config, {"a.env": "URL=x://a\n"}, "--env-file", "a.env", APP_URL="x://e")

    assert (done.stdout, done.stderr) == ("x://e 1\n", "")


def test_a_file_that_only_the_class_reads_prevents_the_start(start: Run) -> None:
    """The class would read its own file as well, whose values were not checked."""
    files = {".env": "SIZE=9\n", "a.env": "URL=x://a\n"}
    done = start('env_file=".env", extra="ignore"', files, "--env-file", "a.env")
    both = start(
        'env_file=".env", extra="ignore"', files, "--env-file", ".env", "--env-file", "a.env"
    )

    assert (done.returncode, done.stdout) == (2, "")
    assert "other values than those that were checked for SIZE" in done.stderr
    assert (both.stdout, both.stderr) == ("x://a 9\n", "")


def test_a_bad_value_that_only_the_class_reads_prevents_the_start(start: Run) -> None:
    """The class would reject its own file, which was not checked."""
    files = {".env": "SIZE=three\n", "a.env": "URL=x://a\n"}
    done = start('env_file=".env", extra="ignore"', files, "--env-file", "a.env")

    assert (done.returncode, done.stdout) == (2, "")
    assert "three" not in done.stderr


def test_an_unknown_name_that_only_the_class_reads_prevents_the_start(start: Run) -> None:
    """The class forbids the name in its own file, and would not start."""
    files = {".env": "OTHER_NAME=9\n", "a.env": "URL=x://a\n"}
    done = start('env_file=".env"', files, "--env-file", "a.env")

    assert (done.returncode, done.stdout) == (2, "")
    assert "OTHER_NAME" in done.stderr


def test_a_variable_that_a_nested_class_does_not_read_prevents_the_start(start: Run) -> None:
    """The command would find it in its environment; the hint names the class."""
    text = """
from pydantic_settings import BaseSettings, SettingsConfigDict
class Cache(BaseSettings):
    host: str = "localhost"
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="ignore")
    cache: Cache = Cache()
"""
    done = start("", {"app.py": text, ".env": "HOST=cache.internal\n"})

    assert (done.returncode, done.stdout) == (2, "")
    assert "HOST is in .env, which Cache does not read. Give Cache the same env_file" in done.stderr
