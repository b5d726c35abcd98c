"""
Tests of boot() and get_settings() with a settings class of a team, which workerctl does not know.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Boot = Callable[..., CompletedProcess[str]]

CONFIG = """
from typing import Annotated
from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from workerctl.rules import Environment, LogLevel, Off, Required
from workerctl.runtime import boot

class Database(BaseModel):
    host: str = "localhost"
    port: int = 5432

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__")
    stage: Annotated[str, Environment(production=("live",))] = "dev"
    debug: Annotated[bool, Off("production")] = False
    token: Annotated[SecretStr, Required("production")] = SecretStr("")
    verbosity: Annotated[str, LogLevel()] = "WARNING"
    db: Database = Database()
"""
AT_IMPORT = f"{CONFIG}\nprint('imported', flush=True)\nsettings = boot(Settings)\n"
OWN = """
from workerctl import settings
from workerctl.runtime import boot

class Settings(settings.Settings):
    TEAM_SIZE: int = 3

print("imported", flush=True)
settings = boot(Settings)
"""
WORKER = """
import logging
from config import settings
logging.getLogger("app").warning("token %s", settings.token.get_secret_value())
logging.getLogger("app").info("not shown")
print("booted", settings.stage, settings.db.port, flush=True)
"""
TABLE = '[tool.workerctl]\nsettings = "config:Settings"\n'
TOKEN = "tk_R4tq9WmZ2vB7nK5xD8cL3jH6"


@pytest.fixture(name="boot")
def _boot(directory: Path, environ: dict[str, str]) -> Boot:
    """
    Return a function that runs a worker, which imports the module `config`, in its own process.
    """

    def boot(code: str = WORKER, config: str = AT_IMPORT, **variables: str) -> CompletedProcess:
        (directory / "config.py").write_text(config)
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return boot


def test_boot_replaces_the_call_of_the_class(boot: Boot):
    """The module is imported once, and logging has the level of the class and hides its secrets."""
    done = boot(APP_DB__PORT="6000", APP_TOKEN=TOKEN, APP_STAGE="live")

    assert (done.returncode, done.stdout) == (0, "imported\nbooted live 6000\n")
    assert done.stderr.endswith(" WARNING app: token ********\n")
    assert done.stderr.count("\n") == 1


def test_boot_refuses_what_check_refuses(boot: Boot):
    """The report goes to standard error, without a value."""
    done = boot(APP_DB__PORT=TOKEN, APP_STAGE="live", APP_DEBUG="true")

    assert (done.returncode, done.stdout) == (1, "imported\n")
    assert "SET001 " in done.stderr
    assert "APP_DB__PORT" in done.stderr
    assert "ENV002 " in done.stderr
    assert "ENV003 " in done.stderr
    assert "Traceback" not in done.stderr
    assert TOKEN not in done.stderr


@pytest.mark.parametrize("command", [["check"], ["run", "--", "true"]])
def test_a_class_derived_from_the_built_in_one_may_boot_at_import(
    boot: Boot, directory: Path, run: Boot, command: list[str]
):
    """The call is as good at the end of such a module, and does not decide a check either."""
    (directory / "pyproject.toml").write_text(TABLE)
    done = boot("import config; print(config.settings.TEAM_SIZE)", OWN, TEAM_SIZE="4")
    assert (done.returncode, done.stdout) == (0, "imported\n4\n")

    done = run(*command, env={"TEAM_SIZE": "many"})
    assert done.returncode == 1
    assert (done.stdout + done.stderr).count("TEAM_SIZE must be a whole number") == 1


@pytest.mark.parametrize("call", ["boot()", "boot('config:Settings')"])
def test_a_class_may_be_named_in_its_own_module(boot: Boot, directory: Path, call: str):
    """Neither is the module imported twice, nor does boot() call itself."""
    (directory / "pyproject.toml").write_text(TABLE)
    done = boot(config=AT_IMPORT.replace("boot(Settings)", call), APP_DB__PORT="6000")

    assert (done.returncode, done.stdout) == (0, "imported\nbooted dev 6000\n")


def test_the_module_may_be_the_program(boot: Boot, directory: Path, environ: dict[str, str]):
    """A class of `__main__` is not imported under another name."""
    (directory / "program.py").write_text(f"{AT_IMPORT}\nprint(settings.db.port)\n")
    done = subprocess.run(
        [sys.executable, "program.py"],
        env={**environ, "APP_DB__PORT": "6000"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "imported\n6000\n")


def test_check_imports_a_module_that_boots(boot: Boot, directory: Path, run: Boot):
    """What the module does with an incomplete configuration does not decide the check."""
    (directory / "pyproject.toml").write_text(TABLE)
    (directory / "config.py").write_text(AT_IMPORT)
    done = run("check", env={"APP_STAGE": "live", "APP_DB__PORT": "many"})

    assert done.returncode == 1
    assert done.stdout.count("APP_DB__PORT must be a whole number") == 1
    assert "APP_TOKEN is not set" in done.stdout
    assert done.stderr == "imported\n"


ONE_INSTANCE = """
import os
from config import Settings
from workerctl.runtime import boot
from workerctl.settings import get_settings
assert get_settings.made is None
first = get_settings(Settings)
assert first.db.port == 6000
os.environ["APP_DB__PORT"] = "7000"
assert get_settings(Settings) is first
assert get_settings("config:Settings") is first
assert boot(Settings) is first
assert boot() is first and get_settings() is first
assert get_settings.made is first
get_settings.cache_clear()
assert get_settings(Settings).db.port == 7000
assert get_settings.instances == (get_settings(Settings),)
print("ok")
"""


def test_a_class_has_one_instance(boot: Boot):
    """Without a project, the class that the worker has booted with is that of the process."""
    done = boot(ONE_INSTANCE, CONFIG, APP_DB__PORT="6000")

    assert (done.returncode, done.stdout, done.stderr) == (0, "ok\n", "")


TWO_CLASSES = """
from config import Settings
from pydantic_settings import BaseSettings
from workerctl.runtime import boot
from workerctl.settings import get_settings

