"""
Tests of configure_logging(): level and format, one line per record, existing handlers kept.
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
from workerctl.report.errors import ConfigurationError
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
    Return a function that configures logging by an env file's text and returns the settings.
    """

    def configure(text: str = "", **options: object) -> Settings:
        settings: Settings = loaded(f"OPENAI_API_KEY={SECRET}\n{text}").settings
        configure_logging(settings, **options)  # type: ignore[arg-type]
        return settings

    return configure


def stderr_lines(capsys: Capture) -> list[str]:
    """
    Return the lines on standard error without their times. Standard output must be empty.
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
    """LOG_LEVEL is a name or number; each record is written once, to standard error."""
    configure(f"LOG_LEVEL='{level}'")
    logger = logging.getLogger("app.tasks")
    for name in LEVELS:
        logger.log(getattr(logging, name), "page %d", 3)

    assert stderr_lines(capsys) == [f"{name} app.tasks: page 3" for name in LEVELS[-lines:]]


@pytest.mark.parametrize("level", ["verbose", "200", "0", "NOTSET", "handlers", "1.5", "-10", "٢٠"])
def test_a_level_that_does_not_exist_is_refused(directory: Path, level: str) -> None:
    """An invalid level is an error instead of INFO; an empty one counts as not set."""
    (directory / ".env").write_text(f"LOG_LEVEL={level}\n")
    with pytest.raises(ConfigurationError, match="SET001 LOG_LEVEL must be DEBUG, INFO"):
        Settings()

    (directory / ".env").write_text("LOG_LEVEL=\n")
    assert Settings().LOG_LEVEL == "INFO"


def test_another_level_replaces_the_first(configure: Configure, capsys: Capture) -> None:
    """A second call sets the new level and reuses the handler."""
    configure("LOG_LEVEL=ERROR")
    handlers = ROOT.handlers[:]
    configure("LOG_LEVEL=INFO")
    logging.getLogger("app").info("here")

    assert stderr_lines(capsys) == ["INFO app: here"]
    assert ROOT.handlers == handlers


# ------------------------------------------------------------------------------------- handlers


def test_configured_twice_is_configured_once(configure: Configure, capsys: Capture) -> None:
    """A second call adds neither handlers nor filters, and a record is one line."""
    settings = configure()
    before = [(one, one.filters[:]) for one in ROOT.handlers]
    configure_logging(settings)
    logging.getLogger("app").info("here")

    assert [(one, one.filters) for one in ROOT.handlers] == before
    assert stderr_lines(capsys) == ["INFO app: here"]


def test_the_applications_handler_is_kept(configure: Configure, capsys: Capture) -> None:
    """An existing handler keeps its formatter and masks secrets; no other one is added."""
    stream = StringIO()
    logging.basicConfig(stream=stream, format="APP %(message)s", level=logging.ERROR)
    (handler,) = ROOT.handlers
    configure("LOG_FORMAT=json")
    logging.getLogger("app").info("key %s", SECRET[:8])

    assert ROOT.handlers == [handler]
    assert stream.getvalue() == f"APP key {LOG_MASK}\n"
    assert stderr_lines(capsys) == []


def test_a_handler_that_comes_later_replaces_ours(configure: Configure, capsys: Capture) -> None:
    """The next call removes our handler if the application has added its own."""
    settings = configure()
    stream = StringIO()
    ROOT.addHandler(logging.StreamHandler(stream))
    configure_logging(settings)
    logging.getLogger("app").info("key %s", SECRET)

    assert stream.getvalue() == f"key {LOG_MASK}\n"
    assert stderr_lines(capsys) == []


def test_a_null_handler_does_not_count(configure: Configure, capsys: Capture) -> None:
    """A NullHandler, which libraries add to avoid a warning, does not count as a handler."""
    ROOT.addHandler(logging.NullHandler())
    configure()
    logging.getLogger("app").info("here")

    assert stderr_lines(capsys) == ["INFO app: here"]


def test_handlers_of_other_loggers_show_no_secret(configure: Configure, capsys: Capture) -> None:
    """Handlers of other loggers mask secrets, even if the logger does not propagate."""
    stream = StringIO()
    audit = logging.getLogger("app.audit")
    audit.addHandler(logging.StreamHandler(stream))
    audit.propagate = False
    configure()
    audit.error("key %s", SECRET)

    assert stream.getvalue() == f"key {LOG_MASK}\n"
    assert len(audit.handlers) == 1
    assert stderr_lines(capsys) == []


def test_only_the_root_logger_gets_a_handler(configure: Configure) -> None:
    """Only the root logger gets a handler."""
    configure("LOG_LEVEL=DEBUG")
    setup_logger("app.tasks").debug("here")

    assert len(ROOT.handlers) == 1
    handlers = {name: logger.handlers for name, logger in logging_config._loggers()}
    assert {name: found for name, found in handlers.items() if found} == {}


# ------------------------------------------------------------------------------------------- rq


class RqHandler(logging.StreamHandler[StringIO]):
    """
    The handler that RQ adds to its own loggers.
    """

    __module__ = "rq.logutils"


def test_rqs_own_handlers_are_removed(configure: Configure, capsys: Capture) -> None:
    """RQ's handlers would write each line twice, or, from RQ 3 on, hide it from the root logger."""
    logger = logging.getLogger("rq.worker")
    stream = StringIO()
    logger.addHandler(RqHandler(stream))
    logger.propagate = False
    logger.disabled = True
    logger.setLevel(logging.INFO)
    configure("LOG_LEVEL=DEBUG")
    logger.debug("here")

    assert stderr_lines(capsys) == ["DEBUG rq.worker: here"]
    assert stream.getvalue() == ""
    assert logger.handlers == []


