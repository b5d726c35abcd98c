"""
Tests of loading: which sources are read, and that all invalid values are reported at once.
"""

import importlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import Field, SecretStr, field_validator, model_validator

from tests.leaks.oracle import Mint, Oracle, texts
from tests.support import imports
from tests.support.configurations import KEY, MakeLoaded
from workerctl.report.errors import ProjectError, SourceError, UsageError
from workerctl.report.findings import Finding, Location, Severity
from workerctl.schema.loading import Loaded, load
from workerctl.settings import Settings
from workerctl.sources.options import Options

MINT = Mint(4)
WORD = MINT.token()

Load = Callable[..., Loaded]


@pytest.fixture(name="here", autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change to an empty working directory, and return it."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(name="write_module")
def _write_module(here: Path) -> Iterator[Callable[[str, str], None]]:
    """Yield a function that writes a module of a team; what its import changes is undone."""

    def write(name: str, text: str) -> None:
        (here / f"{name}.py").write_text(text, "utf-8")
        importlib.invalidate_caches()

    with imports.undone(here):
        yield write


def messages(found: Loaded) -> dict[str, str]:
    """Return the messages of the findings by field."""
    return {finding.fields[0]: finding.message for finding in found.findings}


def isolated(settings_class: type[Settings], **values: str) -> Loaded:
    """Load a team's class from these variables only."""
    return load(settings_class, Options(env_files=()), environ=dict(values))


def test_a_clean_file_has_no_finding(loaded: MakeLoaded) -> None:
    """Settings that are not set have their default."""
    found = loaded(f"LLM_TIMEOUT_SECONDS=60\nDEBUG=yes\nENCRYPTION_KEY={KEY}\n")

    assert (found.findings, found.invalid) == ((), frozenset())
    assert (found.settings.LLM_TIMEOUT_SECONDS, found.settings.DEBUG) == (60, True)
    assert found.settings.JOB_TIMEOUT_SECONDS == 1800
    assert found.settings.ENCRYPTION_KEY.get_secret_value() == KEY


BAD = {
    "DEBUG": "maybe",
    "LOG_LEVEL": "loud",
    "LOG_FORMAT": "yaml",
    "REDIS_URL": "redis://:p/w@h",
    "QUEUES": "a,b,a",
    "JOB_TIMEOUT_SECONDS": "0",
    "JOB_MAX_RETRIES": "-1",
    "JOB_RETRY_INTERVALS_SECONDS": "30,soon",
    "SUPABASE_URL": "supabase",
    "STORAGE_MAX_RETRIES": "11",
    "LLM_RETRY_BASE_WAIT": "nan",
    "LLM_RETRY_MAX_WAIT": "inf",
    "LLM_CONFIDENCE_THRESHOLD": "1.01",
    "ANALYSIS_MODE": "phase_3",
    "EMBEDDING_DIMENSIONS": "1e3",
    "ALLOWED_ORIGINS": '["https://a.example"',
    "WEBHOOK_URL": "ftp://h",
    "ENCRYPTION_KEY_VERSION": "256",
}


def test_all_problems_are_reported_at_once(loaded: MakeLoaded) -> None:
    """
    Every invalid value is one finding with its line and the expectation, but without the value.
    """
    text = "".join(f"{name}={value}\n" for name, value in BAD.items())
    found = loaded(f"{text}MAX_PAGE_COUNT=7\n")

    assert messages(found) == {
        "DEBUG": "DEBUG must be true or false.",
        "LOG_LEVEL": "LOG_LEVEL must be DEBUG, INFO, WARNING, ERROR, CRITICAL or a number from 1 "
        "to 50.",
        "LOG_FORMAT": "LOG_FORMAT must be text or json.",
        "REDIS_URL": "REDIS_URL must be a redis, rediss or unix URL, with special characters of "
        "the password percent-encoded.",
        "QUEUES": "QUEUES must be a comma-separated list of queue names, each once.",
        "JOB_TIMEOUT_SECONDS": "JOB_TIMEOUT_SECONDS must be a whole number above 0.",
        "JOB_MAX_RETRIES": "JOB_MAX_RETRIES must be a whole number of at least 0.",
        "JOB_RETRY_INTERVALS_SECONDS": "JOB_RETRY_INTERVALS_SECONDS must be a comma-separated "
        "list of whole numbers above 0.",
        "SUPABASE_URL": "SUPABASE_URL must be an http or https URL.",
        "STORAGE_MAX_RETRIES": "STORAGE_MAX_RETRIES must be a whole number from 0 to 10.",
        "LLM_RETRY_BASE_WAIT": "LLM_RETRY_BASE_WAIT must be a number of at least 0.",
        "LLM_RETRY_MAX_WAIT": "LLM_RETRY_MAX_WAIT must be a number of at least 0.",
        "LLM_CONFIDENCE_THRESHOLD": "LLM_CONFIDENCE_THRESHOLD must be a number from 0 to 1.",
        "ANALYSIS_MODE": "ANALYSIS_MODE must be phase_1 or phase_2.",
        "EMBEDDING_DIMENSIONS": "EMBEDDING_DIMENSIONS must be a whole number above 0.",
        "ALLOWED_ORIGINS": "ALLOWED_ORIGINS must be a comma-separated list of origins such as "
        "https://app.example.com.",
        "WEBHOOK_URL": "WEBHOOK_URL must be an http or https URL.",
        "ENCRYPTION_KEY_VERSION": "ENCRYPTION_KEY_VERSION must be a whole number from 0 to 255.",
    }
    assert found.invalid == set(BAD)
    assert {finding.code for finding in found.findings} == {"SET001"}
    assert {finding.fields[0]: finding.location for finding in found.findings} == {
        name: Location("env-file", "worker.env", number) for number, name in enumerate(BAD, 1)
    }
    assert found.settings.MAX_PAGE_COUNT == 7
    assert found.settings.QUEUES == ["fast", "slow", "process", "parse"]


def test_a_hint_names_the_default_unless_it_is_secret(loaded: MakeLoaded) -> None:
    """A hint names the default unless it is secret or empty."""
    found = loaded("QUEUES=[\nREDIS_URL=x\nSUPABASE_URL=x\n")

    assert {finding.fields[0]: finding.hint for finding in found.findings} == {
        "REDIS_URL": "Begin it with the scheme and `://`.",
        "QUEUES": "The default is QUEUES=fast,slow,process,parse.",
        "SUPABASE_URL": "Begin it with the scheme and `://`.",
    }


@pytest.mark.parametrize(
    "bad", ["QUEUES=[", "JOB_RETRY_INTERVALS_SECONDS=[1,", "ALLOWED_ORIGINS=[1]"]
)
def test_an_invalid_list_does_not_hide_other_problems(loaded: MakeLoaded, bad: str) -> None:
    """pydantic-settings raises for an invalid list before it validates any other value."""
    found = loaded(f"DEBUG=maybe\n{bad}\nLLM_TIMEOUT_SECONDS=0\n")

    name = bad.partition("=")[0]
    assert set(messages(found)) == {"DEBUG", "LLM_TIMEOUT_SECONDS", name}


@pytest.mark.parametrize(
    ("text", "queues"),
    [
        ("a,b", ["a", "b"]),
        (" a , b , ", ["a", "b"]),
        ('["a","b"]', ["a", "b"]),
        ('["a,b"]', ["a,b"]),
        ("fast", ["fast"]),
    ],
)
def test_a_list_is_comma_separated_or_json(
    loaded: MakeLoaded, text: str, queues: list[str]
) -> None:
    """A list is JSON if it starts with a bracket."""
    settings = loaded(f"QUEUES={text}\n").settings

    assert queues == settings.QUEUES


def test_several_bad_items_are_one_finding(loaded: MakeLoaded) -> None:
    """An invalid list is one finding, however many errors pydantic raises for it."""
    assert len(loaded("JOB_RETRY_INTERVALS_SECONDS=a,b,0,-1\n").findings) == 1


def test_a_bad_environment_belongs_to_its_own_check(loaded: MakeLoaded) -> None:
    """An invalid ENV is marked as invalid, but is not reported by SET001."""
    found = loaded("ENV=prod\nDEBUG=maybe\n")

    assert found.invalid == {"ENV", "DEBUG"}
    assert set(messages(found)) == {"DEBUG"}
    assert found.settings.ENV == "development"


def test_an_unreadable_secret_file_is_reported_on_its_line(loaded: MakeLoaded) -> None:
    """A secret file that cannot be read is reported together with all other problems."""
    found = loaded("DEBUG=maybe\nENCRYPTION_KEY_FILE=missing\n")

    assert found.findings[0] == Finding(
        "SET001",
        Severity.ERROR,
        "ENCRYPTION_KEY_FILE names a file that cannot be read as text.",
        "Check that the file exists and that the worker may read it.",
        ("ENCRYPTION_KEY",),
        Location("env-file", "worker.env", 2),
    )
    assert found.invalid == {"DEBUG", "ENCRYPTION_KEY"}
    assert found.settings.ENCRYPTION_KEY.get_secret_value() == ""


class Team(Settings):
    """A subclass with a field that has no default."""

    DATABASE_POOL: int = Field(description="Connections.", gt=0)
    DATABASE_TOKEN: SecretStr = SecretStr("")


def test_a_missing_required_field_is_reported() -> None:
    """It is reported at the line of `ENV`, and all other values can still be checked."""
    found = isolated(Team, ENV="staging", LLM_TIMEOUT_SECONDS="60", DEBUG="maybe")

    assert set(found.findings) == {
        Finding(
            "SET001",
            Severity.ERROR,
            "DATABASE_POOL is required but not set.",
            "Set DATABASE_POOL.",
            ("DATABASE_POOL",),
            Location("environment"),
        ),
        Finding(
            "SET001",
            Severity.ERROR,
            "DEBUG must be true or false.",
            "The default is DEBUG=false.",
            ("DEBUG",),
            Location("environment"),
        ),
    }
    assert found.invalid == {"DATABASE_POOL", "DEBUG"}
    assert isinstance(found.settings, Team)
    assert (found.settings.LLM_TIMEOUT_SECONDS, found.settings.DATABASE_POOL) == (60, None)


def test_an_invalid_required_field_is_reported() -> None:
    """The hint mentions no default, because there is not one."""
    found = isolated(Team, DATABASE_POOL="0", LLM_TIMEOUT_SECONDS="60")

    assert messages(found) == {"DATABASE_POOL": "DATABASE_POOL must be a whole number above 0."}
    assert found.findings[0].hint == "Correct DATABASE_POOL."
    assert found.settings.LLM_TIMEOUT_SECONDS == 60


class Picky(Team):
    """A subclass with a validator that compares the value, which fails for None."""

    @field_validator("DATABASE_POOL")
    @classmethod
    def _enough(cls, pool: int) -> int:
        if pool < 3:
            raise ValueError(f"{pool} is not enough for {WORD}")
        return pool


@pytest.mark.parametrize("values", [{}, {"DATABASE_POOL": "2"}, {"DATABASE_POOL": "x"}])
def test_a_validator_of_a_field_does_not_affect_the_others(values: dict[str, str]) -> None:
    """Only the validated field is invalid; all others have their values."""
    found = isolated(Picky, LLM_TIMEOUT_SECONDS="60", **values)

    assert found.invalid == {"DATABASE_POOL"}
    assert found.settings.LLM_TIMEOUT_SECONDS == 60
    assert Oracle([WORD]).leaks("\n".join(texts(found.findings))) == []


class Whole(Settings):
    """A subclass that validates its values together, and puts them into its error."""

    WHOLE_TOKEN: SecretStr = SecretStr("")
    WHOLE_MODE: str = "x"

    @model_validator(mode="after")
    def _together(self) -> "Whole":
        token = self.WHOLE_TOKEN.get_secret_value()
        if token:
            raise {"x": ValueError, "key": KeyError, "exit": SystemExit}[self.WHOLE_MODE](token)
        return self


REFUSED = "The settings class rejects the values as a whole"


@pytest.mark.parametrize(
    ("mode", "message"),
    [("x", f"{REFUSED}."), ("key", f"{REFUSED} (KeyError)."), ("exit", f"{REFUSED} (SystemExit).")],
)
def test_an_error_of_a_class_validator_contains_no_value(mode: str, message: str) -> None:
    """Whatever the validator raises, the message is fixed, and every field is invalid."""
    found = isolated(Whole, WHOLE_TOKEN=WORD, WHOLE_MODE=mode)

    assert [(finding.code, finding.message, finding.fields) for finding in found.findings] == [
        ("SET001", message, ())
    ]
    assert found.invalid == set(Whole.model_fields)
    assert Oracle([WORD]).leaks("\n".join(texts(found.findings))) == []


def test_an_invalid_value_does_not_hide_an_error_of_the_class() -> None:
    """
    If a field is invalid, pydantic skips the class validator, so it runs again without the field.
    """
    found = isolated(Whole, WHOLE_TOKEN=WORD, DEBUG="maybe")

    assert [finding.message for finding in found.findings] == [
        "DEBUG must be true or false.",
        f"{REFUSED}.",
    ]
    assert found.invalid == set(Whole.model_fields)


def test_a_missing_field_does_not_hide_an_error_of_the_class() -> None:
    """A missing value and the error of the class are both reported."""

    class Both(Whole, Team):
        """A class that rejects its values, and has a required field."""

    found = isolated(Both, WHOLE_TOKEN=WORD)
    assert [finding.message for finding in found.findings] == [
        "DATABASE_POOL is required but not set.",
        f"{REFUSED}.",
    ]


class Kinds(Settings):
    """A subclass in the style of pydantic-settings: lower case, None, plain secrets."""

    pool_size: int = 5
    api_token: str = ""
    ratio: float | None = None
    tags: list[str] | None = None
    limits: dict[str, int] = Field({})


def test_a_subclass_may_name_its_fields_in_lower_case() -> None:
    """Names are matched without regard to case."""
    found = isolated(Kinds, POOL_SIZE="7", API_TOKEN=WORD, RATIO="0.5", TAGS="a,b")

    assert found.findings == ()
    assert (found.settings.pool_size, found.settings.api_token) == (7, WORD)
    assert (found.settings.ratio, found.settings.tags) == (0.5, ["a", "b"])


def test_a_subclass_may_have_fields_of_json() -> None:
    """A mapping is read as JSON, and `| None` does not change an expectation."""
    assert isolated(Kinds, LIMITS='{"a": 1}').settings.limits == {"a": 1}
    found = isolated(Kinds, LIMITS="a", RATIO="x", TAGS="[")

    assert messages(found) == {
        "ratio": "ratio must be a number.",
        "tags": "tags must be a comma-separated list of values.",
        "limits": "limits must be a JSON object.",
    }


def test_an_old_name_keeps_working(loaded: MakeLoaded) -> None:
    """A deprecated name works, but the new name wins over it."""
    assert loaded("LLM_CONNECT_TIMEOUT=7\n").settings.LLM_CONNECT_TIMEOUT_SECONDS == 7
    both = loaded("LLM_CONNECT_TIMEOUT_SECONDS=8\nLLM_CONNECT_TIMEOUT=7\n")
    assert (both.settings.LLM_CONNECT_TIMEOUT_SECONDS, both.findings) == (8, ())
    bad = loaded("LLM_CONNECT_TIMEOUT=0\n")
    assert set(messages(bad)) == {"LLM_CONNECT_TIMEOUT_SECONDS"}


@pytest.mark.parametrize("value", ["-" * 99, "9" * 5000, "{" * 2000, "nan", "\x07", "\udcff", "٣"])
def test_no_value_crashes_loading(value: str) -> None:
    """Every field accepts the value, or reports it without repeating it."""
    found = load(
        Settings,
        Options(env_files=()),
        environ={name: value for name in Settings.model_fields if name != "ENV"},
    )

    for finding in found.findings:
        assert value not in finding.message
        assert value not in (finding.hint or "")


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(list(Settings.model_fields)), st.text(max_size=30)))
def test_no_finding_contains_a_value(values: dict[str, str]) -> None:
    """
    Random text in random fields never crashes, and appears neither in a finding nor in a repr.
    """
    planted = {name: f"{text}{WORD}" for name, text in values.items()}
    found = load(Settings, Options(env_files=()), environ=planted)

    assert Oracle([WORD]).leaks("\n".join(texts(found.findings))) == []
    assert Oracle([WORD]).leaks(repr(found.values)) == []
    assert found.invalid <= set(planted)


