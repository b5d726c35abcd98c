"""
No secret of a manifest leaves the program: random secrets in every place of a compose file.

The secrets and the oracle are those of `test_leaks.py`.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.leaks import runs
from tests.leaks.holdings import ENV_FILE, SHAPES, Assignments, Holding, litter, misplaced, valid
from tests.leaks.oracle import Mint, Oracle
from tests.leaks.test_leaks import DOCUMENTED, SEED
from tests.support.effort import BRIEF
from workerctl.output.formats import FORMATS
from workerctl.sources.manifests.compose import services

COMPOSE = "compose.yaml"
TARGETS = f"""
[[tool.workerctl.target]]
name = "a"
env = "production"
compose = "{COMPOSE}"
service = "worker"

[[tool.workerctl.target]]
name = "b"
env = "staging"
compose = ["{COMPOSE}", "{COMPOSE}"]
service = "web"
isolated = true
"""


@pytest.fixture(name="mint")
def _mint() -> Mint:
    return Mint(SEED)


@pytest.fixture(autouse=True)
def _in_directory(directory: Path) -> Path:
    """
    Run each test in an empty directory.
    """
    return directory


def _document(service: str, more: str = "") -> str:
    services = (
        f"services:\n  worker: &w\n    command: rq worker\n{service}"
        "  web:\n    <<: *w\n    command: uvicorn app:app\n"
        "  redis: {image: redis, command: redis-server --maxmemory 1mb}\n"
    )
    return services + more


def _escaped(text: str) -> str:
    """
    Return a text as a YAML scalar in which docker compose replaces nothing.
    """
    return json.dumps(text.replace("$", "$$"))


def _mapping(given: Assignments) -> dict[str, bytes]:
    lines = "".join(f"      {name}: {_escaped(text)}\n" for name, text in given.items())
    return {COMPOSE: _document(f"    environment:\n{lines}").encode()}


def _list(given: Assignments) -> dict[str, bytes]:
    lines = "".join(f"      - {_escaped(f'{name}={text}')}\n" for name, text in given.items())
    return {COMPOSE: _document(f"    environment:\n{lines}").encode()}


def _interpolated(given: Assignments) -> dict[str, bytes]:
    lines = "".join(f"      {name}: {json.dumps(text)}\n" for name, text in given.items())
    return {COMPOSE: _document(f"    environment:\n{lines}").encode()}


def _defaults(given: Assignments) -> dict[str, bytes]:
    forms = ("${{NONE:-{}}}", "${{NONE-{}}}", "${{PATH:+{}}}", "${{NONE:?{}}}", "${{NONE?{}}}")
    lines = "".join(
        f"      {name}: {json.dumps(forms[number % len(forms)].format(text))}\n"
        for number, (name, text) in enumerate(given.items())
    )
    return {COMPOSE: _document(f"    environment:\n{lines}").encode()}


def _env_file(given: Assignments) -> dict[str, bytes]:
    content = "".join(f"{name}={text}\n" for name, text in given.items()).encode()
    return {COMPOSE: _document(f"    env_file: {ENV_FILE}\n").encode(), ENV_FILE: content}


def _raw_env_file(given: Assignments) -> dict[str, bytes]:
    entry = f"    env_file: [{{path: {ENV_FILE}, format: raw}}, {{path: none, required: false}}]\n"
    return {**_env_file(given), COMPOSE: _document(entry).encode()}


def _dot_env(given: Assignments) -> dict[str, bytes]:
    content = "".join(f"{name}={text}\n" for name, text in given.items()).encode()
    lines = "".join(f"      {name}: ${{{name}}}\n" for name in given)
    return {COMPOSE: _document(f"    environment:\n{lines}").encode(), ".env": content}


def _secrets(given: Assignments) -> dict[str, bytes]:
    """
    Return a compose file with secrets from files and in it, and variables that name them.
    """
    lines = "".join(f"      {name}_FILE: /run/secrets/{name}\n" for name in given)
    declared = "".join(
        f"  {name}: {{file: ./mounted/{name}}}\n"
        if number % 2
        else f"  {name}: {{content: {held}}}\n"
        for number, (name, held) in enumerate(
            (name, _escaped(text)) for name, text in given.items()
        )
    )
    files = {f"mounted/{name}": text.encode() for name, text in given.items()}
    service = f"    secrets: [{', '.join(given)}]\n    environment:\n{lines}"
    return {COMPOSE: _document(service, f"secrets:\n{declared}").encode(), **files}


SOURCES: Mapping[str, Callable[[Assignments], dict[str, bytes]]] = {
    "a mapping": _mapping,
    "a list": _list,
    "references": _interpolated,
    "defaults of references": _defaults,
    "an env file": _env_file,
    "a raw env file": _raw_env_file,
    "the file of compose": _dot_env,
    "secrets": _secrets,
}


def _watch(files: Mapping[str, bytes], mint: Mint, *, terminal: bool = False) -> None:
    """
    Run every command that reads a manifest, in every format; assert that no secret leaks.
    """
    oracle = Oracle(mint.made)
    holding = Holding(files={"pyproject.toml": TARGETS.encode(), **files})
    for arguments in _lines():
        seen = runs.run(arguments, holding, terminal=terminal)
        assert oracle.leaks(seen.text) == [], f"{arguments}, LEAK_SEED={SEED}"
        assert seen.code in DOCUMENTED, (arguments, seen)


def _lines() -> Iterator[list[str]]:
    check = ["check", "--compose", COMPOSE, "--service", "worker"]
    for name in FORMATS:
        yield [*check, "--format", name]
    yield [*check, "--env", "production", "--verbose"]
    yield [*check[:3], "--isolated", "--format", "json"]
    yield ["check"]
    yield ["check", "--write-baseline"]
    yield ["diff", "a", "b"]
    yield ["diff", "a", "b", "--format", "json"]


def _pairs() -> Iterator[tuple[str, str]]:
    for number, shape in enumerate(SHAPES):
        for place, source in enumerate(SOURCES):
            if not BRIEF or number % len(SOURCES) == place:
                yield source, shape


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("source", SOURCES)
def test_no_secret_in_its_place_is_shown(source: str, terminal: bool, mint: Mint) -> None:
    """
    No command shows a secret from valid secrets and URLs.
    """
    _watch(SOURCES[source](valid(mint)), mint, terminal=terminal)


@pytest.mark.parametrize(("source", "shape"), list(_pairs()))
def test_no_secret_in_a_wrong_place_or_form_is_shown(source: str, shape: str, mint: Mint) -> None:
    """
    A secret is hidden in any setting, however malformed.
    """
    _watch(SOURCES[source](misplaced(mint, shape)), mint)


def test_no_secret_among_the_lines_of_an_env_file_is_shown(mint: Mint) -> None:
    """
    Neither in a file of a service, nor in that of docker compose, nor in place of a manifest.
    """
    content = litter(mint)
    for form in ("", "{path: x.env, format: raw}", "x.env"):
        entry = f"    env_file: [{form}]\n" if form else ""
        _watch({COMPOSE: _document(entry).encode(), "x.env": content, ".env": content}, mint)
    _watch({COMPOSE: content}, mint)


@pytest.mark.parametrize(
    "place",
    [
        "    image: {}\n",
        "    image: app:{}\n",
        "    build: ./{}\n",
        "    entrypoint: [rq, worker, {}]\n",
        '    entrypoint: sh -c "rq worker {}"\n',
        "    entrypoint: redis-server --requirepass {} --maxmemory {}\n",
        "    restart: {}\n",
        "    stop_grace_period: {}\n",
        "    mem_limit: {}\n",
        "    container_name: {}\n",
        "    labels: [{}]\n",
        "    volumes: [{}]\n",
        "    volumes: ['{}:/{}']\n",
        "    env_file: {}\n",
        "    env_file: ./{}/{}\n",
        "    env_file: [{{path: x, format: {}}}]\n",
        "    environment: {}\n",
        "    environment: [{}]\n",
        "    environment: ['{}={}']\n",
        "    environment: {{{}: [1]}}\n",
        "    environment: {{QUEUES: {{{}: 1}}}}\n",
        "    environment: {{ENV: '${{{}}}'}}\n",
        "    environment: {{ENV: '${{{}'}}\n",
        "    environment: {{ENV: '${{ENV:?{}}}'}}\n",
        "    environment: {{ENV: !{} a}}\n",
        "    environment: {{ENV: *{}}}\n",
        "    environment: {{ENV: &{} a}}\n",
        "    environment: {{'{}', {}: {}\n",
        "    environment: [{{ENV: {}}}]\n",
        "    secrets: [{}]\n",
        "    configs: [{{source: {}, target: {}}}]\n",
        "    extends: {}\n",
        "    extends: {{service: {}}}\n",
        "    extends: {{service: a, file: {}}}\n",
        "    depends_on: [{}]\n",
        "    profiles: [{}]\n",
        "    {}: {}\n",
        "    ? {}\n",
        "  {}: {{command: [rq, worker]}}\n",
        "  {}: {}\n",
        "include: {}\nx: &x\n",
        "include: [{{path: [{}], env_file: {}}}]\n",
        "x-{}: {}\n",
        "\t{}\n",
        "{}\n",
    ],
)
def test_no_secret_of_a_manifest_itself_is_shown(place: str, mint: Mint) -> None:
    """
    Whatever it stands in place of: a name, a number, a path, an anchor, a tag, or nothing.
    """
    for make in (mint.token, mint.key):
        filled = place.format(*(make() for _ in range(place.count("{}"))))
        is_inside = place.startswith((" ", "\t"))
        text = _document(filled) if is_inside else _document("", filled)
        _watch({COMPOSE: text.encode()}, mint)


def test_no_name_of_a_manifest_is_shown_that_may_be_a_secret(mint: Mint) -> None:
    """
    Neither a file or service on the command line, nor one of a target.
    """
    holding = Holding(files={COMPOSE: _document("").encode()})
    oracle = Oracle(mint.made)
    for make in (mint.token, mint.key):
        for words in (
            ["--compose", make()],
            ["--compose", f"{make()}/{COMPOSE}", "--service", "worker"],
            ["--compose", COMPOSE, "--compose", make()],
            ["--compose", COMPOSE, "--service", make()],
            ["--compose", make(), "--env-file", make()],
            ["--service", make()],
        ):
            seen = runs.run(["check", *words], holding)
            assert oracle.leaks(seen.text) == [], f"{words}, LEAK_SEED={SEED}"
            assert seen.code == 2, (words, seen)
        for line in (
            f'compose = "{make()}"',
            f'compose = ["{COMPOSE}", "{make()}"]',
            f'compose = "{COMPOSE}"\nservice = "{make()}"',
            f'service = "{make()}"',
            f'compose = "{make()}"\nenv_file = "{make()}"',
            f'compose = "{COMPOSE}"\n{make()} = "{make()}"',
        ):
            project = f'[[tool.workerctl.target]]\nname = "a"\n{line}\n'.encode()
            files = {**holding.files, "pyproject.toml": project}
            seen = runs.run(["check"], Holding(files=files))
            assert Oracle(mint.made).leaks(seen.text) == [], f"{line}, LEAK_SEED={SEED}"
            assert seen.code == 2, (line, seen)


def test_these_tests_can_fail(mint: Mint, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A leak in a message about the manifest is found.
    """
    monkeypatch.setattr(services, "label", str)

    with pytest.raises(AssertionError, match="LEAK_SEED"):
        _watch(
            {COMPOSE: _document(f"  {mint.token()}: {{command: [rq, worker]}}\n").encode()}, mint
        )
