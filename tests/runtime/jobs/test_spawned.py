"""
Tests of the settings classes that a SpawnWorker hands on to the processes of its jobs.
"""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from pydantic_settings import BaseSettings
from redis import Redis
from rq import Queue

from workerctl.report.errors import ProjectError
from workerctl.runtime.jobs import spawned
from workerctl.settings import get_settings

Work = Callable[..., CompletedProcess[str]]

CONFIG = """
from pydantic import SecretStr
from pydantic_settings import BaseSettings

class Team:
    class Settings(BaseSettings):
        api_key: SecretStr

class Billing(BaseSettings):
    billing_token: SecretStr
"""
JOBS = """
from config import Billing, Team
from workerctl.runtime.rq import worker_job
from workerctl.settings import get_settings

def leaks():
    secrets = Team.Settings().api_key, Billing().billing_token
    raise LookupError(" ".join(each.get_secret_value() for each in secrets))

@worker_job
def name():
    return type(get_settings()).__qualname__
"""
BOOTED = """
from config import Billing, Team
from workerctl.runtime import boot
boot(Team.Settings)
boot(Billing)
"""
IN_THE_SCRIPT = """
from pydantic_settings import BaseSettings
from workerctl.runtime import boot
class Settings(BaseSettings):
    api_key: str
boot(Settings)
"""
WORK = """
import sys
import rq.worker
from redis import Redis
from workerctl.runtime import rq as ours
kinds = {
    "ours": ours.SpawnWorker,
    "RQ's": rq.worker.SpawnWorker,
    "forking": rq.worker.Worker,
    "simple": rq.worker.SimpleWorker,
}
kinds[sys.argv[2]](["jobs"], connection=Redis.from_url(sys.argv[1])).work(burst=True)
"""
SECRETS = {"API_KEY": "tk_R4tq9WmZ2vB7nK5xD8cL3jH6", "BILLING_TOKEN": "bl-7Yw2Gk9PsQ4nV6xTz1Rd"}


@pytest.fixture(name="work")
def _work(environ: dict[str, str], directory: Path, database: str) -> Work:
    """
    Return a function that runs a script, and then a worker until its queue is empty.
    """
    (directory / "config.py").write_text(CONFIG)
    (directory / "jobs.py").write_text(JOBS)

    def work(script: str, kind: str = "ours", **variables: str) -> CompletedProcess[str]:
        (directory / "worker.py").write_text(script + WORK)
        return subprocess.run(
            [sys.executable, "worker.py", database, kind],
            env={**environ, **SECRETS, **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return work


def test_the_processes_of_jobs_hide_the_secrets_of_every_class(work: Work, connection: Redis):
    """The built-in class, which is not valid in production, is not used in place of the first."""
    queue = Queue("jobs", connection=connection)
    leak, name = queue.enqueue("jobs.leaks"), queue.enqueue("jobs.name")
    done = work(BOOTED, ENV="production")

    assert done.returncode == 0, done.stderr
    stored = str(leak.latest_result().exc_string)
    for text in (stored, done.stderr):
        assert "LookupError: ******** ********" in text
        assert not any(secret[:8] in text for secret in SECRETS.values())
    assert name.return_value() == "Team.Settings"
    assert "boot()" not in done.stderr


def test_the_class_of_the_project_is_found_without_a_name(
    work: Work, connection: Redis, directory: Path
):
    """What the project names counts in the new process, too; it may be an instance."""
    (directory / "config.py").write_text(f"{CONFIG}\nsettings = Billing()\n")
    (directory / "pyproject.toml").write_text('[tool.workerctl]\nsettings = "config:settings"\n')
    queue = Queue("jobs", connection=connection)
    leak, name = queue.enqueue("jobs.leaks"), queue.enqueue("jobs.name")
    done = work(BOOTED)

    assert done.returncode == 0, done.stderr
    assert "LookupError: ******** ********" in str(leak.latest_result().exc_string)
    assert name.return_value() == "Billing"


def test_a_class_of_the_script_itself_ends_the_start(work: Work, connection: Redis):
    job = Queue("jobs", connection=connection).enqueue("jobs.name")
    done = work(IN_THE_SCRIPT)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "SpawnWorker runs each job in a new process, which cannot import the settings class "
        "Settings of __main__ by that name.\n"
        "Define it at the top level of a module other than the script that is run.\n"
    )
    assert job.get_status() == "queued"


def test_a_local_class_is_refused_and_the_built_in_one_has_no_need_of_a_name(
    directory: Path, monkeypatch: pytest.MonkeyPatch
):
    class Local(BaseSettings):
        name: str = ""

    monkeypatch.setenv(spawned.VARIABLE, "")
    monkeypatch.setenv("ENCRYPTION_KEY", "9f2c4a7be1083d56c7fa91e20b6d84f3" * 2)
    get_settings.cache_clear()
    spawned.hand_on()
    assert spawned.os.environ[spawned.VARIABLE] == ""
    get_settings(Local)
    with pytest.raises(ProjectError, match=r"the settings class .*\.<locals>\.Local of tests\."):
        spawned.hand_on()
    get_settings.cache_clear()


WARNING = "its process has not run the script that called boot(), so the built-in settings class"


def test_under_rqs_own_class_a_decorated_job_warns_that_nothing_was_handed_on(
    work: Work, connection: Redis
):
    job = Queue("jobs", connection=connection).enqueue("jobs.name")
    done = work(BOOTED, "RQ's")

    assert f"Job {job.id}: {WARNING}" in done.stderr
    assert job.return_value() == "Settings"


@pytest.mark.parametrize("way", ["boot", "variable"])
def test_it_does_not_warn_where_the_process_finds_its_settings(
    work: Work, connection: Redis, directory: Path, way: str
):
    variables = {"WORKERCTL_SETTINGS": "config:Team.Settings"} if way == "variable" else {}
    if way == "boot":
        (directory / "jobs.py").write_text(BOOTED + JOBS)
    job = Queue("jobs", connection=connection).enqueue("jobs.name")
    done = work(BOOTED, "RQ's", **variables)

    assert job.return_value() == "Team.Settings", done.stderr
    assert WARNING not in done.stderr


@pytest.mark.parametrize("kind", ["forking", "simple"])
@pytest.mark.parametrize("script", [BOOTED, ""], ids=["booted", "not booted"])
def test_it_does_not_warn_in_a_process_that_has_run_the_script(
    work: Work, connection: Redis, kind: str, script: str
):
    job = Queue("jobs", connection=connection).enqueue("jobs.name")
    done = work(script, kind)

    assert job.return_value() == ("Team.Settings" if script else "Settings"), done.stderr
    assert WARNING not in done.stderr
