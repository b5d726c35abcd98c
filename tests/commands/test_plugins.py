"""
Tests of plugins of pydantic, which any installed package may bring, and which see every value.
"""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]

PLUGIN = """
from pathlib import Path


class Plugin:
    def new_schema_validator(self, *arguments, **named):
        Path(__file__).with_name("seen").write_text("a class")
        return None, None, None


plugin = Plugin()
"""
PLAIN = """
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    port: int = 1
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """
    Return a directory of packages, one of which has a plugin of pydantic.
    """
    metadata = tmp_path / "packages/watcher-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: watcher\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[pydantic]\nwatcher = watcher:plugin\n")
    (tmp_path / "packages/watcher.py").write_text(PLUGIN)
    return tmp_path / "packages"


@pytest.fixture
def path(environ: dict[str, str], packages: Path) -> dict[str, str | None]:
    """
    Return variables with which the package with the plugin can be imported.
    """
    return {"PYTHONPATH": os.pathsep.join([environ["PYTHONPATH"], str(packages)])}


@pytest.mark.parametrize(
    "command",
    [
        ["check"],
        ["check", "--env-file", ".env"],
        ["check", "--settings", "plain:Settings"],
        ["show-config"],
        ["diff", ".env", "other.env"],
        ["schema"],
        ["budget"],
    ],
    ids=" ".join,
)
def test_no_plugin_sees_a_value(
    run: Run, good: Path, packages: Path, path: dict[str, str | None], command: list[str]
) -> None:
    """
    Plugins are disabled, because their code would be passed every secret, and slows the start.
    """
    shutil.copy(good, good.with_name("other.env"))
    good.rename(good.with_name(".env"))
    good.with_name("plain.py").write_text(PLAIN)
    done = run(*command, env=path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert not (packages / "seen").exists()


def test_a_command_that_is_run_keeps_its_plugins(
    run: Run, good: Path, packages: Path, path: dict[str, str | None]
) -> None:
    """
    What `workerctl run` starts has the environment that it would have without it.
    """
    good.rename(good.with_name(".env"))
    printed = "import os; print(os.environ.get('PYDANTIC_DISABLE_PLUGINS'))"
    done = run("run", "--", sys.executable, "-c", printed, env=path)
    chosen = run(
        "run", "--", sys.executable, "-c", printed, env={"PYDANTIC_DISABLE_PLUGINS": "other"}
    )

    assert (done.stdout, chosen.stdout) == ("None\n", "other\n"), done.stderr


def test_the_plugin_would_see_a_value(
    run: Run, good: Path, packages: Path, path: dict[str, str | None]
) -> None:
    """
    The plugin of these tests works in a process that does not disable it.
    """
    good.rename(good.with_name(".env"))
    boot = "from workerctl.settings import get_settings; get_settings()"
    done = run("run", "--", sys.executable, "-c", boot, env=path)

    assert done.returncode == 0, done.stderr
    assert (packages / "seen").exists()
