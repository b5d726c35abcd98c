"""
Logging: the level and the format of the settings, one line per record, nobody's handlers lost.
"""

import json
import logging
import logging.config
import subprocess
import sys
import threading
import types
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from tests.leaks.oracle import Mint, Oracle
from tests.support.configurations import MakeLoaded
from workerctl.errors import ConfigurationError
from workerctl.runtime import logging_config
from workerctl.runtime.logging_config import THIRD_PARTY, configure_logging, setup_logger
from workerctl.secrecy.redaction import LOG_MASK
from workerctl.settings import Settings, get_settings

SECRET = Mint(31).token(32)
ROOT = logging.getLogger()
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")

Configure = Callable[..., Settings]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(name="configure")
def _configure(loaded: MakeLoaded) -> Configure:
    """
    Configure logging by the text of an env file. Returns the settings.
    """

    def configure(text: str = "", **options: object) -> Settings:
        settings: Settings = loaded(f"OPENAI_API_KEY={SECRET}\n{text}").settings
        configure_logging(settings, **options)  # type: ignore[arg-type]
        return settings

    return configure


def said(capsys: Capture) -> list[str]:
    """
    The lines on standard error, without the time; nothing is on standard output.
    """
    out, err = capsys.readouterr()
    assert out == ""
    return [line.split(" ", 2)[2] for line in err.splitlines()]


# --------------------------------------------------------------------------------------- level


@pytest.mark.parametrize(
    ("level", "lines"),
    [("debug", 5), ("INFO", 4), (" warn ", 3), ("ERROR", 2), ("fatal", 1), ("15", 4), ("20", 4)],
)
def test_the_level_is_obeyed(configure: Configure, capsys: Capture, level: str, lines: int) -> None:
    """By name or number, once per record, on standard error."""
    configure(f"LOG_LEVEL='{level}'")
    logger = logging.getLogger("app.tasks")
    for name in LEVELS:
        logger.log(getattr(logging, name), "page %d", 3)

    assert said(capsys) == [f"{name} app.tasks: page 3" for name in LEVELS[-lines:]]


@pytest.mark.parametrize("level", ["verbose", "200", "0", "NOTSET", "handlers", "1.5", "-10", "٢٠"])
def test_a_level_that_does_not_exist_is_refused(directory: Path, level: str) -> None:
    """It is never INFO without a word; an empty one is not set, like any other setting."""
    (directory / ".env").write_text(f"LOG_LEVEL={level}\n")
    with pytest.raises(ConfigurationError, match="SET001 LOG_LEVEL must be DEBUG, INFO"):
        Settings()

    (directory / ".env").write_text("LOG_LEVEL=\n")
    assert Settings().LOG_LEVEL == "INFO"


def test_another_level_replaces_the_first(configure: Configure, capsys: Capture) -> None:
    """A handler that is there is used again."""
    configure("LOG_LEVEL=ERROR")
    handlers = ROOT.handlers[:]
    configure("LOG_LEVEL=INFO")
    logging.getLogger("app").info("here")

    assert said(capsys) == ["INFO app: here"]
    assert ROOT.handlers == handlers


# ------------------------------------------------------------------------------------- handlers


def test_configured_twice_is_configured_once(configure: Configure, capsys: Capture) -> None:
    """The same handlers, the same filters, one line."""
    settings = configure()
    before = [(one, one.filters[:]) for one in ROOT.handlers]
    configure_logging(settings)
    logging.getLogger("app").info("here")

    assert [(one, one.filters) for one in ROOT.handlers] == before
    assert said(capsys) == ["INFO app: here"]


def test_the_applications_handler_is_kept(configure: Configure, capsys: Capture) -> None:
    """None is added, its formatter stays, and it shows no secret either."""
    stream = StringIO()
    logging.basicConfig(stream=stream, format="APP %(message)s", level=logging.ERROR)
    (handler,) = ROOT.handlers
    configure("LOG_FORMAT=json")
    logging.getLogger("app").info("key %s", SECRET[:8])

    assert ROOT.handlers == [handler]
    assert stream.getvalue() == f"APP key {LOG_MASK}\n"
    assert said(capsys) == []


