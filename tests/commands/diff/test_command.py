"""
`workerctl diff`: what two configurations have, and whether it is the same.
"""

import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.output.test_json import document
from workerctl.settings import Settings

Run = Callable[..., CompletedProcess[str]]

KEY = "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2"
OPENAI = "oai_R4tq9WmZ2vB7nK5xD8cL3jH6fG1sPyTe"
GEMINI = "gmn_u8Wk3NqZ6xR1vB9mT4cJ7dL2hF5gSyPa"
OR_SHARED = "mark the field as `Shared` if there can be only one."
UNSET = len(Settings.model_fields) - 9
SECRETS = (KEY, OPENAI, GEMINI, "pV7mqL2sXw9RkT4c", "kX8vQ2mR7tY4", "sbr_", "9f2c4a7b")

STAGING = f"""\
ENV=staging
REDIS_URL=rediss://:pV7mqL2sXw9RkT4c@queue.staging-works.net:6380/0
SUPABASE_SERVICE_ROLE_KEY=sbr_G7xw2LqVn5Rb8Tz3Kd6Yh9Mc4Pf1
OPENAI_API_KEY={OPENAI}
ENCRYPTION_KEY={KEY}
LLM_TIMEOUT_SECONDS=60.0
DEBUG=false
TOOL_PASSWORD=kX8vQ2mR7tY4
TOOL_MODE=one
"""
PRODUCTION = f"""\
ENV=production
REDIS_URL=rediss://:hN3wBq8ZrL5tVc2x@queue.example-works.net:6380/0
SUPABASE_SERVICE_ROLE_KEY=sbr_H7xw2LqVn5Rb8Tz3Kd6Yh9Mc4Pf1
OPENAI_API_KEY={OPENAI}
ENCRYPTION_KEY={KEY}
LLM_TIMEOUT_SECONDS=60
SHUTDOWN_GRACE_SECONDS=1800
GEMINI_API_KEY={GEMINI}
TOOL_PASSWORD=kX8vQ2mR7tY4
TOOL_MODE=two
TOOL_SIZE=3
"""
TARGETS = """
[[tool.workerctl.target]]
name = "staging"
env_file = "staging.env"

[[tool.workerctl.target]]
name = "production"
env_file = ["production.env"]
"""
WEB = """
from pydantic import SecretStr
from pydantic_settings import BaseSettings


class Web(BaseSettings):
    redis_url: str = ""
    llm_timeout_seconds: int = 30
    openai_api_key: SecretStr = SecretStr("")
    env: str = "development"
    port: int = 8000
"""


@pytest.fixture(name="project")
def _project(directory: Path) -> Path:
    """
    Return a project with two targets.
    """
    write(directory / "pyproject.toml", TARGETS)
    write(directory / "staging.env", STAGING)
    write(directory / "production.env", PRODUCTION)
    return directory


def write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o600)


def entries(done: CompletedProcess[str]) -> dict[str, dict[str, Any]]:
    """
    Return the entries of a JSON comparison, by name.
    """
    return {entry["name"]: entry for entry in document(done, "diff")["entries"]}


