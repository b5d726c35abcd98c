"""
No secret leaves the program: random secrets in every place, with every command and failure.

The output of a command is everything that it writes to its streams, to files and to logs. The
output of a library function is everything that can be reached from its exception, or the string
forms of its result. The commands, formats and options are taken from the description of the command
line, and the settings from the schema, so a new one is covered automatically.
`HYPOTHESIS_PROFILE=ci` runs every option on every input; `LEAK_SEED` repeats the secrets of a run.

To see these tests fail, break masking in one of three places (as `test_breakage.py` does):

* `masking.show_url`: begin with `return url`;
* `masking.Scrubber.scrub`: begin with `return text`;
* `rejections.rejected_values`: let pydantic's error include its input, and put `item["msg"]` and
  `item["input"]` into the finding.
"""

import json
import os
import re
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

import workerctl
from tests.leaks import runs
from tests.leaks.holdings import (
    ENV_FILE,
    SHAPES,
    SOURCES,
    Holding,
    in_file,
    litter,
    misplaced,
    rings,
    unreadable,
    valid,
)
from tests.leaks.oracle import Mint, Oracle
from tests.leaks.runs import call, invocations, parameters
from tests.support.effort import BRIEF
from workerctl import preflight, settings
from workerctl.output.formats import FORMATS
from workerctl.preflight import Request
from workerctl.schema import loading

SEED = int(os.environ.get("LEAK_SEED") or secrets.randbits(32))
THOROUGH = os.environ.get("HYPOTHESIS_PROFILE") == "ci"
DOCUMENTED = {0, 1, 2, 3}
OF_SHELLS = {126, 127}
"""What `run` returns as well: the command cannot be executed."""

KEY_STEPS = (
    "--add",
    "--rotate",
    "--rotate --from 1",
    "--retire 0 --in-use 0",
    "--retire 2 --in-use 0",
    "--retire 0 --in-use 7",
    "--canary",
    "--canary --context a/b",
)

_TEAM = Path(__file__).with_name("team.py")
# Each shape is tried with this source and, unless the run is brief, with one of the others.
_ALWAYS = "an env file"


@pytest.fixture(name="mint")
def _mint() -> Mint:
    return Mint(SEED)


@pytest.fixture(autouse=True)
def _in_directory(directory: Path) -> Path:
    """
    Run each test in an empty directory.
    """
    return directory


def _held(what: str, mint: Mint) -> bytes:
    """
    Return the content of an env file of one of three kinds.
    """
    if what == "litter":
        return litter(mint)
    given = valid(mint) if what == "valid" else misplaced(mint, "token")
    return "".join(f"{name}={text}\n" for name, text in given.items()).encode()


def _with_project(line: str, content: bytes) -> Holding:
    """
    Return a configuration with an env file in the project of another team.
    """
    project = f"[tool.workerctl]\n{line}\n".encode()
    return in_file(content, {"pyproject.toml": project, "team.py": _TEAM.read_bytes()})


def _pairs() -> Iterator[tuple[str, str]]:
    others = [source for source in SOURCES if source != _ALWAYS]
    for number, shape in enumerate(SHAPES):
        brief = (_ALWAYS,) if BRIEF else (_ALWAYS, others[number % len(others)])
        share = SOURCES if THOROUGH else brief
        yield from ((source, shape) for source in share)


def _get_settings() -> object:
    settings.get_settings.cache_clear()
    try:
        return settings.get_settings()
    finally:
        settings.get_settings.cache_clear()


FUNCTIONS: tuple[Callable[[], object], ...] = (
    _get_settings,
    settings.Settings,
    lambda: loading.load(settings.Settings),
    lambda: preflight.preflight(Request()),
)


def _watch(holding: Holding, mint: Mint, *, every: bool = THOROUGH, terminal: bool = False) -> None:
    """
    Run every command and library function on a configuration; assert that no secret leaks.
    """
    oracle = Oracle(mint.made)
    for invocation in invocations(every=every):
        arguments = invocation.with_sources(holding)
        seen = runs.run(arguments, holding, terminal=terminal)
        assert oracle.leaks(seen.text) == [], f"{arguments}, LEAK_SEED={SEED}"
        assert seen.code in DOCUMENTED, (arguments, seen)
    for function in FUNCTIONS:
        assert oracle.leaks(call(function, holding)) == [], f"{function}, LEAK_SEED={SEED}"


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("source", SOURCES)
def test_no_secret_in_its_place_is_shown(source: str, terminal: bool, mint: Mint) -> None:
    """
    No command, with any of its options, shows a secret from valid secrets and URLs.
    """
    every = THOROUGH or (source == _ALWAYS and not terminal and not BRIEF)
    _watch(SOURCES[source](valid(mint)), mint, every=every, terminal=terminal)