def test_a_handler_that_comes_later_replaces_ours(configure: Configure, capsys: Capture) -> None:
    """At the next call: until then there are two."""
    settings = configure()
    stream = StringIO()
    ROOT.addHandler(logging.StreamHandler(stream))
    configure_logging(settings)
    logging.getLogger("app").info("key %s", SECRET)

    assert stream.getvalue() == f"key {LOG_MASK}\n"
    assert said(capsys) == []


def test_a_handler_that_does_nothing_is_none(configure: Configure, capsys: Capture) -> None:
    """Libraries put one at the root against a warning."""
    ROOT.addHandler(logging.NullHandler())
    configure()
    logging.getLogger("app").info("here")

    assert said(capsys) == ["INFO app: here"]


def test_handlers_of_other_loggers_show_no_secret(configure: Configure, capsys: Capture) -> None:
    """Also one that passes nothing on to the root logger."""
    stream = StringIO()
    audit = logging.getLogger("app.audit")
    audit.addHandler(logging.StreamHandler(stream))
    audit.propagate = False
    configure()
    audit.error("key %s", SECRET)

    assert stream.getvalue() == f"key {LOG_MASK}\n"
    assert len(audit.handlers) == 1
    assert said(capsys) == []


def test_only_the_root_logger_gets_a_handler(configure: Configure) -> None:
    """Whatever loggers there are."""
    configure("LOG_LEVEL=DEBUG")
    setup_logger("app.tasks").debug("here")

    assert len(ROOT.handlers) == 1
    handlers = {name: logger.handlers for name, logger in logging_config._loggers()}
    assert {name: found for name, found in handlers.items() if found} == {}


# ------------------------------------------------------------------------------------------- rq


class RqHandler(logging.StreamHandler[StringIO]):
    """
    What RQ puts on its own loggers.
    """

    __module__ = "rq.logutils"


def test_rqs_own_handlers_go(configure: Configure, capsys: Capture) -> None:
    """They would write each line twice, or from RQ 3 on keep it from the root logger."""
    logger = logging.getLogger("rq.worker")
    stream = StringIO()
    logger.addHandler(RqHandler(stream))
    logger.propagate = False
    logger.disabled = True
    logger.setLevel(logging.INFO)
    configure("LOG_LEVEL=DEBUG")
    logger.debug("here")

    assert said(capsys) == ["DEBUG rq.worker: here"]
    assert stream.getvalue() == ""
    assert logger.handlers == []


def test_what_an_application_does_to_rqs_loggers_stays(configure: Configure) -> None:
    """A handler of its own, and another level than the one that RQ sets."""
    logger = logging.getLogger("rq.worker")
    handler = logging.StreamHandler(StringIO())
    logger.addHandler(handler)
    logger.propagate = False
    logger.setLevel(logging.WARNING)
    configure("LOG_LEVEL=DEBUG")

    assert logger.handlers == [handler]
    assert not logger.propagate
    assert logger.level == logging.WARNING


def test_a_dictionary_that_disables_loggers_is_undone(
    configure: Configure, capsys: Capture
) -> None:
    """`dictConfig` disables those of RQ unless it is told not to."""
    logger = logging.getLogger("rq.worker")
    logging.config.dictConfig({"version": 1})
    assert logger.disabled
    configure()
    logger.info("here")

    assert said(capsys) == ["INFO rq.worker: here"]


# ----------------------------------------------------------------------------------- third party


def test_libraries_stay_at_warning(configure: Configure, capsys: Capture) -> None:
    """At DEBUG they would write bodies of requests, and URLs with keys in them."""
    configure("LOG_LEVEL=DEBUG")
    for name in ("httpx", "openai._base_client", "httpcore.http11", "urllib3.connectionpool"):
        logging.getLogger(name).info("GET https://h.example.net/?key=1")
        logging.getLogger(name).warning("slow")

    assert [line.partition(" ")[2] for line in said(capsys)] == [
        "httpx: slow",
        "openai._base_client: slow",
        "httpcore.http11: slow",
        "urllib3.connectionpool: slow",
    ]


