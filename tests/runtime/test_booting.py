"""
Tests of boot(): a worker starts only with a configuration that passes `workerctl check`.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.leaks.oracle import Oracle
from workerctl.commands.keygen import write_keys
from workerctl.keyring import canary
from workerctl.sources import envfile

Boot = Callable[..., CompletedProcess[str]]
Team = Callable[..., None]

WORKER = """
import logging, sys
from workerctl.runtime.booting import boot
settings = boot()
logging.getLogger("app").info("key %s", settings.OPENAI_API_KEY.get_secret_value()[:8])
print("booted as", settings.ENV, flush=True)
"""


@pytest.fixture(name="boot")
def _boot(directory: Path, environ: dict[str, str]) -> Boot:
    """
    Return a function that runs a worker in a separate process.
    """

    def boot(code: str = WORKER, **variables: str) -> CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code],
            env={**environ, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return boot


def secrets_of(path: Path) -> Oracle:
    """
    Return an oracle that finds pieces of the keys and passwords of an env file.
    """
    values = [entry.value or "" for entry in envfile.read(str(path)).entries]
    return Oracle(value for value in values if len(value) > 30 and "://" not in value)


OTHER = "3f9a1c7be5082d64b7fa93e21b6c84f05ae7d01849bd62f37c15a8e904db76f1"


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (f"ENCRYPTION_CANARY={canary.make(OTHER, '')}", "KEY006 The canary was made with another"),
        ("ENCRYPTION_CANARY=nonsense", "SET001 ENCRYPTION_CANARY must be a token that"),
        (
            f"ENCRYPTION_KEY_V0={OTHER}",
            "KEY005 ENCRYPTION_KEY_V0 is a second, different key of version 0.",
        ),
        (f"ENCRYPTION_KEY_V1={OTHER[1:]}", "KEY005 ENCRYPTION_KEY_V1 has 63 characters, not 64."),
    ],
    ids=["another key", "no canary", "half rotated", "cut short"],
)
def test_a_wrong_key_does_not_boot(boot: Boot, good: Path, lines: str, message: str) -> None:
    """A worker with a wrong or invalid key does not start: its data would be unreadable."""
    with good.open("a") as file:
        file.write(f"{lines}\n")
    done = boot(WORKERCTL_ENV_FILE=good.name)

    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert secrets_of(good).leaks(done.stderr) == []


def test_a_rotation_under_way_boots(boot: Boot, good: Path) -> None:
    """A worker starts in every state of a key rotation."""
    with good.open("a") as file:
        file.write(f"ENCRYPTION_KEY_V1={OTHER}\n")
    assert boot(WORKERCTL_ENV_FILE=good.name).returncode == 0
    write_keys.rotate(str(good), {})
    assert boot(WORKERCTL_ENV_FILE=good.name).returncode == 0


def test_a_good_configuration_boots(boot: Boot, good: Path) -> None:
    """boot() returns the settings and configures logging by them; it prints nothing."""
    done = boot(WORKERCTL_ENV_FILE=good.name)

    assert (done.returncode, done.stdout) == (0, "booted as production\n")
    assert done.stderr.endswith(" INFO app: key ********\n")
    assert done.stderr.count("\n") == 1


def test_a_bad_configuration_is_refused(boot: Boot, bad: Path) -> None:
    """boot() prints the report of `workerctl check` on standard error and exits with code 1."""
    done = boot(WORKERCTL_ENV_FILE=bad.name)

    assert (done.returncode, done.stdout) == (1, "")
    assert "judged as production" in done.stderr
    assert "ENV003" in done.stderr
    assert "exit code 1" in done.stderr
    assert "Traceback" not in done.stderr
    assert secrets_of(bad).leaks(done.stderr) == []


def test_warnings_do_not_refuse(boot: Boot, good: Path) -> None:
    """Warnings are reported by `workerctl check`, not by boot()."""
    with good.open("a") as file:
        file.write("LOG_LEVEL=DEBUG\n")
    done = boot(WORKERCTL_ENV_FILE=good.name)

    assert (done.returncode, done.stdout) == (0, "booted as production\n")
    assert "LOG001" not in done.stderr


def test_a_missing_file_is_reported_in_one_sentence(boot: Boot) -> None:
    """The exit code is 1 here, too, because a worker has no usage errors."""
    done = boot(WORKERCTL_ENV_FILE="missing.env")

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "workerctl: missing.env does not exist. Check the path and the working directory.\n"
    )


@pytest.mark.parametrize(
    ("check", "message"),
    [
        ('raise ValueError("boom")', "crashed: ValueError"),
        ("raise SystemExit(0)", "crashed: SystemExit"),
        ('yield Finding("TEAM001", Severity.ERROR, "No disk.")', "No disk."),
    ],
)
def test_a_teams_checks_count(boot: Boot, good: Path, team: Team, check: str, message: str) -> None:
    """A finding of a team's check prevents the start, and so does a check that crashes."""
    team(f"def run(context):\n    {check}\n    yield\nCHECKS = [Check('TEAM001', 'Disk', run)]\n")
    done = boot(WORKERCTL_ENV_FILE=good.name)

    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_checks_with_boot_false_are_not_run_at_the_start(
    boot: Boot, good: Path, team: Team, run: Boot
) -> None:
    """A check with `boot=False` is run by `workerctl check` but not by boot()."""
    team(
        "def fails(context):\n"
        "    yield Finding('TEAM001', Severity.ERROR, 'No git.')\n"
        "CHECKS = [Check('TEAM001', 'Git', fails, boot=False)]\n"
    )

    assert run("check", "--env-file", good.name).returncode == 1
    assert boot(WORKERCTL_ENV_FILE=good.name).returncode == 0


