"""
Tests of `workerctl show-config`: the table on any terminal, and env lines that are read back.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import create_model
from pydantic_settings import BaseSettings, SettingsConfigDict

from workerctl.commands.show_config import formats, rows
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options

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


KEYS = """\
from typing import Annotated, Literal

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from typing_extensions import TypedDict

from workerctl.rules import EncryptionKey


class Disk(BaseModel):
    kind: Literal["disk"] = "disk"
    path: str = "/var"


class Bucket(BaseModel):
    kind: Literal["bucket"] = "bucket"
    region: str = "eu"


class Sizes(TypedDict, total=False):
    most: int


class Open(BaseModel, extra="allow"):
    host: str = "a"


class Own(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")

    limits: dict[str, int] = {}
    logins: dict[str, str] = {}
    sizes: Sizes = {}
    store: Annotated[Disk | Bucket, Field(discriminator="kind")] = Disk()
    peer: Open = Open()
    app_key: Annotated[str, EncryptionKey()] = ""
"""
KEYS_FILE = """\
LIMITS__CPU=4
LOGINS__PASSWORD=hunter2
LOGINS__USER=alice
SIZES__MOST=9
STORE__KIND=bucket
PEER__PORT=7
APP_KEY_V1=older-key-hunter3
"""


@pytest.fixture(name="keyed")
def _keyed(directory: Path) -> tuple[str, ...]:
    (directory / "keyed.py").write_text(KEYS)
    (directory / "a.env").write_text(KEYS_FILE)
    return ("show-config", "--settings", "keyed:Own", "--env-file", "a.env")


def test_a_dictionary_has_the_locations_of_its_keys(call: Run, keyed: tuple[str, ...]) -> None:
    """The variable of a key is not a separate setting, nor is it taken for an older key."""
    done = call(*keyed, "--format", "json", environ={"LIMITS__CPU": "5", "LIMITS__MEM": "6"})
    found = {one["name"]: one for one in json.loads(done.stdout)["settings"]}
    lines = {
        name: [place["line"] for place in one["locations"]]
        for name, one in found.items()
        if one["set"]
    }

    assert list(found) == [
        *("LIMITS", "LOGINS", "SIZES", "STORE__KIND", "STORE__PATH", "STORE__REGION"),
        *("PEER", "PEER__HOST", "APP_KEY", "APP_KEY_V1"),
    ]
    assert lines == {
        "LIMITS": [None],
        "LOGINS": [2, 3],
        "SIZES": [4],
        "STORE__KIND": [5],
        "PEER": [6],
        "APP_KEY_V1": [7],
    }
    assert found["LIMITS"]["typed"] == {"cpu": 5, "mem": 6}
    assert found["LIMITS"]["location"]["source"] == "environment"
    assert [place["line"] for place in found["LIMITS"]["shadows"]] == [1]
    assert found["PEER"]["typed"] == {"host": "a", "port": "7"}
    assert all(found[name]["changed"] for name in lines)
    assert {name for name, one in found.items() if one["secret"]} >= {"APP_KEY", "APP_KEY_V1"}
    assert not found["LIMITS"]["secret"]
    assert "hunter" not in done.stdout


def test_a_field_that_a_model_does_not_hold_has_its_default(
    call: Run, keyed: tuple[str, ...]
) -> None:
    """Only what the text of the model says comes from there."""
    Path("a.env").write_text('STORE={"kind": "disk"}\nPEER={"host": "b"}\n')
    done = call(*keyed, "--format", "json")
    found = {one["name"]: one["location"]["line"] for one in json.loads(done.stdout)["settings"]}

    assert {name: line for name, line in found.items() if line} == {
        "STORE": 1,
        "STORE__KIND": 1,
        "PEER": 2,
        "PEER__HOST": 2,
    }


def test_the_table_names_the_first_locations(call: Run, keyed: tuple[str, ...]) -> None:
    """It counts the others, and `--changed` shows what has keys."""
    with Path("a.env").open("a") as file:
        file.write("".join(f"LIMITS__X{number}=1\n" for number in range(4)))
    text = call(*keyed, "--changed").stdout

    assert re.search(
        r"^\* LIMITS +\{\S.*\}  a\.env:1, a\.env:8, a\.env:9 and 2 more$", text, re.MULTILINE
    )
    assert re.search(r"^\* SIZES +\{\"most\": 9\} +a\.env:4$", text, re.MULTILINE)
    assert "LIMITS__" not in text


@pytest.mark.parametrize("name", ["LIMITS__CPU", "limits__cpu", "LIMITS__OTHER", "LIMITS"])
def test_the_page_of_a_key_is_that_of_its_dictionary(
    call: Run, keyed: tuple[str, ...], name: str
) -> None:
    """The value of the key is shown there, with where it comes from."""
    text = call(*keyed, name).stdout

    assert text.startswith("LIMITS · Own\n")
    assert re.search(r"^  value +\{\"cpu\": 4\}\n  comes from +a\.env:1$", text, re.MULTILINE)
    assert call(*keyed, "APP_KEY_V1").stdout.startswith("APP_KEY_V1 · security\n")


_TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
_VALUES = st.one_of(
    _TEXTS,
    st.sampled_from(
        ["D:\\spool\\", "it's", 'a\\"b', "${HOME}/x", "'${X:-a}'", " x ", "a #b", "\\"]
    ),
    st.integers(),
    st.booleans(),
    st.floats(allow_nan=False),
    st.lists(_TEXTS, max_size=3),
    st.dictionaries(_TEXTS, st.integers(), max_size=3),
)


def env_lines(settings_class: Any, options: Options, environ: dict[str, str]) -> list[str]:
    """
    Return the lines of an env file for a configuration.
    """
    loaded = load(Settings, options.replace(settings=settings_class), environ=environ)
    found = rows.rows(loaded)
    texts = rows.public_texts(loaded, found)
    return [*formats.env_lines(found, texts, literal_quotes=loaded.schema.is_own)]


def read(settings_class: Any, lines: list[str]) -> Any:
    """
    Return the instance that pydantic-settings makes of the lines of an env file.
    """
    environ = {"HOME": "/home/me", "X": "x"}
    with TemporaryDirectory() as folder, patch.dict(os.environ, environ, clear=True):
        path = Path(folder, "made.env")
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return settings_class(_env_file=path)


class Lax(BaseSettings):
    """
    A settings class whose fields may have a default that is not of their type.
    """

    model_config = SettingsConfigDict(validate_default=False)


@given(st.lists(_VALUES, min_size=1, max_size=4))
@example(["D:\\spool\\", "D:\\logs\\", {"a\\b": 1}, "it's"])
@example(["${HOME}/x", "a"])
def test_every_env_line_is_read_back_as_the_same_value(values: list[Any]) -> None:
    """pydantic-settings gets each value from its line, and no line takes the next one with it."""
    names = [f"field_{at}" for at, _ in enumerate(values)]
    kinds = [{list: list[str], dict: dict[str, int]}.get(type(one), type(one)) for one in values]
    fields: Any = dict(zip(names, zip(kinds, values, strict=True), strict=True))
    made = create_model("Made", __base__=BaseSettings, **fields)
    lines = env_lines(made, Options((), isolated=True), {})

    unset: Any = {name: (kind, None) for name, kind in zip(names, kinds, strict=True)}
    instance = read(create_model("Unset", __base__=Lax, **unset), lines)
    for name, value, line in zip(names, values, lines, strict=True):
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        is_written = not line.startswith("#")
        assert getattr(instance, name) == (value if is_written else None)
        assert is_written or "${" in text or not text.isprintable()


SPLIT = """\
from typing import Annotated
from pydantic import field_validator
from pydantic_settings import BaseSettings, NoDecode


class Split(BaseSettings):
    queues: Annotated[list[str], NoDecode] = []
    shouted: str = ""

    @field_validator("queues", mode="before")
    @classmethod
    def _split(cls, text):
        return text.split(",") if isinstance(text, str) else text

    @field_validator("shouted")
    @classmethod
    def _shout(cls, text):
        return text and text + "!"
"""


def test_a_line_is_written_as_the_class_reads_it(call: Run, directory: Path) -> None:
    """A class that splits a text itself gets no JSON; what it changes again is a comment."""
    (directory / "split.py").write_text(SPLIT)
    (directory / "in.env").write_text("QUEUES=a,b c\nSHOUTED=hey\n")
    command = ["show-config", "--settings", "split:Split", "--env-file", "in.env"]

    done = call(*command, "--format", "env")
    assert done.stdout == "QUEUES='a,b c'\n# SHOUTED is set\n"


def test_the_built_in_schema_reads_its_lines_as_well(call: Run, directory: Path) -> None:
    """Backslashes, quotes and commas in a list survive, and so does `${NAME}`."""
    texts = {
        "OPENAI_MODEL": "D:\\models\\",
        "GEMINI_MODEL": "it's 'so'",
        "ANTHROPIC_MODEL": "a\\'b${HOME}",
        "QUEUES": 'a,"b c",d\\e',
    }
    lines = env_lines(Settings, Options((), isolated=False), dict(texts))
    (directory / "out.env").write_text("".join(f"{line}\n" for line in lines))
    command = ["show-config", "--format", "json", "--env-file"]
    shown = json.loads(call(*command, "out.env", environ={"HOME": "/home/me"}).stdout)["settings"]

    before = load(Settings, Options((), isolated=False), environ=dict(texts)).settings
    found = {one["name"]: one["typed"] for one in shown}
    assert {name: found[name] for name in texts} == {name: getattr(before, name) for name in texts}
