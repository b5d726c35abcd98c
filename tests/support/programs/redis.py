"""
A fixture that starts a real Redis server.
"""

from collections.abc import Iterator

import pytest

from examples.resume_worker.local.redis_server import running_redis


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """
    Yield the URL of a server that all tests of this process share, with the data they leave in it.
    """
    with running_redis() as url:
        yield url
