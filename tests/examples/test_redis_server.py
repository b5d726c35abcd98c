"""
The Redis of the example and of the tests: there while it is needed, and gone afterwards.
"""

import redis

from examples.resume_worker.redis_server import running_redis


def test_it_answers_and_is_gone_afterwards():
    """A real server, empty, on a port of its own."""
    with running_redis() as url, running_redis("--maxmemory", "4mb") as other:
        clients = [redis.Redis.from_url(address) for address in (url, other)]
        assert url != other
        assert [client.ping() for client in clients] == [True, True]
        assert clients[0].dbsize() == 0
        assert clients[1].config_get("maxmemory") == {"maxmemory": str(4 * 1024 * 1024)}
        for client in clients:
            client.close()

    assert not any(_answers(address) for address in (url, other))


def _answers(url: str) -> bool:
    with redis.Redis.from_url(url) as client:
        try:
            return bool(client.ping())
        except redis.ConnectionError:
            return False
