"""
The docker compose of this machine reads compose files in the same way. It is not required.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.manifests.compose.facts import facts, pruned, read, their_facts, written
from tests.sources.manifests.compose.samples import ENVIRON, SAMPLES
from tests.support.programs import docker_compose
from workerctl.report.errors import SourceError

OBSERVED = json.loads(Path(__file__).with_name("observed.json").read_text("utf-8"))

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


@pytest.mark.parametrize("name", SAMPLES)
def test_what_was_observed_is_still_so(name: str, tmp_path: Path) -> None:
    """
    `observed.json` is what `docker compose config` says here.
    """
    written(tmp_path, SAMPLES[name])
    services = docker_compose.services(tmp_path, SAMPLES[name].given, ENVIRON)

    assert pruned(services, tmp_path) == OBSERVED[name]


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
    expected["environment"].pop("", None)  # a variable without a name is left out
    assert set(found["environment"]) == set(expected["environment"])
    for name, text in found["environment"].items():
        assert name in later or text == expected["environment"][name]
    assert found["command"] == expected["command"]


_EXAMPLES: Any = given(st.lists(st.sampled_from(_PIECES), min_size=1, max_size=9).map("".join))


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
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
    Numbers are printed in the form of Go, others stay as they are.
    """
    path = directory / "compose.yaml"
    path.write_text(f"services:\n  w:\n    image: x\n    environment:\n      V: {text}\n", "utf-8")
    require_agreement(directory)