def test_text_shows_both_values_and_origins_but_no_secret(call: Run, project: Path) -> None:
    """Each kind of difference has a section; values that are equal are counted only."""
    done = call("diff", "staging", "production")

    assert done.returncode == 0
    assert done.stdout.splitlines()[1:] == [
        "- staging · judged as staging (ENV=staging) · read staging.env",
        "+ production · judged as production (ENV=production) · read production.env",
        "",
        "only in staging",
        "- DEBUG  false  staging.env:7, same as the default",
        "",
        "only in production",
        "+ SHUTDOWN_GRACE_SECONDS  1800           production.env:7 (default: 30)",
        "+ GEMINI_API_KEY          secret         production.env:8",
        "+ TOOL_SIZE               not a setting  production.env:11",
        "",
        "different values",
        "  ENV",
        "-   staging     staging.env:1",
        "+   production  production.env:1",
        "",
        "secrets",
        "* REDIS_URL                  different",
        "-   rediss://••••••••@queue.staging-works.net:6380/0  staging.env:2",
        "+   rediss://••••••••@queue.example-works.net:6380/0  production.env:2",
        "* SUPABASE_SERVICE_ROLE_KEY  different  staging.env:3 and production.env:3",
        "  OPENAI_API_KEY             same       staging.env:4 and production.env:4",
        "  ENCRYPTION_KEY             same       staging.env:5 and production.env:5",
        "",
        "variables of other programs",
        "  TOOL_PASSWORD  same       staging.env:8 and production.env:9",
        "* TOOL_MODE      different  staging.env:9 and production.env:10",
        "",
        "shared between environments",
        "  ✗ SEC001 ENCRYPTION_KEY has the same value in production.",
        f"           staging.env:5 → Make a key for each environment, or {OR_SHARED}",
        "  ! SEC001 OPENAI_API_KEY has the same value in production.",
        f"           staging.env:4 → Issue one for each environment, or {OR_SHARED}",
        "  ! SEC001 TOOL_PASSWORD has the same value in production.",
        "           staging.env:8 → Issue one for each environment.",
        "",
        (
            "different · 1 only in staging, 3 only in production, 4 different, 3 same secrets, "
            f"1 equal, {UNSET} default in both · exit code 0"
        ),
    ]


def test_json_says_the_same(call: Run, project: Path) -> None:
    """Of a secret, there is no value, only whether it is the same."""
    done = call("diff", "staging", "production", "--format", "json")
    found = document(done, "diff")
    by_name = entries(done)

    assert done.stdout.isascii()
    assert [secret for secret in SECRETS if secret in done.stdout] == []
    assert found["same_class"]
    assert found["summary"] == {
        "only_a": 1, "only_b": 3, "different": 4, "same_secrets": 3,
        "equal": 1, "unset": UNSET, "provided_at_deploy": 0, "unnamed": 0,
    }  # fmt: skip
    assert "LLM_TIMEOUT_SECONDS" not in by_name
    assert by_name["SHUTDOWN_GRACE_SECONDS"]["a"] == {
        "set": False,
        "valid": True,
        "provided_at_deploy": False,
        "value": "30",
        "location": {"source": "default", "file": None, "line": None},
        "locations": [{"source": "default", "file": None, "line": None}],
    }
    assert by_name["OPENAI_API_KEY"]["relation"] == "same"
    assert by_name["OPENAI_API_KEY"]["b"]["value"] is None
    assert by_name["ENCRYPTION_KEY"]["a"]["value"] is None
    assert [one["fields"] for one in found["findings"]] == [
        ["OPENAI_API_KEY"], ["ENCRYPTION_KEY"], ["TOOL_PASSWORD"],
    ]  # fmt: skip


def test_the_exit_code_is_zero_unless_it_is_asked_for(call: Run, project: Path) -> None:
    """With --exit-code, what is shown decides, and --only limits what is shown."""
    assert call("diff", "staging", "production").returncode == 0
    assert call("diff", "staging", "production", "--exit-code").returncode == 1
    write(project / "same.env", STAGING)
    assert call("diff", "staging.env", "same.env", "--exit-code").returncode == 0
    write(
        project / "same.env", STAGING.replace("LLM_TIMEOUT_SECONDS=60.0", "LLM_TIMEOUT_SECONDS=1")
    )
    pair = ("diff", "staging.env", "same.env", "--exit-code")
    assert call(*pair).returncode == 1
    assert call(*pair, "--only", "names").returncode == 0
    assert call(*pair, "--only", "secrets").returncode == 0
    done = call(*pair, "--only", "values", "--format", "json")
    assert (done.returncode, document(done, "diff")["exit_code"]) == (1, 1)


