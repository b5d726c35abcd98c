"""
Tests of targets: what may be named, and what is said of the rest.
"""

import os
import sys
from pathlib import Path

import pytest
from pydantic import DirectoryPath
from pydantic_settings import BaseSettings

from tests.leaks.oracle import Mint
from tests.schema.foreign.conftest import Load, messages
from workerctl.report.errors import ConfigurationError, ProjectError, UsageError
from workerctl.runtime import boot
from workerctl.schema.loading import load
from workerctl.settings import Settings, get_settings
from workerctl.sources.options import Options

WORD = Mint(11).token()
CLASS = """
class Settings(BaseSettings):
    url: str
    size: int = 1
"""


@pytest.mark.parametrize(
    ("more", "target"),
    [
        ("", "Settings"),
        ("settings = Settings()\n", "settings"),
        ("def get() -> Settings:\n    return Settings()\n", "get"),
        ("@lru_cache\ndef get() -> Settings:\n    return Settings()\n", "get"),
        ("@lru_cache\ndef get():\n    return Settings()\n", "get"),
        ("def get() -> 'Settings | None':\n    return None\n", "get"),
        ("class Holder:\n    settings = Settings()\n", "Holder.settings"),
        ("settings = Settings()\nurl = settings.url.upper()\n", "settings"),
        ("settings = Settings()\nhost = settings.url.split('/')[2]\n", "settings"),
        ("settings = Settings()\nhost = settings.url.split('/')[2]\n", "Settings"),
    ],
)
def test_a_class_an_instance_and_a_function_are_targets(
    load_module: Load, more: str, target: str
) -> None:
    """A module that builds its instance at import is loaded, although a value is missing."""
    found = load_module(CLASS + more, target=target)

    assert found.schema.settings_class.__name__ == "Settings"
    assert messages(found) == ["URL is required but not set."]
    assert found.settings.size == 1
    assert found.invalid == {"URL"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("class Settings: pass", "is not a settings class of pydantic-settings"),
        ("class Settings(BaseModel): pass", "is a pydantic model that reads no variables"),
        ("Settings = BaseSettings", "is BaseSettings itself"),
        ("Settings = 3", "is not a settings class"),
        ("async def Settings(): pass", "is not a settings class"),
        ("def Settings(): return 3", "returns an object that is not a settings class"),
        (
            "from pydantic import BaseSettings",
            "uses a name that only pydantic v1 has at config.py:7",
        ),
        ("from pydantic.v1 import BaseSettings as B\nclass Settings(B): pass", "pydantic v1"),
        ("Settings = type('S', (), {'__module__': 'dynaconf.base'})()", "belongs to Dynaconf"),
        ("Settings = type('E', (), {'__module__': 'environs'})()", "belongs to environs"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_other_objects_are_refused(load_module: Load, text: str, words: str) -> None:
    """One sentence says what the object is, the hint says what can be used."""
    with pytest.raises(UsageError) as caught:
        load_module(text)

    assert words in caught.value.message
    assert "pydantic_settings.BaseSettings" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("raise RuntimeError(WORD)", "RuntimeError at config.py:8"),
        ("raise SystemExit(WORD)", "SystemExit at config.py:8"),
        ("import asyncio\nraise asyncio.CancelledError(WORD)", "CancelledError at config.py:9"),
        ("class Panic(BaseException): pass\nraise Panic(WORD)", "Panic at config.py:9"),
        ("def f(): return {}[WORD]\nf()", "KeyError at config.py:8"),
        ("import nothing_of_this_name", "ModuleNotFoundError at config.py:8"),
        ("x = = 3", "SyntaxError at config.py:8"),
    ],
)
def test_a_module_that_fails_is_one_sentence(load_module: Load, text: str, kind: str) -> None:
    """It has the type of the exception and the line, but never the text; D4."""
    with pytest.raises(ProjectError) as caught:
        load_module(f"WORD = {WORD!r}\n{text}\n")

    assert caught.value.message == f"config:Settings cannot be loaded ({kind})."
    assert caught.value.__context__ is None


def test_only_an_interrupt_passes(load_module: Load) -> None:
    """KeyboardInterrupt is the user's, and the environment is restored even then."""
    before = dict(os.environ)

    with pytest.raises(KeyboardInterrupt):
        load_module("raise KeyboardInterrupt\n")

    assert dict(os.environ) == before


def test_names_that_do_not_exist(load_module: Load, here: Path) -> None:
    """The hint names what the module has."""
    with pytest.raises(UsageError, match="no Setings") as caught:
        load_module(CLASS, target="Setings")
    assert caught.value.hint == "Did you mean Settings?"

    with pytest.raises(ProjectError, match="there is no module absent"):
        load(Settings, Options(settings="absent.config:Settings"), environ={})
    with pytest.raises(ProjectError) as secret:
        load(Settings, Options(settings=WORD), environ={})
    assert WORD not in secret.value.message


def test_a_target_may_be_of_the_built_in_schema(load_module: Load) -> None:
    """A subclass, an instance and a function are loaded as before."""
    text = (
        "from workerctl.settings import Settings as Own\nclass Settings(Own):\n    TEAM: int = 3\n"
    )
    more = "settings = Settings()\ndef get() -> Settings: ...\n"
    for target in ("Settings", "settings", "get"):
        found = load_module(text + more, {"TEAM": "4", "ENV": "nowhere"}, target=target)
        assert found.schema.is_own
        assert found.settings.TEAM == 4


def test_the_module_is_imported_under_the_judged_environment(load_module: Load, here: Path) -> None:
    """What it reads while it is imported is what is judged, and nothing of it remains."""
    (here / "prod.env").write_text("STAGE=prod\n")
    text = (
        CLASS + "import sys\nprint('noise')\nSTAGE = os.environ.get('STAGE')\nARGV = sys.argv[1:]\n"
    )

    load_module(text, {"URL": "u", "OTHER": "1"}, env_files=("prod.env",))

    assert sys.modules["config"].STAGE == "prod"
    assert sys.modules["config"].ARGV == []
    assert "STAGE" not in os.environ


BOOTED = """
from workerctl.runtime import boot
from workerctl.settings import get_settings

class Settings(BaseSettings):
    url: str
    size: int = 1

settings = {call}(Settings)
host = settings.url.lower()
"""


@pytest.mark.parametrize("call", ["boot", "get_settings"])
def test_a_module_that_boots_is_a_target(load_module: Load, call: str) -> None:
    """What stops a worker does not stop workerctl from judging the class."""
    try:
        found = load_module(BOOTED.format(call=call), target="settings")
        again = load_module(BOOTED.format(call=call), {"URL": "U"}, name="other")
    finally:
        get_settings.cache_clear()

    assert messages(found) == ["URL is required but not set."]
    assert again.settings.url == "U"


def test_a_worker_does_not_start_without_what_its_machine_lacks(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The warning of a check elsewhere is an error where the worker starts."""

    class Data(BaseSettings):
        data: DirectoryPath

    monkeypatch.setenv("DATA", "/absent/data")
    try:
        with pytest.raises(ConfigurationError):
            get_settings(Data)
        with pytest.raises(SystemExit) as caught:
            boot(Data)
    finally:
        get_settings.cache_clear()

    assert caught.value.code == 1
    assert "DATA refers to something that this machine does not have" in capsys.readouterr().err


def test_a_module_in_src_is_found(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an installed package would be, in the layout with a `src` folder."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    (here / "src/inside").mkdir(parents=True)
    (here / "src/inside/conf.py").write_text(
        "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    a: int = 1\n"
    )

    assert load(Settings, Options(settings="inside.conf:S"), environ={}).settings.a == 1
