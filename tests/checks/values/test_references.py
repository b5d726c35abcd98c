"""
Tests of REF001 and REF002: how grave a reference is depends on who still resolves it.
"""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.support.any_class import judged
from tests.support.configurations import MakeContext, MakeLoaded
from workerctl.checks.base import Context
from workerctl.checks.values.references import REF001, REF002
from workerctl.preflight import Request, context_of
from workerctl.report.errors import ConfigurationError, ProjectError
from workerctl.report.findings import Severity
from workerctl.schema.boot_rules import rules
from workerctl.schema.loading import load
from workerctl.settings import Settings, get_settings
from workerctl.sources.options import Options

Call = Callable[..., CompletedProcess[str]]

REFERENCE = "OPENAI_API_KEY=op://vault/item/field\n"


def found(context: Context) -> list[tuple[str, Severity, tuple[str, ...]]]:
    """
    Return what both checks find.
    """
    return [
        (each.code, each.severity, each.fields)
        for check in (REF001, REF002)
        for each in check.run(context)
    ]


@pytest.mark.parametrize("env", ["development", "staging", "production"])
def test_what_has_arrived_in_the_process_is_final(context: MakeContext, env: str) -> None:
    """
    A reference in the process environment is an error in every environment.
    """
    environ = {"ENV": env, "OPENAI_API_KEY": "op://vault/item/field", "GEMINI_API_KEY": "undefined"}

    assert found(context("", environ)) == [
        ("REF001", Severity.ERROR, ("OPENAI_API_KEY",)),
        ("REF002", Severity.ERROR, ("GEMINI_API_KEY",)),
    ]


@pytest.mark.parametrize("text", ["{{ key }}", "${PROD_KEY}", "$PROD_KEY"])
def test_a_secrets_directory_is_final(context: MakeContext, tmp_path: Path, text: str) -> None:
    """
    So is a reference in a file of a secrets directory.
    """
    (tmp_path / "key").write_text(f"{text}\n")

    made = context("", {"OPENAI_API_KEY_FILE": str(tmp_path / "key")})
    assert found(made) == [("REF001", Severity.ERROR, ("OPENAI_API_KEY",))]


@pytest.mark.parametrize(
    ("env", "severity"),
    [
        ("development", Severity.WARNING),
        ("staging", Severity.ERROR),
        ("production", Severity.ERROR),
    ],
)
def test_an_env_file_is_what_the_worker_reads(
    context: MakeContext, env: str, severity: Severity
) -> None:
    """
    Without a tool that renders the file, the worker reads the reference itself.
    """
    made = context(f"ENV={env}\n{REFERENCE}")

    assert found(made) == [("REF001", severity, ("OPENAI_API_KEY",))]
    assert [each.hint for each in REF001.run(made)] == [
        "Render the file first, or name the tool that does so as `rendered_by`."
    ]
    starting = made.replace(starting=True, rendered_by="op")
    assert found(starting) == [("REF001", Severity.ERROR, ("OPENAI_API_KEY",))]


def test_a_rendered_file_is_information(loaded: MakeLoaded, tmp_path: Path) -> None:
    """
    If the project names the tool that renders its env files, a reference is left to it.
    """
    (tmp_path / "pyproject.toml").write_text('[tool.workerctl]\nrendered_by = "op"\n')

    made = context_of(loaded(f"ENV=production\n{REFERENCE}GEMINI_API_KEY=null\n"), Request())
    assert found(made) == [
        ("REF001", Severity.INFO, ("OPENAI_API_KEY",)),
        ("REF002", Severity.ERROR, ("GEMINI_API_KEY",)),
    ]


def test_an_unknown_tool_is_refused(loaded: MakeLoaded, tmp_path: Path) -> None:
    """
    The hint suggests the tool that was meant.
    """
    (tmp_path / "pyproject.toml").write_text('[tool.workerctl]\nrendered_by = "kustomise"\n')

    with pytest.raises(ProjectError) as caught:
        loaded()
    assert "rendered_by" in str(caught.value)
    assert caught.value.hint == "Did you mean kustomize?"


def test_an_expression_of_github_survives_expansion(context: MakeContext) -> None:
    """
    The expansion of `${…}` leaves a brace of it; the line is judged as it is written.
    """
    made = context("OPENAI_API_KEY=${{ secrets.KEY }}\nGEMINI_API_KEY=a}b\n")

    assert [fields for _, _, fields in found(made)] == [("OPENAI_API_KEY",)]