def test_a_shared_secret_is_a_difference(call: Run, directory: Path) -> None:
    """It decides on the exit code even where nothing else differs."""
    line = f"OPENAI_API_KEY={OPENAI}\n"
    write(directory / "pyproject.toml", TARGETS.replace("env_file", 'env = "staging"\nenv_file', 1))
    write(directory / "staging.env", f"{line}ENV=production\n")
    write(directory / "production.env", f"{line}ENV=production\n")
    pair = ("diff", "staging", "production", "--exit-code")
    assert call(*pair).returncode == 1

    rule = '[tool.workerctl.rules]\nOPENAI_API_KEY = { shared = "one account" }\n'
    write(directory / "pyproject.toml", (directory / "pyproject.toml").read_text() + rule)
    done = call(*pair)
    assert (done.returncode, "OPENAI_API_KEY  same" in done.stdout) == (0, True)


def test_check_reports_it_for_each_target(call: Run, project: Path) -> None:
    """All targets of a run are compared; a suppression names its field."""
    done = call("check", "--select", "SEC001", "--format", "json")
    found = [
        (report["name"], finding["fields"], finding["location"]["file"])
        for report in json.loads(done.stdout)["reports"]
        for check in report["checks"]
        if check["code"] == "SEC001"
        for finding in check["findings"]
    ]
    assert done.returncode == 1
    assert [one for one in found if "ENCRYPTION_KEY" in one[1]] == [
        ("staging", ["ENCRYPTION_KEY"], "staging.env"),
        ("production", ["ENCRYPTION_KEY"], "production.env"),
    ]
    assert len(found) == 6

    accepted = (
        '[[tool.workerctl.ignore]]\ncode = "SEC001"\nfield = "ENCRYPTION_KEY"\n'
        'reason = "replaced in January"\nuntil = 2999-01-31\n'
    )
    write(project / "pyproject.toml", TARGETS + accepted)
    assert call("check", "--select", "SEC001").returncode == 0
    assert "suppressed until 2999-01-31" in call("diff", "staging", "production").stdout

    for env in ("staging", "production"):
        write(project / "pyproject.toml", f'{TARGETS}{accepted}env = ["{env}"]\n')
        assert "suppressed until 2999-01-31" in call("diff", "staging", "production").stdout


def test_a_file_that_cannot_be_read_does_not_hide_the_others(call: Run, project: Path) -> None:
    """`check` compares what it can read; `diff` needs both."""
    (project / "staging.env").unlink()
    done = call("check", "--select", "SEC001")

    assert done.returncode == 2
    assert "SEC001" not in done.stdout.partition("·")[0]
    done = call("diff", "staging", "production", "--format", "json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "workerctl: staging.env does not exist. Check the path and the working directory.\n"
    )


def test_values_that_are_not_valid_are_compared_as_text(call: Run, project: Path) -> None:
    """They are not shown, and a note says how many there are."""
    write(project / "staging.env", STAGING + "JOB_MAX_RETRIES=many\n")
    write(project / "production.env", PRODUCTION + "JOB_MAX_RETRIES=2\n")
    done = call("diff", "staging", "production")

    assert done.returncode == 0
    assert (
        "! 1 value of staging is not valid and compared as text: see `workerctl check staging`."
        in done.stdout
    )
    assert "-   not valid, not shown  staging.env:10\n" in done.stdout
    assert "many" not in done.stdout
    write(project / "production.env", PRODUCTION + "JOB_MAX_RETRIES=many\n")
    assert "JOB_MAX_RETRIES" not in call("diff", "staging", "production").stdout


def test_the_hint_names_the_class_that_was_typed(call: Run, project: Path) -> None:
    """Without it, `check` would judge the file by another class, and find nothing."""
    write(project / "web.py", WEB)
    write(project / "a.env", "PORT=many\n")
    write(project / "b c.env", "PORT=some\nLLM_TIMEOUT_SECONDS=x\n")
    done = call("diff", "a.env", "b c.env", "--settings", "web:Web")
    text = re.sub(r"\s+", " ", done.stdout)

    assert "see `workerctl check a.env --settings web:Web`." in text
    assert "2 values of b c.env are not valid and compared as text: " in text
    assert "see `workerctl check 'b c.env' --settings web:Web`." in text
    assert call("check", "a.env", "--settings", "web:Web").returncode == 1


