"""
Enqueue functions of `log_jobs` with the installed RQ.

    python enqueue.py URL QUEUE NAME…
"""

import sys

from redis import Redis
from rq import Queue

url, name, *functions = sys.argv[1:]
queue = Queue(name, connection=Redis.from_url(url))
for function in functions:
    queue.enqueue(f"log_jobs.{function}", job_id=f"{name}-{function}")