def test_the_default_file_may_be_absent() -> None:
    """Without a `.env`, every setting has its default."""
    found = load(Settings, environ={})

    assert (found.values.files, found.values.chosen) == ((), {})


def test_the_default_file_is_read_from_the_working_directory(here: Path) -> None:
    """`.env` is read from the working directory, and not from the directories above it."""
    (here / ".env").write_text("DEBUG=true\n")

    assert load(Settings, environ={}).values.location("DEBUG") == Location("env-file", ".env", 1)
    assert load(Settings, Options(env_files=()), environ={}).values.files == ()


def test_a_dangling_default_file_is_an_error(here: Path) -> None:
    """A `.env` that is a dangling link is an error, because the link is intentional."""
    (here / ".env").symlink_to("nowhere")

    with pytest.raises(SourceError, match=r"^\.env does not exist\.$"):
        load(Settings, environ={})


@pytest.fixture(name="files")
def _files(here: Path) -> Path:
    """Write env files with different numbers of pages, and two secrets directories with a key."""
    for number, name in enumerate((".env", "a.env", "b.env", "p.env"), 1):
        (here / name).write_text(f"MAX_PAGE_COUNT={number}\nENV=staging\n")
    for name, key in (("s", KEY), ("t", KEY[::-1])):
        (here / name).mkdir()
        (here / name / "ENCRYPTION_KEY").write_text(key)
    return here


