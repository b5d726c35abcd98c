"""
Run one worker with one job, for `fork.py`: `python horses.py prepared|plain` prints JSON figures.

The plain worker is RQ's own: its parent imports only what it needs itself, and the job imports the
SDK, as in a worker without workerctl.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from redis import Redis
from rq import Queue
from rq.job import Job

ANSWER = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 0,
    "model": "stub",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": "yes"},
        }
    ],
}

forked_at = 0.0
"""The time at which this process was forked, if it is a work-horse."""


def main(kind: str) -> None:
    """
    Run the job in a work-horse and print its result.
    """
    os.register_at_fork(after_in_child=_start_the_clock)
    connection = Redis.from_url(os.environ["REDIS_URL"])
    connection.flushdb()
    queue = Queue("jobs", connection=connection)
    job = queue.enqueue(f"{Path(__file__).stem}.{kind}")
    stdout = os.dup(1)
    os.dup2(2, 1)  # RQ's log must not be mixed with the result
    _worker_class(kind)([queue], connection=connection).work(burst=True, logging_level="ERROR")
    result = Job.fetch(job.id, connection=connection).return_value()
    os.write(stdout, json.dumps(result).encode())


def plain() -> dict[str, float]:
    """
    Run the job as without workerctl.
    """
    from openai import OpenAI

    return _measured_call(OpenAI(api_key="stub", max_retries=0))


def prepared() -> dict[str, float]:
    """
    Run the same job with the TLS context of the parent.
    """
    from openai import DefaultHttpxClient, OpenAI

    from workerctl.runtime.jobs.warm import tls_context

    http = DefaultHttpxClient(verify=tls_context())
    return _measured_call(OpenAI(api_key="stub", max_retries=0, http_client=http))


def rehearse() -> None:
    """
    Make the same call once in the parent of the prepared worker, without sending anything.
    """
    from httpx2 import MockTransport, Response
    from openai import DefaultHttpxClient, OpenAI

    from workerctl.runtime.jobs.warm import tls_context

    DefaultHttpxClient(verify=tls_context()).close()
    mock = MockTransport(lambda _: Response(200, json=ANSWER))
    with OpenAI(api_key="stub", http_client=DefaultHttpxClient(transport=mock)) as client:
        _call(client)


def _worker_class(kind: str) -> Any:
    if kind == "plain":
        from rq import Worker
    else:
        from workerctl.runtime.rq import Worker
    return Worker


def _start_the_clock() -> None:
    import __main__

    __main__.forked_at = time.perf_counter()


def _measured_call(client: Any) -> dict[str, float]:
    """
    Call once. Return the seconds since the fork and the KiB that no other process shares.
    """
    import __main__

    _call(client)
    seconds = time.perf_counter() - __main__.forked_at
    return {"seconds": seconds, "private": _private_kib()}


def _call(client: Any) -> None:
    question = [{"role": "user", "content": "Is this a person?"}]
    answer = client.chat.completions.create(model="stub", messages=question)
    assert answer.choices[0].message.content == "yes"


def _private_kib() -> float:
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return float(sum(int(line.split()[1]) for line in lines if line.startswith("Private_")))


if __name__ == "__main__":
    main(sys.argv[1])
