"""
What the modules of the event loop do not do.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from workerctl.runtime import async_helpers
from workerctl.runtime.loop import alarm, caching, loops, settling

MODULES = [alarm, async_helpers, caching, loops, settling]
EVERY_MODULE = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)


@EVERY_MODULE
def test_nothing_is_asked_of_the_policy_and_no_loop_is_set(module):
    """
    Python 3.14 deprecates the one, and the other would change what others get.
    """
    names = {
        node.attr if isinstance(node, ast.Attribute) else node.id
        for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
        if isinstance(node, ast.Attribute | ast.Name)
    }

    assert not names & {"set_event_loop", "get_event_loop", "SIGINT"}
    assert not [name for name in names if "policy" in name.lower()]


def test_importing_starts_nothing():
    """
    No thread, no handler of a signal, no loop; neither RQ nor an SDK.
    """
    code = """
import os, signal, sys, threading
forks = []
os.register_at_fork = lambda **hooks: forks.append(hooks)
import asyncio, logging, random, concurrent.futures.thread  # these register their own
own = len(forks)
import workerctl.runtime.async_helpers
assert threading.active_count() == 1
assert len(forks) == own
assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
assert not {"rq", "redis", "httpx", "openai", "typer", "rich", "cryptography"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
