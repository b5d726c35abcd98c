"""
Tests of loading other teams' classes: one small project for each habit seen in public ones.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import workerctl
from tests.leaks.oracle import Mint, Oracle, texts
from tests.schema.foreign.conftest import Load, messages
from workerctl.checks.values import names
from workerctl.preflight import Request, context_of
from workerctl.report.errors import SourceError
from workerctl.report.findings import Location, Severity
from workerctl.rules import Environment
from workerctl.schema.loading import changed, load
from workerctl.settings import Settings
from workerctl.sources.options import Options

MINT = Mint(12)
WORD = MINT.token()

APP = """
class Db(BaseModel):
    host: str
    port: int = 5432
    password: SecretStr

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__", env_file=".env")
    stage: Literal["dev", "prod"] = "dev"
    workers: int = Field(3, gt=0)
    tags: list[str] = []
    db: Db

settings = Settings()
"""


def test_values_have_their_lines(load_module: Load, here: Path) -> None:
    """Prefixed and nested names, an override by the environment, and the class's own file."""
    (here / ".env").write_text("APP_DB__HOST=h\nAPP_DB__PASSWORD=p\napp_workers=4\n")

    found = load_module(APP, {"APP_DB__HOST": "other"})

    assert found.findings == ()
    assert (found.settings.db.host, found.settings.workers) == ("other", 4)
    assert found.values.location("APP_WORKERS") == Location("env-file", ".env", 3)
    assert found.values.chosen["APP_DB__HOST"].shadowed == (Location("env-file", ".env", 1),)
    assert found.schema.environment is not None
    assert found.schema.environment.name == "APP_STAGE"
    assert found.schema.environment.rule == Environment()


def test_every_rejection_is_reported_at_its_line(load_module: Load, here: Path) -> None:
    """After a bad value, the rest is judged without it."""
    (here / "a.env").write_text("APP_WORKERS=-1\nAPP_TAGS=a,b\nAPP_DB__PORT=x\nAPP_DB__HOST=h\n")

    found = load_module(APP, env_files=("a.env",))

    assert [(each.message, str(each.location)) for each in found.findings] == [
        ("APP_TAGS must be valid JSON.", "a.env:2"),
        ("APP_WORKERS must be a whole number above 0.", "a.env:1"),
        ("APP_DB__PORT must be a whole number.", "a.env:3"),
        ("APP_DB__PASSWORD is required but not set.", "None"),
    ]
    assert found.settings.db.host == "h"
    assert found.settings.workers == 3
    assert found.invalid == {"APP_TAGS", "APP_WORKERS", "APP_DB__PORT", "APP_DB__PASSWORD"}


@pytest.mark.parametrize(
    ("fields", "delimiter", "hint"),
    [
        ("host: str; port: int = 1; tls: Tls", "__", "Set MAIL__HOST, MAIL__TLS__CERT."),
        ("host: str; port: int = 1; tls: Tls", "", "Set MAIL."),
        ("a: int; b: int; c: int; d: int; e: int", "__", "Set MAIL."),
        ("port: int = 1", "__", "Set MAIL."),
    ],
)
def test_a_missing_model_names_what_it_requires(
    load_module: Load, fields: str, delimiter: str, hint: str
) -> None:
    """The name of the model itself is of use only to someone who writes JSON."""
    found = load_module(
        "from pydantic import BaseModel\n"
        "from pydantic_settings import BaseSettings, SettingsConfigDict\n\n\n"
        "class Tls(BaseModel): cert: str; key: str = ''\n\n\n"
        f"class Mail(BaseModel): {fields}\n\n\n"
        "class Settings(BaseSettings):\n"
        f"    model_config = SettingsConfigDict(env_nested_delimiter={delimiter or None!r})\n"
        "    mail: Mail\n"
    )

    assert [(each.message, each.hint) for each in found.findings] == [
        ("MAIL is required but not set.", hint)
    ]


def test_defaults_are_computed_under_the_judged_environment(load_module: Load) -> None:
    """Env file and defaults that are chosen at import follow the judged environment."""
    Path(".env.prod").write_text("SIZE=9\n")
    text = """
STAGE = os.environ.get("STAGE", "dev")
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=f".env.{STAGE}")
    size: int = 1
    name: str = STAGE + "-queue"
"""
    found = load_module(text, {"STAGE": "prod"})

    assert (found.settings.size, found.settings.name) == (9, "prod-queue")


NESTED = """
class Redis(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="REDIS_", env_file=".env", extra="ignore")
    host: str
    port: int = 6379
class Holder(BaseModel):
    redis: Redis = Field(default_factory=Redis)
class Settings(BaseSettings):
    redis: Redis = Redis()
    again: Redis = Field(default_factory=Redis)
    held: Holder = Field(default_factory=Holder)
    @field_validator("again")
    @classmethod
    def in_environ(cls, value):
        assert os.environ["REDIS_PORT"] == str(value.port)
        return value
settings = Settings()
"""