def test_libraries_are_not_louder_than_the_rest(configure: Configure, capsys: Capture) -> None:
    """LOG_LEVEL above WARNING is obeyed by them, too, and lowered again."""
    configure("LOG_LEVEL=ERROR")
    logging.getLogger("httpx").warning("slow")
    assert said(capsys) == []

    configure("LOG_LEVEL=INFO")
    logging.getLogger("httpx").warning("slow")
    assert said(capsys) == ["WARNING httpx: slow"]


@pytest.mark.parametrize("level", ["DEBUG", 10, " 10", "debug"])
def test_libraries_talk_when_they_are_asked(
    configure: Configure, capsys: Capture, level: str | int
) -> None:
    """And go on to, when the worker class configures logging once more."""
    settings = configure("LOG_LEVEL=WARNING", third_party=level)
    configure_logging(settings)
    logging.getLogger("openai").debug("key %s", SECRET[2:10])

    assert said(capsys) == [f"DEBUG openai: key {LOG_MASK}"]


@pytest.mark.parametrize("level", ["verbose", 0, "", "NOTSET", -1])
def test_libraries_cannot_be_asked_for_nonsense(configure: Configure, level: str | int) -> None:
    """Like everyone else."""
    with pytest.raises(ValueError, match="A logging level must be a name such as WARNING"):
        configure(third_party=level)


def test_one_library_can_be_asked(configure: Configure, capsys: Capture) -> None:
    """By its own level, before or after."""
    logging.getLogger("httpx").setLevel(logging.INFO)
    settings = configure()
    logging.getLogger("openai").setLevel(logging.INFO)
    configure_logging(settings)
    for name in ("httpx", "openai", "urllib3"):
        logging.getLogger(name).info("here")

    assert said(capsys) == ["INFO httpx: here", "INFO openai: here"]


def test_the_list_of_libraries_is_in_order() -> None:
    """Each once."""
    assert list(THIRD_PARTY) == sorted(set(THIRD_PARTY))


# ---------------------------------------------------------------------------------------- format


def test_json_is_one_object_per_line(configure: Configure, capsys: Capture) -> None:
    """Whatever the message holds, with the time in UTC, and nothing that is not there."""
    configure("LOG_FORMAT=json")
    before = datetime.now(UTC).replace(microsecond=0)
    logging.getLogger("app").warning("이력서 %s", 'a\nb "c" \udcff \U0001f600')
    out, err = capsys.readouterr()
    told = json.loads(err)

    assert (out, err.count("\n"), err.isascii()) == ("", 1, True)
    assert list(told) == ["time", "level", "logger", "message"]
    assert told["message"] == '이력서 a\nb "c" \udcff \U0001f600'
    assert (told["level"], told["logger"]) == ("WARNING", "app")
    time = datetime.fromisoformat(told["time"])
    assert before <= time <= datetime.now(UTC)
    assert time.utcoffset() == UTC.utcoffset(None)


def test_json_tells_of_exceptions_and_stacks(configure: Configure, capsys: Capture) -> None:
    """As texts, without secrets."""
    configure("LOG_FORMAT=json")
    logger = logging.getLogger("app")
    for text in ("bad page", f"bad key {SECRET[:8]}"):
        try:
            raise ValueError(text)  # noqa: TRY301 -- to be logged
        except ValueError:
            logger.exception("failed", stack_info=True)
    plain, secret = map(json.loads, capsys.readouterr().err.splitlines())

    assert plain["exception"].endswith("ValueError: bad page")
    assert secret["exception"].endswith(f"ValueError: bad key {LOG_MASK}")
    assert plain["exception"].startswith("Traceback (most recent call last):\n")
    assert plain["stack"].startswith("Stack (most recent call last):\n")


