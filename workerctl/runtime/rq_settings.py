"""
A configuration module for RQ's `-c` option, with Redis and the queues from the worker's settings.

    rq worker -c workerctl.runtime.rq_settings -w workerctl.runtime.rq.Worker --with-scheduler

In the built-in schema, these are REDIS_URL and QUEUES. Any other settings class marks its fields:

    redis: Annotated[RedisDsn, RedisUrl()]
    queues: Annotated[list[str], Queues()] = ["fast", "slow"]

The queues may be a list or text with commas. A class without a field for them leaves them to RQ,
which takes them from its command line.

RQ itself reads the address of Redis from its command line, from such a module or from the
environment, but not from an env file, and otherwise connects to localhost. Importing this module
reads the configuration, and ends the process with status 1 and a message if a worker must not start
with it, or if the class marks no field as the URL of Redis; do not import it for anything else.
"""

from __future__ import annotations

from workerctl.runtime.jobs import marked, refusal
from workerctl.settings import get_settings

with refusal.without_traceback():
    REDIS_URL = marked.redis_url(get_settings())
    if queues := marked.queues(get_settings()):
        QUEUES = queues