def test_nested_settings_read_the_same_values(load_module: Load) -> None:
    """Nested settings classes, models that hold them, and validators that read `os.environ`."""
    found = load_module(NESTED, {"REDIS_PORT": "1", "REDIS_HOST": "h"})

    assert found.findings == ()
    assert found.settings.redis.port == found.settings.held.redis.port == 1
    assert changed(found, {"REDIS_PORT": "2"}).settings.redis.port == 2

    found = load_module(NESTED, {"REDIS_PORT": "1"})
    assert messages(found) == ["REDIS_HOST is required but not set."]
    assert found.settings.again.port == 1


def test_an_unknown_name_in_the_file_of_a_class_that_forbids_it(load_module: Load) -> None:
    """The rest is built without the name; SET002 reports it."""
    Path(".env").write_text("SIZE=2\nSIZZE=3\n")
    text = """
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", extra="{extra}")
    size: int = 1
"""
    for extra in ("forbid", "ignore", "allow"):
        found = load_module(text.replace("{extra}", extra))
        assert found.findings == ()
        assert found.settings.size == 2
        assert found.schema.forbids_unknown is (extra == "forbid")


def test_a_name_of_a_nested_class_is_unknown_to_the_outer_one(load_module: Load) -> None:
    """The nested settings class reads it, but the outer one forbids it in the file."""
    Path(".env").write_text("OTHER_SIZE=2\n")
    text = """
class Inner(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="OTHER_", env_file=".env")
    size: int = 1
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env")
    inner: Inner = Inner()
"""
    found = load_module(text)

    assert [(each.message, str(each.location)) for each in found.findings] == [
        ("OTHER_SIZE is unknown to Settings, which forbids other names.", ".env:1")
    ]


def test_an_unknown_key_of_a_nested_model_is_an_error(load_module: Load) -> None:
    """The real class does not start either."""
    text = """
class Db(BaseModel, extra="forbid"):
    port: int = 1
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__")
    db: Db = Db()
"""
    found = load_module(text, {"DB__PROT": "1", "DB__PORT": "3"})

    assert messages(found) == ["DB__PROT is unknown, and the class forbids other names."]
    assert found.settings.db.port == 3


STRICT = """
class Tls(BaseModel, extra="forbid"):
    verify: bool = True
class Queue(BaseModel, extra="forbid"):
    durable: bool = True
    limit: int
    tls: Tls = Tls()
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_nested_delimiter="__", env_file=".env", extra="ignore")
    queue: Queue
"""


@pytest.mark.parametrize("in_file", [True, False])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("QUEUE__LIMTI", "Did you mean QUEUE__LIMIT?"),
        ("queue__limits", "Did you mean QUEUE__LIMIT?"),
        ("QUEUE__B", "Correct the name, remove it, or set extra='ignore' in the class."),
        ("QUEUE__TLS__VERIFI", "Did you mean QUEUE__TLS__VERIFY?"),
    ],
)
def test_a_forbidden_name_has_one_finding(
    load_module: Load, here: Path, name: str, hint: str, *, in_file: bool
) -> None:
    """SET002 and SET003 leave it to SET001, which knows that the class does not start."""
    (here / ".env").write_text(f"QUEUE__LIMIT=3\n{name}=true\n" if in_file else "QUEUE__LIMIT=3\n")
    found = load_module(STRICT, {} if in_file else {name: "true"})
    made = context_of(found, Request())

    (finding,) = [*found.findings, *names.SET002.run(made), *names.SET003.run(made)]
    message = f"{name.upper()} is unknown, and the class forbids other names."
    assert (finding.message, finding.hint) == (message, hint)
    assert str(finding.location) == (".env:2" if in_file else "environment")


def test_another_name_is_reported_beside_a_forbidden_one(load_module: Load, here: Path) -> None:
    """Only the name that SET001 reports is left out."""
    (here / ".env").write_text("QUEUE__LIMIT=3\nQUEUE__B=1\nQUEUE_LIMIT=4\n")
    found = load_module(STRICT)

    assert messages(found) == ["QUEUE__B is unknown, and the class forbids other names."]
    (finding,) = names.SET002.run(context_of(found, Request()))
    assert finding.location == Location("env-file", ".env", 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("QUEUE__LIMIT=many", "QUEUE__LIMIT must be a whole number."),
        ("QUEUE__DURABLE=3", "QUEUE__DURABLE must be true or false."),
        ("QUEUE__TLS__VERIFY=3", "QUEUE__TLS__VERIFY must be true or false."),
    ],
)
def test_a_model_is_not_missing_whose_value_was_rejected(
    load_module: Load, here: Path, text: str, message: str
) -> None:
    """Its only variable is left out, so the class misses the model, but nobody else does."""
    (here / ".env").write_text(f"{text}\n")
    found = load_module(STRICT)

    expected = [message] if "LIMIT" in text else [message, "QUEUE__LIMIT is required but not set."]
    assert sorted(messages(found)) == sorted(expected)