@pytest.mark.parametrize(
    "line", ["LLM_TIMEOUT_SECONDS=null", "DEBUG=undefined", "LLM_RETRY_BASE_WAIT=NaN"]
)
def test_a_number_or_a_switch_is_never_missing(context: MakeContext, line: str) -> None:
    """
    What the class rejects, or a number that is not one, is judged as strictly as a secret.
    """
    assert [code for code, _, _ in found(context(f"{line}\n"))] == ["REF002"]


def test_a_path_in_place_of_a_secret_names_the_other_variable(context: MakeContext) -> None:
    """
    The built-in class reads the path from NAME_FILE, so the hint says so.
    """
    (finding,) = REF001.run(context("OPENAI_API_KEY=/run/secrets/openai\n"))

    assert finding.hint is not None
    assert finding.hint.startswith("Set OPENAI_API_KEY_FILE to the path")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("OPENAI_API_KEY", "${PROD_OPENAI_KEY}", "is a reference to a variable"),
        ("ENCRYPTION_KEY", "${ENCRYPTION_KEY}", "is a reference to a variable"),
        ("OPENAI_MODEL", "$OPENAI_MODEL", "is a reference to a variable"),
        ("QUEUES", "${QUEUES:-fast}", "is a reference to a variable"),
        ("LLM_TIMEOUT_SECONDS", "${TIMEOUT}", "is a reference to a variable"),
        ("REDIS_URL", "rediss://u:${REDIS_PASSWORD}@cache.works.net/0", "contains a variable"),
    ],
)
def test_nothing_replaces_a_variable_in_the_process(
    context: MakeContext, name: str, text: str, words: str
) -> None:
    """
    `${NAME}` that has arrived in the environment reaches the worker as it is.
    """
    (finding,) = REF001.run(context("", {name: text}))

    assert finding.severity is Severity.ERROR
    assert finding.message == f"{name} {words} that nothing has replaced."
    assert finding.hint == (
        f"Set {name} to the value, or let a shell or `envsubst` replace the variable."
    )


@pytest.mark.parametrize(
    ("line", "is_found"),
    [
        ("OPENAI_API_KEY='${PROD_KEY}'", True),
        ("OPENAI_API_KEY=$PROD_KEY", True),
        ("OPENAI_API_KEY=${PROD_KEY}", False),
        ("OPENAI_API_KEY=${PROD_KEY:-x}", False),
        ("OPENAI_API_KEY='q7${Zk9x}Lw'", False),
        ("REDIS_URL=redis://:${PASSWORD}@cache.works.net/0", False),
        ("OPENAI_API_KEY=${SHELL_KEY}", True),
    ],
)
def test_an_env_file_expands_its_variables(context: MakeContext, line: str, is_found: bool) -> None:
    """
    What single quotes keep, what has no braces, and what the environment holds is judged.
    """
    made = context(f"{line}\n", {"SHELL_KEY": "${PROD_KEY}"})

    assert [each.hint for each in REF001.run(made)] == [
        "Write it as `${NAME}`, not in single quotes, or set OPENAI_API_KEY to the value."
    ] * is_found


def test_a_rendered_variable_is_information(loaded: MakeLoaded, tmp_path: Path) -> None:
    """
    `$NAME` in an env file is left to the tool that renders it.
    """
    (tmp_path / "pyproject.toml").write_text('[tool.workerctl]\nrendered_by = "envsubst"\n')

    made = context_of(loaded("OPENAI_API_KEY=$PROD_KEY\n"), Request())
    assert found(made) == [("REF001", Severity.INFO, ("OPENAI_API_KEY",))]


class Nullable(BaseSettings):
    """A class in which one text means None."""

    model_config = SettingsConfigDict(env_parse_none_str="null")

    token: SecretStr | None = None
    queue_list: list[str] | None = None
    words: str = ""


@pytest.mark.parametrize(
    ("environ", "codes"),
    [
        ({"TOKEN": "null"}, []),
        ({"TOKEN": "None"}, ["REF002"]),
        ({"WORDS": "None"}, []),
        ({"QUEUE_LIST": "null"}, []),
    ],
)
def test_a_class_may_read_a_text_as_none(
    directory: Path, environ: dict[str, str], codes: list[str]
) -> None:
    """
    `env_parse_none_str` is respected, and so is the null of JSON where the class accepts it.
    """
    loaded = load(Settings, Options(settings=Nullable), environ=environ)

    assert [code for code, _, _ in found(context_of(loaded, Request()))] == codes


class Database(BaseModel):
    """A part of a class."""

    host: str = ""
    password: str = ""


