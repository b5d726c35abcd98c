"""
Tests of the public API: Settings, get_settings and validate_encryption_key.
"""

import copy
import os
import pickle
import subprocess
import sys
import textwrap
import threading
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import Field, SecretStr

import workerctl
from tests.leaks.oracle import Mint, Oracle, texts
from tests.support.configurations import KEY
from workerctl.checks.table import CHECKS
from workerctl.preflight import Request, preflight
from workerctl.report.errors import ConfigurationError, ProjectError, SourceError
from workerctl.report.findings import ENVIRONMENTS, Location
from workerctl.secrecy.masking import MASK
from workerctl.settings import Settings, get_settings, validate_encryption_key
from workerctl.sources.options import Options

MINT = Mint(6)
TOKEN = MINT.token()
STRONG = MINT.key()


@pytest.fixture(name="env")
def _env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the path of `.env` in an empty working directory, without variables of settings."""
    monkeypatch.chdir(tmp_path)
    for name in (*Settings.model_fields, "WORKERCTL_ENV_FILE", "WORKERCTL_SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)
    get_settings.cache_clear()
    yield tmp_path / ".env"
    get_settings.cache_clear()


def python(code: str, directory: Path, **environ: str) -> str:
    """Return the output of a Python program that runs without the environment of this one."""
    package = str(Path(workerctl.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-W", "ignore::RuntimeWarning", "-c", textwrap.dedent(code)],
        cwd=directory,
        env={"PYTHONPATH": package, "PYTHONDONTWRITEBYTECODE": "1", **environ},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


# The tests that the specification prescribes, with the same meaning.


def test_valid_key_production() -> None:
    """A well-formed key raises nothing in production."""
    validate_encryption_key("a" * 64, "production")


def test_missing_key_production() -> None:
    """A missing key raises in production."""
    with pytest.raises(ValueError, match="required in production"):
        validate_encryption_key("", "production")


def test_short_key_production() -> None:
    """A short key raises in production."""
    with pytest.raises(ValueError, match="64 hex characters"):
        validate_encryption_key("a" * 32, "production")


def test_invalid_hex_production() -> None:
    """A key with other characters raises in production."""
    with pytest.raises(ValueError, match="hexadecimal"):
        validate_encryption_key("g" * 64, "production")


def test_missing_key_development() -> None:
    """A missing key is only a warning in development."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        validate_encryption_key("", "development")
        assert len(caught) == 1
        assert "not set or invalid" in str(caught[0].message)


BAD_KEYS = ["", None, " ", "a", "a" * 63, "a" * 65, "g" * 64, f"{KEY} ", f"'{KEY}'", "\uff41" * 64]


@pytest.mark.parametrize("env", ["production", "staging", "prod", "", "Development"])
@pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
def test_a_bad_key_is_an_error_outside_development(key: str | None, env: str) -> None:
    """Unknown environments are included, and every message states the whole form of a key."""
    with pytest.raises(ValueError, match=r"64 hex characters.*hexadecimal") as caught:
        validate_encryption_key(key, env)
    assert type(caught.value) is ValueError


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ("production", "is required in production:"),
        ("staging", "is required in staging:"),
        ("prod", "is required in every environment but development:"),
    ],
)
def test_a_missing_key_names_the_environment(env: str, words: str) -> None:
    """An unknown environment is not repeated, because it may be a misplaced secret."""
    with pytest.raises(ValueError, match=words):
        validate_encryption_key(SecretStr(""), env)


@pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
def test_a_bad_key_is_exactly_one_warning_in_development(key: str | None) -> None:
    """The warning is the same for every problem, and has the line of the caller."""
    with pytest.warns(RuntimeWarning, match="not set or invalid in development") as caught:
        validate_encryption_key(key, "development")

    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("env", [*ENVIRONMENTS, "prod"])
@pytest.mark.parametrize("key", [KEY, KEY.upper(), "0" * 64])
def test_a_well_formed_key_is_silent_everywhere(key: str, env: str) -> None:
    """Only presence and form are checked, also of a SecretStr."""
    validate_encryption_key(key, env)
    validate_encryption_key(SecretStr(key), env)


