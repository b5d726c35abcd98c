"""
The Redis server of the example and of the tests runs only while it is needed.
"""

import subprocess
import sys
import time
from pathlib import Path

import redis

from examples.resume_worker.local.redis_server import running_redis


def test_it_answers_and_is_stopped_afterwards():
    """Each context has an empty server with its own port, which stops on exit."""
    with running_redis() as url, running_redis("--maxmemory", "4mb") as other:
        clients = [redis.Redis.from_url(address) for address in (url, other)]
        assert url != other
        assert [client.ping() for client in clients] == [True, True]
        assert clients[0].dbsize() == 0
        assert clients[1].config_get("maxmemory") == {"maxmemory": str(4 * 1024 * 1024)}
        for client in clients:
            client.close()

    assert not any(_answers(address) for address in (url, other))


def test_it_ends_with_the_process_that_started_it():
    """The server stops even if its parent is killed and runs no cleanup."""
    code = """if True:
        from examples.resume_worker.local.redis_server import running_redis
        with running_redis() as url:
            print(url, flush=True)
            input()
    """
    with subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        assert _answers(url)
        owner.kill()
    deadline = time.monotonic() + 10
    while _answers(url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _answers(url)


def _answers(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
