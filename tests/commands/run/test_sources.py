"""
Tests of `workerctl run` with each source that a settings class may have: the process sees the same.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

import workerctl

Run = Callable[..., CompletedProcess[str]]

PATH = f"{Path(workerctl.__file__).parents[1]}:."
SECRET = "hT5zqN8vYc3KrB6mWq2d"
CLASS = """
import time
import uuid
from pydantic import BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict, TomlConfigSettingsSource

class Limits(BaseModel):
    rate: int = 1
    burst: int = 2

class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="APP_", env_nested_delimiter="__", toml_file="app.toml", {config}
    )
    name: str = "nobody"
    size: int = 1
    zone: str = "nowhere"
    limits: Limits = Limits()
    key: SecretStr = SecretStr("")
    {fields}

    @classmethod
    def settings_customise_sources(
        cls, settings_cls, init_settings, env_settings, dotenv_settings, file_secret_settings
    ):
        toml_settings = TomlConfigSettingsSource(settings_cls)
        return {order}
"""
ORDER = "env_settings, dotenv_settings, file_secret_settings, toml_settings"
BOOT = "__import__('workerctl.runtime').runtime.boot(Settings)"
SHOW = """
import json, os
from app import Settings
seen = {**vars(settings := {made}), "limits": dict(settings.limits)}
seen["key"] = settings.key.get_secret_value()
environ = {name: text for name, text in os.environ.items() if name.startswith("APP_")}
print(json.dumps([seen, environ], default=str))
"""


class Project:
    """
    A directory with a settings class and its sources, in which a command may be started.
    """

    def __init__(self, directory: Path, run: Run) -> None:
        self.directory = directory
        self._run = run

    def write(self, name: str, text: str) -> None:
        """Write a file that only the owner can read."""
        path = self.directory / name
        path.parent.mkdir(exist_ok=True, mode=0o700)
        path.write_text(text)
        path.chmod(0o600)

    def has(self, config: str = "", order: str = ORDER, fields: str = "") -> None:
        """Write the class."""
        text = CLASS.replace("{config}", config).replace("{order}", order)
        self.write("app.py", text.replace("{fields}", fields))

    def run(self, command: str, *words: str, **env: str) -> CompletedProcess[str]:
        """Run a command of workerctl on the class."""
        return self._run(
            command, "--settings", "app:Settings", *words, env={**env, "PYTHONPATH": PATH}
        )

    def start(self, *options: str, made: str = "Settings()", **env: str) -> CompletedProcess[str]:
        """Start a process that shows the instance and its environment."""
        code = SHOW.replace("{made}", made)
        return self.run("run", *options, "--", sys.executable, "-c", code, **env)

    def seen(self, *options: str, **env: str) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the instance of a process that starts, and its environment."""
        done = self.start(*options, **env)
        assert (done.returncode, done.stderr) == (0, "")
        instance, environ = json.loads(done.stdout)
        return instance, environ

    def checked(self, *options: str, **env: str) -> dict[str, Any]:
        """Return the values of `show-config`, by variable."""
        done = self.run("show-config", *options, "--format", "json", **env)
        assert (done.returncode, done.stderr) == (0, "")
        return {one["name"]: one["typed"] for one in json.loads(done.stdout)["settings"]}


@pytest.fixture(name="project")
def _project(directory: Path, run: Run) -> Project:
    project = Project(directory, run)
    project.has()
    return project


