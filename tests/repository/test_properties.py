"""
Properties of the commands for any environment, env file and options: no crash and no leak.

`HYPOTHESIS_PROFILE=ci` tries 10 000 configurations with each command, the default profile 300;
`keygen --id` gets a tenth.
"""

import contextlib
import io
import json
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.leaks.holdings import SHAPES
from tests.leaks.oracle import Mint, Oracle
from workerctl import cli, output
from workerctl.commands.shared.world import World
from workerctl.schema.description import describe
from workerctl.settings import Settings

pytestmark = pytest.mark.generated

_SETTINGS = {setting.name: setting for setting in describe(Settings)}
# Settings that accept any text and show it, and so must not get a secret.
_OPEN = {
    name
    for name, field in Settings.model_fields.items()
    if not _SETTINGS[name].secret and field.annotation is str and not field.metadata
} | {"QUEUES"}
_OTHER_NAMES = (
    "LLM_CONNECT_TIMEOUT", "ENCRYPTION_KEY_V1", "ENCRYPTION_KEY_V0", "ENCRYPTION_KEY_V999",
    "LLM_TIMEOUT_SECOND", "LLM_TIMEOUT_SECONDSS", "REDIS_ULR", "OPENAI_API_KEYS", "SENTRY_DNS",
    "SUPABASE_SERVICE_ROLE_KEYS_OF_ALL", "PYDANTIC_SETTINGS_DEBUG", "OPENAI_LOG", "PATH", "HOME",
    "COLUMNS", "NO_COLOR", "A", "", "A B", "É", "\u0131", "ß_FILE", "_FILE", "X" * 300,
)  # fmt: skip
_TEXTS = (
    "", " ", "0", "1", "-1", "01", "1.0", "1e3", "1e999", "NaN", "inf", "١٢", "1_000", "+7", "3 0",
    "9" * 4299, "9" * 5000, "-" + "9" * 300, "true", "FALSE", "yes", "off", "2", "None", "null",
    "development", "staging", "production", "prod", "Production", " staging", "phase_2", "phase_3",
    "text", "json", "DEBUG", "debug", "WARN", "10", "50", "51", "trace",
    "30,60", "30,,60", ",", ",,,", "a,b,a", "[]", "[1]", '["a"]', "[1", "[[1]]", "[NaN]", "{}", "[",
    "[" * 3000, '["\\ud800"]', "1," * 500, "*", "*,https://a.example.net",
    "http://localhost", "https://a.example.net/b?c#d", "https://[::1]:1/", "http://[", "https://",
    "https://h:99999/", "https://h:-1/", "ftp://h/", "redis://", "redis://h:6379/0", "unix:///s",
    "rediss://u:p%40@h/15", "http://ex\u2100mple.net/", "//h", "h", "http:\\\\h", "https://h/\t",
    "changeme", "your-api-key-here", "sk-...", "<token>", "xxx", "a" * 64, "0123456789abcdef" * 4,
    "gpt-4o", "text-embedding-3-large", "e" * 100_000, "\x1b[2J", "\x00", "\u202e", "\ufeff",
    "[bold]", "[/]", "${HOME}", "${A:-b}", "${", "${}", "${A:-${B}}", "$A", "${É}", "'", '"', "\\",
    "# c", "a # c", "=", "a=b", "\r", "\x85", "\u2028", "\ud800", "\udcff",
)  # fmt: skip
_NUMBERS: tuple[str, ...] = (
    "0", "1", "2", "3", "0.5", "60", "300", "8192", "40000", "1e308", "9" * 400, "9" * 4300,
)  # fmt: skip
_NUMERIC = ("SECONDS", "RETRIES", "WAIT", "SIZE", "OVERLAP", "CHARS", "DIMENSIONS")
_FILES = ("mounted/token", "mounted/latin1", "mounted/nul", "mounted", "missing", "/dev/null", "")

_text = st.sampled_from(_TEXTS) | st.text(max_size=40)
_SPELLINGS: tuple[Callable[[str], str], ...] = (
    str, str, str, str, str.lower, str.title, "{}_FILE".format, "{}_file".format,
)  # fmt: skip


class Configuration(NamedTuple):
    """
    A process environment, an env file and options; the mint knows the secrets in them.
    """

    environ: dict[str, str]
    file: bytes
    options: list[str]
    mint: Mint


@st.composite
def _names(draw: st.DrawFn) -> str:
    known = st.sampled_from(sorted(_SETTINGS))
    name = draw(known | known | known | st.sampled_from(_OTHER_NAMES))
    spell: Callable[[str], str] = draw(st.sampled_from(_SPELLINGS))
    return spell(name)


def _value(draw: st.DrawFn, name: str, mint: Mint) -> str:
    """
    Draw a value: a path for a name that ends in `_FILE`, a text, or a secret where it is hidden.
    """
    if name.upper().endswith("_FILE"):
        return draw(st.sampled_from(_FILES) | _text)
    if name.upper() in _OPEN or draw(st.booleans()):
        return draw(_text)
    if name.endswith(_NUMERIC) and draw(st.booleans()):
        return draw(st.sampled_from(_NUMBERS))
    value = SHAPES[draw(st.sampled_from(sorted(SHAPES)))](mint)
    return value + draw(_text) if draw(st.integers(0, 7)) == 0 else value


def _line(draw: st.DrawFn, mint: Mint) -> str:
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([mint.token(), f"{mint.token()}=", "# c", "export A", "=a"]))
    name = draw(_names())
    form = draw(
        st.sampled_from(["{}={}"] * 5 + ["{}='{}'", '{}="{}"', "export {} = {} # c", "{}: {}"])
    )
    return form.format(name, _value(draw, name, mint))


