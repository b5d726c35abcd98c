"""
Compose files mean what docker compose makes of them. These tests need docker compose 2.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.manifests.compose.samples import ENVIRON, REFUSED, SAMPLES, Sample
from tests.support import docker_compose
from workerctl.report.errors import SourceError
from workerctl.sources.manifests import compose
from workerctl.sources.manifests.compose import quantities
from workerctl.sources.manifests.containers import Container, Manifest, Mount
from workerctl.sources.manifests.selection import Selection

pytestmark = pytest.mark.skipif(
    docker_compose.command() is None, reason="docker compose 2 is not installed"
)

_PIECES = [
    *(
        "$",
        "{",
        "}",
        "GIVEN",
        "EMPTY",
        "UNSET",
        ":-",
        "-",
        ":?",
        "?",
        ":+",
        "+",
        ":",
        "$$",
        "é",
        "#",
    ),
    *("${GIVEN}", "${EMPTY:-x}", "${UNSET:-d}", "${GIVEN:+p}", "${", "}", " ", "text", "\n"),
]
_QUOTED = ["{}", "'{}'", '"{}"', '"{}" # c', "{} # c"]
_WORDS = [*"ab01 \t'\"\\;&|<>#\n", "2>", " ", "$$"]
_DIGITS = [*"01789_.eE+-xXbo: ", "0x", "1e", "2026-01-31", "T", "Z", ".inf", "null", "yes", "~"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    Return an empty directory, which is the working directory.
    """
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(directory: Path, sample: Sample) -> None:
    """
    Write the files of a sample.
    """
    for name, text in sample.files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


def read(given: tuple[str, ...], environ: Mapping[str, str] = ENVIRON) -> Manifest:
    """
    Return what is read, whichever service is judged.
    """
    try:
        return compose.read(Selection("compose", given), environ)
    except SourceError as error:
        if error.hint != "Choose one with `--service NAME`.":
            raise
        first = error.message.partition(": ")[2].rstrip(".").split(", ")[0]
    return compose.read(Selection("compose", given, first), environ)


def containers(manifest: Manifest) -> dict[str, Container]:
    """
    Return all containers of a manifest by name.
    """
    return {each.name: each for each in (manifest.judged, *manifest.others)}


def mounted(container: Container) -> dict[str, Mount]:
    """
    Return the mounts with absolute paths.
    """
    return {
        path: mount._replace(file=mount.file and os.path.abspath(mount.file))  # noqa: PTH100 -- links stay
        for path, mount in container.mounts.items()
    }


def their_mounts(service: dict[str, Any], directory: Path) -> dict[str, Mount | None]:
    """
    Return the mounts as docker compose has them; those of secrets and configs only by path.
    """
    found: dict[str, Mount | None] = {}
    for section, base in (("secrets", "/run/secrets"), ("configs", "")):
        for each in service.get(section, ()):
            target = each.get("target") or each["source"]
            found[target if target.startswith("/") else f"{base}/{target}"] = None
    for path in service.get("tmpfs", ()):
        found[path.partition(":")[0]] = Mount()
    for volume in service.get("volumes", ()):
        is_own = volume["type"] == "bind" and not volume["source"].startswith("/srv")
        is_kept = volume["type"] in {"bind", "volume"} and "source" in volume
        found[volume["target"]] = Mount(
            file=volume["source"] if is_own else None,
            is_kept=is_kept and not volume.get("read_only", False),
        )
    return found


def facts(container: Container) -> dict[str, Any]:
    """
    Return what is compared of a container.
    """
    grace, memory = container.grace_seconds, container.memory_bytes
    return {
        "environment": {name: each.text for name, each in container.variables.items()},
        "image": container.image and container.image.value,
        "command": list(container.command.value) if container.command else [],
        "restart": container.restart and container.restart.value,
        "grace": None if grace is None else grace.value,
        "memory": None if memory is None else memory.value,
    }


def their_facts(service: dict[str, Any]) -> dict[str, Any]:
    """
    Return the same of a service of docker compose.
    """
    deploy = service.get("deploy", {})
    policy = deploy.get("restart_policy", {}).get("condition")
    limit = deploy.get("resources", {}).get("limits", {}).get("memory")
    memory = limit or service.get("mem_limit")
    grace = service.get("stop_grace_period")
    return {
        "environment": service.get("environment") or {},
        "image": service.get("image"),
        "command": [*(service.get("entrypoint") or ()), *(service.get("command") or ())],
        "restart": policy or service.get("restart"),
        "grace": None if grace is None else quantities.seconds(grace),
        "memory": None if memory is None else int(memory),
    }