def test_what_an_application_does_to_rqs_loggers_is_kept(configure: Configure) -> None:
    """An application's handler on RQ's loggers stays, and so does a level that RQ did not set."""
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
    """By default, `dictConfig` disables RQ's loggers; they are enabled again."""
    logger = logging.getLogger("rq.worker")
    logging.config.dictConfig({"version": 1})
    assert logger.disabled
    configure()
    logger.info("here")

    assert stderr_lines(capsys) == ["INFO rq.worker: here"]


# ----------------------------------------------------------------------------------- third party


def test_libraries_stay_at_warning(configure: Configure, capsys: Capture) -> None:
    """Libraries log at WARNING: at DEBUG they write request bodies and URLs that contain keys."""
    configure("LOG_LEVEL=DEBUG")
    for name in ("httpx", "openai._base_client", "httpcore.http11", "urllib3.connectionpool"):
        logging.getLogger(name).info("GET https://h.example.net/?key=1")
        logging.getLogger(name).warning("slow")

    assert [line.partition(" ")[2] for line in stderr_lines(capsys)] == [
        "httpx: slow",
        "openai._base_client: slow",
        "httpcore.http11: slow",
        "urllib3.connectionpool: slow",
    ]


def test_libraries_are_not_louder_than_the_rest(configure: Configure, capsys: Capture) -> None:
    """A LOG_LEVEL above WARNING applies to libraries, too, until it is lowered again."""
    configure("LOG_LEVEL=ERROR")
    logging.getLogger("httpx").warning("slow")
    assert stderr_lines(capsys) == []

    configure("LOG_LEVEL=INFO")
    logging.getLogger("httpx").warning("slow")
    assert stderr_lines(capsys) == ["WARNING httpx: slow"]


@pytest.mark.parametrize("level", ["DEBUG", 10, " 10", "debug"])
def test_the_level_of_libraries_can_be_set(
    configure: Configure, capsys: Capture, level: str | int
) -> None:
    """`third_party` sets the level of libraries, also when logging is configured again."""
    settings = configure("LOG_LEVEL=WARNING", third_party=level)
    configure_logging(settings)
    logging.getLogger("openai").debug("key %s", SECRET[2:10])

    assert stderr_lines(capsys) == [f"DEBUG openai: key {LOG_MASK}"]


@pytest.mark.parametrize("level", ["verbose", 0, "", "NOTSET", -1])
def test_an_invalid_level_of_libraries_is_refused(configure: Configure, level: str | int) -> None:
    """An invalid level for libraries raises ValueError."""
    with pytest.raises(ValueError, match="A logging level must be a name such as WARNING"):
        configure(third_party=level)


