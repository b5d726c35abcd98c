"""
Where RQ finds Redis and the queues, from the settings of the worker.

    rq worker -c workerctl.runtime.rq_settings -w workerctl.runtime.rq.Worker --with-scheduler

RQ takes the address from its command line, from such a module or from the environment, never from
an env file, and goes to localhost where there is none. Importing this reads the configuration, as
RQ's `-c` needs it; it is no module for anything else.
"""

from workerctl.settings import get_settings

REDIS_URL = get_settings().REDIS_URL.get_secret_value()
QUEUES = list(get_settings().QUEUES)
