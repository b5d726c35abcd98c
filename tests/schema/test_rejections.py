"""
Tests of the findings for values that a subclass of the built-in class rejects.
"""

import traceback
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import AnyUrl, BaseModel, Field, Json, PostgresDsn

from tests.leaks.oracle import Mint, Oracle, texts
from workerctl.report.errors import ConfigurationError
from workerctl.report.findings import Finding
from workerctl.rules import AtMost, Hidden, Public
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options

TOKEN = Mint(8).token()


def finding(kind: Any, default: Any, text: str, name: str = "BROKER") -> Finding:
    """Return the finding for a text in a field of this type, name and default."""
    model: Any = type("Own", (Settings,), {"__annotations__": {name: kind}, name: default})
    return _finding(model, {name: text})


def _finding(settings: type[Settings], environ: dict[str, str]) -> Finding:
    (found,) = load(settings, Options(env_files=()), environ=environ).findings
    return found


def _form(pattern: str) -> Any:
    return Annotated[str, Field(pattern=pattern)]


@pytest.mark.parametrize(
    ("kind", "default", "text"),
    [
        (_form(r"amqps?://.+"), f"amqp://svc:{TOKEN}@mq:5672/v", "mq:5672"),
        (_form(r"Server=.+"), f"Server=db;Pwd={TOKEN}", "db"),
        (_form(r"\w+ .+"), f"Bearer {TOKEN}", "x"),
        (_form(r".{9,}"), f"sk-proj-{TOKEN}", "x"),
        (_form(r"https://.+"), f"https://host/x?token={TOKEN}", "x"),
        (Annotated[str, Field(min_length=9)], f'{{"password": "{TOKEN}"}}', "x"),
        (Annotated[str, Field(max_length=90)], f"host=db password={TOKEN}", "x" * 91),
        (list[AnyUrl], [AnyUrl(f"https://u:{TOKEN}@host/")], "https://host/,x"),
        (PostgresDsn, PostgresDsn(f"postgres://u:{TOKEN}@db/x"), "x"),
        (dict[str, int | str], {"password": TOKEN}, "x"),
        (Json[Any], f'{{"api_key": "{TOKEN}"}}', "{"),
        (Annotated[_form(r"\w{9,}"), Hidden()], TOKEN, "x"),
        (_form(r"\w{30,}"), f"{TOKEN}{TOKEN}", "x"),
    ],
    ids=repr,
)
def test_no_hint_names_a_default_that_looks_like_a_secret(
    kind: Any, default: Any, text: str
) -> None:
    """The shape of a default decides, as that of a value does, whatever the field is called."""
    found = finding(kind, default, text)

    assert found.hint == "Correct BROKER."
    assert Oracle([TOKEN]).leaks(f"{found}") == []


@pytest.mark.parametrize(
    ("kind", "default", "text", "shown"),
    [
        (_form(r"amqps?://.+"), "amqp://mq:5672/v", "mq:5672", "amqp://mq:5672/v"),
        (Annotated[str, Field(min_length=3)], "eu-west", "x", "eu-west"),
        (Annotated[_form(r"\w{30,}"), Public("a key")], TOKEN + TOKEN, "x", TOKEN + TOKEN),
        (list[int], [1, 2], "x", "1,2"),
        (bool, False, "x", "false"),
    ],
    ids=repr,
)
def test_a_hint_names_any_other_default(kind: Any, default: Any, text: str, shown: str) -> None:
    """A default that may be shown stays in the hint."""
    assert finding(kind, default, text).hint == f"The default is BROKER={shown}."