def test_an_interrupt_is_not_a_refusal(boot: Boot, good: Path, team: Team) -> None:
    """Ctrl-C during the start exits with code 130, as in every command."""
    team(
        "def run(context):\n    raise KeyboardInterrupt\nCHECKS = [Check('TEAM001', 'Slow', run)]\n"
    )
    done = boot(WORKERCTL_ENV_FILE=good.name)

    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "workerctl: Interrupted.\n"


IGNORE = """
[[tool.workerctl.ignore]]
code = "ENV002"
reason = "no database yet"
until = {until}
{more}
"""
COUNTED = pytest.mark.parametrize(
    ("until", "more", "code"),
    [
        ("2999-01-01", "", 0),
        ("2999-01-01", 'field = "SUPABASE_URL"', 0),
        ("2999-01-01", 'field = "OPENAI_API_KEY"', 1),
        ("2999-01-01", 'env = "production"', 0),
        ("2999-01-01", 'env = "staging"', 1),
        ("2020-01-01", "", 1),
    ],
)


@COUNTED
def test_a_suppressed_finding_does_not_stop_a_worker(
    boot: Boot, run: Boot, good: Path, directory: Path, until: str, more: str, code: int
) -> None:
    """`workerctl check`, boot() and get_settings() agree on which suppressions count."""
    lines = good.read_text().splitlines()
    good.write_text("\n".join(line for line in lines if "SUPABASE_URL" not in line))
    (directory / "pyproject.toml").write_text(IGNORE.format(until=until, more=more))
    read = "from workerctl.settings import get_settings\nget_settings()"

    assert run("check", "--env-file", good.name).returncode == code
    assert boot(WORKERCTL_ENV_FILE=good.name).returncode == code
    done = boot(read, WORKERCTL_ENV_FILE=good.name)
    assert done.returncode == code
    assert ("ENV002 SUPABASE_URL is not set" in done.stderr) == bool(code)


def test_an_invalid_value_cannot_be_suppressed(boot: Boot, bad: Path, directory: Path) -> None:
    """A worker with an invalid value does not start, whatever the project suppresses."""
    table = IGNORE.format(until="2999-01-01", more="").replace("ENV002", "SET001")
    (directory / "pyproject.toml").write_text(table)
    done = boot(
        "from workerctl.settings import get_settings\nget_settings()", WORKERCTL_ENV_FILE=bad.name
    )

    assert done.returncode == 1
    assert "SET001 EMBEDDING_MAX_RETRIES" in done.stderr


def test_a_suppressed_key_brings_no_warning(boot: Boot, directory: Path) -> None:
    """A project that suppresses KEY001 is not warned about the key in development."""
    read = "from workerctl.settings import get_settings\nget_settings()"
    assert "ENCRYPTION_KEY is not set" in boot(read).stderr

    table = IGNORE.format(until="2999-01-01", more="").replace("ENV002", "KEY001")
    (directory / "pyproject.toml").write_text(table)
    assert boot(read).stderr == ""


TWICE = """
import os, sys
from workerctl.runtime.booting import boot
first = boot()
os.remove(os.environ["WORKERCTL_ENV_FILE"])
assert boot() is first
child = os.fork()
if not child:
    os._exit(boot() is not first)
assert os.waitpid(child, 0)[1] == 0
from workerctl.settings import get_settings
get_settings.cache_clear()
boot()
"""


def test_a_second_call_does_not_check_again(boot: Boot, good: Path) -> None:
    """The first result is returned, in a forked child too, until the cache is cleared."""
    done = boot(TWICE, WORKERCTL_ENV_FILE=good.name)

    assert done.returncode == 1
    assert done.stderr.startswith("workerctl: good.env does not exist.")


GUEST = """
import sys
from workerctl.runtime.booting import boot
assert not {"workerctl.checks", "workerctl.output", "workerctl.commands"} & set(sys.modules)
boot()
assert not {"typer", "rich", "rq", "redis"} & set(sys.modules)
"""


def test_nothing_is_imported_before_it_is_needed(boot: Boot, good: Path) -> None:
    """The checks are imported by the call, and terminal packages only for a report."""
    done = boot(GUEST, WORKERCTL_ENV_FILE=good.name)

    assert (done.returncode, done.stderr) == (0, "")
