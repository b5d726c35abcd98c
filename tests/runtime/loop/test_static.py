"""
Tests of what the modules of the event loop must not do.
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
def test_the_policy_is_not_used_and_no_loop_is_set(module):
    """
    Python 3.14 deprecates the policy, and setting a loop would affect other code.
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
    Importing starts no thread, installs no hook or signal handler, and imports no RQ or SDK.
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
