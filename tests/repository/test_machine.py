"""
The tests do not depend on inherited state: signals, umask, variables and working directory.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.any_python

_ROOT = Path(__file__).parents[2]

# Tests that are sensitive to a part of that state, in their process or in one that they start.
_SENSITIVE = (
    "tests/commands/run/test_command.py::test_signals_reach_the_command",
    "tests/commands/run/test_command.py::test_an_interrupt_ends_a_command_that_does_not_handle_it",
    "tests/commands/run/test_command.py::test_signal_dispositions_are_restored",
    "tests/runtime/loop/test_alarm.py::test_the_traceback_shows_where_the_job_was",
    "tests/output/test_golden.py::test_on_a_terminal",
    "tests/output/test_lines.py",
    "tests/checks/files/test_envfiles.py",
    "tests/sources/writing/test_atomic.py",
    "tests/test_settings.py",
)
_VARIABLES = {
    "COLUMNS": "31",
    "ENV": "production",
    "FORCE_COLOR": "1",
    "GIT_DIR": "/nonexistent",
    "HOME": "/",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "NO_COLOR": "1",
    "PYTHONASYNCIODEBUG": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "REDIS_URL": "nonsense",
    "TERM": "dumb",
    "TERMINAL_WIDTH": "abc",
    "TZ": "Pacific/Chatham",
    "WORKERCTL_ENV_FILE": "/nonexistent",
}
_IGNORED = "trap '' HUP INT QUIT TERM PIPE CHLD USR1 USR2"
_STATES = {
    "variables": (_VARIABLES, '"$@"'),
    "ignored signals": ({}, f'{_IGNORED}; "$@"'),
    "nohup": ({}, 'umask 000; nohup "$@" <&-'),
    "background": ({}, 'cd tests/output; "$@" </dev/null & wait $!'),
    "everything": (_VARIABLES, f'{_IGNORED}; umask 077; cd tests/output; "$@" <&- & wait $!'),
}


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(name, marks=[] if name == "everything" else pytest.mark.long)
        for name in _STATES
    ],
)
def test_no_test_depends_on_inherited_state(state: str) -> None:
    """
    A sample of the tests passes in states that a terminal, a job or a deployment may leave.
    """
    variables, script = _STATES[state]
    program = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    done = subprocess.run(
        ["bash", "-c", script, "bash", *program, *(_ROOT / name for name in _SENSITIVE)],
        cwd=_ROOT,
        env={"PATH": os.environ["PATH"], **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