def test_a_variable_names_several_files(files: Path) -> None:
    """WORKERCTL_ENV_FILE is separated like PATH; later files win, and `.env` is not read."""
    environ = {"WORKERCTL_ENV_FILE": f"b.env::{files / 'a.env'}"}
    found = load(Settings, environ=environ)

    assert found.values.files == ("b.env", str(files / "a.env"))
    assert found.settings.MAX_PAGE_COUNT == 2


def test_an_empty_variable_names_nothing(files: Path) -> None:
    """An empty variable counts as not set."""
    environ = {"WORKERCTL_ENV_FILE": "", "WORKERCTL_SECRETS_DIR": "", "WORKERCTL_SETTINGS": ""}

    assert load(Settings, environ=environ).values.files == (".env",)
    assert files.exists()


def test_options_beat_variables_beat_the_project_beats_the_default(files: Path) -> None:
    """The order of precedence is the same for env files and for the secrets directory."""
    project = '[tool.workerctl]\nenv_file = "p.env"\nsecrets_dir = "t"\n'
    (files / "pyproject.toml").write_text(project)
    environ = {"WORKERCTL_ENV_FILE": "a.env", "WORKERCTL_SECRETS_DIR": "s"}

    def read(options: Options, environ: dict[str, str]) -> tuple[str, ...]:
        return load(Settings, options, environ=environ).values.files

    assert read(Options(("b.env",), "t"), environ) == ("b.env", "t")
    assert read(Options(()), environ) == ("s",)
    assert read(Options(), environ) == ("a.env", "s")
    assert read(Options(), {}) == ("p.env", "t")
    assert load(Settings, environ=environ).values.text("ENCRYPTION_KEY") == KEY


