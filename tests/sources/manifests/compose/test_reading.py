"""
Compose files, read without docker compose: what was recorded when both agreed, places, and faults.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.manifests.compose.samples import ENVIRON, SAMPLES
from tests.support import golden
from workerctl.report.errors import SourceError
from workerctl.sources.manifests import compose
from workerctl.sources.manifests.containers import Container, Manifest
from workerctl.sources.manifests.selection import Selection


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    Return an empty directory, which is the working directory.
    """
    monkeypatch.chdir(tmp_path)
    return tmp_path


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


def plain(container: Container) -> dict[str, Any]:
    """
    Return what is known of a container as plain data.
    """
    grace, memory = container.grace_seconds, container.memory_bytes
    return {
        "image": container.image and container.image.value,
        "command": container.command and container.command.value,
        "variables": {
            name: [each.text, str(each.location), each.source, each.in_clear]
            for name, each in container.variables.items()
        },
        "further": [each.value for each in container.further],
        "mounts": {
            path: [mount.file, mount.text, mount.is_kept]
            for path, mount in container.mounts.items()
        },
        "restarts": container.restarts,
        "grace": grace and grace.value,
        "memory": memory and memory.value,
        "one-off": container.is_one_off,
    }


def test_samples_are_read_as_docker_compose_reads_them(project: Path) -> None:
    """
    The golden file was written when `test_parity` passed with docker compose 2.40.
    """
    found: dict[str, Any] = {}
    for name, sample in SAMPLES.items():
        directory = project / str(len(found))
        for file, text in sample.files.items():
            path = directory / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(directory)
            try:
                manifest = read(sample.given)
            except SourceError as error:
                found[name] = f"{error.message} {error.hint}"
            else:
                everything = (manifest.judged, *manifest.others)
                found[name] = {each.name: plain(each) for each in everything}
                found[name]["remarks"] = [
                    f"{each.location} {each.value}" for each in manifest.remarks
                ]
    text = json.dumps(found, indent=1, ensure_ascii=False).replace(str(project), "/project")

    golden.same(
        Path(__file__).parent / "samples.json", text.replace(str(project), "/project") + "\n"
    )


def test_values_have_their_lines(project: Path) -> None:
    """
    Also those of an env file; a later source prevails.
    """
    (project / "worker.env").write_text("A=1\n\nB=2\nC=3\n", "utf-8")
    (project / "compose.yaml").write_text(
        "services:\n  worker:\n    image: x\n    env_file: worker.env\n"
        "    environment:\n      - C=4\n      - D=${KEY:?}\n      - E\n",
        "utf-8",
    )
    variables = read(("compose.yaml",), {}).judged.variables

    assert {name: (each.text, str(each.location)) for name, each in variables.items()} == {
        "A": ("1", "worker.env:1"),
        "B": ("2", "worker.env:3"),
        "C": ("4", "compose.yaml:6"),
        "D": (None, "compose.yaml:7"),
        "E": (None, "compose.yaml:8"),
    }


def test_an_env_file_that_is_not_here_may_set_more(project: Path) -> None:
    """
    Env files are seldom in the repository, so that is no error.
    """
    (project / "compose.yaml").write_text(
        "services:\n  worker:\n    image: x\n    env_file: [.env.worker]\n", "utf-8"
    )

    assert [each.location.line for each in read(("compose.yaml",)).judged.further] == [4]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("services: {}\n", "has no services"),
        ("sevices:\n  worker: {image: x}\n", "has no services"),
        ("- a\n", "has no services"),
        ("", "has no services"),
        ("services:\n  a: {image: x}\n  b: {image: x}\n", "several services"),
    ],
)
def test_a_file_without_a_usable_service_is_an_error(
    project: Path, text: str, expected: str
) -> None:
    """
    A green run that has judged nothing would be worse.
    """
    (project / "compose.yaml").write_text(text, "utf-8")
    with pytest.raises(SourceError) as caught:
        compose.read(Selection("compose", ("compose.yaml",)), {})

    assert expected in caught.value.message or "compose file" in str(caught.value.hint)


def test_an_unknown_service_is_named(project: Path) -> None:
    """
    With the one that is meant.
    """
    (project / "compose.yaml").write_text("services:\n  worker: {image: x}\n", "utf-8")
    with pytest.raises(SourceError) as caught:
        compose.read(Selection("compose", ("compose.yaml",), "wroker"), {})

    assert "wroker" in caught.value.message
    assert caught.value.hint == "Did you mean worker?"


@given(st.data())
def test_no_mutation_of_a_compose_file_crashes(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """
    A file is read, or a SourceError says why not.
    """
    texts = [each.files[each.given[0]] for each in SAMPLES.values()]
    text = data.draw(st.sampled_from(texts))
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 12)))
    new = data.draw(st.text(st.sampled_from("{}[]:-&*!$ \n\"'#x1"), max_size=6))
    path = tmp_path_factory.mktemp("mutated", numbered=True) / "compose.yaml"
    path.write_text(text[:start] + new + text[end:], "utf-8")
    with suppress(SourceError):
        read((str(path),))
