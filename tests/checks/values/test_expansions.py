"""
SET011 finds `${NAME}` in env files that has no value where it is used.
"""

from pathlib import Path

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

from tests.support.any_class import judged
from tests.support.configurations import MakeContext
from workerctl.checks.values import expansions
from workerctl.report.findings import Location, Severity
from workerctl.sources.values import referenced_names

W, E = Severity.WARNING, Severity.ERROR

URL = "REDIS_URL=rediss://worker:${REDIS_PASSWORD}@cache.example-works.net/0\n"


class App(BaseSettings):
    """A class that reads its env file by itself."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    redis_url: str = ""


@pytest.mark.parametrize(("env", "severity"), [("development", W), ("staging", E)])
def test_set011_a_variable_that_nothing_sets(
    context: MakeContext, env: str, severity: Severity
) -> None:
    """The finding is at the line that uses the variable, and names it."""
    (found,) = expansions.SET011.run(context(f"ENV={env}\n{URL}", {}))

    assert (found.code, found.severity, found.fields) == ("SET011", severity, ("REDIS_URL",))
    assert found.location == Location("env-file", "worker.env", 2)
    assert found.message == (
        "REDIS_URL uses `${REDIS_PASSWORD}`, which nothing sets, so that it is empty."
    )
    assert found.hint == (
        "Set REDIS_PASSWORD above this line, or write `${REDIS_PASSWORD:-default}`."
    )


def test_set011_a_variable_that_a_later_line_sets(context: MakeContext) -> None:
    """The finding names both lines, but not the value."""
    text = f"ENV=production\n{URL}REDIS_PASSWORD=hT5zqN8vYc3K\n"
    (found,) = expansions.SET011.run(context(text))

    assert found.severity is E
    assert found.message == (
        "REDIS_URL uses `${REDIS_PASSWORD}`, which only line 3 sets, so that it is empty."
    )
    assert found.hint == "Move line 3 above line 2."
    assert "hT5zqN" not in repr(found)


def test_set011_a_variable_that_refers_to_itself(context: MakeContext) -> None:
    """A line cannot move above itself."""
    (found,) = expansions.SET011.run(context("OPENAI_MODEL=${OPENAI_MODEL}\n"))

    assert found.message == (
        "OPENAI_MODEL uses `${OPENAI_MODEL}`, which only the line itself sets, so that it is empty."
    )
    assert found.hint == "Write the value, or delete the line."


def test_set011_outside_the_worker_a_variable_may_only_be_missing_here(
    context: MakeContext,
) -> None:
    """Without the process environment, or at build, an unset variable is a warning."""
    isolated = context(f"ENV=production\n{URL}OPENAI_MODEL=${{HOME}}x\n")
    build = context(f"ENV=production\n{URL}", {}, phase="build")

    assert [one.severity for one in expansions.SET011.run(isolated)] == [W]
    assert [one.severity for one in expansions.SET011.run(build)] == [W]


@pytest.mark.parametrize(
    "text",
    [
        f"REDIS_PASSWORD=x\n{URL}",
        f"REDIS_PASSWORD=\n{URL}",
        "REDIS_URL=redis://${HOST:-cache}/0\n",
        "REDIS_URL=redis://${HOST:-}localhost/0\n",
        "OPENAI_MODEL='${MODEL}'\n",
        "OPENAI_MODEL=$MODEL\n",
        "OPENAI_MODEL=${OUTER}\n",
    ],
)
def test_set011_passes_what_has_a_value(context: MakeContext, text: str) -> None:
    """A value, a default, the environment, single quotes: nothing becomes empty by mistake."""
    assert list(expansions.SET011.run(context(f"ENV=production\n{text}", {"OUTER": "x"}))) == []


def test_set011_ignores_what_a_stronger_source_overrides(context: MakeContext) -> None:
    """A line that does not count is not a problem."""
    made = context(f"ENV=production\n{URL}", {"REDIS_URL": "rediss://cache.example-works.net/0"})

    assert list(expansions.SET011.run(made)) == []


def test_set011_judges_the_variables_of_other_programs(context: MakeContext) -> None:
    """A variable that is not a setting gets a warning."""
    (found,) = expansions.SET011.run(context("ENV=production\nBACKUP_URL=x://${BACKUP_HOST}\n", {}))

    assert (found.severity, found.fields) == (W, ())
    assert found.message.startswith("BACKUP_URL uses `${BACKUP_HOST}`")


@pytest.mark.parametrize("name", ["hT5zqN8vYc3K", "T5ZQN8VYC3K7WX", "A1B2C3D4E5F6", "kq-7", ""])
def test_set011_shows_no_part_of_a_secret_with_a_dollar(context: MakeContext, name: str) -> None:
    """What looks like a name may be a piece of a password; only a usual name is shown."""
    found = list(expansions.SET011.run(context(f"OPENAI_API_KEY=x${{{name}}}y\n", {})))

    assert len(found) == 1
    assert "uses a `${…}`" in found[0].message
    assert not name or name not in found[0].message + (found[0].hint or "")


def test_set011_a_class_sees_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """python-dotenv expands one file by itself, also in single quotes."""
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("REDIS_URL='redis://${CACHE_HOST}/0'\n")
    (found,) = expansions.SET011.run(judged(App))

    assert found.message.startswith("REDIS_URL uses `${CACHE_HOST}`, which nothing sets")


def test_the_names_that_a_file_refers_to(context: MakeContext) -> None:
    """A name that another line uses is not superfluous, even if no setting has it."""
    (source,) = context("HOST=a\nREDIS_URL=redis://${HOST}:${PORT:-1}/${\n").values.env_files

    assert referenced_names(source) == {"HOST", "PORT"}
