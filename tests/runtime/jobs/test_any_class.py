"""
Tests of the RQ classes with a settings class of a team: Redis, queues, retries and the fingerprint.
"""

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from subprocess import CompletedProcess
from typing import Annotated

import pytest
from pydantic import BaseModel, RedisDsn, SecretStr
from pydantic_settings import BaseSettings
from redis import Redis
from rq import Queue, Retry
from rq.job import Job

from tests.runtime.jobs.conftest import KEY
from workerctl import keys
from workerctl.report.errors import ProjectError
from workerctl.rules import EncryptionKey, Queues, RedisUrl
from workerctl.runtime.jobs import fingerprint, marked, policy

Work = Callable[..., CompletedProcess[str]]

CONFIG = """
from typing import Annotated
from pydantic import BaseModel, RedisDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from workerctl.rules import EncryptionKey, Queues, RedisUrl
from workerctl.runtime import boot

class Broker(BaseModel):
    url: Annotated[RedisDsn, RedisUrl()] = "redis://localhost:1"
    queues: Annotated[str, Queues()] = "nothing"

class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__")
    broker: Broker = Broker()
    pii_key: Annotated[SecretStr, EncryptionKey()] = SecretStr("")
    token: SecretStr = SecretStr("")
    job_timeout: int = 60
    job_retries: int = 1

settings = boot(Settings)
"""
JOBS = """
from config import settings

def fails():
    raise ConnectionRefusedError(settings.token.get_secret_value())
"""
TABLE = '[tool.workerctl]\nsettings = "config:Settings"\n'
PIPELINE = """
[tool.workerctl.pipeline]
job_timeout = "job_timeout"
job_retries = "job_retries"
intervals = [1]

[[tool.workerctl.pipeline.stages]]
name = "all"
timeout = 10
"""
TOKEN = "tk_R4tq9WmZ2vB7nK5xD8cL3jH6"


@pytest.fixture(name="work")
def _work(environ: dict[str, str], directory: Path, database: str) -> Work:
    """
    Return a function that runs RQ's worker with our class until the queues of the team are empty.
    """
    (directory / "config.py").write_text(CONFIG)
    (directory / "jobs.py").write_text(JOBS)
    (directory / "pyproject.toml").write_text(TABLE)
    (directory / "app.env").write_text(
        f"APP_BROKER__URL={database}\nAPP_BROKER__QUEUES=first, second\n"
        f"APP_PII_KEY={KEY}\nAPP_TOKEN={TOKEN}\n"
    )
    (directory / "app.env").chmod(0o600)

    def work(*options: str, **variables: str) -> CompletedProcess[str]:
        path = f"{environ['PYTHONPATH']}:{directory}"
        return subprocess.run(
            [
                *(Path(sys.executable).parent / "rq", "worker", "--burst", *options),
                *("-c", "workerctl.runtime.rq_settings", "-w", "workerctl.runtime.rq.Worker"),
            ],
            env={**environ, "PYTHONPATH": path, "WORKERCTL_ENV_FILE": "app.env", **variables},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return work


def attempts(job: Job) -> list[int | None]:
    """
    Return, for each failed run of a job, the seconds until the next one.
    """
    job.refresh()
    return [attempt["retry_in"] for attempt in job.meta["workerctl"]["attempts"]]


def test_redis_and_the_queues_are_those_of_the_marked_fields(work: Work, connection: Redis):
    jobs = [Queue(name, connection=connection).enqueue("builtins.len", "four") for name in
            ("first", "second")]  # fmt: skip
    done = work()

    assert done.returncode == 0, done.stderr
    assert [job.return_value() for job in jobs] == [4, 4]
    assert "scheduler" not in done.stderr  # no pipeline, no retries that would need one


def test_without_a_pipeline_only_the_producer_s_retry_counts(work: Work, connection: Redis):
    """No limits are invented for a class that declares none."""
    queue = Queue("first", connection=connection)
    plain = queue.enqueue("jobs.fails")
    patient = queue.enqueue("jobs.fails", retry=Retry(max=2, interval=[1, 1]))
    done = work()

    assert done.returncode == 0, done.stderr
    assert attempts(plain) == [None]
    assert attempts(patient) == [1]
    assert TOKEN not in done.stderr
    assert TOKEN not in str(plain.latest_result().exc_string)


def test_the_declared_pipeline_limits_a_job(work: Work, connection: Redis, directory: Path):
    (directory / "pyproject.toml").write_text(TABLE + PIPELINE)
    job = Queue("first", connection=connection).enqueue("jobs.fails")
    done = work()

    assert done.returncode == 0, done.stderr
    assert attempts(job) == [1]
    assert "This worker runs without a scheduler" in done.stderr


BARE = """
from pydantic_settings import BaseSettings

class Settings(BaseSettings):
    redis_url: str = "redis://localhost:1"
"""


def test_a_class_without_marked_fields_is_told_which_rule_to_add(work: Work, directory: Path):
    (directory / "config.py").write_text(BARE)
    done = work()

    assert done.returncode == 1
    assert "No field of Settings says where Redis is: mark one with RedisUrl()" in done.stderr


class Colour(Enum):
    """
    The names of queues as an enumeration.
    """

    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("kind", "value", "url"),
    [
        (str, "redis://h/1", "redis://h/1"),
        (SecretStr, "redis://:pw@h/1", "redis://:pw@h/1"),
        (RedisDsn, "redis://h:6379/1", "redis://h:6379/1"),
    ],
    ids=["text", "secret", "dsn"],
)
def test_the_url_may_have_any_of_these_types(kind: type, value: str, url: str, directory: Path):
    class Settings(BaseSettings):
        broker: Annotated[kind, RedisUrl()]

    assert marked.redis_url(Settings(broker=value)) == url