class Listing(BaseSettings):
    """A class with lists, a mapping and a nested model."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    api_keys: list[SecretStr] = []
    webhook_urls: tuple[str, ...] = ()
    queues: list[str] = []
    labels: dict[str, str] = {}
    numbers: list[int] = []
    db: Database = Database()


@pytest.mark.parametrize(
    ("name", "text", "code", "words"),
    [
        ("API_KEYS", '["q8Zk3vXx", "op://prod/openai/key"]', "REF001",
         "has an item 2 that is a reference to a secret store, not the secret in it"),
        ("API_KEYS", '["undefined"]', "REF002",
         "has an item 1 that is the text of a missing value"),
        ("WEBHOOK_URLS", '["https://a.io/x", "https://undefined/x"]', "REF002",
         "has an item 2 that contains the text of a missing value"),
        ("QUEUES", '["fast", "$SLOW_QUEUE"]', "REF001",
         "has an item 2 that is a reference to a variable that nothing has replaced"),
        ("QUEUES", '["fast", "${SLOW}"]', "REF001",
         "has an item 2 that is a reference to a variable that nothing has replaced"),
        ("LABELS", '{"team": "undefined"}', "REF002",
         "has an entry that is the text of a missing value"),
        ("LABELS", '{"api_key": "None"}', "REF002",
         "has an entry that is the text of a missing value"),
        ("DB", '{"host": "db.acme.io", "password": "null"}', "REF002",
         "has a field password that is the text of a missing value"),
        ("QUEUES", '["fast", "null", "None"]', None, ""),
        ("LABELS", '{"team": "None", "undefined-behaviour": "${a} ${b}"}', None, ""),
        ("DB", '{"host": "db.acme.io", "password": "q8Zk3vXx"}', None, ""),
        ("NUMBERS", "[1, 2]", None, ""),
        ("API_KEYS", "[]", None, ""),
    ],
)  # fmt: skip
def test_the_parts_of_a_value_are_judged(
    name: str, text: str, code: str | None, words: str
) -> None:
    """
    Each item of a list and each entry of a mapping is judged as what it holds.
    """
    made = judged(Listing, {name: text})

    every = [each for check in (REF001, REF002) for each in check.run(made)]
    expected = [] if code is None else [(code, f"{name} {words}.")]
    assert [(each.code, each.message) for each in every] == expected


def test_the_items_of_an_env_file_are_judged(directory: Path) -> None:
    """
    A list in an env file may hold what is not expanded there.
    """
    (directory / ".env").write_text('API_KEYS=["$PROD_KEY"]\nQUEUES=["${FAST:-fast}"]\n')

    assert found(judged(Listing)) == [("REF001", Severity.WARNING, ("API_KEYS",))]


def test_items_between_commas_are_judged(context: MakeContext) -> None:
    """
    The built-in class splits texts at commas.
    """
    (finding,) = REF002.run(context("", {"QUEUES": "fast,undefined"}))

    assert finding.message == "QUEUES has an item 2 that is the text of a missing value."


@pytest.mark.parametrize(
    "line",
    [
        REFERENCE,
        "REDIS_URL=undefined\n",
        "ENCRYPTION_KEY=ENC[a,b]\n",
        "ENCRYPTION_KEY='${ENCRYPTION_KEY}'\n",
    ],
)
def test_a_worker_does_not_boot_with_one(
    directory: Path, monkeypatch: pytest.MonkeyPatch, line: str
) -> None:
    """
    `get_settings` refuses it in development, too, with one finding for the variable.
    """
    (directory / ".env").write_text(line)
    monkeypatch.setattr("os.environ", {})
    get_settings.cache_clear()

    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    name = line.partition("=")[0]
    about = [each.code for each in caught.value.findings if each.fields == (name,)]
    assert about in (["REF001"], ["REF002"])


def test_run_does_not_start_with_one(call: Call, directory: Path) -> None:
    """
    `check` warns of a reference in a development env file, and `run` refuses to start with it.
    """
    (directory / ".env").write_text(REFERENCE)

    assert call("check").returncode == 0
    refused = call("run", "--", "true")
    assert refused.returncode == 1
    assert "REF001 OPENAI_API_KEY" in refused.stderr


def test_boot_and_check_agree(context: MakeContext) -> None:
    """
    Both call the same function.
    """
    made = context(f"ENV=production\n{REFERENCE}")

    booting = [each for each in rules.boot_findings(made.view) if each.code == "REF001"]
    assert booting == list(REF001.run(made))


@pytest.mark.parametrize(
    ("text", "code"),
    [("null", "REF002"), ("None", "REF002"), ("null-checks", None), ("fast", None)],
)
def test_a_missing_list_is_not_a_list_of_one_word(
    context: MakeContext, text: str, code: str | None
) -> None:
    """A worker would serve a queue called `null`."""
    codes = [each for each, _, _ in found(context(f"QUEUES={text}\n"))]

    assert codes == ([] if code is None else [code])
