"""
Tests of the names of variables: that of the source which sets them, and that of an environment.
"""

from pathlib import Path

import pytest

from tests.schema.foreign.conftest import Load, messages
from workerctl.commands.show_config import rows
from workerctl.preflight import Request, judge
from workerctl.report.errors import ConfigurationError, ProjectError, UsageError
from workerctl.schema.loading import load
from workerctl.settings import Settings, get_settings
from workerctl.sources.options import Options

TWO_NAMES = """
from workerctl.rules import AtMost
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")
    size: Annotated[int, AtMost("limit")] = Field(
        3, validation_alias=AliasChoices("SZ", "THE_SIZE")
    )
    limit: int = 9
"""


@pytest.mark.parametrize("by", ["SZ", "THE_SIZE", "the_size"])
def test_a_finding_has_the_name_that_the_source_uses(load_module: Load, by: str) -> None:
    """The value, its rules and the findings are called as the line is."""
    found = load_module(TWO_NAMES, {by: "x"})
    assert messages(found) == [f"{by.upper()} must be a whole number."]

    found = load_module(TWO_NAMES, {by: "12"})
    assert found.settings.size == 12
    failed = [each for result in judge(found, Request()).results for each in result.findings]
    assert [each.fields for each in failed if each.code == "TMO002"] == [(by.upper(), "LIMIT")]


def test_the_preferred_name_counts_where_a_source_sets_both(load_module: Load) -> None:
    """pydantic-settings reads the first of the names."""
    found = load_module(TWO_NAMES, {"SZ": "1", "THE_SIZE": "2"})

    assert found.settings.size == 1
    assert "SZ" in found.schema.variables


@pytest.mark.parametrize("name", ["SZ", "the_size", "size"])
def test_a_setting_is_shown_by_any_of_its_names(load_module: Load, name: str) -> None:
    """The field is a name of the setting as well; other live names are not old ones."""
    (row,) = rows.select(rows.rows(load_module(TWO_NAMES)), group=None, changed=False, name=name)

    assert (row.setting.name, row.setting.aliases, row.setting.deprecated) == (
        "SZ",
        ("THE_SIZE",),
        (),
    )


@pytest.mark.parametrize(
    ("field", "named"),
    [
        ('fastapi_env: str = "production"', "FASTAPI_ENV"),
        ('run_environment: Literal["dev", "prod"] = "dev"', "RUN_ENVIRONMENT"),
        ('mode: str = Field("local", validation_alias="SERVICE_ENV")', "SERVICE_ENV"),
        ('python_env: str = "/opt/env"', None),
        ("some_env: str", None),
        ('a_env: str = "dev"\n    b_env: str = "dev"', None),
    ],
)
def test_a_field_that_ends_in_env_names_the_environment(
    load_module: Load, field: str, named: str | None
) -> None:
    """Its default or its choices must be words for environments, and there must be one only."""
    text = f"from typing import Literal\nclass Settings(BaseSettings):\n    {field}\n"

    declaration = load_module(text, {"SOME_ENV": "x"}).schema.environment

    assert (None if declaration is None else declaration.name) == named


def test_the_hint_is_a_word_that_the_field_accepts(load_module: Load) -> None:
    """`production` would be rejected by the type."""
    text = "from typing import Literal\nclass Settings(BaseSettings):\n"
    text += '    env: Literal["dev", "prod"] = "dev"\n'

    report = judge(load_module(text, {"ENV": "producton"}), Request())

    hints = [each.hint for each in report.findings() if each.code == "ENV001"]
    assert hints == ["Did you mean ENV=prod?"]


def test_a_missing_variable_of_the_module_is_named(load_module: Load) -> None:
    """The name of an environment variable is not a secret; another key may be one."""
    with pytest.raises(ProjectError, match="SERVICE_URL is not set \\(KeyError at"):
        load_module('import os\nURL = os.environ["SERVICE_URL"]\n')
    with pytest.raises(ProjectError) as caught:
        load_module('import os\nURL = os.environ["sk-proj-4fJ8kLm2NqRs7TvW"]\n', name="other")
    assert "sk-proj" not in str(caught.value)
    assert "an environment variable is not set" in caught.value.message


def test_a_function_that_raises_is_not_an_import(load_module: Load) -> None:
    """The hint calls the function, since importing its module works."""
    with pytest.raises(ProjectError) as caught:
        load_module("def make():\n    raise RuntimeError\n", target="make")

    assert caught.value.hint == 'Try `python -c "import config; config.make()"`.'


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ('a: Annotated[str, ShorterThan("b")] = ""', "ShorterThan compares numbers, but A is"),
        ('a: Annotated[bool, AtMost("b")] = True', "AtMost compares numbers, but A is"),
        ('a: Annotated[str, Hidden(), Public("x")] = ""', "A is declared both as Hidden and"),
    ],
)
def test_a_rule_must_fit_its_field(load_module: Load, field: str, message: str) -> None:
    """A rule that could only crash or contradict another is refused at once."""
    rules = "from workerctl.rules import AtMost, Hidden, Public, ShorterThan\n"
    text = f"{rules}class Settings(BaseSettings):\n    {field}\n    b: float | None = 3\n"

    with pytest.raises(ProjectError, match=message):
        load_module(text)


def test_the_name_of_a_settings_class_is_not_empty() -> None:
    """An unset variable of a shell does not mean the built-in class."""
    with pytest.raises(UsageError, match="--settings is empty"):
        load(Settings, Options(settings=""), environ={})


def test_get_settings_refuses_what_the_class_forbids(load_module: Load) -> None:
    """`check`, `run`, `boot` and the library agree; a name that may be a secret is not shown."""
    secret = "sk-proj-4fJ8kLm2NqRs7TvW"
    Path(".env").write_text(f"SIZE=2\nCOLOUR=x\n{secret}=1\n")
    text = 'class Settings(BaseSettings):\n    model_config = SettingsConfigDict(env_file=".env", '
    found = load_module(f'{text}extra="forbid")\n    size: int = 1\n')

    with pytest.raises(ConfigurationError) as caught:
        get_settings(found.schema.settings_class)

    assert "COLOUR is not a known setting, and Settings forbids others." in str(caught.value)
    assert secret not in str(caught.value)