@pytest.mark.parametrize(("source", "shape"), list(_pairs()))
def test_no_secret_in_a_wrong_place_or_form_is_shown(source: str, shape: str, mint: Mint) -> None:
    """
    A secret is hidden in any setting (ENV, DEBUG, a number, a list, a URL), however malformed.
    """
    _watch(SOURCES[source](misplaced(mint, shape)), mint)


def test_no_secret_among_the_lines_of_an_env_file_is_shown(mint: Mint) -> None:
    """
    A secret is hidden when it is pasted bare, as a name, in a comment or in unclosed quotes.
    """
    content = litter(mint)
    _watch(in_file(content), mint, every=not BRIEF)
    _watch(Holding(stdin=content, options={"--env-file": "-"}), mint)
    _watch(in_file(content), mint, terminal=True)


@pytest.mark.parametrize("case", unreadable(Mint(0)))
def test_no_secret_of_an_unreadable_source_is_shown(case: str, mint: Mint) -> None:
    """
    Neither the content of the source is shown nor, if it does not exist, its name.
    """
    _watch(unreadable(mint)[case], mint)


@pytest.mark.parametrize("state", rings(Mint(0)))
def test_no_state_of_a_rotation_shows_a_key(state: str, mint: Mint) -> None:
    """
    The key stays hidden in inconsistent rings, with another key's canary, and in every next step.
    """
    holding = in_file(rings(mint)[state])
    _watch(holding, mint)

    oracle = Oracle(mint.made)
    for words in KEY_STEPS:
        seen = runs.run(["keygen", *words.split(), "--write", ENV_FILE], holding)
        assert oracle.leaks(seen.text) == [], f"{words}, LEAK_SEED={SEED}"
        assert seen.code in DOCUMENTED, (words, seen)


def test_a_typed_secret_is_not_repeated(mint: Mint) -> None:
    """
    A secret is hidden as a command, an argument, or the name or value of any option.
    """
    urls = [f"redis://:{mint.token()}@example.net/{mint.token()}" for _ in range(2)]
    for one, other in [(mint.token(), mint.token()), (mint.key(), mint.key()), urls]:
        lines = [[one], [f"--{one}"], [f"--{one}={other}"], [f"-{one}"], [one, other]]
        for words, name in parameters():
            if name is None:
                more = [[one], [f"--{one}"], [f"--{one}={other}"], [f"-{one}"], [one, other]]
            else:
                more = [[name, one], [f"{name}={one}"], [name, one, other], [f"{name}{one}"]]
            lines += [[*words, *rest] for rest in more]
            lines.append([one, *words])
        oracle = Oracle(mint.made)
        for arguments in lines:
            seen = runs.run(arguments, Holding())
            assert oracle.leaks(seen.text) == [], f"{arguments}, LEAK_SEED={SEED}"
            assert seen.code in DOCUMENTED | OF_SHELLS, (arguments, seen)


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
@pytest.mark.parametrize("what", ["valid", "misplaced", "litter"])
def test_no_comparison_shows_a_secret(what: str, terminal: bool, mint: Mint) -> None:
    """
    A secret of one configuration is hidden in both, be it the same, different, or of one only.
    """
    other = Mint(SEED + 1)
    first, second = _held(what, mint), _held("valid", other)
    shared = b"".join(first.splitlines(keepends=True)[::2])
    targets = (
        '[[tool.workerctl.target]]\nname = "a"\nenv = "staging"\nenv_file = "a.env"\n'
        '[[tool.workerctl.target]]\nname = "b"\nenv = "production"\n'
        f'env_file = ["{ENV_FILE}"]\nsecrets_dir = "mounted"\n'
    )
    oracle = Oracle([*mint.made, *other.made])
    for text in (second, shared, second + b"\n" + shared):
        files = {
            "pyproject.toml": targets.encode(),
            "a.env": first,
            "mounted/GEMINI_API_KEY": mint.made[0].encode(),
        }
        holding = in_file(text, files)
        for pair in (["a", "b"], ["b", "a"], ["a.env", ENV_FILE], ["b", "-"]):
            for more in ([], ["--format", "json"], ["--only", "secrets"], ["--exit-code"]):
                seen = runs.run(["diff", *pair, *more], holding, terminal=terminal)
                assert oracle.leaks(seen.text) == [], f"{pair} {more}, LEAK_SEED={SEED}"
                assert seen.code in {0, 1}, (pair, seen)
        seen = runs.run(["check"], holding, terminal=terminal)
        assert oracle.leaks(seen.text) == [], f"LEAK_SEED={SEED}"


@pytest.mark.parametrize("what", ["valid", "misplaced"])
def test_another_teams_checks_cannot_leak(what: str, mint: Mint) -> None:
    """
    A check cannot leak values through the text of a finding, an exception, an exit or a skip.
    """
    holding = _with_project('checks = "team:CHECKS"', _held(what, mint))
    _watch(holding, mint)

    seen = runs.run(["check", "--format", "json", "--env-file", ENV_FILE], holding)
    assert seen.text.count('"status": "crashed"') == 4