VALIDATED = """
class Settings(BaseSettings):
    urls: str = "u"
    stage: str = "dev"
    size: int = 1
    @field_validator("size")
    @classmethod
    def check_size(cls, value):
        {0}
        return value
    @model_validator(mode="after")
    def check_urls(self):
        if self.urls == {1!r}:
            raise ValueError(self.urls)
        return self
"""


def test_a_model_validator_is_named_but_not_quoted(load_module: Load) -> None:
    """The finding has its qualified name and line; the instance is there for the other checks."""
    found = load_module(VALIDATED.format("pass", WORD), {"URLS": WORD})

    assert messages(found) == [
        "The values are rejected by validator `Settings.check_urls` (config.py:20)."
    ]
    assert found.settings.urls == WORD
    assert found.invalid == frozenset()
    assert not Oracle(MINT.made).leaks("\n".join(texts(found.findings)))


@pytest.mark.parametrize(
    ("statement", "raised"),
    [
        ("raise ValueError(value)", True),
        ("assert False, value", True),
        ("raise KeyError(value)", True),
        ("raise __import__('asyncio').CancelledError(value)", True),
        ("raise SystemExit(value)", True),
        ("raise __import__('pydantic_core').PydanticCustomError('mine', 'no')", False),
    ],
)
def test_whatever_a_validator_raises_is_a_finding(
    load_module: Load, statement: str, raised: bool
) -> None:
    """It is traced to the variable of the field, whether or not pydantic catches it; D4."""
    found = load_module(VALIDATED.format(statement, ""), {"SIZE": "77"})

    by = "validator `Settings.check_size` (config.py:15)" if raised else "a validator of the class"
    assert messages(found) == [f"SIZE is rejected by {by}."]
    assert found.settings.size == 1
    assert found.invalid == {"SIZE"}


def test_an_interrupt_of_a_validator_passes(load_module: Load) -> None:
    """The user wants to stop; everything is restored."""
    before = dict(os.environ)
    with pytest.raises(KeyboardInterrupt):
        load_module(VALIDATED.format("raise KeyboardInterrupt", ""), {"SIZE": "77"})
    assert dict(os.environ) == before


def test_model_validators_are_not_blamed_for_values_that_were_left_out(load_module: Load) -> None:
    """With a bad value, the real class does not run them."""
    found = load_module(VALIDATED.format("pass", "u"), {"SIZE": "x"})

    assert messages(found) == ["SIZE must be a whole number."]
    assert found.settings.stage == "dev"


def test_what_this_machine_lacks_is_a_warning(load_module: Load) -> None:
    """Types and validators that look at the file system of the worker's machine."""
    text = """
class Settings(BaseSettings):
    data: DirectoryPath
    binary: str = "x"
    @field_validator("binary")
    @classmethod
    def check_binary(cls, value):
        os.stat(value)
        return value
"""
    found = load_module(text, {"DATA": "/absent/data", "BINARY": "/absent/binary"})

    assert {each.severity for each in found.findings} == {Severity.WARNING}
    assert sorted(each.fields[0] for each in found.findings) == ["BINARY", "DATA"]


def test_a_factory_and_several_classes(load_module: Load) -> None:
    """A function that chooses a class, and a class made of mixins, are targets."""
    text = """
class Queue(BaseSettings):
    queue: str = "q"
class Web(BaseSettings):
    port: int = 1
class Dev(Queue, Web):
    env: str = "local"
class Prod(Queue, Web):
    env: str = "prd"
def settings():
    return Prod() if os.environ.get("ENV") == "prd" else Dev()
"""
    found = load_module(text, {"ENV": "prd", "PORT": "7"}, target="settings")

    assert found.schema.settings_class.__name__ == "Prod"
    assert set(found.schema.variables) == {"QUEUE", "PORT", "ENV"}
    assert load_module(text, target="Web").schema.environment is None


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("env: str", "ENV"),
        ("environment: str = 'PRODUCTION'", "ENVIRONMENT"),
        ("app_env: Literal['testing', 'prod'] = 'testing'", "APP_ENV"),
        ("deployment: str = 'blue'", None),
        ("stage: int = 3", None),
        ("dev_mode: bool = False", None),
        ("place: Annotated[str, __import__('workerctl.rules').rules.Environment()] = 'x'", "PLACE"),
    ],
)
def test_the_field_of_the_environment(load_module: Load, field: str, name: str | None) -> None:
    """It is declared, or called so and has words that look so."""
    found = load_module(f"class Settings(BaseSettings):\n    {field}\n", {"ENV": "dev"})

    environment = found.schema.environment
    assert (None if environment is None else environment.name) == name


