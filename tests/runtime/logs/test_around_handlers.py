"""
Tests of what Python writes to stderr outside the handlers that an application has set up.
"""

import subprocess
import sys
import textwrap

import pytest

from tests.leaks.oracle import Oracle

START = """
    import logging, sys, warnings
    from workerctl.runtime import boot, configure_logging

    settings = boot()
    secret = settings.OPENAI_API_KEY.get_secret_value()
    lonely = logging.getLogger("lonely")
    lonely.propagate = False

    class Failing(logging.Formatter):
        def format(self, record):
            raise ValueError(f"cannot format {secret}")

    class Unprintable:
        def __repr__(self):
            raise ValueError(secret)
    """
# What the program does, and what it writes in place of the secret.
WAYS = {
    "a logger without a handler": (
        "lonely.warning('the key is %s', secret)",
        "the key is ",
    ),
    "a warning": (
        "warnings.warn(f'the key is {secret}')",
        "UserWarning: the key is ",
    ),
    "a formatter that fails": (
        """
        handler = logging.StreamHandler()
        handler.setFormatter(Failing())
        lonely.addHandler(handler)
        configure_logging(settings)
        lonely.warning("the key is %s", secret)
        """,
        "ValueError: cannot format ",
    ),
    "arguments that cannot be shown": (
        """
        configure_logging(settings)
        logging.getLogger().handlers[0].setFormatter(Failing())
        record = logging.makeLogRecord({"msg": "%s", "args": (Unprintable(),)})
        logging.getLogger().handlers[0].handleError(record)
        """,
        "--- Logging error ---",
    ),
    "a logging error that nobody wants to see": (
        """
        logging.raiseExceptions = False
        logging.getLogger().handlers[0].setFormatter(Failing())
        logging.getLogger().error("the key is %s", secret)
        """,
        "",
    ),
}


@pytest.mark.parametrize(("code", "written"), WAYS.values(), ids=WAYS)
def test_after_boot_nothing_on_stderr_holds_a_secret(environ, good, code, written):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(START) + textwrap.dedent(code)],
        env={**environ, "WORKERCTL_ENV_FILE": str(good)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert written in done.stderr
    assert Oracle(["oai_R4tq9WmZ2vB7nK5xD8cL3jH6fG1sPyTe"]).leaks(done.stderr) == []


def test_a_handler_with_its_own_error_report_keeps_it(environ, good):
    code = """
    class Own(logging.StreamHandler):
        def handleError(self, record):
            print("own report", file=sys.stderr)

    handler = Own()
    handler.setFormatter(Failing())
    lonely.addHandler(handler)
    configure_logging(settings)
    lonely.warning("text")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(START) + textwrap.dedent(code)],
        env={**environ, "WORKERCTL_ENV_FILE": str(good)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stderr == "own report\n"
