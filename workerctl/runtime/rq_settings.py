"""
A configuration module for RQ's `-c` option, with REDIS_URL and QUEUES from the worker's settings.

    rq worker -c workerctl.runtime.rq_settings -w workerctl.runtime.rq.Worker --with-scheduler

RQ itself reads the address of Redis from its command line, from such a module or from the
environment, but not from an env file, and otherwise connects to localhost. Importing this module
reads the configuration and may raise ConfigurationError; do not import it for anything else.
"""

from workerctl.settings import get_settings

REDIS_URL = get_settings().REDIS_URL.get_secret_value()
QUEUES = list(get_settings().QUEUES)
