"""
Tests of the warning about a worker that does not listen where the settings say.
"""

from typing import Annotated

import pytest
from pydantic import SecretStr
from pydantic_settings import BaseSettings
from redis import Redis
from redis.sentinel import Sentinel
from rq import Queue

from workerctl.rules import Queues, RedisUrl
from workerctl.runtime import rq as ours
from workerctl.runtime.jobs import listening
from workerctl.settings import get_settings

PASSWORD = "pV7mqL2sXw9RkT4c"


class Fleet(BaseSettings):
    """
    A settings class of a team.
    """

    broker: Annotated[SecretStr, RedisUrl()]
    lanes: Annotated[list[str], Queues()] = ["fast", "slow"]


def place(url: str) -> dict:
    """
    Return the options that redis-py makes of a URL.
    """
    with Redis.from_url(url) as connection:
        return connection.connection_pool.connection_kwargs


@pytest.mark.parametrize(
    ("configured", "actual"),
    [
        ("redis://h", "redis://h:6379/0"),
        ("redis://H:6379", "redis://h"),
        (f"rediss://:{PASSWORD}@h:1/3", "redis://h:1/3"),
        ("redis://localhost", "redis://127.0.0.1:6379"),
        ("redis://h?db=3", "redis://h/3"),
        ("redis://h/prod", "redis://h/0"),
        ("redis://[::1]/1", "redis:///1"),
        ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
        ("sentinel://h/1", "redis://g"),
        ("redis://h:port", "redis://g"),
    ],
)
def test_the_same_place_in_other_words_is_no_reason_to_warn(configured, actual, directory):
    settings = Fleet(broker=configured)
    assert listening.warning(settings, ["slow"], place(actual)) is None


@pytest.mark.parametrize(
    ("actual", "here"),
    [
        (f"redis://:{PASSWORD}@other/3", "other:6379, database 3"),
        ("redis://h:1/3", "h:1, database 3"),
        ("redis://h", "h:6379, database 0"),
        ("unix:///run/redis.sock", "/run/redis.sock, database 0"),
    ],
)
def test_another_redis_is_named_without_credentials(actual, here, directory):
    settings = Fleet(broker=f"redis://worker:{PASSWORD}@h/3")
    assert listening.warning(settings, ["fast"], place(actual)) == (
        f"This worker is connected to Redis at {here}, but BROKER says h:6379, database 3. "
        "Jobs that are enqueued there wait."
    )


def test_other_queues_are_named(directory):
    settings = Fleet(broker="redis://h")
    assert listening.warning(settings, ["other", "fast"], place("redis://g")) == (
        "This worker listens to other, fast, but LANES has fast, slow, and is connected to Redis "
        "at g:6379, database 0, but BROKER says h:6379, database 0. "
        "Jobs that are enqueued there wait."
    )


def test_what_is_not_known_is_not_compared(directory):
    class Bare(BaseSettings):
        pass

    with Sentinel([("h", 1)]).master_for("main") as connection:
        options = connection.connection_pool.connection_kwargs
        assert listening.warning(Fleet(broker="redis://h"), ["fast"], options) is None
    assert listening.warning(Bare(), ["other"], place("redis://g")) is None


@pytest.mark.usefixtures("configured")
def test_a_worker_warns_once_when_it_starts(connection, monkeypatch, caplog):
    monkeypatch.setenv("REDIS_URL", f"rediss://:{PASSWORD}@queue.example-works.net:6380/0")
    monkeypatch.setenv("QUEUES", "fast,slow")
    get_settings.cache_clear()
    ours.SimpleWorker([Queue("other-queue", connection=connection)], connection=connection).work(
        burst=True
    )
    (message,) = [text for text in caplog.messages if "listens to" in text]
    assert "listens to other-queue, but QUEUES has fast, slow" in message
    assert "REDIS_URL says queue.example-works.net:6380, database 0" in message
    assert PASSWORD not in caplog.text


@pytest.mark.usefixtures("configured")
def test_the_defaults_of_the_built_in_schema_are_no_reason_to_warn(connection, caplog):
    worker = ours.SimpleWorker([Queue("other", connection=connection)], connection=connection)
    worker.work(burst=True)
    assert not [text for text in caplog.messages if "This worker listens" in text]


@pytest.mark.usefixtures("configured")
def test_a_comparison_that_fails_does_not_stop_the_worker(connection, monkeypatch, caplog):
    monkeypatch.setattr(listening, "warning", lambda *_: 1 / 0)
    worker = ours.SimpleWorker([Queue("other", connection=connection)], connection=connection)
    worker.work(burst=True)
    assert "The queues could not be compared (ZeroDivisionError)." in caplog.messages