def test_different_classes_are_compared_by_variable_name(call: Run, project: Path) -> None:
    """A value counts, not its type, and a name that only one class knows is compared as text."""
    write(project / "web.py", WEB)
    classes = TARGETS.replace("env_file", 'settings = "web:Web"\nenv_file', 1)
    write(project / "pyproject.toml", classes)
    write(project / "staging.env", STAGING.replace("60.0", "60") + "PORT=9000\nCHUNK_SIZE=3\n")
    done = call("diff", "staging", "production", "--format", "json")
    found = entries(done)

    assert document(done, "diff")["same_class"] is False
    assert "LLM_TIMEOUT_SECONDS" not in found
    assert (found["PORT"]["relation"], found["PORT"]["b"]) == ("only-a", None)
    assert found["ENCRYPTION_KEY"]["relation"] == "same"
    assert found["ENV"]["relation"] == "different"
    text = call("diff", "staging", "production").stdout
    assert "ℹ The settings classes differ, web:Web and workerctl.settings:Settings: " in text


def test_what_is_provided_at_deploy_is_not_compared(call: Run, project: Path) -> None:
    """A target may be a container; nobody knows yet what comes from outside its file."""
    pytest.importorskip("workerctl.sources.manifests.compose")
    service = (
        "services:\n  worker:\n    image: worker:1\n    environment:\n"
        "      ENV: production\n      JOB_MAX_RETRIES: '3'\n"
        "      OPENAI_API_KEY: ${OPENAI_API_KEY}\n      WEBHOOK_SECRET: ${WEBHOOK_SECRET}\n"
    )
    write(project / "compose.yaml", service)
    compose = 'compose = "compose.yaml"\nservice = "worker"'
    targets = TARGETS.replace('env_file = ["production.env"]', compose)
    write(project / "pyproject.toml", targets)
    done = call("diff", "staging", "production", "--format", "json")
    found = entries(done)

    assert done.stderr == ""
    assert found["JOB_MAX_RETRIES"]["b"]["location"]["file"] == "compose.yaml"
    assert found["WEBHOOK_SECRET"]["relation"] == "only-b"
    assert found["WEBHOOK_SECRET"]["b"]["provided_at_deploy"]
    assert "OPENAI_API_KEY" not in found
    assert document(done, "diff")["summary"]["provided_at_deploy"] == 1
    assert "provided at deploy" in call("diff", "staging", "production").stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "`workerctl diff` compares two configurations, but none is named. Name two targets"),
        (["staging"], "`workerctl diff` compares two configurations, but one is named."),
        (["staging", "production", "a.env"], "compares two configurations, but 3 are named."),
        (["staging", "staging"], "Both arguments name the same configuration."),
        (["staging", "other"], "other is neither a file nor a declared target."),
        (["staging", "Zt7Qm2Xc5Vb8Nn4Lp1Rr"], "The argument is neither a file nor a declared"),
        (["staging", "production", "--settings", "no_such:Class"], "no_such"),
        (["staging", "production", "--only", "keys"], "Invalid value for --only: keys."),
    ],
)
def test_other_arguments_are_an_error(
    call: Run, project: Path, words: list[str], message: str
) -> None:
    """Nothing is compared, and one sentence says why."""
    done = call("diff", *words)

    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr


def test_standard_input_is_a_file(run: Run, project: Path) -> None:
    """As for `check`, - is an env file that is read alone; this runs in a process."""
    done = run("diff", "staging", "-", "--only", "names", "--exit-code")

    assert done.returncode == 1
    assert "only in staging\n" in done.stdout
    assert done.stderr == ""


