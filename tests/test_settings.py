"""
The public API: Settings, get_settings, validate_encryption_key.
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
from pydantic import Field, SecretStr, ValidationError

import workerctl
from tests.leaks.oracle import Mint, Oracle, texts
from tests.support.configurations import KEY
from workerctl import checks
from workerctl.errors import ConfigurationError, ProjectError, SourceError
from workerctl.preflight import Request, preflight
from workerctl.report.findings import Location
from workerctl.schema import rules
from workerctl.schema.source_options import Options
from workerctl.secrecy.masking import MASK
from workerctl.settings import Settings, get_settings, validate_encryption_key

MINT = Mint(6)
TOKEN = MINT.token()
STRONG = MINT.key()


@pytest.fixture(name="env")
def _env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The `.env` of an empty working directory, in an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in (*Settings.model_fields, "WORKERCTL_ENV_FILE", "WORKERCTL_SECRETS_DIR"):
        monkeypatch.delenv(name, raising=False)
    get_settings.cache_clear()
    yield tmp_path / ".env"
    get_settings.cache_clear()


def python(code: str, directory: Path, **environ: str) -> str:
    """What a program of its own prints, without the environment of this one."""
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


# The tests that the worker's owners wrote down in their plan, unchanged in meaning.


def test_valid_key_production() -> None:
    """Production: a key of the right form raises nothing."""
    validate_encryption_key("a" * 64, "production")


def test_missing_key_production() -> None:
    """Production: no key."""
    with pytest.raises(ValueError, match="required in production"):
        validate_encryption_key("", "production")


def test_short_key_production() -> None:
    """Production: too short."""
    with pytest.raises(ValueError, match="64 hex characters"):
        validate_encryption_key("a" * 32, "production")


def test_invalid_hex_production() -> None:
    """Production: other characters."""
    with pytest.raises(ValueError, match="hexadecimal"):
        validate_encryption_key("g" * 64, "production")


def test_missing_key_development() -> None:
    """Development: no key is a warning only."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        validate_encryption_key("", "development")
        assert len(caught) == 1
        assert "not set or invalid" in str(caught[0].message)


BAD_KEYS = ["", None, " ", "a", "a" * 63, "a" * 65, "g" * 64, f"{KEY} ", f"'{KEY}'", "\uff41" * 64]


@pytest.mark.parametrize("env", ["production", "staging", "prod", "", "Development"])
@pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
def test_a_bad_key_is_an_error_outside_development(key: str | None, env: str) -> None:
    """An unknown environment is no excuse; every text says all that a key must be."""
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
def test_a_missing_key_tells_where_it_is_required(env: str, words: str) -> None:
    """An unknown environment is not repeated: it may be a value in the wrong place."""
    with pytest.raises(ValueError, match=words):
        validate_encryption_key(SecretStr(""), env)


@pytest.mark.parametrize("key", BAD_KEYS, ids=ascii)
def test_a_bad_key_is_exactly_one_warning_in_development(key: str | None) -> None:
    """Of the same words, whatever is wrong, at the caller's line."""
    with pytest.warns(RuntimeWarning, match="not set or invalid in development") as caught:
        validate_encryption_key(key, "development")

    assert len(caught) == 1
    assert caught[0].filename == __file__


@pytest.mark.parametrize("env", [*rules.ENVIRONMENTS, "prod"])
@pytest.mark.parametrize("key", [KEY, KEY.upper(), "0" * 64])
def test_a_well_formed_key_is_silent_everywhere(key: str, env: str) -> None:
    """Presence and form only; as a SecretStr, too."""
    validate_encryption_key(key, env)
    validate_encryption_key(SecretStr(key), env)


@pytest.mark.parametrize("env", ["production", "prod"])
def test_no_part_of_a_key_is_in_its_error(env: str) -> None:
    """Neither in the text nor in the frames on the way."""
    for key in (STRONG[1:], f"{STRONG}a", f"'{STRONG}'", f"{STRONG[1:]}g"):
        with pytest.raises(ValueError, match="ENCRYPTION_KEY") as caught:
            validate_encryption_key(SecretStr(key), env)
        assert Oracle([STRONG]).leaks(str(caught.value)) == []
        assert caught.value.__context__ is None


def test_the_settings_of_a_process_are_one_instance(env: Path) -> None:
    """Read once; forgotten only on demand."""
    env.write_text(f"ENCRYPTION_KEY={KEY}\nMAX_PAGE_COUNT=7\n")
    first = get_settings()
    env.write_text(f"ENCRYPTION_KEY={KEY}\nMAX_PAGE_COUNT=8\n")

    assert get_settings() is first
    assert first.MAX_PAGE_COUNT == 7
    get_settings.cache_clear()
    assert get_settings().MAX_PAGE_COUNT == 8