@pytest.mark.parametrize("config", ["", 'env_file=".env", extra="ignore"'])
def test_every_source_means_the_same_in_the_process(project: Project, config: str) -> None:
    """The environment, two files, a secrets directory and TOML each set something."""
    project.has(config)
    project.write("a.env", "APP_NAME=a\nAPP_SIZE=3\nAPP_LIMITS__RATE=5\n")
    project.write("b.env", "app_size=4\nBASE=eu\nAPP_ZONE=${BASE}-${NOT_SET}1\n")
    project.write("secrets/app_key", f"{SECRET}\n")
    project.write("app.toml", 'name = "toml"\n[limits]\nburst = 7\n')
    options = ("--env-file", "a.env", "--env-file", "b.env", "--secrets-dir", "secrets")

    checked = project.checked(*options, APP_NAME="environment")
    seen, environ = project.seen(*options, APP_NAME="environment")

    assert seen == {
        "name": "environment",
        "size": 4,
        "zone": "eu-1",
        "limits": {"rate": 5, "burst": 7},
        "key": SECRET,
    }
    assert {name: checked[f"APP_{name.upper()}"] for name in ("name", "size", "zone")} == {
        name: seen[name] for name in ("name", "size", "zone")
    }
    assert checked["APP_LIMITS"] == seen["limits"]
    assert environ["APP_ZONE"] == "eu-1"
    assert environ["APP_KEY"] == SECRET
    assert "APP_LIMITS__BURST" not in environ


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("APP_NAME=\n", ""),
        ('APP_NAME="two\nlines"\n', "two\nlines"),
        ("APP_NAME='  kept  '\n", "  kept  "),
        ("APP_NAME=${NOT_SET}\n", ""),
        ("APP_NAME=${NOT_SET:-else}\n", "else"),
        ("app_name=lower\n", "lower"),
        ("APP_NAME=upper\napp_name=lower\n", "lower"),
        ("app_name=lower\nAPP_NAME=upper\n", "upper"),
        ("export APP_NAME=é#1 # comment\n", "é#1"),
    ],
)
@pytest.mark.parametrize("config", ["", 'env_file=".env", extra="ignore"'])
def test_every_form_of_a_value_means_the_same_in_the_process(
    project: Project, config: str, text: str, name: str
) -> None:
    """The text reaches the class as it was checked."""
    project.has(config)
    project.write("a.env", text)

    assert project.checked("--env-file", "a.env")["APP_NAME"] == name
    assert project.seen("--env-file", "a.env")[0]["name"] == name


def test_a_value_over_an_ignored_empty_one_is_passed_on(project: Project) -> None:
    """The class takes the value of the file, because it ignores the empty one."""
    project.has('env_file=".env", env_ignore_empty=True')
    project.write("a.env", "APP_SIZE=6\n")
    seen, environ = project.seen("--env-file", "a.env", APP_SIZE="")

    assert (seen["size"], environ["APP_SIZE"]) == (6, "6")


def test_a_file_that_is_stronger_than_the_environment_is_passed_on(project: Project) -> None:
    """The order is that of the class."""
    project.has('env_file=".env"', order="dotenv_settings, env_settings, toml_settings")
    project.write("a.env", "APP_SIZE=6\n")

    assert project.seen("--env-file", "a.env", APP_SIZE="5")[0]["size"] == 6


def test_a_file_in_the_environment_is_stronger_than_toml(project: Project) -> None:
    """A class that names no env file finds the values in its environment, and they say so."""
    project.write("app.toml", "size = 7\n")
    project.write("a.env", "APP_SIZE=6\n")
    done = project.run("show-config", "--env-file", "a.env", "--format", "table")

    assert project.seen("--env-file", "a.env")[0]["size"] == 6
    assert "a.env:1" in done.stdout


def test_the_classs_own_secrets_stay_in_their_files(project: Project) -> None:
    """The class reads them by itself, so they are not exported."""
    project.has('secrets_dir="secrets"')
    project.write("secrets/app_key", SECRET)
    seen, environ = project.seen()

    assert seen["key"] == SECRET
    assert environ == {}


@pytest.mark.parametrize("made", ["Settings()", BOOT])
def test_a_default_file_that_the_class_does_not_read_is_not_read_later(
    project: Project, made: str
) -> None:
    """The check has not read it, because the class names no env file."""
    project.write(".env", "APP_SIZE=8\n")
    done = project.start(made=made)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)[0]["size"] == 1


def test_boot_reads_what_was_checked(project: Project) -> None:
    """The names of the files are passed on, so `boot()` reads them instead of the class's own."""
    project.has('env_file=".env", extra="ignore"')
    project.write(".env", "APP_SIZE=8\n")
    project.write("a.env", "APP_SIZE=6\n")
    made = BOOT
    done = project.start("--env-file", "a.env", made=made)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)[0]["size"] == 6