def test_a_name_that_may_be_a_secret_is_only_counted(call: Run, project: Path) -> None:
    """A secret that was pasted in the place of a name stays hidden."""
    write(project / "staging.env", f"{STAGING}K7XV9QMR2TK7XV9=1\n")
    done = call("diff", "staging", "production")

    assert "K7XV9" not in done.stdout
    assert "1 not shown" in done.stdout.splitlines()[-1]


def test_a_secret_of_one_is_hidden_in_a_public_value_of_the_other(call: Run, project: Path) -> None:
    """Only the comparison knows that a model name is the key of the other environment."""
    write(project / "staging.env", STAGING + f"OPENAI_MODEL={GEMINI}\n")

    for form in ("text", "json"):
        done = call("diff", "staging", "production", "--format", form)
        assert "OPENAI_MODEL" in done.stdout
        assert GEMINI[8:] not in done.stdout


@pytest.mark.parametrize("columns", [80, 60, 40])
def test_the_text_fits_the_terminal(screen: Run, project: Path, columns: int) -> None:
    """No line is broken by the terminal, and every name and origin remains readable."""
    done = screen("diff", "staging", "production", columns=columns, env={"TERM": "dumb"})
    rows = done.stdout.splitlines()

    assert max(map(len, rows)) <= columns
    text = re.sub(r"\s+", " ", done.stdout)
    for words in ("SHUTDOWN_GRACE_SECONDS", "production.env:7", "(default: 30)", "different"):
        assert words in text


KEYS = """
from pydantic_settings import BaseSettings, SettingsConfigDict


class Own(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")
    limits: dict[str, int] = {}
    size: int = 1
"""


@pytest.mark.parametrize(
    ("a", "b", "relation", "values", "invalid"),
    [
        ("LIMITS__CPU=4\nSIZE=1\n", "LIMITS__CPU=8\nSIZE=1\n", "different", (4, 8), 0),
        ('LIMITS={"cpu": 4}\n', "LIMITS__CPU=8\n", "different", (4, 8), 0),
        ('LIMITS={"cpu": 4}\n', "LIMITS__CPU=4\n", None, None, 0),
        ("LIMITS__CPU=4\n", "", "only-a", (4, None), 0),
        ("LIMITS__CPU=x\n", "LIMITS__CPU=8\n", "different", (None, 8), 1),
        ("LIMITS__CPU=x\n", "LIMITS__CPU=x\n", None, None, 2),
        ("LIMITS__CPU=x\n", "LIMITS__CPU=y\n", "different", (None, None), 2),
    ],
)
def test_keys_of_a_dictionary_are_one_setting(
    call: Run,
    directory: Path,
    a: str,
    b: str,
    relation: str | None,
    values: tuple[int | None, int | None] | None,
    invalid: int,
) -> None:
    """A difference counts once, has the lines of the keys, and is compared as text if not valid."""
    write(directory / "keyed.py", KEYS)
    write(directory / "a.env", a)
    write(directory / "b.env", b)
    done = call("diff", "a.env", "b.env", "--settings", "keyed:Own", "--format", "json")
    shown = document(done, "diff")

    assert [entry["relation"] for entry in shown["entries"]] == ([relation] if relation else [])
    assert shown["a"]["invalid"] + shown["b"]["invalid"] == invalid
    for entry in shown["entries"]:
        cells = entry["a"], entry["b"]
        assert (entry["name"], entry["secret"]) == ("LIMITS", False)
        for cell, value in zip(cells, values or (), strict=True):
            is_set = bool(a if cell is cells[0] else b)
            assert (cell["set"], cell["location"]["line"]) == (is_set, 1 if is_set else None)
            assert value is None or json.loads(cell["value"]) == {"cpu": value}


NESTED = """
from pydantic import AliasChoices, BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Db(BaseModel):
    host: str = "h"
    port: int = Field(5432, validation_alias=AliasChoices("port", "tcp"))
    password: SecretStr = SecretStr("")


class Own(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")
    size: int
    db: Db = Db()
"""


