"""
`make demo` shows what it announces, and leaves nothing behind whenever it is stopped.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from resume_worker.local.worker_process import members

_ROOT = Path(__file__).parents[2]
_TIMEOUT = 90
_WIDTH = 60


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Path:
    """
    Return a copy of what the demo needs, because it writes an .env file next to its code.
    """
    tree = tmp_path / "tree"
    for name in ("demo", "examples"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(_ROOT / name, tree / name, ignore=ignored)
    if (_ROOT / ".redis").exists():
        (tree / ".redis").symlink_to(_ROOT / ".redis")
    (tmp_path / "temporary").mkdir()
    return tree


@contextlib.contextmanager
def _demo(tree: Path) -> Iterator[subprocess.Popen[str]]:
    demo = subprocess.Popen(
        [sys.executable, "demo/demo.py"],
        cwd=tree,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tree),
            "LANG": "C.UTF-8",
            "COLUMNS": str(_WIDTH),
            # Identifies the processes of the demo, all of which have it in their environment.
            "TMPDIR": str(_temporary(tree)),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield demo
    finally:
        with demo:
            for process in {*members(demo.pid), *_left(tree)}:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)


def _temporary(tree: Path) -> Path:
    return tree.parent / "temporary"


def _left(tree: Path) -> list[int]:
    """
    Return the ids of the running processes that have the demo's environment.
    """
    mark = f"TMPDIR={_temporary(tree)}".encode()
    left = []
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            with contextlib.suppress(OSError):
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    left.append(int(process.name))
    return left


def _read_until(demo: subprocess.Popen[str], words: str) -> None:
    assert demo.stdout
    seen = []
    for line in demo.stdout:
        seen.append(line)
        if words in line:
            return
    pytest.fail("".join(seen))


def test_it_shows_documents_misbehaviours_and_a_refusal_and_stops_everything(tree: Path):
    with _demo(tree) as demo:
        out, _ = demo.communicate(timeout=_TIMEOUT)
        assert demo.returncode == 0, out
        assert _left(tree) == []
    steps = out.partition("\n5. ")[2]
    shown = {line.split()[0]: line for line in steps.splitlines() if "wkt1…" in line}
    assert sorted(shown) == ["DOCX", "HWP", "HWPX", "PDF"]
    assert all(line.split()[-1] == "yes" for line in shown.values())
    for words in ("LLM_RATE_LIMIT", "PROVIDER_AUTH", "LLM_PARSE_ERROR", "LLM_TIMEOUT"):
        assert words in steps
    assert "SET001 LLM_MAX_RETRIES must be" in steps
    assert "(exit code 1; the job still waits)" in steps
    assert steps.endswith("Worker, services and Redis are gone.\n")
    # Step 6 shows the report of workerctl, which is wider; commands are shown as they are typed.
    ours = [line for line in steps.partition("\n7. ")[0].splitlines() if line[:1] != "$"]
    assert max(map(len, ours)) <= _WIDTH
    assert list(_temporary(tree).iterdir()) == []
    assert "ENCRYPTION_KEY=" in (tree / ".env").read_text()


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found in /proc")
@pytest.mark.parametrize(
    ("words", "wait", "number"),
    [
        ("2. A production", 0.0, signal.SIGINT),
        ("5. A worker", 0.0, signal.SIGINT),
        pytest.param("5. A worker", 0.2, signal.SIGTERM, marks=pytest.mark.long),
        pytest.param("$ workerctl run --", 0.0, signal.SIGINT, marks=pytest.mark.long),
        ("$ workerctl run --", 0.4, signal.SIGHUP),
        pytest.param("6. The same", 1.0, signal.SIGINT, marks=pytest.mark.long),
    ],
)
def test_interrupted_at_any_moment_it_leaves_nothing(
    tree: Path, words: str, wait: float, number: signal.Signals
):
    """Every process ends; an orphan would keep its port and disturb the next demo."""
    with _demo(tree) as demo:
        _read_until(demo, words)
        time.sleep(wait)
        # A terminal also sends the signal to every process in the foreground.
        os.killpg(demo.pid, number)
        out, _ = demo.communicate(timeout=_TIMEOUT)
        assert demo.returncode == 128 + number, out
        assert _left(tree) == []
    assert list(_temporary(tree).iterdir()) == []
    assert "Traceback" not in out


@pytest.mark.long
def test_repeated_interrupts_do_not_stop_the_cleanup(tree: Path):
    with _demo(tree) as demo:
        _read_until(demo, "$ workerctl run --")
        for _ in range(20):
            os.killpg(demo.pid, signal.SIGINT)
            time.sleep(0.05)
        demo.communicate(timeout=_TIMEOUT)
        assert demo.returncode == 130
        assert _left(tree) == []


def test_it_ends_when_its_output_is_closed(tree: Path):
    with _demo(tree) as demo:
        _read_until(demo, "5. A worker")
        assert demo.stdout
        demo.stdout.close()
        assert demo.wait(_TIMEOUT) == 1
        assert _left(tree) == []
    assert list(_temporary(tree).iterdir()) == []