def test_an_isolated_run_ignores_the_environment(
    files: Path, write_module: Callable[[str, str], None]
) -> None:
    """It ignores the variables of workerctl, those that files refer to, and those of settings."""
    write_module("team_elsewhere", "raise SystemExit\n")
    (files / ".env").write_text("OPENAI_MODEL=${OUTER:-none}\n")
    environ = {
        "WORKERCTL_ENV_FILE": "a.env",
        "WORKERCTL_SECRETS_DIR": "s",
        "WORKERCTL_SETTINGS": "team_elsewhere:S",
        "OUTER": "x",
        "MAX_PAGE_COUNT": "9",
    }

    found = load(Settings, Options(isolated=True), environ=environ)
    assert found.values.files == (".env",)
    assert found.values.environment is None
    assert (found.settings.OPENAI_MODEL, found.settings.MAX_PAGE_COUNT) == ("none", 50)


def test_an_isolated_run_uses_the_project(files: Path) -> None:
    """pyproject.toml is read in an isolated run, because it is a file and reproducible."""
    (files / "pyproject.toml").write_text('[tool.workerctl]\nenv_file = "p.env"\n')

    assert load(Settings, Options(isolated=True), environ={}).values.files == ("p.env",)


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        (Options(env_files=("no.env",)), {}),
        (Options(), {"WORKERCTL_ENV_FILE": "a.env:no.env"}),
        (Options(secrets_dir="no.env"), {}),
        (Options(), {"WORKERCTL_SECRETS_DIR": "no.env"}),
    ],
)
def test_a_named_source_must_exist(files: Path, options: Options, environ: dict[str, str]) -> None:
    """A source that an option or a variable names must exist."""
    with pytest.raises(SourceError, match=r"no\.env"):
        load(Settings, options, environ=environ)
    assert files.exists()