@pytest.mark.parametrize(
    ("a", "relations", "invalid", "unset"),
    [
        ('DB={"host": "a"}', {"DB": "only-a", "DB__HOST": "only-a"}, 0, 2),
        ('DB={"tcp": 7}', {"DB": "only-a", "DB__PORT": "only-a"}, 0, 2),
        ("DB={bad", {"DB": "only-a"}, 1, 3),
        ('DB={"port": "x"}', {"DB": "only-a", "DB__PORT": "only-a"}, 1, 2),
        ("DB__PORT=x", {"DB__PORT": "only-a"}, 1, 2),
        ("DB={bad\nDB__PORT=x", {"DB": "only-a", "DB__PORT": "only-a"}, 2, 2),
        ("", {}, 0, 3),
    ],
)
def test_a_model_is_counted_by_what_its_text_holds(
    call: Run, directory: Path, a: str, relations: dict[str, str], invalid: int, unset: int
) -> None:
    """A field that is not in it has its default, and what is not valid counts once."""
    write(directory / "nested.py", NESTED)
    write(directory / "a.env", f"SIZE=1\n{a}\n")
    write(directory / "b.env", "SIZE=1\n")
    done = call("diff", "a.env", "b.env", "--settings", "nested:Own", "--format", "json")
    shown = document(done, "diff")

    assert {entry["name"]: entry["relation"] for entry in shown["entries"]} == relations
    assert (shown["a"]["invalid"], shown["b"]["invalid"]) == (invalid, 0)
    assert (shown["summary"]["equal"], shown["summary"]["unset"]) == (1, unset)


def test_what_neither_has_is_not_called_a_default(call: Run, directory: Path) -> None:
    """A required setting without a value has none."""
    write(directory / "nested.py", NESTED)
    write(directory / "a.env", "DB__HOST=a\n")
    write(directory / "b.env", "DB__HOST=a\n")
    done = call("diff", "a.env", "b.env", "--settings", "nested:Own")

    assert done.stdout.endswith("no difference · 1 equal, 2 default in both · exit code 0\n")


ALIASES = """
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings


class Own(BaseSettings):
    address: str = Field("", validation_alias=AliasChoices("APP_ADDRESS", "ADDRESS", "ADDR"))
    token: SecretStr = Field(SecretStr(""), validation_alias=AliasChoices("APP_TOKEN", "TOKEN"))
    size: int = Field(1, validation_alias=AliasChoices("APP_SIZE", "SIZE"))
"""


@pytest.mark.parametrize(
    ("a", "b", "relations"),
    [
        ("ADDRESS=a", "ADDR=a", {}),
        ("ADDRESS=a", "APP_ADDRESS=b", {"ADDRESS": "different"}),
        ("", "ADDR=b", {"ADDR": "only-b"}),
        ("ADDR=b", "", {"ADDR": "only-a"}),
        ("TOKEN=t0p-s3cret-1", "APP_TOKEN=t0p-s3cret-1", {"TOKEN": "same"}),
        ("SIZE=x", "APP_SIZE=2", {"SIZE": "different"}),
        ("SIZE=x", "APP_SIZE=x", {}),
    ],
)
def test_the_names_of_one_setting_are_one_name(
    call: Run, directory: Path, a: str, b: str, relations: dict[str, str]
) -> None:
    """The files may set it by different aliases: it is compared by its value, and counted once."""
    write(directory / "aliases.py", ALIASES)
    write(directory / "a.env", f"{a}\n")
    write(directory / "b.env", f"{b}\n")
    done = call("diff", "a.env", "b.env", "--settings", "aliases:Own", "--format", "json")
    shown = document(done, "diff")

    assert {entry["name"]: entry["relation"] for entry in shown["entries"]} == relations
    assert shown["a"]["invalid"] == ("SIZE=x" in a)
    assert shown["b"]["invalid"] == ("SIZE=x" in b)
    assert "s3cret" not in done.stdout
    assert shown["summary"]["unset"] == 2