def test_rules_of_the_project(load_module: Load, here: Path) -> None:
    """A class that cannot be edited gets rules by table, nested fields included."""
    (here / "pyproject.toml").write_text(
        '[tool.workerctl.rules]\n"db.password" = { required = true }\n'
    )
    found = load_module(APP)

    from workerctl.rules import Required

    assert [each.name for each in found.schema.of(Required)] == ["APP_DB__PASSWORD"]


def test_named_files_reach_a_class_that_reads_none(load_module: Load, here: Path) -> None:
    """They are in its environment, as a container would start it; a .env is not read."""
    (here / ".env").write_text("SIZE=5\n")
    (here / "prod.env").write_text("SIZE=7\n")
    text = "class Settings(BaseSettings):\n    size: int = 1\n    other: str = ''\n"

    assert load_module(text).settings.size == 1
    found = load_module(text, env_files=("prod.env",))
    assert found.settings.size == 7
    assert found.values.location("SIZE") == Location("env-file", "prod.env", 1)
    with pytest.raises(SourceError):
        load_module(text, env_files=("absent.env",))


def test_the_encoding_of_the_class(load_module: Load, here: Path) -> None:
    """It holds for the files that are named as well."""
    (here / "prod.env").write_bytes("WORD=é\n".encode("latin-1"))
    text = """
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="latin-1")
    word: str = ""
"""
    assert load_module(text, env_files=("prod.env",)).settings.word == "é"


def test_secrets_directories_of_the_class(load_module: Load, here: Path) -> None:
    """A later directory wins, and the option replaces them."""
    for directory, text in (("one", "1\n"), ("two", " 2 "), ("three", "3")):
        (here / directory).mkdir()
        (here / directory / "app_token").write_text(text)
    text = """
class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APP_", secrets_dir=["one", "two", "absent"])
    token: SecretStr
"""
    found = load_module(text)
    assert found.settings.token.get_secret_value() == "2"
    assert found.values.location("APP_TOKEN") == Location("secret-file", "two/app_token")

    found = load_module(text, secrets_dir="three")
    assert found.settings.token.get_secret_value() == "3"
    found = load_module("class Settings(BaseSettings):\n    app_token: str\n", secrets_dir="three")
    assert found.settings.app_token == "3"


def test_a_change_takes_the_place_of_every_source(load_module: Load, here: Path) -> None:
    """`workerctl budget` tries values; the loaded configuration stays as it is."""
    (here / ".env").write_text("APP_WORKERS=4\nAPP_DB__HOST=h\nAPP_DB__PASSWORD=p\n")
    found = load_module(APP, {"app_workers": "5"})

    other = changed(found, {"APP_WORKERS": "6", "APP_DB__PORT": "1"})

    assert (found.settings.workers, other.settings.workers, other.settings.db.port) == (5, 6, 1)
    assert other.values.text("APP_WORKERS") == "6"
    assert messages(changed(other, {"APP_WORKERS": "x"})) == [
        "APP_WORKERS must be a whole number above 0."
    ]


def test_a_class_that_has_been_imported(here: Path) -> None:
    """A class is loaded as an object, the built-in one and its subclasses included."""
    from pydantic_settings import BaseSettings

    class Other(BaseSettings):
        size: int = 1

    assert load(Settings, Options(settings=Other), environ={"SIZE": "3"}).settings.size == 3
    found = load(Settings, Options((), settings=Settings), environ={"ENV": "staging"})
    assert (found.schema.is_own, found.settings.ENV) == (True, "staging")


def test_nothing_of_the_values_is_in_a_repr(load_module: Load, here: Path) -> None:
    """Neither of the result nor of what it was built from."""
    (here / ".env").write_text(f"APP_DB__PASSWORD={WORD}\nAPP_DB__HOST=h\nAPP_NOTHING={WORD}\n")
    found = load_module(APP.replace('".env"', '".env", extra="ignore"'), {"OTHER": WORD})

    shown = repr((found, found.judged, found.judged.environment))
    assert not Oracle(MINT.made).leaks(shown)


def test_the_built_in_class_needs_nothing_of_this(here: Path) -> None:
    """Its start does not import the modules for other classes."""
    script = (
        "import sys; from workerctl.schema.loading import load; "
        "from workerctl.settings import Settings; load(Settings); "
        "sys.exit(any(name.startswith('workerctl.schema.foreign') for name in sys.modules))"
    )
    root = Path(workerctl.__file__).parents[1]

    done = subprocess.run(
        [sys.executable, "-c", script], env={"PYTHONPATH": str(root)}, cwd=here, check=False
    )

    assert done.returncode == 0
