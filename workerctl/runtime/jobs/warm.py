"""
Preparation of the parent process of RQ's default worker, which forks a child for each job.

What a job imports or builds is lost when its child process exits. What the parent has loaded
before, every child inherits, so `workerctl.runtime.rq.Worker` loads what the project lists:

    [tool.workerctl]
    preload = ["openai", "workers.jobs", "workers.warm:rehearse"]

An entry names a module, which is imported, or a function of one (`module:function`), which is
called. Functions are for SDKs that defer imports and the construction of models to their first
call, as openai's does. A call with a mock transport makes it do all of that, and connects to
nothing. ANSWER stands for the JSON of a completion:

    from httpx2 import MockTransport, Response
    from openai import DefaultHttpxClient, OpenAI
    from workerctl.runtime.jobs.warm import tls_context

    def rehearse():
        DefaultHttpxClient(verify=tls_context()).close()
        mock = MockTransport(lambda request: Response(200, json=ANSWER))
        with OpenAI(api_key="-", http_client=DefaultHttpxClient(transport=mock)) as client:
            client.chat.completions.create(model="-", messages=[])

Reading the system's certificates is slow, too. Clients in jobs avoid it by using the TLS context
of the parent:

    AsyncOpenAI(http_client=DefaultAsyncHttpxClient(verify=tls_context()))
"""

from __future__ import annotations

import functools
import gc
import importlib
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from workerctl.report.type_names import type_name
from workerctl.runtime.async_helpers import cleanup_event_loop
from workerctl.sources import project as projects

_DESCRIPTORS = Path("/proc/self/fd")
_OPEN = ("socket:", "anon_inode:[eventpoll]")


@functools.cache
def tls_context() -> ssl.SSLContext:
    """
    Return the TLS context of this process, for the `verify` argument of HTTP clients.

    It has the defaults of the `ssl` module and the system's certificates, or those that
    SSL_CERT_FILE and SSL_CERT_DIR name. A forked child inherits the context of its parent.
    """
    return ssl.create_default_context()


def prepare() -> list[str]:
    """
    Load what `preload` lists, create the TLS context, and exempt all objects from collection.

    Return a sentence for each problem: an entry that fails to load, which does not stop the worker,
    and one that starts a thread or opens a connection, because threads do not survive a fork and
    connections must not be shared. Raises ProjectError for an invalid `[tool.workerctl]` table.
    """
    project = projects.here()
    if project.preload and str(project.directory) not in sys.path:
        sys.path.insert(0, str(project.directory))
    problems = [sentence for name in project.preload for sentence in _preload(name)]
    tls_context()
    cleanup_event_loop()
    # Otherwise a collection in a child would write to every object, and so copy the shared memory.
    gc.freeze()
    return problems


def _preload(name: str) -> Iterator[str]:
    """
    Import a module or call a function; yield a sentence for each problem.
    """
    threads, connections = threading.active_count(), _connections()
    module, _, function = name.partition(":")
    try:
        loaded = importlib.import_module(module)
        if function:
            getattr(loaded, function)()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 -- foreign code may raise anything
        yield f"preload: {name} failed ({type_name(error)}): every job loads it for itself."
    if threading.active_count() > threads:
        yield f"preload: {name} starts a thread, which is missing in the jobs: start it in the job."
    if _connections() > connections:
        yield (
            f"preload: {name} opens a connection or an event loop, which the jobs would share: "
            "open it in the job."
        )


def _connections() -> int:
    """
    Return the number of open sockets and event loops; 0 if the system does not list them.
    """
    try:
        return sum(_target(entry).startswith(_OPEN) for entry in _DESCRIPTORS.iterdir())
    except OSError:
        return 0


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:  # the descriptor of the listing itself, closed by now
        return ""
