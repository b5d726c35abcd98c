"""
A process that forks one child per job, made ready so that the children need not be.

Under RQ's default worker every job runs in a forked child, so nothing that one job has imported or
built is there for the next one. What the parent has is there for all of them:

    [tool.workerctl]
    preload = ["openai", "workers.jobs", "workers.warm:rehearse"]

A module is imported; a function, `module:function`, is called. A function is for SDKs that import
their parts and build their models at the first call, as openai's does: one call of a client whose
transport is a mock makes all of it, and opens no connection.

    def rehearse():
        DefaultHttpxClient(verify=tls_context()).close()
        mock = MockTransport(lambda request: Response(200, json=ANSWER))
        with OpenAI(api_key="-", http_client=DefaultHttpxClient(transport=mock)) as client:
            client.chat.completions.create(model="-", messages=[])

Clients of the jobs share the TLS context, whose certificates take long to read:

    AsyncOpenAI(http_client=DefaultAsyncHttpxClient(verify=tls_context()))
"""

import functools
import gc
import importlib
import ssl
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from workerctl.runtime.async_helpers import cleanup_event_loop
from workerctl.sources import project as projects

_DESCRIPTORS = Path("/proc/self/fd")
_OPEN = ("socket:", "anon_inode:[eventpoll]")


@functools.cache
def tls_context() -> ssl.SSLContext:
    """
    The one TLS context of this process, for the `verify` of HTTP clients: `ssl`'s own defaults.

    A forked child has its parent's. Its certificates are the system's, or those that SSL_CERT_FILE
    and SSL_CERT_DIR name.
    """
    return ssl.create_default_context()


def prepare() -> list[str]:
    """
    Load what `preload` names, make the TLS context, and take all of it out of collections.

    Answers with what is wrong, in sentences: what fails to load does not stop a worker, and what
    opens connections or starts threads is named, because neither survives a fork.
    Raises ProjectError for a table that cannot be read.
    """
    project = projects.here()
    if project.preload and str(project.directory) not in sys.path:
        sys.path.insert(0, str(project.directory))
    told = [sentence for name in project.preload for sentence in _preloaded(name)]
    tls_context()
    cleanup_event_loop()
    # A collection in a child would write into every object of the parent, and so copy its memory.
    gc.freeze()
    return told


def _preloaded(name: str) -> Iterator[str]:
    threads, connections = threading.active_count(), _connections()
    module, _, function = name.partition(":")
    try:
        loaded = importlib.import_module(module)
        if function:
            getattr(loaded, function)()
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- whatever foreign code raises
        yield f"preload: {name} fails ({type(error).__name__}); every job loads it for itself."
    if threading.active_count() > threads:
        yield f"preload: {name} starts a thread; the jobs do not have it."
    if _connections() > connections:
        yield f"preload: {name} opens a connection or an event loop; the jobs would share it."


def _connections() -> int:
    """
    How many sockets and event loops are open; 0 where the system does not tell.
    """
    try:
        return sum(_target(entry).startswith(_OPEN) for entry in _DESCRIPTORS.iterdir())
    except OSError:
        return 0


def _target(entry: Path) -> str:
    try:
        return str(entry.readlink())
    except OSError:  # that of the listing itself
        return ""
