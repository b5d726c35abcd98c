"""
Tests of what a worker prepares before it forks: preloaded modules, and reports of hazards.
"""

import gc
import json
import ssl
import subprocess
import sys

import pytest

from workerctl.runtime.jobs import warm

PREPARE = """
import gc, json, os, sys
from workerctl.runtime.jobs import warm
reports = warm.prepare()
child = os.fork()
if child == 0:
    loaded = {"slow_sdk", "broken_sdk", "colorsys"} & set(sys.modules)
    print(json.dumps([reports, sorted(loaded), gc.get_freeze_count() > 1000]), flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
FAILS = "failed ({}): every job loads it for itself."
STARTS = "starts a thread, which is missing in the jobs: start it in the job."
OPENS = "opens a connection or an event loop, which the jobs would share: open it in the job."

# The source of each module, and what is reported about it.
MODULES = {
    "slow_sdk": ("", None),
    "called_sdk:rehearse": ("def rehearse(): import colorsys", None),
    "missing_sdk:rehearse": (None, FAILS.format("ModuleNotFoundError")),
    "mute_sdk:rehearse": ("", FAILS.format("AttributeError")),
    "broken_sdk": ("raise ValueError('sk-live')", FAILS.format("ValueError")),
    "exiting_sdk": ("raise SystemExit(3)", FAILS.format("SystemExit")),
    "missing_sdk": (None, FAILS.format("ModuleNotFoundError")),
    "threading_sdk": (
        "from threading import Timer; kept = Timer(60, print); kept.daemon = True; kept.start()",
        STARTS,
    ),
    "connecting_sdk": ("import socket; kept = socket.socketpair()", OPENS),
    "looping_sdk": ("import asyncio; kept = asyncio.new_event_loop()", OPENS),
}


def test_child_processes_inherit_what_the_parent_preloaded(directory, environ):
    for name, (text, _) in MODULES.items():
        if text is not None:
            (directory / f"{name.partition(':')[0]}.py").write_text(text)
    (directory / "pyproject.toml").write_text(f"[tool.workerctl]\npreload = {[*MODULES]}\n")
    below = directory / "below"
    below.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", PREPARE],
        cwd=below,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    reports = [f"preload: {name} {report}" for name, (_, report) in MODULES.items() if report]
    assert json.loads(done.stdout) == [reports, ["colorsys", "slow_sdk"], True]


def test_the_tls_context_is_shared_and_checks_certificates():
    context = warm.tls_context()
    assert warm.tls_context() is context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.fixture
def _thawed():
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("_thawed")
def test_without_a_project_there_is_nothing_to_report(directory):
    assert warm.prepare() == []
    assert gc.get_freeze_count() > 0


def test_where_the_system_does_not_list_descriptors_none_are_counted(monkeypatch, tmp_path):
    monkeypatch.setattr(warm, "_DESCRIPTORS", tmp_path / "missing")
    assert warm._connections() == 0