def test_defaults_that_are_always_new_do_not_prevent_the_start(project: Project) -> None:
    """Two instances differ in an identifier, a time and a NaN, with the same sources."""
    project.has(
        fields="""
    id: str = Field(default_factory=lambda: uuid.uuid4().hex)
    at: float = Field(default_factory=time.perf_counter)
    nan: float = float("nan")
"""
    )

    assert len(project.seen()[0]["id"]) == 32


def test_a_random_default_does_not_hide_what_differs(project: Project) -> None:
    """The class would read its own file as well, which is named with its line."""
    project.has(
        'env_file=".env", extra="ignore"',
        fields="id: str = Field(default_factory=lambda: uuid.uuid4().hex)",
    )
    project.write(".env", "\nAPP_SIZE=8\n")
    project.write("a.env", "APP_NAME=a\n")
    done = project.start("--env-file", "a.env")

    assert (done.returncode, done.stdout) == (2, "")
    assert "checked for APP_SIZE (.env:2). Name" in done.stderr


@pytest.mark.parametrize(
    ("config", "own", "words"),
    [
        ('extra="allow"', f"APP_OTHER={SECRET}\n", "OTHER"),
        ('extra="forbid"', f"{SECRET}=1\n", "an unknown name (.env:1)"),
        (
            'extra="ignore"',
            "APP_LIMITS__RATE=3\n",
            "checked for APP_LIMITS__RATE (.env:1).",
        ),
        (
            'extra="ignore"',
            "APP_NAME=a\nAPP_SIZE=2\nAPP_ZONE=z\nAPP_LIMITS__RATE=4\nAPP_LIMITS__BURST=5\nAPP_KEY=k",
            "1 more.",
        ),
    ],
)
def test_what_only_the_class_reads_prevents_the_start(
    project: Project, config: str, own: str, words: str
) -> None:
    """The message names what differs, but holds no value and no name that may be one."""
    project.has(f'env_file=".env", {config}')
    project.write(".env", own)
    done = project.start("--no-env-file")

    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert SECRET not in done.stderr


def test_a_nested_name_beside_json_of_the_environment_prevents_the_start(project: Project) -> None:
    """In one environment, the nested name of the file would win over the JSON."""
    project.has('env_file=".env"')
    project.write("a.env", "APP_LIMITS__RATE=3\n")
    done = project.start("--env-file", "a.env", APP_LIMITS='{"rate": 4}')

    assert (done.returncode, done.stdout) == (2, "")
    assert "APP_LIMITS__RATE" in done.stderr


def test_an_error_prevents_the_start(project: Project) -> None:
    """The report goes to standard error, without the value."""
    project.write("a.env", f"APP_NAME=a\nAPP_SIZE={SECRET}\n")
    done = project.start("--env-file", "a.env")

    assert (done.returncode, done.stdout) == (1, "")
    assert "SET001 APP_SIZE" in done.stderr
    assert "a.env:2" in done.stderr
    assert SECRET not in done.stderr


@pytest.mark.parametrize("made", ["Settings()", BOOT])
@pytest.mark.parametrize("suppressed", [False, True])
def test_a_suppressed_finding_does_not_prevent_the_start(
    project: Project, suppressed: bool, made: str
) -> None:
    """Neither `run` nor `boot()` stops for what the project accepts."""
    code = "ENV002" if suppressed else "ENV003"
    project.write(
        "pyproject.toml",
        '[tool.workerctl.rules]\nkey = { required = ["development"] }\n'
        f'[[tool.workerctl.ignore]]\ncode = "{code}"\nreason = "A test."\nuntil = 2999-01-01\n',
    )
    done = project.start(made=made)

    assert done.returncode == (0 if suppressed else 1), done.stderr
    assert ("ENV002 APP_KEY" in done.stderr) != suppressed


def test_a_file_does_not_name_sources(project: Project) -> None:
    """Its variables for workerctl have no effect in the check, so they are not passed on."""
    project.has('env_file=".env", extra="ignore"')
    project.write(".env", "WORKERCTL_ENV_FILE=other.env\nAPP_SIZE=2\n")
    project.write("other.env", "APP_SIZE=3\n")
    done = project.start(made=BOOT)

    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)[0]["size"] == 2
