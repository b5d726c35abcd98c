"""
Seven settings classes as teams write them, each taken through check, show-config, run and boot.

None of them imports workerctl. `projects/` holds a small project for each.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any, NamedTuple

import pytest

Run = Callable[..., CompletedProcess[str]]

PROJECTS = Path(__file__).parent / "projects"
TOKEN = "sT4cR7mqL2pVw9Xk"


class Case(NamedTuple):
    """
    How a project is checked, and what is found: code, severity, location and the first field.

    `repairs` are the variables with which the same configuration has no error, and `seen` is what
    the class itself then reads, by path.
    """

    name: str
    options: tuple[str, ...]
    found: frozenset[tuple[str, str, str, str]]
    repairs: Mapping[str, str]
    seen: Mapping[str, Any]
    environment: str
    target: str


CASES = (
    Case(
        "prefixed",
        ("--settings", "app.config:Settings", "--env-file", "production.env"),
        frozenset(
            {
                ("SET001", "error", "production.env:3", "APP_DB__PORT"),
                ("SET001", "error", "", "APP_DB__PASSWORD"),
                ("SET002", "error", "production.env:4", "APP_DB__PASSWORD"),
                ("ENV005", "error", "production.env:5", "APP_BROKER"),
            }
        ),
        {
            "APP_DB__PORT": "5433",
            "APP_DB__PASSWORD": TOKEN,
            "APP_BROKER": "amqps://queue.example-works.net",
        },
        {"stage": "prod", "db.host": "db.internal", "db.port": 5433, "read_timeout": 30.0},
        "production (APP_STAGE=prod)",
        "app.config:Settings",
    ),
    Case(
        "fastapi",
        ("--settings", "api.settings:get_settings"),
        frozenset(
            {
                ("SET001", "error", ".env:4", "CORS_ORIGINS"),
                ("SET001", "error", ".env:5", "PAGE_SIZE"),
                ("ENV004", "error", ".env:3", "SECRET_KEY"),
            }
        ),
        {
            "CORS_ORIGINS": '["https://app.example-works.net"]',
            "PAGE_SIZE": "30",
            "SECRET_KEY": TOKEN,
        },
        {"environment": "production", "page_size": 30},
        "production (ENVIRONMENT=production)",
        "api.settings:AppSettings",
    ),
    Case(
        "celery",
        ("--settings", "shop.conf:CelerySettings", "--env", "production"),
        frozenset(
            {
                ("SET002", "error", ".env:5", "CELERY_WORKER_CONCURRENCY"),
                ("ENV005", "error", ".env:2", "CELERY_RESULT_BACKEND"),
            }
        ),
        {"CELERY_RESULT_BACKEND": "rediss://results.example-works.net:6379/0"},
        {"task_queues": ["fast", "slow"], "worker_concurrency": 4},
        "production (--env)",
        "shop.conf:CelerySettings",
    ),
    Case(
        "two_classes",
        ("--settings", "service.settings:Worker", "--env-file", "deploy.env"),
        frozenset(),
        {},
        {"concurrency": 16},
        "development (no field names the environment)",
        "service.settings:Worker",
    ),
    Case(
        "toml",
        ("--settings", "jobs.settings:Settings"),
        frozenset({("SET001", "error", "", "JOBS_API_KEY")}),
        {"JOBS_API_KEY": TOKEN, "JOBS_LIMITS__BURST": "7"},
        {"name": "nightly", "limits.rate": 5, "limits.burst": 7},
        "production (JOBS_ENV=production)",
        "jobs.settings:Settings",
    ),
    Case(
        "aliases",
        ("--settings", "config:Config", "--env-file", "worker.env"),
        frozenset({("SET001", "error", "worker.env:4", "MAX_RETRIES")}),
        {"MAX_RETRIES": "2"},
        {"stage": "staging", "first_host": "a.internal", "retries": 2},
        "staging (DEPLOY_STAGE=staging)",
        "config:Config",
    ),
    Case(
        "uneditable",
        (),
        frozenset(
            {
                ("ENV002", "error", "vendor.env:1", "V_CACHE__URL"),
                ("ENV002", "error", "vendor.env:1", "V_OPENAI_API_KEY"),
                ("ENV003", "error", "vendor.env:2", "V_VERBOSE"),
                ("TMO001", "error", "vendor.env:3", "V_CONNECT_TIMEOUT"),
            }
        ),
        {
            "V_VERBOSE": "0",
            "V_CONNECT_TIMEOUT": "5",
            "V_GEMINI_API_KEY": TOKEN,
            "V_CACHE__URL": "rediss://cache.internal",
        },
        {"mode": "live", "cache.url": "rediss://cache.internal"},
        "production (V_MODE=live)",
        "vendor.settings:VendorSettings",
    ),
)
EVERY = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
_BOOT = """
import functools, json, sys
from workerctl.runtime import boot
settings = boot({target!r})
read = lambda path: functools.reduce(getattr, path.split("."), settings)
print(json.dumps({{path: read(path) for path in sys.argv[1:]}}))
"""
_READ = """
import functools, importlib, json, sys
module, _, name = {target!r}.partition(":")
settings = getattr(importlib.import_module(module), name)()
read = lambda path: functools.reduce(getattr, path.split("."), settings)
print(json.dumps({{path: read(path) for path in sys.argv[1:]}}))
"""


@pytest.fixture(name="project")
def _project(directory: Path) -> Callable[[Case], None]:
    """
    Return a function that copies the project of a case into the working directory.
    """

    def project(case: Case) -> None:
        shutil.copytree(PROJECTS / case.name, directory, dirs_exist_ok=True)
        for file in directory.glob("*env"):
            file.chmod(0o600)

    return project


def findings(done: CompletedProcess[str]) -> frozenset[tuple[str, str, str, str]]:
    """
    Return code, severity, location and first field of each finding but informational ones.
    """
    report = json.loads(done.stdout)
    assert report["error"] is None, report["error"]
    return frozenset(
        (
            finding["code"],
            finding["severity"],
            _place(finding["location"]),
            finding["fields"][0] if finding["fields"] else "",
        )
        for check in report["checks"]
        for finding in check["findings"]
        if finding["severity"] != "info"
    )


def _place(location: dict[str, Any] | None) -> str:
    if location is None or location["line"] is None:
        return ""
    return f"{location['file']}:{location['line']}"


@EVERY
def test_check_finds_each_mistake_at_its_line(case: Case, project: Any, run: Run) -> None:
    """
    Each mistake is found, at its line, by the name of its variable.
    """
    project(case)
    done = run("check", *case.options, "--format", "json")

    assert findings(done) == case.found
    assert done.returncode == (1 if any("error" in found for found in case.found) else 0)
    assert TOKEN not in done.stdout + done.stderr


@EVERY
def test_the_header_names_the_class_and_the_environment(case: Case, project: Any, run: Run) -> None:
    """
    The first line names the class that was judged, and where its environment is from.
    """
    project(case)
    heading = run("check", *case.options).stdout.splitlines()[0]

    assert f" · {case.target} · judged as {case.environment} · read " in heading


@EVERY
def test_repaired_configurations_have_no_error(case: Case, project: Any, run: Run) -> None:
    """
    With the mistakes repaired by variables of the environment, nothing fails.
    """
    project(case)
    _without_mistaken_lines(case)
    done = run("check", *case.options, "--format", "json", env=dict(case.repairs))

    assert {found for found in findings(done) if found[1] == "error"} == set()


def _without_mistaken_lines(case: Case) -> None:
    """
    Delete the lines that a variable of the environment cannot repair.

    What a class forbids, and what its source of env files cannot decode, it rejects even where
    another source takes precedence.
    """
    mistaken = [location for code, _, location, _ in case.found if code in {"SET001", "SET002"}]
    for location in sorted(filter(None, mistaken), reverse=True):
        file, _, number = location.partition(":")
        lines = Path(file).read_text("utf-8").splitlines(keepends=True)
        del lines[int(number) - 1]
        Path(file).write_text("".join(lines), "utf-8")


@EVERY
def test_show_config_shows_every_variable_and_no_secret(case: Case, project: Any, run: Run) -> None:
    """
    Every value is shown with its origin, and every secret is masked, in each format.
    """
    project(case)
    _without_mistaken_lines(case)
    shown = [
        run("show-config", *case.options, "--format", form, env=dict(case.repairs))
        for form in ("table", "json", "env")
    ]

    assert [done.returncode for done in shown] == [0, 0, 0], shown[0].stderr
    for done in shown:
        assert TOKEN not in done.stdout
        assert "pV7mqL2sXw9RkT4c" not in done.stdout
    names = {row["name"] for row in json.loads(shown[1].stdout)["settings"]}
    assert set(case.repairs) <= names


@EVERY
def test_run_starts_the_command_with_what_was_checked(case: Case, project: Any, run: Run) -> None:
    """
    The class reads in the started process what was checked, whatever the source is.
    """
    project(case)
    _without_mistaken_lines(case)
    program = _READ.format(target=case.target)
    words = [sys.executable, "-c", program, *case.seen]
    done = run("run", *case.options, "--", *words, env={**case.repairs, "PYTHONPATH": _path()})

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == case.seen


@EVERY
def test_run_does_not_start_on_a_mistake(case: Case, project: Any, run: Run) -> None:
    """
    With the mistakes, the command is not started.
    """
    project(case)
    if not case.found:
        return
    done = run("run", *case.options, "--", "echo", "started", env={"PYTHONPATH": _path()})

    assert (done.returncode, done.stdout) == (1, "")


@EVERY
def test_boot_returns_the_instance_that_was_checked(case: Case, project: Any, run: Run) -> None:
    """
    `boot("module:Name")` returns an instance with the values that were checked.
    """
    project(case)
    _without_mistaken_lines(case)
    files = [word for word in case.options if word.endswith(".env")]
    environ = {**case.repairs, "PYTHONPATH": _path()}
    if files:
        environ["WORKERCTL_ENV_FILE"] = files[0]
    done = subprocess.run(
        [sys.executable, "-c", _BOOT.format(target=case.target), *case.seen],
        env={"PATH": "/usr/bin:/bin", **environ},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == case.seen


@EVERY
def test_a_generated_env_file_has_only_placeholders(case: Case, project: Any, run: Run) -> None:
    """
    What is required is found as a placeholder, and the file causes no other finding at all.
    """
    project(case)
    _assert_only_placeholders(run, "--settings", case.target)


def test_the_env_file_of_the_built_in_schema_has_only_placeholders(run: Run) -> None:
    """
    The same holds for workerctl's own schema.
    """
    _assert_only_placeholders(run)


def _assert_only_placeholders(run: Run, *options: str) -> None:
    done = run("schema", *options, script='"$@" > .env.example')
    assert (done.returncode, done.stderr) == (0, "")
    for environment in ("staging", "production"):
        checked = ("check", ".env.example", "--env", environment, *options, "--format", "json")
        report = json.loads(run(*checked).stdout)
        lines = Path(".env.example").read_text("utf-8").splitlines()
        placeholders = {
            f".env.example:{number}"
            for number, line in enumerate(lines, 1)
            if line and not line.startswith("#")
        }

        found = [each for check in report["checks"] for each in check["findings"]]
        assert {each["code"] for each in found} == {"ENV004"}
        assert sorted(_place(each["location"]) for each in found) == sorted(placeholders)


def _path() -> str:
    import workerctl

    return f"{Path(workerctl.__file__).parents[1]}:."
