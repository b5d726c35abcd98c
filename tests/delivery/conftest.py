"""
Fixtures of the tests of how workerctl gets to where it is used.
"""

import sys
from pathlib import Path
from typing import NamedTuple

import pytest

import workerctl

ROOT = Path(workerctl.__file__).parents[1]
PROGRAM = Path(sys.prefix) / "bin/workerctl"

_PROJECT = """\
[tool.workerctl]
settings = "app.config:Settings"
"""
_TARGET = """
[[tool.workerctl.target]]
name = "{name}"
env = "{name}"
env_file = "deploy/{name}.env"
"""
_CLASS = """\
from pydantic import RedisDsn
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    environment: str = "development"
    queue_url: RedisDsn = RedisDsn("redis://localhost:6379/0")
    job_timeout_seconds: int = 1800
"""
_VARIABLES = """\
ENVIRONMENT={name}
QUEUE_URL=rediss://queue.{name}.internal:6380/0
JOB_TIMEOUT_SECONDS=1800
"""
_COMPOSE = """\
services:
  worker:
    image: worker:1
    command: rq worker
    environment:
      ENVIRONMENT: development
      QUEUE_URL: rediss://queue.internal:6380/0
      JOB_TIMEOUT_SECONDS: thirty
"""


class Team(NamedTuple):
    """
    A project with three targets, of which the third is broken in line 3 of its file.
    """

    path: Path

    def compose(self) -> None:
        """
        Add a target for a service of a compose file, which is broken in line 8.
        """
        (self.path / COMPOSE).write_text(_COMPOSE, "utf-8")
        with (self.path / "pyproject.toml").open("a", encoding="utf-8") as project:
            project.write(
                f'\n[[tool.workerctl.target]]\nname = "composed"\ncompose = "{COMPOSE}"\n'
            )

    def mend(self) -> None:
        """
        Correct the broken file.
        """
        file = self.path / BROKEN
        file.write_text(file.read_text("utf-8").replace("thirty", "1800"), "utf-8")


COMPOSE = "compose.yaml"
COMPOSE_LINE = 8
NAMES = ("development", "staging", "production")
BROKEN = "deploy/production.env"
LINE = 3


def write_team(path: Path) -> Team:
    """
    Write a project with three targets to a directory that is created.
    """
    (path / "deploy").mkdir(parents=True)
    (path / "app").mkdir()
    (path / "app/config.py").write_text(_CLASS, "utf-8")
    targets = "".join(_TARGET.format(name=name) for name in NAMES)
    (path / "pyproject.toml").write_text(_PROJECT + targets, "utf-8")
    for name in NAMES:
        file = path / f"deploy/{name}.env"
        file.write_text(_VARIABLES.format(name=name), "utf-8")
        file.chmod(0o600)
    broken = path / BROKEN
    broken.write_text(broken.read_text("utf-8").replace("1800", "thirty"), "utf-8")
    return Team(path)


@pytest.fixture
def team(tmp_path: Path) -> Team:
    """
    Return a project with three targets, of which one is broken.
    """
    return write_team(tmp_path / "work")