@pytest.mark.parametrize("name", list(SAMPLES)[:REFUSED])
def test_a_file_means_what_docker_compose_says(name: str, project: Path) -> None:
    """
    Every fact of every service is that of `docker compose config`, and nothing is remarked.
    """
    written(project, SAMPLES[name])
    theirs = docker_compose.services(project, SAMPLES[name].given, ENVIRON)
    manifest = read(SAMPLES[name].given)
    found = containers(manifest)

    assert theirs is not None
    assert set(found) == set(theirs)
    for service, container in found.items():
        assert facts(container) == their_facts(theirs[service])
        mounts, expected = mounted(container), their_mounts(theirs[service], project)
        assert set(mounts) == set(expected)
        for path, mount in expected.items():
            assert mount is None or mounts[path] == mount
    if "goes on" not in name and "redirection" not in name:
        assert manifest.remarks == ()


@pytest.mark.parametrize("name", list(SAMPLES)[REFUSED:])
def test_what_docker_compose_refuses_is_said(name: str, project: Path) -> None:
    """
    It is an error or a remark, or waits for a variable that docker compose requires.
    """
    written(project, SAMPLES[name])
    assert docker_compose.services(project, SAMPLES[name].given, ENVIRON) is None

    try:
        manifest = read(SAMPLES[name].given)
    except SourceError:
        return
    if "required" in name:
        assert [each.text for each in manifest.judged.variables.values()] == [None]
    else:
        assert manifest.remarks


def agree(directory: Path, service: dict[str, Any]) -> None:
    """
    Require that a service with the image `x` has the environment and command of docker compose.
    """
    (directory / "compose.yaml").write_text(json.dumps({"services": {"w": service}}), "utf-8")
    require_agreement(directory)


def require_agreement(directory: Path) -> None:
    """
    Require that the service of `compose.yaml` is read as docker compose does.
    """
    theirs = docker_compose.services(directory, ["compose.yaml"], ENVIRON)
    try:
        manifest = read(("compose.yaml",))
    except SourceError:
        assert theirs is None
        return
    if theirs is None:
        is_required = None in {each.text for each in manifest.judged.variables.values()}
        assert manifest.remarks or is_required
        return
    found, expected = facts(manifest.judged), their_facts(theirs["w"])
    later = manifest.later
    assert set(found["environment"]) == set(expected["environment"])
    for name, text in found["environment"].items():
        assert name in later or text == expected["environment"][name]
    assert found["command"] == expected["command"]


_EXAMPLES: Any = given(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=9).map("".join))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """
    Return a directory for many examples, which is the working directory meanwhile.
    """
    path = tmp_path_factory.mktemp("compose")
    before = Path.cwd()
    os.chdir(path)
    yield path
    os.chdir(before)


@pytest.mark.generated
@_EXAMPLES
def test_any_reference_is_replaced_as_docker_compose_does(directory: Path, template: str) -> None:
    """
    Also those that nest, that are not closed, or that it refuses.
    """
    agree(directory, {"image": "x", "environment": {"V": template}})


@pytest.mark.generated
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["V=", "export V=", "W = ", "V: ", "U="]),
            st.sampled_from(_QUOTED),
            st.lists(st.sampled_from([*_PIECES, "\\", "\\n", "'", '"', " #", "="]), max_size=6),
        ),
        min_size=1,
        max_size=3,
    )
)
def test_any_env_file_is_read_as_docker_compose_does(
    directory: Path, lines: list[tuple[str, str, list[str]]]
) -> None:
    """
    Also with quotation marks, escapes and comments in odd places.
    """
    text = "".join(f"{name}{form.format(''.join(value))}\n" for name, form, value in lines)
    (directory / "w.env").write_text(text, "utf-8")
    agree(directory, {"image": "x", "env_file": "w.env"})


@pytest.mark.generated
@given(st.lists(st.sampled_from(_WORDS), min_size=1, max_size=10).map("".join))
def test_any_command_line_is_split_as_docker_compose_does(directory: Path, line: str) -> None:
    """
    Also where it ends early.
    """
    agree(directory, {"image": "x", "command": line})


@pytest.mark.generated
@given(st.lists(st.sampled_from(_DIGITS), min_size=1, max_size=6).map("".join).map(str.strip))
def test_any_scalar_is_printed_as_docker_compose_does(directory: Path, text: str) -> None:
    """
    Numbers are written anew, others stay as they are.
    """
    path = directory / "compose.yaml"
    path.write_text(f"services:\n  w:\n    image: x\n    environment:\n      V: {text}\n", "utf-8")
    require_agreement(directory)