@st.composite
def _configurations(draw: st.DrawFn) -> Configuration:
    mint = Mint(draw(st.integers(0, 2**32)))
    environ = {}
    for name in draw(st.lists(_names(), max_size=6)):
        environ[name] = _value(draw, name, mint)
    lines = [_line(draw, mint) for _ in range(draw(st.integers(0, 12)))]
    ending = draw(st.sampled_from(["\n", "\n", "\r\n", "\r"]))
    text = draw(st.sampled_from(["", "\ufeff"])) + ending.join([*lines, ""])
    file = text.encode("utf-8", draw(st.sampled_from(["replace", "surrogatepass"])))
    return Configuration(environ, file, draw(_options()), mint)


@st.composite
def _options(draw: st.DrawFn) -> list[str]:
    given_twice = st.sampled_from([["--env-file", "-"], ["--env-file", "-", "--env-file", "a.env"]])
    sources = draw(given_twice | st.just(["--no-env-file"]))
    more = [["--isolated"], ["--secrets-dir", "mounted"], ["--secrets-dir", "missing"]]
    return [*sources, *draw(st.sampled_from([[], [], *more]))]


_judging = st.lists(
    st.sampled_from(
        [
            ["--env", "development"], ["--env", "staging"], ["--env", "production"],
            ["--fail-on", "warning"], ["--fail-on", "info"], ["--fail-on", "never"],
            ["--phase", "build"], ["--quiet"], ["--verbose"], ["--select", "KEY,SET"],
            ["--ignore", "ENV004"], ["--ignore", "SET001"], ["--select", "NOPE"], ["--output", "o"],
        ]
    ),
    max_size=2,
)  # fmt: skip
_showing = st.lists(
    st.sampled_from([["--changed"], ["--group", "llm"], ["--no-origin"], ["REDIS_URL"], ["NOPE"]]),
    max_size=2,
)


@pytest.fixture(scope="module", autouse=True)
def _place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """
    Create a working directory that contains a few files.
    """
    with contextlib.chdir(tmp_path_factory.mktemp("place")):
        Path("mounted").mkdir()
        Path("mounted/token").write_text("some token\n")
        Path("mounted/latin1").write_bytes(b"caf\xe9")
        Path("mounted/nul").write_bytes(b"a\0b")
        Path("mounted/OPENAI_API_KEY").write_text("oai_from_a_directory\n")
        Path("a.env").write_text("ENV=staging\nDEBUG=true\n")
        yield


def _run(arguments: list[str], it: Configuration) -> tuple[int, str, str]:
    """
    Run a command; return its exit code, standard output and standard error.

    Assert that it neither leaks a secret nor prints a traceback.
    """
    out, err = io.StringIO(), io.StringIO()
    code = cli.run(arguments, World(dict(it.environ), io.BytesIO(it.file), out, err))
    leaks = Oracle(it.mint.made).leaks(out.getvalue() + err.getvalue())
    assert leaks == []
    assert "Traceback" not in err.getvalue()
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module", name="schemas")
def _schemas() -> dict[str, jsonschema.Draft202012Validator]:
    """
    Return validators for the JSON Schemas of the package.
    """
    folder = Path(output.__file__).parent
    return {
        name: jsonschema.Draft202012Validator(
            json.loads((folder / f"{name}.schema.json").read_text())
        )
        for name in ("report", "config", "budget")
    }


@given(it=_configurations(), more=_judging, form=st.sampled_from(["text", "json", "json", "json"]))
def test_check_ends_with_a_documented_exit_code(
    it: Configuration,
    more: list[list[str]],
    form: str,
    schemas: dict[str, jsonschema.Draft202012Validator],
) -> None:
    """
    The exit code is 0 to 2, since no built-in check crashes; the JSON matches it and its schema.
    """
    code, out, _ = _run(["check", "--format", form, *it.options, *chain(*more)], it)

    assert code in {0, 1, 2}
    words = {*chain(*more)}
    if words & {"-q", "--quiet"} and words & {"-v", "--verbose"}:
        assert (code, out) == (2, "")  # options that contradict each other
    elif form == "json" and ["--output", "o"] not in more:
        report = json.loads(out)
        assert report["exit_code"] == code
        assert report["summary"]["crashed"] == 0
        schemas["report"].validate(report)


@given(it=_configurations(), more=_showing, form=st.sampled_from(["table", "json", "env"]))
def test_show_config_ends_with_a_documented_exit_code(
    it: Configuration,
    more: list[list[str]],
    form: str,
    schemas: dict[str, jsonschema.Draft202012Validator],
) -> None:
    """
    The exit code is 0, or 2 if a source or a name does not exist; the JSON matches its schema.
    """
    code, out, _ = _run(["show-config", "--format", form, *it.options, *chain(*more)], it)

    assert code in {0, 2}
    if form == "json" and code == 0:
        schemas["config"].validate(json.loads(out))


@given(it=_configurations(), more=st.sampled_from([[], ["--fix"], ["--format", "json"]]))
def test_budget_shows_a_budget_or_an_error(
    it: Configuration, more: list[str], schemas: dict[str, jsonschema.Draft202012Validator]
) -> None:
    """
    The exit code is 0, 1 if a value is bad or has no remedy, or 2 if a source cannot be read.
    """
    code, out, err = _run(["budget", *more, *it.options], it)

    assert code in {0, 1, 2}
    assert out or err
    if "json" in more:
        schemas["budget"].validate(json.loads(out))


@settings(max_examples=settings().max_examples // 10)
@given(it=_configurations())
def test_keygen_prints_a_key_id_or_an_error(it: Configuration) -> None:
    """
    The exit code is 0, 1 without a strong key, or 2 if a source cannot be read.
    """
    code, out, err = _run(["keygen", "--id", *it.options], it)

    assert code in {0, 1, 2}
    assert bool(out) != bool(err)