@pytest.mark.parametrize(
    ("kind", "value", "names"),
    [
        (str, "a, b,,c ", ["a", "b", "c"]),
        (list[str], ["a", "b"], ["a", "b"]),
        (tuple[Colour, ...], ("blue", "red"), ["blue", "red"]),
        (str | None, None, []),
    ],
    ids=["text", "list", "tuple", "unset"],
)
def test_queues_may_have_any_of_these_types(
    kind: type, value: object, names: list[str], directory: Path
):
    class Settings(BaseSettings):
        queues: Annotated[kind, Queues()]

    assert marked.queues(Settings(queues=value)) == names


def test_a_class_may_leave_the_queues_to_rq(directory: Path):
    class Settings(BaseSettings):
        name: str = ""

    assert marked.queues(Settings()) == []
    with pytest.raises(ProjectError, match="No field of Settings says where Redis is"):
        marked.redis_url(Settings())
    assert policy.limits(Settings()) == policy.Limits(0, ())


class Database(BaseModel):
    """
    A nested model with a password.
    """

    host: str = "h"
    password: SecretStr = SecretStr("pw-9c2e")


class Fleet(BaseSettings):
    """
    A class with a key, nested settings and a set.
    """

    pii_key: Annotated[SecretStr, EncryptionKey()] = SecretStr(KEY)
    other_key: Annotated[str, EncryptionKey()] = ""
    database: Database = Database()
    regions: set[str] = {"eu", "us", "ap", "sa"}


def published(settings: BaseSettings) -> dict:
    fields = fingerprint.published(settings)
    return {
        name.removeprefix("workerctl:"): json.loads(text) if text[:1] == "{" else text
        for name, text in fields.items()
    }


def test_the_fingerprint_has_the_marked_keys_and_the_public_fields(directory: Path):
    found = published(Fleet())

    assert found["keys"] == {"PII_KEY": keys.key_id(KEY)}
    assert "REGIONS" in found["fields"]
    assert not {"PII_KEY", "OTHER_KEY"} & set(found["fields"])
    other = published(Fleet(database=Database(host="other")))
    assert other["fields"]["DATABASE"] != found["fields"]["DATABASE"]
    # A secret in a nested model is not published, not even as a digest.
    other = published(Fleet(database=Database(password="pw-1a2b")))
    assert other["fields"]["DATABASE"] == found["fields"]["DATABASE"]
    assert published(Fleet(pii_key="ab" * 32)).keys() == {"version", "keys"}


def test_the_fingerprint_of_a_set_is_equal_in_all_processes(
    environ: dict[str, str], directory: Path
):
    code = """
        from tests.runtime.jobs.test_any_class import Fleet
        from workerctl.runtime.jobs import fingerprint
        print(fingerprint.published(Fleet())["workerctl:fingerprint"])
        """
    found = {
        subprocess.run(
            [sys.executable, "-c", textwrap.dedent(code)],
            env={**environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout
        for seed in "123"
    }
    assert len(found) == 1