@pytest.mark.parametrize("what", ["valid", "misplaced", "litter"])
@pytest.mark.parametrize("name", ["Refusing", "Crashing", "Open", "missing"])
def test_another_teams_settings_cannot_leak(name: str, what: str, mint: Mint) -> None:
    """
    Neither validators that quote or raise values leak them, nor a module that fails to import.
    """
    held = _held(what, mint) + f"\nPARTNER_TOKEN={mint.token()}\n".encode()
    _watch(_with_project(f'settings = "team:{name}"', held), mint)


@pytest.mark.parametrize("tool", ["op", None])
def test_the_tool_that_renders_the_files_cannot_leak(tool: str | None, mint: Mint) -> None:
    """
    References are hidden in a file that is rendered later, and so is a secret in place of the tool.
    """
    held = misplaced(mint, "reference")
    content = "".join(f"{name}={text}\n" for name, text in held.items()).encode()
    _watch(_with_project(f'rendered_by = "{tool or mint.token()}"', content), mint)


@pytest.mark.parametrize("kind", ["reason", "malformed", "unknown"])
def test_the_comments_of_an_env_file_cannot_leak(kind: str, mint: Mint) -> None:
    """
    A secret is hidden in the reason of a suppression, and in a comment that is not a valid one.
    """
    given = valid(mint)
    older = mint.key(), mint.token()
    until = "until 2026-06-01"
    codes = "SET003,SET007,SET008,SET009,ENV003,ENV004,ENV005,URL001,KEY003"
    comments = {
        "reason": f"ignore[{codes}] {until} was {' and '.join([*given.values(), *older])}",
        "malformed": f"ignore[{older[1]}] {older[0]} {given['OPENAI_API_KEY']}",
        "unknown": f"ignore[{older[0]},{older[1]}] {until} {older[0]}",
    }
    lines = [f"# workerctl: {comments[kind]}", ""]
    for name, text in given.items():
        lines += [f"# workerctl: {comments[kind]}", f"{name}={text} # workerctl: {comments[kind]}"]
    holding = in_file("\n".join([*lines, ""]).encode())
    _watch(holding, mint)

    seen = runs.run(["check", "--env", "production", "--env-file", ENV_FILE], holding)
    assert ("suppressed until 2026-06-01: was " in seen.text) == (kind == "reason")


@pytest.mark.parametrize("what", ["valid", "misplaced", "litter"])
def test_a_baseline_holds_no_secret(what: str, mint: Mint) -> None:
    """
    Neither does the file contain one, with a team's checks as well, nor what is said of it.
    """
    # A check of a team may know what in the litter is a variable, but not what is a secret.
    table = "" if what == "litter" else 'checks = "team:CHECKS"'
    holding = _with_project(table, _held(what, mint))
    oracle = Oracle(mint.made)
    words = ["check", "--env-file", ENV_FILE]
    seen = runs.run([*words, "--write-baseline"], holding)
    assert oracle.leaks(seen.text) == [], f"LEAK_SEED={SEED}"

    found = re.findall(r'^(?:[{}]|  ["\]].*|    \{"code": .*)$', seen.text, re.MULTILINE)
    assert len(found) > 5
    baseline = {"workerctl-baseline.json": "\n".join(found).encode()}
    again = holding._replace(files={**holding.files, **baseline})
    for format_ in FORMATS:
        seen = runs.run([*words, "--verbose", "--format", format_], again)
        assert oracle.leaks(seen.text) == [], f"{format_}, LEAK_SEED={SEED}"
        assert seen.code in DOCUMENTED - {2}, seen


@pytest.mark.parametrize("part", ["all", "field", "file", "code", "schema", "expires"])
def test_a_secret_in_a_baseline_is_not_shown(part: str, mint: Mint) -> None:
    """
    It is hidden in a file that is not a baseline, and where a field or a path belongs.
    """
    token = mint.token()
    entry = {
        "code": token if part == "code" else "ENV003",
        "severity": "error",
        "target": token if part == "file" else None,
        "env": "development",
        "file": token if part == "file" else None,
        "fields": [token] if part == "field" else [],
        "count": 1,
    }
    document = {
        "schema": token if part == "schema" else "workerctl.baseline/1",
        "expires": token if part == "expires" else "2026-06-01",
        "findings": [entry],
    }
    content = token if part == "all" else json.dumps(document)
    holding = in_file(_held("valid", mint), {"workerctl-baseline.json": content.encode()})
    oracle = Oracle(mint.made)
    for words in (["--write-baseline"], *(["--format", name] for name in FORMATS)):
        seen = runs.run(["check", "--env-file", ENV_FILE, *words], holding)
        assert oracle.leaks(seen.text) == [], f"{words}, LEAK_SEED={SEED}"
        assert seen.code in DOCUMENTED, seen