@pytest.mark.parametrize(
    ("kind", "default", "text", "words"),
    [
        (_form("[a-z]+"), "a", "X", "of the form that its pattern requires"),
        (Annotated[str, Field(min_length=3)], "abc", "X", "longer"),
        (Annotated[str, Field(max_length=3)], "abc", "long", "shorter"),
        (Annotated[list[int], Field(min_length=3)], [1, 2, 3], "1,2", "a list of more items"),
        (Annotated[list[int], Field(max_length=1)], [1], "1,2", "a list of fewer items"),
        (list[_form("[a-z]+")], ["a"], "X", "a comma-separated list of values"),
        (int, 1, "X", "a whole number"),
    ],
    ids=repr,
)
def test_a_message_names_the_constraint_that_a_value_breaks(
    kind: Any, default: Any, text: str, words: str
) -> None:
    """A text of the wrong form is text, so that "must be text" would be wrong."""
    assert finding(kind, default, text).message == f"BROKER must be {words}."


class Own(Settings):
    """A subclass with a number that nobody would take for a secret."""

    door: int = 48151623
    gate: int = 23421516


def test_no_hint_names_a_default_that_the_table_hides(directory: Path) -> None:
    """A rule in pyproject.toml counts as one at the field, also when the class is called."""
    (directory / "pyproject.toml").write_text("[tool.workerctl.rules]\ndoor = { hidden = true }\n")

    assert _finding(Own, {"door": "y"}).hint == "Correct door."
    assert _finding(Own, {"gate": "y"}).hint == "The default is gate=23421516."
    assert "48151623" not in _raised(Own, door="y")
    assert "23421516" in _raised(Own, gate="y")


@pytest.mark.parametrize("table", ["nothing = { hidden = true }", "door = { hiden = true }"])
def test_no_hint_names_a_default_while_the_table_is_not_valid(directory: Path, table: str) -> None:
    """Which fields it hides is not known; it may also be meant for another class."""
    (directory / "pyproject.toml").write_text(f"[tool.workerctl.rules]\n{table}\n")

    assert "gate must be a whole number." in _raised(Own, gate="y")
    assert "23421516" not in _raised(Own, gate="y")


def test_a_rule_that_is_not_valid_does_not_show_the_value(directory: Path) -> None:
    """The error of the rule would have pydantic's error, with the value, as its context."""
    assert directory

    class Wrong(Settings):
        """A subclass that compares a field with one that does not exist."""

        gate: Annotated[int, AtMost("nothing")] = 23421516

    assert Oracle([TOKEN]).leaks(_raised(Wrong, gate=TOKEN)) == []


def _raised(settings: type[Settings], **given: Any) -> str:
    """Return everything that can be reached from the error of calling a class."""
    with pytest.raises(ConfigurationError) as caught:
        settings(**given)
    return "\n".join([*traceback.format_exception(caught.value), *texts(caught.value)])


class Lock(BaseModel):
    """A nested model with a number."""

    pin: int = 48151623
    holes: int = 12345


def test_no_hint_of_a_foreign_class_names_a_hidden_default(directory: Path) -> None:
    """The rule may stand at the model around the field, or in the table."""
    (directory / "locked.py").write_text(
        "from typing import Annotated\n"
        "from pydantic_settings import BaseSettings, SettingsConfigDict\n"
        "from tests.schema.test_rejections import Lock\n"
        "from workerctl.rules import Hidden\n"
        "class Own(BaseSettings):\n"
        "    model_config = SettingsConfigDict(env_nested_delimiter='__')\n"
        "    door: Annotated[Lock, Hidden()] = Lock()\n"
        "    gate: Lock = Lock()\n",
    )
    (directory / "pyproject.toml").write_text(
        '[tool.workerctl.rules]\n"gate.pin" = { hidden = true }\n'
    )
    names = ("DOOR__PIN", "DOOR__HOLES", "GATE__PIN", "GATE__HOLES")
    loaded = load(
        Settings,
        Options(settings="locked:Own", env_files=()),
        environ=dict.fromkeys(names, "y"),
    )

    assert {each.fields[0]: each.hint for each in loaded.findings} == {
        "DOOR__PIN": "Correct DOOR__PIN.",
        "DOOR__HOLES": "Correct DOOR__HOLES.",
        "GATE__PIN": "Correct GATE__PIN.",
        "GATE__HOLES": "The default is GATE__HOLES=12345.",
    }
