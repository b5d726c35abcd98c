"""
Compose files mean what docker compose makes of them.

`observed.json` has what `docker compose config` of docker compose 2.40 said of each sample, with
the variables of ENVIRON: its services, or null where it refuses the files. test_parity.py compares
it with the docker compose of this machine.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sources.manifests.compose.facts import (
    containers,
    facts,
    read,
    their_facts,
    their_mounts,
    written,
)
from tests.sources.manifests.compose.samples import SAMPLES
from workerctl.report.errors import SourceError

OBSERVED: dict[str, Any] = json.loads(Path(__file__).with_name("observed.json").read_text("utf-8"))
# docker compose says nothing of a command that ends too early.
_REMARKED = {"a command that goes on", "a command with a redirection"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    Return an empty directory, which is the working directory.
    """
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [name for name in SAMPLES if OBSERVED[name] is not None])
def test_a_file_means_what_docker_compose_says(name: str, project: Path) -> None:
    """
    Every fact of every service is that of docker compose.
    """
    written(project, SAMPLES[name])
    manifest = read(SAMPLES[name].given)
    found = containers(manifest)

    assert set(found) == set(OBSERVED[name])
    for service, container in found.items():
        assert facts(container) == their_facts(OBSERVED[name][service])
        expected = their_mounts(OBSERVED[name][service])
        assert set(container.mounts) == set(expected)
        for path, mount in expected.items():
            assert mount is None or container.mounts[path] == mount
    assert bool(manifest.remarks) == (name in _REMARKED)


@pytest.mark.parametrize("name", [name for name in SAMPLES if OBSERVED[name] is None])
def test_what_docker_compose_refuses_is_said(name: str, project: Path) -> None:
    """
    It is an error or a remark, or waits for a variable that docker compose requires.
    """
    written(project, SAMPLES[name])
    try:
        manifest = read(SAMPLES[name].given)
    except SourceError:
        return
    if "required" in name:
        assert [each.text for each in manifest.judged.variables.values()] == [None]
    else:
        assert manifest.remarks
