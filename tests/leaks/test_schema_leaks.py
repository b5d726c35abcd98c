"""
What `workerctl schema` and `explain` write of a class whose defaults are secrets, and of a file.

`LEAK_SEED` repeats the class and the secrets of a run.
"""

import sys
from pathlib import Path

import pytest

from tests.leaks import foreign, runs
from tests.leaks.foreign import PLACES, Place
from tests.leaks.holdings import ENV_FILE, SHAPES, Holding, in_file, litter, misplaced, valid
from tests.leaks.oracle import Mint, Oracle
from tests.leaks.test_leaks import DOCUMENTED, SEED
from tests.support.effort import BRIEF

# A run under coverage takes three times as long, and a line proves nothing by running here.

FORMATS = ("env", "json-schema", "markdown", "kubernetes", "compose")
RUNS = range(2 if BRIEF else 5)


def _as_defaults() -> dict[str, Place]:
    """
    Return the places whose values can be written as defaults of their fields.
    """
    plain = {
        kind: place._replace(as_default=True)
        for kind, place in PLACES.items()
        if place.annotation in {"str", "dict[str, str]", "dict[str, Any]", "Node", "list[str]"}
        or place.annotation.startswith("Annotated[str")
    }
    secrets = {
        f"default {annotation}": Place(annotation, Mint.token, as_default=True)
        for annotation in ("SecretStr", "Optional[SecretStr]", "New")
    }
    return {**PLACES, **plain, **secrets}


@pytest.mark.parametrize("run", RUNS)
def test_no_format_shows_a_default_that_is_secret(
    run: int, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each format, on standard output, in a file and compared with one, is safe with any class."""
    assert directory
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # the class has secrets in its source
    mint = Mint(SEED)
    team = foreign.team(mint, SEED + run, _as_defaults())
    oracle = Oracle(mint.made)
    project = f'[tool.workerctl]\nsettings = "{team.target}"\n'.encode()
    holding = Holding(environ=team.environ, files={**team.files, "pyproject.toml": project})
    lines = [
        ["schema", "--format", name, *more]
        for name in FORMATS
        for more in ([], ["--output", "made.txt"], ["--check", f"{foreign.MODULE}.py"])
    ]
    lines += [["explain", foreign.NAME, "--format", name] for name in ("text", "markdown")]
    for arguments in lines:
        sys.modules.pop(foreign.MODULE, None)
        seen = runs.run(arguments, holding)
        assert oracle.leaks(seen.text) == [], f"{arguments}, LEAK_SEED={SEED}"
        assert seen.code in DOCUMENTED, (arguments, seen)
        assert "--output" in arguments or "_0" in seen.text, "the names are shown"


@pytest.mark.parametrize("command", ["explain", "explain --format markdown", "show-config"])
def test_no_page_of_a_setting_shows_a_default_that_is_secret(
    command: str, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each setting of a class has a page, with what may be shown of its default."""
    assert directory
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    mint = Mint(SEED)
    places = {kind: place._replace(as_default=True) for kind, place in PLACES.items()}
    team = foreign.team(mint, SEED, places)
    oracle = Oracle(mint.made)
    project = f'[tool.workerctl]\nsettings = "{team.target}"\n'.encode()
    holding = Holding(files={**team.files, "pyproject.toml": project})
    sys.modules.pop(foreign.MODULE, None)
    for name in list(team.load().model_fields)[:: 4 if BRIEF else 1]:
        seen = runs.run([*command.split(), name], holding)
        assert oracle.leaks(seen.text) == [], f"{name}, LEAK_SEED={SEED}"
        assert "default" in seen.text, (name, seen)


@pytest.mark.parametrize("name", FORMATS)
def test_no_difference_shows_what_the_file_holds(name: str, directory: Path) -> None:
    """A file with secrets in every place and every shape is compared without showing any."""
    assert directory
    mint = Mint(SEED)
    contents = [litter(mint), _lines(valid(mint))]
    contents += [_lines(misplaced(mint, shape)) for shape in list(SHAPES)[:: 4 if BRIEF else 1]]
    contents.append(contents[1].replace(b"=", b": "))  # as in YAML
    contents.append(contents[1].replace(b"\n", b" # comment\n#"))
    oracle = Oracle(mint.made)
    for content in contents:
        holding = in_file(content)
        seen = runs.run(["schema", "--format", name, "--check", ENV_FILE], holding)
        assert oracle.leaks(seen.text) == [], f"LEAK_SEED={SEED}"
        assert seen.code in {1, 2}, seen
        refused = runs.run(["schema", "--format", name, "--output", ENV_FILE], holding)
        assert oracle.leaks(refused.text) == [], f"LEAK_SEED={SEED}"
        assert refused.code in {1, 2}


def _lines(given: object) -> bytes:
    assert hasattr(given, "items")
    return "".join(f"{name}={text}\n" for name, text in given.items()).encode()