def test_a_secret_in_place_of_the_baseline_is_not_shown(mint: Mint) -> None:
    """
    The name of the file may be one, given in the wrong place.
    """
    oracle = Oracle(mint.made)
    for secret in (mint.token(), mint.key()):
        holding = _with_project(f'baseline = "{secret}"', _held("valid", mint))
        for words in ([], ["--write-baseline"], ["--format", "json"]):
            seen = runs.run(["check", *words], holding)
            assert oracle.leaks(seen.text) == [], f"{words}, LEAK_SEED={SEED}"
            assert seen.code == 2


@pytest.mark.parametrize(
    "table",
    [
        "[tool.workerctl]\n{key} = 1\n",
        "[tool.workerctl.{key}]\n{key} = 1\n",
        "[[tool.workerctl.ignore]]\n{key} = '{key}'\n",
        "[[tool.workerctl.target]]\n{key} = '{key}'\n",
        "[tool.workerctl.pipeline]\n{key} = '{key}'\n",
        "[[tool.workerctl.pipeline.stages]]\nname = 'a'\ntimeout = 1\n{key} = '{key}'\n",
        "[[tool.workerctl.pipeline.stages]]\nname = 'a'\ntimeout = '{key}'\n",
        "[tool.workerctl.rules]\n{key} = '{key}'\n",
        "[tool.workerctl.rules]\ndebug = {{ {key} = '{key}' }}\n",
        "[tool.workerctl.rules]\nDEBUG = {{ {key} = '{key}' }}\n",
        "[tool.workerctl.rules]\nDEBUG = {{ off = '{key}' }}\n",
    ],
)
def test_a_secret_in_a_table_of_the_project_is_not_shown(table: str, mint: Mint) -> None:
    """
    Neither in place of a key, nor of a value.
    """
    for make in (mint.token, mint.key):
        project = table.format(key=make()).encode()
        oracle = Oracle(mint.made)
        for words in ("check", "check --format json", "budget", "show-config", "diff a b"):
            seen = runs.run(words.split(), Holding(files={"pyproject.toml": project}))
            assert oracle.leaks(seen.text) == [], f"{words}: {table}, LEAK_SEED={SEED}"
            assert seen.code in DOCUMENTED, (words, seen)


def test_an_internal_error_shows_its_type_and_location_only(mint: Mint) -> None:
    """
    In every format, the exit code is 70 and the text of the exception is hidden.
    """
    holding = _with_project('checks = "team:TABLE"', _held("valid", mint))
    oracle = Oracle(mint.made)

    for invocation in invocations(every=False):
        seen = runs.run(invocation.with_sources(holding), holding)
        assert oracle.leaks(seen.text) == [], invocation
    seen = runs.run(["check", "--format", "json"], holding)
    assert seen.code == 70
    assert "Internal error: ValueError at workerctl/preflight.py:" in seen.text


SWITCHES = {
    "PYDANTIC_SETTINGS_DEBUG": "1",
    "TYPER_STANDARD_TRACEBACK": "1",
    "LOG_LEVEL": "DEBUG",
    "PYTHONDEVMODE": "1",
}


@pytest.mark.parametrize(
    "words",
    [
        "check",
        "check --format json",
        "show-config",
        "show-config --format json",
        "budget",
        "budget --format json",
        "keygen --id",
        "run",
        "check --settings team:Refusing",
        "check --settings team:missing --format json",
    ],
)
def test_debugging_options_of_libraries_do_not_leak(
    words: str, mint: Mint, directory: Path, run: Callable[..., CompletedProcess[str]]
) -> None:
    """
    A run with all these variables and the root logger at DEBUG leaks nothing, even if it fails.
    """
    (directory / "sitecustomize.py").write_text("import logging; logging.basicConfig(level=10)\n")
    (directory / "team.py").write_bytes(_TEAM.read_bytes())
    (directory / ENV_FILE).write_bytes(litter(mint))
    package = Path(workerctl.__file__).parents[1]
    paths = {"PYTHONPATH": os.pathsep.join([str(directory), str(package)])}

    program = ["--", "true"] if words == "run" else []
    good = run(*words.split(), *program, env={**SWITCHES, **paths, **valid(mint)})
    bad = run(*words.split(), "--env-file", ENV_FILE, *program, env={**SWITCHES, **paths})

    texts = (good.stdout, good.stderr, bad.stdout, bad.stderr)
    assert Oracle(mint.made).leaks("\n".join(texts)) == [], f"LEAK_SEED={SEED}"
    assert {good.returncode, bad.returncode} <= DOCUMENTED