@pytest.mark.parametrize(
    ("options", "environ"),
    [
        (Options(env_files=(KEY,)), {}),
        (Options(), {"WORKERCTL_ENV_FILE": f"redis://:{WORD}@h"}),
        (Options(secrets_dir=WORD), {}),
    ],
)
def test_a_path_that_may_be_a_secret_is_not_repeated(
    options: Options, environ: dict[str, str]
) -> None:
    """The message says that a source is missing, but not its path if that may be a secret."""
    with pytest.raises(SourceError, match="may be a secret") as caught:
        load(Settings, options, environ=environ)
    assert Oracle([KEY, WORD]).leaks("\n".join(texts(caught.value))) == []


TEAM_MODULE = """
from workerctl.settings import Settings as Base

class Settings(Base):
    TEAM_SIZE: int = 3

class Other:
    pass

VALUE = 1
"""


def test_the_class_of_a_team_is_used(here: Path, write_module: Callable[[str, str], None]) -> None:
    """The class is named by an option, the variable or the project, in this order of precedence."""
    write_module("team_a", TEAM_MODULE)
    write_module("team_b", TEAM_MODULE)
    write_module("team_c", TEAM_MODULE)
    (here / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "team_c:Settings"\n')
    variable = {"WORKERCTL_SETTINGS": "team_b:Settings", "TEAM_SIZE": "9"}

    def module(options: Options, environ: dict[str, str]) -> Any:
        found = load(Settings, options, environ=environ).settings
        return (type(found).__module__, found.TEAM_SIZE)

    assert module(Options(settings="team_a:Settings"), variable) == ("team_a", 9)
    assert module(Options(), variable) == ("team_b", 9)
    assert module(Options(), {}) == ("team_c", 3)


@pytest.mark.parametrize("name", ["Other", "VALUE"])
def test_a_target_must_be_a_settings_class(
    write_module: Callable[[str, str], None], name: str
) -> None:
    """Only a settings class can be checked."""
    write_module("team_d", TEAM_MODULE)

    with pytest.raises(UsageError, match=f"team_d:{name} is not a settings class"):
        load(Settings, Options(settings=f"team_d:{name}"), environ={})


def test_a_class_that_does_not_load_is_an_error(write_module: Callable[[str, str], None]) -> None:
    """The error has the type of the exception, but not its text."""
    write_module("team_e", f"raise RuntimeError('{WORD}')\n")

    with pytest.raises(
        ProjectError, match=r"team_e:Settings cannot be loaded \(RuntimeError at team_e.py:1\)"
    ):
        load(Settings, Options(settings="team_e:Settings"), environ={})
