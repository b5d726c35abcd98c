"""
Tests of the table of `workerctl show-config`: headings, columns, and narrow terminals.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]

CLASS = """\
from pydantic_settings import BaseSettings, SettingsConfigDict, TomlConfigSettingsSource


class Own(BaseSettings):
    model_config = SettingsConfigDict(toml_file=["own.toml", "absent.toml"])
    size: int = 1
    text: str = ""

    @classmethod
    def settings_customise_sources(cls, settings_cls, init_settings, env_settings, **others):
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
"""
OPTIONS = ("--settings", "toml_config:Own")


@pytest.fixture(name="own")
def _own(directory: Path) -> Path:
    (directory / "toml_config.py").write_text(CLASS)
    (directory / "own.toml").write_text("size = 3\n")
    return directory


def test_columns_have_headings(call: Run, good: Path) -> None:
    """Off a terminal, each setting is one line, and its value stands under the heading."""
    rows = call("show-config", "--env-file", "good.env").stdout.splitlines()

    assert rows[0].split("  ")[1] == "setting"
    value, origin = rows[0].index("value"), rows[0].index("comes from")
    (row,) = [row for row in rows if " JOB_TIMEOUT_SECONDS " in row]
    assert (row[value:].split()[0], row[origin:]) == ("1800", "default")
    without = call("show-config", "--env-file", "good.env", "--no-origin").stdout.splitlines()
    assert without[0].split() == ["setting", "value"]


@pytest.mark.parametrize("columns", [80, 60, 40])
def test_every_row_is_readable_at_any_width(
    screen: Run, call: Run, good: Path, columns: int
) -> None:
    """No line is broken by the terminal, and an origin is never alone without the word "from"."""
    command = ["show-config", "--env-file", "good.env"]
    settings = json.loads(call(*command, "--format", "json").stdout)["settings"]
    rows = screen(*command, columns=columns, env={"TERM": "dumb"}).stdout.splitlines()

    assert max(map(len, rows)) <= columns
    text = re.sub(r"\s+", " ", "\n".join(rows))
    for setting in settings:
        location = setting["location"]
        origin = f"{location['file']}:{location['line']}" if location["file"] else "default"
        name = re.escape(setting["name"])
        assert re.search(rf" {name} \S.*?{re.escape(origin)} ", f"{text} ")
    alone = [row for row in rows if re.fullmatch(r" +(default|\S+\.env:[0-9]+)", row)]
    assert alone == []


def test_a_narrow_table_is_stacked(screen: Run, good: Path) -> None:
    """Each name has a separate line, as the heading says; what is too long gets two more."""
    done = screen(
        "show-config",
        "--env-file",
        "good.env",
        "--group",
        "queue",
        columns=40,
        env={"TERM": "dumb"},
    )

    assert done.stdout.splitlines()[:12] == [
        "  setting",
        "    value  comes from",
        "",
        "queue",
        "* REDIS_URL",
        "    rediss://••••••••@queue.example-work",
        "    s.net:6380/0",
        "    from good.env:2",
        "  QUEUES",
        "    fast,slow,process,parse  default",
        "  JOB_TIMEOUT_SECONDS",
        "    1800  default",
    ]


def test_typed_is_the_value(call: Run, own: Path) -> None:
    """
    `typed` has the line ends of a value, and `value` escapes them as the table does.
    """
    environ = {"TEXT": "one\ntwo\t\x1b"}
    done = call("show-config", *OPTIONS, "--format", "json", environ=environ)
    (row,) = [one for one in json.loads(done.stdout)["settings"] if one["name"] == "TEXT"]

    assert (row["typed"], row["value"]) == ("one\ntwo\t\x1b", r"one\ntwo\t\x1b")
    assert done.stdout.isascii()
    assert r"one\ntwo\t\x1b" in call("show-config", *OPTIONS, environ=environ).stdout
    env = call("show-config", *OPTIONS, "--format", "env", environ=environ).stdout
    assert env == "SIZE=3\n# TEXT is set\n"


def test_the_report_names_every_source(call: Run, own: Path) -> None:
    """A TOML file of the class is read as an env file is."""
    done = call("check", *OPTIONS, "--format", "json")
    (own / "a.env").write_text("TEXT=x\n")
    text = call("check", *OPTIONS, "--env-file", "a.env").stdout

    assert json.loads(done.stdout)["sources"] == ["toml file own.toml"]
    assert text.splitlines()[0].endswith(" · read a.env, toml file own.toml")
    (own / "own.toml").unlink()
    assert call("check", *OPTIONS).stdout.splitlines()[0].endswith(" · read no file")


@pytest.mark.parametrize("name", ["LLM", "Llm"])
def test_the_case_of_a_group_does_not_matter(call: Run, good: Path, name: str) -> None:
    """A group is found in any case."""
    command = ["show-config", "--env-file", "good.env", "--group"]

    assert call(*command, name).stdout == call(*command, "llm").stdout != ""


def test_a_file_is_no_setting(call: Run, good: Path) -> None:
    """A file that exists gets a hint, here and in other commands."""
    assert "Did you mean --env-file good.env?" in call("show-config", "good.env").stderr
    assert "Did you mean --env-file good.env?" in call("budget", "good.env").stderr
    assert "Did you mean check good.env?" in call("good.env").stderr