@pytest.mark.parametrize("env", ["production", "prod"])
def test_no_part_of_a_key_is_in_its_error(env: str) -> None:
    """Neither the message nor the context of the error contains a part of the key."""
    for key in (STRONG[1:], f"{STRONG}a", f"'{STRONG}'", f"{STRONG[1:]}g"):
        with pytest.raises(ValueError, match="ENCRYPTION_KEY") as caught:
            validate_encryption_key(SecretStr(key), env)
        assert Oracle([STRONG]).leaks(str(caught.value)) == []
        assert caught.value.__context__ is None


def test_the_settings_of_a_process_are_one_instance(env: Path) -> None:
    """The sources are read once, until the cache is cleared."""
    env.write_text(f"ENCRYPTION_KEY={KEY}\nMAX_PAGE_COUNT=7\n")
    first = get_settings()
    env.write_text(f"ENCRYPTION_KEY={KEY}\nMAX_PAGE_COUNT=8\n")

    assert get_settings() is first
    assert first.MAX_PAGE_COUNT == 7
    get_settings.cache_clear()
    assert get_settings().MAX_PAGE_COUNT == 8


def test_threads_share_one_load(env: Path) -> None:
    """Of 32 concurrent threads, one reads the sources, and all get the same instance."""
    module = """
        from workerctl.settings import Settings as Base

        LOADS = []

        class Settings(Base):
            def __init__(self, *arguments, **given):
                LOADS.append(1)
                super().__init__(*arguments, **given)
        """
    code = """
        import threading
        from workerctl.settings import get_settings

        start, found = threading.Barrier(32), []

        def ask():
            start.wait()
            found.append(get_settings())

        threads = [threading.Thread(target=ask) for _ in range(32)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        import team
        print(len(found), len(set(map(id, found))), len(team.LOADS))
        """
    (env.parent / "team.py").write_text(textwrap.dedent(module))
    (env.parent / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "team:Settings"\n')

    assert python(code, env.parent, ENCRYPTION_KEY=KEY) == "32 1 1\n"


def test_a_thread_that_waited_gets_what_the_first_one_made(env: Path) -> None:
    """A thread that waits while another loads does not load again."""
    env.write_text(f"ENCRYPTION_KEY={KEY}\n")
    found: list[Settings] = []
    with get_settings._lock:
        waiting = threading.Thread(target=lambda: found.append(get_settings()))
        waiting.start()
        waiting.join(0.05)
        made = Settings()
        get_settings._made[None] = made
    waiting.join()

    assert found == [made]
    assert found[0] is made


def test_a_forked_child_inherits_the_instance(env: Path) -> None:
    """A forked child reads no source, even if the files have changed."""
    env.write_text(f"ENCRYPTION_KEY={KEY}\nMAX_PAGE_COUNT=7\n")
    code = """
        import os
        from workerctl.settings import get_settings

        parent = get_settings()
        os.remove(".env")
        child = os.fork()
        if not child:
            os._exit(0 if get_settings() is parent else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """

    assert python(code, env.parent) == "0\n"


def test_all_problems_of_a_configuration_are_in_one_error(env: Path) -> None:
    """Types, ranges, the environment, its required values and the key are reported together."""
    text = "ENV=prod\nDEBUG=maybe\nQUEUES=[\nLLM_TIMEOUT_SECONDS=0\nENCRYPTION_KEY=abc\n"
    env.write_text(f"{text}WEBHOOK_URL=https://h.example\n")

    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    found = caught.value.findings
    assert sorted((finding.code, finding.fields[0]) for finding in found) == [
        ("ENV001", "ENV"),
        ("ENV002", "GEMINI_API_KEY"),  # A warning, shown because there are errors.
        ("ENV002", "OPENAI_API_KEY"),
        ("ENV002", "REDIS_URL"),
        ("ENV002", "SUPABASE_SERVICE_ROLE_KEY"),
        ("ENV002", "SUPABASE_URL"),
        ("ENV002", "WEBHOOK_SECRET"),
        ("KEY002", "ENCRYPTION_KEY"),
        ("SET001", "DEBUG"),
        ("SET001", "LLM_TIMEOUT_SECONDS"),
        ("SET001", "QUEUES"),
    ]
    for finding in found:
        assert f"{finding.code} {finding.message}" in str(caught.value)
        assert finding.hint in str(caught.value)
        assert str(finding.location) in str(caught.value)


def test_boot_reports_what_check_reports(env: Path) -> None:
    """Booting and `check` have the same findings, because they call the same functions."""
    env.write_text("ENV=staging\nDEBUG=maybe\nENCRYPTION_KEY=abc\n")
    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    codes = ("SET001", "ENV001", "ENV002", "KEY001", "KEY002")
    report = preflight(Request(Options(), selected=codes), environ={})

    assert set(caught.value.findings) == set(report.findings())
    assert {check.code for check in CHECKS} > set(codes)


def test_warnings_do_not_keep_a_worker_from_booting(env: Path) -> None:
    """A worker boots if its only findings are warnings."""
    required = "".join(
        f"{name}={value}\n"
        for name, value in {
            "ENV": "production",
            "SUPABASE_URL": "https://db.example",
            "SUPABASE_SERVICE_ROLE_KEY": TOKEN,
            "REDIS_URL": "rediss://h",
            "OPENAI_API_KEY": TOKEN,
            "ENCRYPTION_KEY": KEY,
        }.items()
    )
    env.write_text(required)

    assert get_settings().ENV == "production"


def test_a_fresh_clone_boots_with_one_warning(env: Path) -> None:
    """Development warns about a missing key, but does not require it."""
    assert not env.exists()
    with pytest.warns(RuntimeWarning, match="not set or invalid") as caught:
        assert get_settings().ENV == "development"

    assert len(caught) == 1


def test_a_failed_load_is_tried_again(env: Path) -> None:
    """A failed load is not cached."""
    env.write_text("DEBUG=maybe\n")
    with pytest.raises(ConfigurationError):
        get_settings()
    env.write_text(f"ENCRYPTION_KEY={KEY}\n")

    assert not get_settings().DEBUG


def test_the_class_of_a_team_is_what_a_worker_gets(env: Path) -> None:
    """get_settings returns an instance of the class that the project names."""
    (env.parent / "team.py").write_text(
        "from workerctl.settings import Settings as Base\n"
        "class Settings(Base):\n    TEAM_SIZE: int = 3\n"
    )
    (env.parent / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "team:Settings"\n')
    code = "from workerctl.settings import get_settings; print(get_settings().TEAM_SIZE)"

    assert python(code, env.parent, TEAM_SIZE="4", ENCRYPTION_KEY=KEY) == "4\n"


def test_a_call_reads_the_same_sources(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings() prefers the environment over the file, and the file over the default."""
    env.write_text("MAX_PAGE_COUNT=7\nMIN_TEXT_LENGTH=8\n")
    monkeypatch.setenv("MIN_TEXT_LENGTH", "9")
    settings = Settings()

    assert (settings.MAX_PAGE_COUNT, settings.MIN_TEXT_LENGTH, settings.MAX_FILE_SIZE_MB) == (
        7,
        9,
        50,
    )


def test_arguments_win(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments, by either name, win over every source and over problems in them."""
    env.write_text("MAX_PAGE_COUNT=none\nENCRYPTION_KEY_FILE=missing\nLLM_CONNECT_TIMEOUT=5\n")
    monkeypatch.setenv("LLM_CONNECT_TIMEOUT_SECONDS", "6")
    settings = Settings(
        MAX_PAGE_COUNT=8, ENCRYPTION_KEY=KEY, LLM_CONNECT_TIMEOUT=7, QUEUES=["only"]
    )

    assert (settings.MAX_PAGE_COUNT, settings.QUEUES) == (8, ["only"])
    assert settings.LLM_CONNECT_TIMEOUT_SECONDS == 7
    assert settings.ENCRYPTION_KEY.get_secret_value() == KEY


def test_an_invalid_argument_has_no_location(env: Path) -> None:
    """The line that an argument overrides is not reported, nor is an empty `ENV`."""
    env.write_text("MAX_PAGE_COUNT=7\nENV=\n")
    with pytest.raises(ConfigurationError) as caught:
        Settings(MAX_PAGE_COUNT=0, ENV="prod", NO_SUCH_FIELD=1)

    assert [(each.message, each.location) for each in caught.value.findings] == [
        ("ENV must be development, staging or production.", None),
        ("MAX_PAGE_COUNT must be a whole number above 0.", None),
        ("The settings class has no field NO_SUCH_FIELD.", None),
    ]


@pytest.mark.parametrize("name", ["_env_file", "lower", "x" * 50])
def test_an_argument_that_is_not_a_field_is_refused(env: Path, name: str) -> None:
    """Arguments of pydantic-settings are refused, and names of another form are not repeated."""
    assert not env.exists()
    with pytest.raises(ConfigurationError, match="rejects the values as a whole") as caught:
        Settings(**{name: "x"})
    assert name not in str(caught.value)


def test_a_subclass_can_be_called_with_what_it_requires(env: Path) -> None:
    """A required field may come from an argument or from a source."""

    class Team(Settings):
        """A class with a field without a default."""

        TEAM_SIZE: int = Field(description="People.")

    env.write_text("ENV=staging\n")
    assert Team(TEAM_SIZE=3).TEAM_SIZE == 3
    with pytest.raises(ConfigurationError, match="TEAM_SIZE is required but not set") as caught:
        Team()
    assert caught.value.findings[0].location == Location("env-file", ".env", 1)


SECRETS = {
    "REDIS_URL": f"redis://:{TOKEN}@h",
    "WEBHOOK_URL": f"https://h.example/{TOKEN}",
    "OPENAI_API_KEY": TOKEN,
    "OPENAI_BASE_URL": f"https://user:{TOKEN}@h.example/v1?key={TOKEN}",
    "ENCRYPTION_KEY": STRONG,
}


def test_no_secret_is_in_what_is_printed(env: Path) -> None:
    """Neither repr nor str contains a secret, even if a field is secret only by its name."""

    class Team(Settings):
        """A class with an undeclared credential, and a field declared public."""

        PAYMENT_TOKEN: str = ""
        TOKEN_LIMIT: int = Field(1, json_schema_extra={"public": "it is a number"})

    assert not env.exists()
    settings = Team(**SECRETS, PAYMENT_TOKEN=TOKEN, TOKEN_LIMIT=7)

    assert Oracle([TOKEN, STRONG]).leaks(f"{settings!r} {settings}") == []
    assert f"PAYMENT_TOKEN='{MASK}'" in repr(settings)
    assert "TOKEN_LIMIT=7" in repr(settings)
    assert "OPENAI_BASE_URL='https://h.example/v1'" in repr(settings)
    assert "QUEUES=['fast', 'slow', 'process', 'parse']" in repr(settings)


def test_settings_are_frozen(env: Path) -> None:
    """An instance is shared, so it cannot be changed."""
    assert not env.exists()
    settings = Settings()

    with pytest.raises(AttributeError, match="immutable: DEBUG cannot be assigned"):
        settings.DEBUG = True


def everything(error: BaseException) -> str:
    """Return what a log or an error tracker sees, including the local variables of our frames."""
    assert error.__traceback__ is not None
    ours = error.__traceback__.tb_next  # The first frame is that of the test, with the values.
    report = traceback.TracebackException(type(error), error, ours, capture_locals=True)
    return "\n".join(["".join(report.format()), *texts(error)])


@pytest.mark.parametrize("bad", list(SECRETS))
def test_no_error_contains_a_value(env: Path, bad: str) -> None:
    """The text, causes, arguments and frames contain neither the invalid value nor a valid one."""
    damaged = SECRETS | {bad: f"{SECRETS[bad]} \x7f", "JOB_MAX_RETRIES": TOKEN}
    env.write_text("".join(f"{name}='{value}'\n" for name, value in damaged.items()))

    for given in ({}, damaged):
        with pytest.raises(ConfigurationError) as caught:
            Settings(**given)
        assert Oracle([TOKEN, STRONG]).leaks(everything(caught.value)) == []
    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    assert Oracle([TOKEN, STRONG]).leaks(everything(caught.value)) == []


def test_the_error_of_an_unusable_source_contains_no_value(
    env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The inner frames are removed, because they hold the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    monkeypatch.setenv("WORKERCTL_ENV_FILE", "missing.env")
    assert not env.exists()
    for call in (get_settings, Settings):
        with pytest.raises(SourceError, match=r"missing\.env") as caught:
            call()
        assert Oracle([TOKEN]).leaks(everything(caught.value)) == []


def test_the_error_of_a_class_that_does_not_load_contains_no_value(
    env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error contains no value of the environment."""
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    monkeypatch.setenv("WORKERCTL_SETTINGS", "no_such_team:Settings")
    assert not env.exists()
    monkeypatch.setattr(sys, "path", list(sys.path))

    with pytest.raises(ProjectError) as caught:
        get_settings()
    assert Oracle([TOKEN]).leaks(everything(caught.value)) == []


def test_debug_logging_contains_no_value(env: Path) -> None:
    """The debug logging of pydantic-settings, which would log every value, stays off."""
    code = """
        import logging
        logging.basicConfig(level=0)
        logging.getLogger("pydantic_settings").setLevel(0)
        from workerctl.settings import get_settings, Settings
        get_settings()
        Settings(OPENAI_API_KEY="sk")
        """
    output = python(code, env.parent, PYDANTIC_SETTINGS_DEBUG="1", ENCRYPTION_KEY=STRONG)

    assert output == ""


def test_importing_reads_nothing(env: Path) -> None:
    """Importing opens no configuration file, and imports no heavy module."""
    env.write_text("DEBUG=maybe\n")
    (env.parent / "pyproject.toml").write_text("[tool.workerctl\n")
    code = """
        import sys
        import pydantic_settings
        opened = []
        sys.addaudithook(lambda event, about: event == "open" and opened.append(str(about[0])))
        import workerctl.settings
        print([name for name in opened if name.endswith((".env", ".toml"))])
        print(sorted({"typer", "rich", "cryptography", "click"} & set(sys.modules)))
        """

    assert python(code, env.parent, MAX_PAGE_COUNT="none") == "[]\n[]\n"


def test_getting_settings_needs_no_heavy_module(env: Path) -> None:
    """Loading settings imports only what it needs."""
    code = """
        import sys
        from workerctl.settings import get_settings
        get_settings()
        print(sorted({"typer", "rich", "cryptography", "tomllib"} & set(sys.modules)))
        """

    assert python(code, env.parent, ENCRYPTION_KEY=KEY) == "[]\n"


def test_the_environment_of_a_process_is_left_alone(env: Path) -> None:
    """The values of an env file are not exported to child processes."""
    env.write_text(f"ENCRYPTION_KEY={KEY}\nOPENAI_API_KEY={TOKEN}\n")
    before = dict(os.environ)

    assert get_settings().OPENAI_API_KEY.get_secret_value() == TOKEN
    assert dict(os.environ) == before


def test_settings_are_not_pickled() -> None:
    """A pickled argument of a job would write every secret to Redis."""
    with pytest.raises(TypeError, match="hold secrets"):
        pickle.dumps(Settings())
    assert copy.deepcopy(Settings()) == Settings()


def test_a_subclass_cannot_customize_its_sources() -> None:
    """An override that would have no effect is refused."""
    with pytest.raises(TypeError, match="has no effect"):
        type("Own", (Settings,), {"settings_customise_sources": classmethod(tuple)})