def test_threads_share_one_load(env: Path) -> None:
    """Thirty-two that ask at once get the same instance, and the sources are read once."""
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
    """Who comes while another loads does not load again."""
    env.write_text(f"ENCRYPTION_KEY={KEY}\n")
    found: list[Settings] = []
    with get_settings._lock:
        waiting = threading.Thread(target=lambda: found.append(get_settings()))
        waiting.start()
        waiting.join(0.05)
        made = Settings()
        get_settings._instance = made
    waiting.join()

    assert found == [made]
    assert found[0] is made


def test_a_forked_child_inherits_the_instance(env: Path) -> None:
    """It reads nothing: what the files say by then does not matter."""
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


def test_a_configuration_that_must_not_run_is_told_in_full(env: Path) -> None:
    """Types, ranges, environment, what it requires and the key's form, in one error."""
    text = "ENV=prod\nDEBUG=maybe\nQUEUES=[\nLLM_TIMEOUT_SECONDS=0\nENCRYPTION_KEY=abc\n"
    env.write_text(f"{text}WEBHOOK_URL=https://h.example\n")

    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    found = caught.value.findings
    assert sorted((finding.code, finding.fields[0]) for finding in found) == [
        ("ENV001", "ENV"),
        ("ENV002", "GEMINI_API_KEY"),  # a warning by itself, but told with the rest
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


def test_boot_says_what_check_says(env: Path) -> None:
    """The same codes and the same words: both call the same functions."""
    env.write_text("ENV=staging\nDEBUG=maybe\nENCRYPTION_KEY=abc\n")
    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    codes = ("SET001", "ENV001", "ENV002", "KEY001", "KEY002")
    report = preflight(Request(Options(), selected=codes), environ={})

    assert set(caught.value.findings) == set(report.findings())
    assert {check.code for check in checks.CHECKS} > set(codes)


def test_warnings_do_not_keep_a_worker_from_booting(env: Path) -> None:
    """A missing second model is a matter of taste."""
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
    """Development needs no key, and says so."""
    assert not env.exists()
    with pytest.warns(RuntimeWarning, match="not set or invalid") as caught:
        assert get_settings().ENV == "development"

    assert len(caught) == 1


def test_a_failed_load_is_tried_again(env: Path) -> None:
    """Nothing is kept of it."""
    env.write_text("DEBUG=maybe\n")
    with pytest.raises(ConfigurationError):
        get_settings()
    env.write_text(f"ENCRYPTION_KEY={KEY}\n")

    assert not get_settings().DEBUG


def test_the_class_of_a_team_is_what_a_worker_gets(env: Path) -> None:
    """From the project; the plain class is only its base."""
    (env.parent / "team.py").write_text(
        "from workerctl.settings import Settings as Base\n"
        "class Settings(Base):\n    TEAM_SIZE: int = 3\n"
    )
    (env.parent / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "team:Settings"\n')
    code = "from workerctl.settings import get_settings; print(get_settings().TEAM_SIZE)"

    assert python(code, env.parent, TEAM_SIZE="4", ENCRYPTION_KEY=KEY) == "4\n"


def test_a_call_reads_the_same_sources(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment over file over default."""
    env.write_text("MAX_PAGE_COUNT=7\nMIN_TEXT_LENGTH=8\n")
    monkeypatch.setenv("MIN_TEXT_LENGTH", "9")
    settings = Settings()

    assert (settings.MAX_PAGE_COUNT, settings.MIN_TEXT_LENGTH, settings.MAX_FILE_SIZE_MB) == (
        7,
        9,
        50,
    )


def test_arguments_win(env: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over every source, by either name, and over what is wrong there."""
    env.write_text("MAX_PAGE_COUNT=none\nENCRYPTION_KEY_FILE=missing\nLLM_CONNECT_TIMEOUT=5\n")
    monkeypatch.setenv("LLM_CONNECT_TIMEOUT_SECONDS", "6")
    settings = Settings(
        MAX_PAGE_COUNT=8, ENCRYPTION_KEY=KEY, LLM_CONNECT_TIMEOUT=7, QUEUES=["only"]
    )

    assert (settings.MAX_PAGE_COUNT, settings.QUEUES) == (8, ["only"])
    assert settings.LLM_CONNECT_TIMEOUT_SECONDS == 7
    assert settings.ENCRYPTION_KEY.get_secret_value() == KEY


def test_a_bad_argument_is_told_without_a_place(env: Path) -> None:
    """The line that it overrides is not to blame; an empty `ENV` neither."""
    env.write_text("MAX_PAGE_COUNT=7\nENV=\n")
    with pytest.raises(ConfigurationError) as caught:
        Settings(MAX_PAGE_COUNT=0, ENV="prod", NO_SUCH_FIELD=1)

    assert [(each.message, each.location) for each in caught.value.findings] == [
        ("ENV must be development, staging or production.", None),
        ("MAX_PAGE_COUNT must be a whole number above 0.", None),
        ("The settings class has no field NO_SUCH_FIELD.", None),
    ]


@pytest.mark.parametrize("name", ["_env_file", "lower", "x" * 50])
def test_an_argument_that_is_no_field_is_refused(env: Path, name: str) -> None:
    """Also those of pydantic-settings; a name of another form is not repeated."""
    assert not env.exists()
    with pytest.raises(ConfigurationError, match="rejects the values as a whole") as caught:
        Settings(**{name: "x"})
    assert name not in str(caught.value)


def test_a_subclass_can_be_called_with_what_it_requires(env: Path) -> None:
    """A required field may come as an argument or from a source."""

    class Team(Settings):
        """A field without a default."""

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
    """Neither by repr nor str, of a subclass too, whose fields are secret by name alone."""

    class Team(Settings):
        """A credential that nobody declared, and a public one."""

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
    """Nobody changes them under somebody else."""
    assert not env.exists()
    settings = Settings()

    with pytest.raises(ValidationError, match="frozen"):
        settings.DEBUG = True


def everything(error: BaseException) -> str:
    """What a log or a tracker of errors gets to see: the local variables of all our frames, too."""
    assert error.__traceback__ is not None
    ours = error.__traceback__.tb_next  # the frame before is the test's, which holds the values
    told = traceback.TracebackException(type(error), error, ours, capture_locals=True)
    return "\n".join(["".join(told.format()), *texts(error)])


@pytest.mark.parametrize("bad", list(SECRETS))
def test_no_error_holds_a_value(env: Path, bad: str) -> None:
    """Text, causes, arguments, frames: of a bad value and of the good ones beside it."""
    damaged = SECRETS | {bad: f"{SECRETS[bad]} \x7f", "JOB_MAX_RETRIES": TOKEN}
    env.write_text("".join(f"{name}='{value}'\n" for name, value in damaged.items()))

    for given in ({}, damaged):
        with pytest.raises(ConfigurationError) as caught:
            Settings(**given)
        assert Oracle([TOKEN, STRONG]).leaks(everything(caught.value)) == []
    with pytest.raises(ConfigurationError) as caught:
        get_settings()
    assert Oracle([TOKEN, STRONG]).leaks(everything(caught.value)) == []


def test_a_source_that_cannot_be_used_holds_no_value(
    env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The frames in between hold the environment, so they do not come along."""
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    monkeypatch.setenv("WORKERCTL_ENV_FILE", "missing.env")
    assert not env.exists()
    for call in (get_settings, Settings):
        with pytest.raises(SourceError, match=r"missing\.env") as caught:
            call()
        assert Oracle([TOKEN]).leaks(everything(caught.value)) == []


def test_a_class_that_does_not_load_holds_no_value(
    env: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the environment's nor its own."""
    monkeypatch.setenv("OPENAI_API_KEY", TOKEN)
    monkeypatch.setenv("WORKERCTL_SETTINGS", "no_such_team:Settings")
    assert not env.exists()
    monkeypatch.setattr(sys, "path", list(sys.path))

    with pytest.raises(ProjectError) as caught:
        get_settings()
    assert Oracle([TOKEN]).leaks(everything(caught.value)) == []


def test_a_debugging_switch_logs_no_value(env: Path) -> None:
    """pydantic-settings would write every value into the log."""
    code = """
        import logging
        logging.basicConfig(level=0)
        logging.getLogger("pydantic_settings").setLevel(0)
        from workerctl.settings import get_settings, Settings
        get_settings()
        Settings(OPENAI_API_KEY="sk")
        """
    said = python(code, env.parent, PYDANTIC_SETTINGS_DEBUG="1", ENCRYPTION_KEY=STRONG)

    assert said == ""


def test_importing_reads_nothing(env: Path) -> None:
    """No file of the working directory, no variable: configuration is read when it is asked for."""
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
    """A worker that boots pays for what it uses."""
    code = """
        import sys
        from workerctl.settings import get_settings
        get_settings()
        print(sorted({"typer", "rich", "cryptography", "tomllib"} & set(sys.modules)))
        """

    assert python(code, env.parent, ENCRYPTION_KEY=KEY) == "[]\n"


def test_the_environment_of_a_process_is_left_alone(env: Path) -> None:
    """What an env file says is not exported to children."""
    env.write_text(f"ENCRYPTION_KEY={KEY}\nOPENAI_API_KEY={TOKEN}\n")
    before = dict(os.environ)

    assert get_settings().OPENAI_API_KEY.get_secret_value() == TOKEN
    assert dict(os.environ) == before


def test_settings_are_not_pickled() -> None:
    """As an argument of a job, every secret would be written to Redis."""
    with pytest.raises(TypeError, match="hold secrets"):
        pickle.dumps(Settings())
    assert copy.deepcopy(Settings()) == Settings()


def test_a_subclass_cannot_bring_sources_that_would_be_ignored() -> None:
    """What has no effect is refused, not ignored."""
    with pytest.raises(TypeError, match="has no effect"):
        type("Own", (Settings,), {"settings_customise_sources": classmethod(tuple)})
