"""
Tests of `workerctl explain`: groups, Markdown, and the words that a shell completes.
"""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.leaks.oracle import Mint, Oracle
from workerctl.checks.table import CHECKS
from workerctl.commands.discovery.completion import words
from workerctl.schema.description import describe
from workerctl.settings import Settings

Run = Callable[..., CompletedProcess[str]]


@pytest.mark.parametrize("name", ["chunking", "CHUNKING"])
def test_a_group_lists_its_settings(call: Run, name: str) -> None:
    """Each setting of the group stands with its description; the case does not matter."""
    done = call("explain", name)
    group = [one for one in describe(Settings) if one.group == "chunking"]

    assert done.returncode == 0
    assert done.stdout.startswith(f"chunking · {len(group)} settings\n")
    for one in group:
        assert f"\n  {one.name}\n    {one.description}\n" in done.stdout


def test_the_group_of_a_foreign_class_is_a_model(call: Run, directory: Path) -> None:
    """Of any other class, groups are its models and its name."""
    (directory / "explained.py").write_text(
        "from pydantic import BaseModel\n"
        "from pydantic_settings import BaseSettings, SettingsConfigDict\n"
        "class Db(BaseModel):\n    host: str = 'h'\n    ports: list[int] = []\n"
        "class Own(BaseSettings):\n"
        "    model_config = SettingsConfigDict(env_nested_delimiter='__')\n    db: Db = Db()\n"
    )
    (directory / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "explained:Own"\n')
    sys.modules.pop("explained", None)

    assert call("explain", "db").stdout.splitlines() == [
        "db · 2 settings",
        "",
        "  DB__HOST",
        "    Must be text.",
        "",
        "  DB__PORTS",
        "    Must be a JSON list of whole numbers.",
    ]


TOKEN = Mint(18).token()
DEFAULTS = """
import enum
from pathlib import Path
from typing import Annotated, Any
from pydantic import BaseModel, HttpUrl, Json, SecretStr
from pydantic_settings import BaseSettings
from workerctl.rules import Hidden, Public
from workerctl.settings import Settings

class Lock(BaseModel):
    pin: int = 48151623

class Own(BaseSettings):
    options: dict[str, Any] = {"db": {"password": "TOKEN"}, "n": 1}
    headers: dict[str, str] = {"Authorization": "Bearer TOKEN"}
    upstream: str = "amqp://svc:TOKEN@mq:5672/v"
    urls: list[str] = ["https://u:TOKEN@host/"]
    text: Json[Any] = '{"client_secret": "TOKEN"}'
    page: HttpUrl = HttpUrl("https://u:TOKEN@host/x")
    odbc: str = "Driver=x;Server=db;Pwd=TOKEN"
    model: str = "gpt-4o"
    ports: list[int] = [1, 2]
    limits: dict[str, int] = {"a": 1}
    where: Path = Path("/srv/data")
    token_uri: Annotated[str, Public("an address")] = "https://host/token"
    nothing: int | None = None
    door: Annotated[Lock, Hidden()] = Lock()

class Sub(Settings):
    door: int = 48151623
    gate: int = 23421516
    token_address: str = "host/token"
"""
SHOWN = {
    "options": '{"db": {"password": "••••••••"}, "n": 1}',
    "headers": '{"Authorization": "••••••••"}',
    "upstream": "amqp://mq:5672/v",
    "urls": '["https://host/"]',
    "text": "••••••••",
    "page": "https://host/x",
    "odbc": "••••••••",
    "model": "gpt-4o",
    "ports": "[1, 2]",
    "limits": '{"a": 1}',
    "where": "/srv/data",
    "token_uri": "https://host/token",
    "nothing": "not set",
    "door": '{"pin": "••••••••"}',
}


@pytest.fixture(name="defaults")
def _defaults(directory: Path) -> Path:
    (directory / "defaults.py").write_text(DEFAULTS.replace("TOKEN", TOKEN))
    return directory


def _page(call: Run, *command: str) -> dict[str, str]:
    """Return the lines of the page of a setting by their labels."""
    lines = call(*command).stdout.splitlines()
    return {line[:13].strip(): line[13:].strip() for line in lines if line[13:].strip()}


def test_a_default_is_shown_as_a_value_is(call: Run, defaults: Path) -> None:
    """A default is masked by its shape, in `explain` and `show-config`; all others are shown."""
    (defaults / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "defaults:Own"\n')

    for name, shown in SHOWN.items():
        page = _page(call, "show-config", name, "--isolated")
        assert page["default"] == shown
        assert page["value"] in {shown, "{}"} or name == "text"
        assert _page(call, "explain", name)["default"] == shown
        markdown = call("explain", name, "--format", "markdown").stdout
        assert Oracle([TOKEN]).leaks(markdown) == []


def test_a_rule_in_the_table_hides_a_default(call: Run, defaults: Path) -> None:
    """Of a subclass of the built-in class, too; `Public` in the table shows one."""
    (defaults / "pyproject.toml").write_text(
        '[tool.workerctl]\nsettings = "defaults:Sub"\n[tool.workerctl.rules]\n'
        'door = { hidden = true }\ntoken_address = { public = "an address" }\n'
    )

    for command in (("explain",), ("show-config", "--isolated")):
        pages = {name: _page(call, *command, name) for name in ("door", "gate", "token_address")}
        found = {name: (page["default"], page["secret"]) for name, page in pages.items()}
        assert found == {
            "door": ("••••••••", "yes: never shown"),
            "gate": ("23421516", "no"),
            "token_address": ("host/token", "no"),
        }


@pytest.mark.parametrize("name", ["KEY001", "KEY", "QUEUES", "llm", "env", ""])
def test_markdown_has_what_the_text_has(call: Run, name: str) -> None:
    """Each page has a form in Markdown, with the same codes and names."""
    arguments = ("explain", *filter(None, [name]))
    text, page = call(*arguments).stdout, call(*arguments, "--format", "markdown").stdout

    assert page.startswith(("## ", "| Code |"))
    named = re.findall(r"[A-Z][A-Z0-9_]{2,}", text)
    assert set(named) - {"CODE", "NAME"} <= set(re.findall(r"[A-Z][A-Z0-9_]{2,}", page))


def test_codes_areas_and_names_are_completed(directory: Path) -> None:
    """The words are those of the tables, although no table is imported."""
    found = words("")
    settings = describe(Settings)

    assert {one.code for one in CHECKS} <= set(found)
    assert {one.code[:3] for one in CHECKS} <= set(found)
    assert {one.name for one in settings} | {one.group for one in settings} <= set(found)
    assert len(found) == len(set(found))
    assert "key001" in words("key0")
    assert words("KEY00")[0] == "KEY001"


def test_the_names_of_another_class_are_not_guessed(directory: Path) -> None:
    """In a project with its own class, nothing of the built-in schema is completed."""
    (directory / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "app:Own"\n')

    assert {one.code for one in CHECKS} <= set(words(""))
    assert words("LLM") == []


def test_a_shell_completes_without_importing_the_checks(run: Run) -> None:
    """A completion loads neither the checks, nor the schema, nor pydantic."""
    variables = {
        "_WORKERCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": "workerctl explain KEY00",
        "COMP_CWORD": "2",
        "PYTHONVERBOSE": "1",
    }
    done = run(env=variables)

    assert done.stdout.split() == [one.code for one in CHECKS if one.code.startswith("KEY00")]
    for module in ("workerctl.checks", "workerctl.settings", "pydantic_settings", "rich.console"):
        assert f"import '{module}'" not in done.stderr
    assert "import 'workerctl.commands.discovery.completion'" in done.stderr
