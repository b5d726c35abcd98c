"""
A real Redis for the tests that need one.
"""

from collections.abc import Iterator

import pytest

from examples.resume_worker.redis_server import running_redis


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """
    The URL of a server of this test process: what a test leaves in it, the next one finds.
    """
    with running_redis() as url:
        yield url