class Other(BaseSettings):
    api_key: str

import logging, sys
boot(Other)
settings = boot(Settings)
secrets = get_settings(Other).api_key, settings.token.get_secret_value()
logging.getLogger("app").warning("%s %s", *secrets)
assert get_settings() is settings
"""


def test_the_project_decides_between_two_classes(boot: Boot, directory: Path):
    """Each has its instance, logging hides the secrets of both."""
    (directory / "pyproject.toml").write_text(TABLE)
    done = boot(TWO_CLASSES, CONFIG, API_KEY=TOKEN[::-1], APP_TOKEN=TOKEN)

    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith(" WARNING app: ******** ********\n")


REFUSED = """
from config import Settings
from workerctl.report.errors import ConfigurationError
from workerctl.settings import get_settings
try:
    get_settings(Settings)
except ConfigurationError as error:
    print(*sorted((one.code, *one.fields) for one in error.findings))
    print(error.__context__)
"""


def test_get_settings_raises_the_findings_of_boot(boot: Boot):
    done = boot(REFUSED, CONFIG, APP_STAGE="live", APP_DB__PORT="many")

    assert done.stderr == ""
    assert done.stdout == "('ENV002', 'APP_TOKEN') ('SET001', 'APP_DB__PORT')\nNone\n"


UNTOUCHED = """
import os
before = dict(os.environ)
from config import Settings
from workerctl.runtime import boot
settings = boot(Settings)
assert settings.db.port == 6000
assert dict(os.environ) == before
"""


def test_boot_does_not_change_the_environment(boot: Boot, directory: Path):
    (directory / "app.env").write_text("APP_DB__PORT=6000\n")
    (directory / "app.env").chmod(0o600)
    done = boot(UNTOUCHED, CONFIG, WORKERCTL_ENV_FILE="app.env")

    assert (done.returncode, done.stderr) == (0, "")


THREADS = """
import sys, threading
from workerctl.schema import imports as waiting
from workerctl.settings import get_settings
waiting.PATIENCE_SECONDS = 0.1
sys.started = threading.Event()  # set by the module

def imports():
    import config
    assert config.settings.db.port == 6000

importing = threading.Thread(target=imports)
importing.start()
assert sys.started.wait(30)
assert get_settings("config:Settings").db.port == 6000
importing.join(30)
assert not importing.is_alive()
"""


def test_threads_do_not_wait_for_each_other_s_imports(boot: Boot):
    """One asks for a class by name while another imports its module, which calls boot()."""
    slow = "import sys, time\nsys.started.set()\ntime.sleep(0.2)\nsettings = boot"
    done = boot(THREADS, AT_IMPORT.replace("settings = boot", slow), APP_DB__PORT="6000")

    assert (done.returncode, done.stdout, done.stderr) == (0, "imported\n", "")


OBJECTS = """
from typing import Annotated, Any
from pydantic import PlainValidator
from pydantic_settings import BaseSettings
from workerctl.runtime import boot

class Token:
    def __init__(self, text):
        self.text = text
    def __str__(self):
        return f"<{self.text}>"

class Silent(Token):
    __str__ = object.__str__

class Settings(BaseSettings):
    api_token: Annotated[Any, PlainValidator(Token)] = None
    db_password: Annotated[Any, PlainValidator(Silent)] = None
    region: Annotated[Any, PlainValidator(Token)] = None

settings = boot(Settings)
"""
LOGS_OBJECTS = """
import logging
from config import settings
from workerctl.runtime.jobs.stored_texts import redact
text = "token %s password %s region %s"
values = settings.api_token, settings.db_password.text, settings.region
logging.getLogger("app").warning(text, *values)
print(redact(text % values))
"""


def test_after_boot_secrets_of_any_type_are_hidden(boot: Boot):
    """Logs, and what is stored with a job, show neither the object nor what it was made from."""
    other = TOKEN[::-1]
    done = boot(LOGS_OBJECTS, OBJECTS, API_TOKEN=TOKEN, DB_PASSWORD=other, REGION="europe")

    for text in (done.stdout, done.stderr):
        assert text.endswith("token ******** password ******** region <europe>\n")