def test_json_tells_the_job(
    configure: Configure, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When RQ is there and runs one; RQ is not imported to find out."""
    rq = types.ModuleType("rq")
    monkeypatch.setitem(sys.modules, "rq", rq)
    configure("LOG_FORMAT=json")
    logger = logging.getLogger("app")
    logger.info("RQ is being imported")
    rq.get_current_job = lambda: None  # type: ignore[attr-defined]
    logger.info("no job")
    rq.get_current_job = lambda: types.SimpleNamespace(id="j-1")  # type: ignore[attr-defined]
    logger.info("a job")

    told = [json.loads(line).get("job_id") for line in capsys.readouterr().err.splitlines()]
    assert told == [None, None, "j-1"]


def test_the_format_can_change(configure: Configure, capsys: Capture) -> None:
    """Of our own handler."""
    configure("LOG_FORMAT=json")
    configure("LOG_FORMAT=text")
    logging.getLogger("app").info("here")

    assert said(capsys) == ["INFO app: here"]


# --------------------------------------------------------------------------------------- secrets


def test_the_secrets_are_those_of_the_last_settings(configure: Configure, capsys: Capture) -> None:
    """Known by every handler that got the filter before."""
    other = Mint(32).token()
    configure()
    configure(f"GEMINI_API_KEY={other}")
    logging.getLogger("app").info("%s %s", other, SECRET)

    assert said(capsys) == [f"INFO app: {LOG_MASK} {LOG_MASK}"]


def test_threads_log_without_secrets(configure: Configure, capsys: Capture) -> None:
    """All at once."""
    configure()
    logger = logging.getLogger("app")

    def log() -> None:
        for _ in range(50):
            logger.info("key %s", SECRET)

    threads = [threading.Thread(target=log) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert said(capsys) == [f"INFO app: key {LOG_MASK}"] * 200


# ----------------------------------------------------------------------------------- setup_logger


def test_setup_logger_configures_once(
    directory: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the settings of the process; a logger is a logger, without level and handler."""
    monkeypatch.setenv("LOG_LEVEL", "WARNING")
    monkeypatch.setenv(
        "ENCRYPTION_KEY", "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2"
    )
    get_settings.cache_clear()
    try:
        logger = setup_logger("app.tasks")
        handlers = ROOT.handlers[:]
        ROOT.setLevel(logging.ERROR)
        assert setup_logger("app.tasks") is logger
    finally:
        get_settings.cache_clear()
    logger.error("here")

    assert said(capsys) == ["ERROR app.tasks: here"]
    assert (logger.level, logger.handlers) == (logging.NOTSET, [])
    assert (ROOT.handlers, ROOT.level) == (handlers, logging.ERROR)


GUEST = """
import logging, sys
import workerctl.runtime.logging_config
assert not {"typer", "rich", "cryptography", "rq", "redis"} & set(sys.modules)
assert logging.getLogger().handlers == []
assert logging.getLogger().level == logging.WARNING
assert logging.getLogger("httpx").level == logging.NOTSET
"""


def test_importing_it_does_nothing(environ: dict[str, str]) -> None:
    """It is a guest: no handler, no level, no package but pydantic's."""
    subprocess.run([sys.executable, "-c", GUEST], env=environ, check=True)


def test_the_oracle_agrees(configure: Configure, capsys: Capture) -> None:
    """In JSON, with everything on, as real workers log: `key[:8]`."""
    configure("LOG_FORMAT=json\nLOG_LEVEL=DEBUG")
    logger = logging.getLogger("app")
    logger.debug("key %s", SECRET[:8], extra={"key": SECRET})
    try:
        raise RuntimeError(SECRET)  # noqa: TRY301 -- to be logged
    except RuntimeError:
        logger.exception("with %r", [SECRET])
    err = capsys.readouterr().err

    assert err.count(LOG_MASK) == 3
    assert Oracle([SECRET]).leaks(err) == []