def test_the_level_of_one_library_can_be_set(configure: Configure, capsys: Capture) -> None:
    """The level that a library's logger has is kept, whether set before or after the first call."""
    logging.getLogger("httpx").setLevel(logging.INFO)
    settings = configure()
    logging.getLogger("openai").setLevel(logging.INFO)
    configure_logging(settings)
    for name in ("httpx", "openai", "urllib3"):
        logging.getLogger(name).info("here")

    assert stderr_lines(capsys) == ["INFO httpx: here", "INFO openai: here"]


def test_the_list_of_libraries_is_sorted() -> None:
    """The list of libraries is sorted and has no duplicates."""
    assert list(THIRD_PARTY) == sorted(set(THIRD_PARTY))


# ---------------------------------------------------------------------------------------- format


def test_json_is_one_object_per_line(configure: Configure, capsys: Capture) -> None:
    """Any message is one line of ASCII JSON, with the time in UTC and no empty fields."""
    configure("LOG_FORMAT=json")
    before = datetime.now(UTC).replace(microsecond=0)
    logging.getLogger("app").warning("이력서 %s", 'a\nb "c" \udcff \U0001f600')
    out, err = capsys.readouterr()
    record = json.loads(err)

    assert (out, err.count("\n"), err.isascii()) == ("", 1, True)
    assert list(record) == ["time", "level", "logger", "message"]
    assert record["message"] == '이력서 a\nb "c" \udcff \U0001f600'
    assert (record["level"], record["logger"]) == ("WARNING", "app")
    time = datetime.fromisoformat(record["time"])
    assert before <= time <= datetime.now(UTC)
    assert time.utcoffset() == UTC.utcoffset(None)


def test_json_includes_exceptions_and_stacks(configure: Configure, capsys: Capture) -> None:
    """Exceptions and stacks are strings without secrets."""
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


def test_json_includes_the_job(
    configure: Configure, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`job_id` is written if RQ is imported and runs a job; RQ is not imported for this."""
    rq = types.ModuleType("rq")
    monkeypatch.setitem(sys.modules, "rq", rq)
    configure("LOG_FORMAT=json")
    logger = logging.getLogger("app")
    logger.info("RQ is being imported")
    rq.get_current_job = lambda: None  # type: ignore[attr-defined]
    logger.info("no job")
    rq.get_current_job = lambda: types.SimpleNamespace(id="j-1")  # type: ignore[attr-defined]
    logger.info("a job")

    jobs = [json.loads(line).get("job_id") for line in capsys.readouterr().err.splitlines()]
    assert jobs == [None, None, "j-1"]


def test_the_format_can_change(configure: Configure, capsys: Capture) -> None:
    """A second call changes the format of our handler."""
    configure("LOG_FORMAT=json")
    configure("LOG_FORMAT=text")
    logging.getLogger("app").info("here")

    assert stderr_lines(capsys) == ["INFO app: here"]


# --------------------------------------------------------------------------------------- secrets


def test_the_secrets_are_those_of_the_last_settings(configure: Configure, capsys: Capture) -> None:
    """Handlers that already have the filter mask the secrets of the last settings, too."""
    other = Mint(32).token()
    configure()
    configure(f"GEMINI_API_KEY={other}")
    logging.getLogger("app").info("%s %s", other, SECRET)

    assert stderr_lines(capsys) == [f"INFO app: {LOG_MASK} {LOG_MASK}"]


def test_threads_log_without_secrets(configure: Configure, capsys: Capture) -> None:
    """Concurrent records are masked, too."""
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

    assert stderr_lines(capsys) == [f"INFO app: key {LOG_MASK}"] * 200


# ----------------------------------------------------------------------------------- setup_logger


def test_setup_logger_configures_once(
    directory: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first call configures logging by the process's settings; loggers get no handler."""
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

    assert stderr_lines(capsys) == ["ERROR app.tasks: here"]
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


def test_importing_the_module_has_no_effect(environ: dict[str, str]) -> None:
    """Importing the module adds no handler and no level, and imports no optional package."""
    subprocess.run([sys.executable, "-c", GUEST], env=environ, check=True)


def test_the_oracle_finds_no_secret_in_json(configure: Configure, capsys: Capture) -> None:
    """The leak oracle finds no secret in JSON output at DEBUG, as real workers log it."""
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
