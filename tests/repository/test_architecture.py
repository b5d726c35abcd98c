"""
Rules for the whole package: what modules import, what every check and setting declares.
"""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer

import workerctl
from workerctl import checks, cli
from workerctl.checks.base import Check, titled
from workerctl.checks.table import CHECKS
from workerctl.output.formats import FORMATS
from workerctl.schema.declarations import declared
from workerctl.schema.description import describe
from workerctl.secrecy.credential_names import is_credential_name
from workerctl.settings import Settings

PACKAGE = Path(workerctl.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = Path(__file__).parents[1]

BLOCK = """
import importlib.abc, sys

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names}:
            raise ImportError(name + " is blocked")

sys.meta_path.insert(0, Blocked())
"""
LISTED = """
import atexit, sys
before = set(sys.modules)  # what the installation itself loads does not count
atexit.register(lambda: print(*set(sys.modules) - before, file=sys.stderr))
from workerctl.__main__ import main
main()
"""

# What pydantic-settings and pydantic import for features that no command uses; importlib.metadata
# imports `email`.
NEVER = "email asyncio.events"

# What only errors, messages, dumps and other settings classes need. pydantic.functional_serializers
# takes 1 % of a start.
UNWANTED_AT_BOOT = (
    "pydantic.functional_serializers",
    "workerctl.checks",
    "workerctl.preflight",
    "workerctl.report.results",
    "workerctl.report.suggest",
    "workerctl.report.type_names",
    "workerctl.schema.description",
    "workerctl.schema.foreign",
    "workerctl.schema.rejections",
    "workerctl.schema.secrets",
    "workerctl.secrecy.credential_names",
    "workerctl.secrecy.masking",
    "workerctl.secrecy.redaction",
)

EVERY_MODULE = pytest.mark.parametrize(
    "path", MODULES, ids=[str(path.relative_to(PACKAGE)) for path in MODULES]
)
EVERY_CHECK = pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.code)


def tree(path: Path) -> ast.Module:
    """
    Return the syntax tree of a module.
    """
    return ast.parse(path.read_text("utf-8"))


def imported(path: Path) -> Iterator[str]:
    """
    Yield the modules that a module imports, in any scope.
    """
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def python(code: str, *arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """
    Run code in a new interpreter.
    """
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


# ------------------------------------------------------------------------ imports of modules


@pytest.mark.parametrize(
    "code",
    [
        """
from workerctl.settings import Settings, get_settings, validate_encryption_key
assert get_settings().ENV == "development"
""",
        """
from workerctl import settings
from workerctl.schema.boot_rules import rules
from workerctl.schema import loading
view = loading.load(settings.Settings).view
assert [finding.code for finding in rules.boot_findings(view)] == ["KEY001"]
""",
        """
from workerctl.sources import envfile, expansion, names, project, reading
from workerctl.schema import introspection, vocabulary
""",
        """
from workerctl import keys, rules
from workerctl.report import errors
from workerctl.sources.forms.placeholders import recognition
from workerctl.report import suggest
from workerctl.secrecy import masking
from workerctl.report import findings
assert keys.form_problem(keys.generate()) is None
""",
        "from workerctl.sources.writing import atomic, envwrite",
        """
from workerctl.preflight import Request, preflight
assert preflight(Request()).exit_code == 0
""",
    ],
    ids=["settings", "rules", "sources", "keys", "writing", "preflight"],
)
def test_the_library_needs_neither_typer_nor_rich_nor_cryptography(
    directory: Path, environ: dict[str, str], code: str
) -> None:
    """
    A worker can import the library without these packages installed.
    """
    block = BLOCK.format(names={"typer", "rich", "cryptography", "click"})
    done = python(f"{block}\n{code}", environ={**environ, "PYTHONWARNINGS": "ignore"})

    assert (done.returncode, done.stderr) == (0, "")


def test_the_block_blocks(environ: dict[str, str]) -> None:
    """
    The import hook that these tests use does block an import.
    """
    done = python(f"{BLOCK.format(names={'typer'})}\nimport workerctl.cli", environ=environ)

    assert "ImportError: typer is blocked" in done.stderr


@pytest.mark.parametrize(
    ("command", "unwanted"),
    [
        ("--version", "typer pydantic pydantic_settings rich asyncio dotenv cryptography"),
        ("keygen", "typer pydantic pydantic_settings rich asyncio dotenv cryptography"),
        ("--help", "pydantic_settings dotenv rich asyncio.events cryptography workerctl.checks"),
        ("check --help", "pydantic_settings dotenv rich cryptography workerctl.checks"),
        ("check --nonsense", "pydantic_settings dotenv rich cryptography workerctl.checks"),
        ("check", f"{NEVER} rich typer cryptography redis httpx rq yaml"),
        (
            "show-config",
            f"{NEVER} rich typer cryptography redis httpx rq workerctl.checks",
        ),
        ("budget", f"{NEVER} rich typer cryptography redis httpx rq"),
        ("check --format json", f"{NEVER} rich cryptography redis httpx rq"),
        ("check --env-file good.env", "rich redis httpx rq yaml"),
        (
            "show-config --env-file good.env",
            f"{NEVER} rich cryptography redis httpx rq",
        ),
        ("show-config ENV --env-file good.env", "rich cryptography redis httpx rq"),
        ("run --no-env-file -- no-such-program", "rich cryptography redis httpx rq"),
        (
            "budget --no-env-file",
            "rich cryptography redis httpx rq workerctl.commands.budget.drawing.svg",
        ),
        ("budget --format json --no-env-file", "rich cryptography redis httpx rq"),
        ("explain", "rich cryptography redis httpx rq"),
        ("explain KEY004", "rich cryptography redis httpx rq"),
        ("explain KEY004 --format markdown", "rich cryptography redis httpx rq"),
        (
            "diff good.env ./good.env",
            f"{NEVER} rich typer cryptography redis httpx rq yaml workerctl.checks.table",
        ),
        ("schema", f"{NEVER} rich cryptography redis httpx rq yaml workerctl.checks"),
        ("schema --format compose", "rich cryptography redis httpx rq yaml workerctl.checks"),
    ],
)
def test_a_command_imports_only_what_it_needs(
    environ: dict[str, str], good: Path, command: str, unwanted: str
) -> None:
    """
    No command loads modules that would slow its start-up.
    """
    done = python(LISTED, *command.split(), environ=environ)
    modules = set(done.stderr.splitlines()[-1].split())

    assert "workerctl" in modules
    assert not modules.intersection(unwanted.split())


def test_no_module_of_a_check_compiles_a_pattern(environ: dict[str, str], good: Path) -> None:
    """
    A pattern is compiled by the first use, because few of them are used in a run.
    """
    modules = python(LISTED, "check", environ=environ).stderr.splitlines()[-1].split()
    own = [find_spec(name) for name in modules if name.partition(".")[0] == "workerctl"]
    sources = [Path(each.origin) for each in own if each is not None and each.origin]

    assert len(sources) > 50
    assert [
        path for path in sources if re.search(r"(?m)^\S.*\bre\.compile\(", path.read_text())
    ] == []


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import workerctl.settings", "workerctl.keys"),
        ("from workerctl.settings import get_settings; get_settings()", "workerctl.commands"),
    ],
    ids=["import", "boot"],
)
def test_a_boot_imports_only_what_it_needs(
    environ: dict[str, str], good: Path, code: str, unwanted: str
) -> None:
    """
    A worker that boots without findings loads nothing that only errors, dumps or messages need.
    """
    good.rename(good.with_name(".env"))
    done = python(f"{code}\nimport sys\nprint(*sys.modules)", environ=environ)
    modules = set(done.stdout.split())

    assert "workerctl.settings" in modules
    assert modules.isdisjoint({unwanted, *UNWANTED_AT_BOOT})


@EVERY_MODULE
@pytest.mark.any_python
def test_no_module_has_a_forbidden_import(path: Path) -> None:
    """
    No module imports click, which Typer no longer depends on, or random, which is not secure.
    """
    roots = {name.partition(".")[0] for name in imported(path)}

    assert roots.isdisjoint({"click", "random"})


@EVERY_MODULE
@pytest.mark.any_python
def test_no_module_imports_the_command_line(path: Path) -> None:
    """
    Only the entry point, `__main__`, imports `workerctl.cli`.
    """
    if path.name != "__main__.py":
        assert "workerctl.cli" not in set(imported(path))


# -------------------------------------------------------------------------------------- syntax


@EVERY_MODULE
@pytest.mark.any_python
def test_nothing_is_asserted_outside_tests(path: Path) -> None:
    """
    The package has no assert statements, because PYTHONOPTIMIZE removes them.
    """
    assert not [node.lineno for node in ast.walk(tree(path)) if isinstance(node, ast.Assert)]


@pytest.mark.any_python
def test_every_record_has_the_base_class_of_records() -> None:
    """
    No module defines a named tuple or a dataclass, whose creation takes longer.
    """
    classes = [
        (path, node)
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    ]
    bases = [
        (path, [*map(ast.unparse, (*one.bases, *one.decorator_list))]) for path, one in classes
    ]

    assert sum("Record" in names for _, names in bases) > 100
    assert [
        path for path, names in bases if re.search("NamedTuple|dataclass(?!_)", " ".join(names))
    ] == []


@EVERY_MODULE
@pytest.mark.any_python
def test_no_call_reads_the_values_of_an_error(path: Path) -> None:
    """
    Every call of pydantic's errors() excludes the values, which it includes by default.

    The context of an error has the exception of a validator, whose traceback is used in one place.
    """
    uses_traceback = path.match("schema/foreign/rejected/mapping.py")
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        if node.func.attr == "errors":
            options = {word.arg: ast.unparse(word.value) for word in node.keywords}
            excluded = ["include_input", "include_url"]
            if not uses_traceback:
                excluded.append("include_context")
            assert options == dict.fromkeys(excluded, "False")
        assert node.func.attr not in {"model_dump_json", "load_dotenv"}


@EVERY_MODULE
@pytest.mark.any_python
def test_no_exception_is_raised_in_a_handler(path: Path) -> None:
    """
    A handler only re-raises the exception that it handles.

    A new exception would keep the old one, which may hold a value, as its context, even with
    `from None`.
    """
    for handler in ast.walk(tree(path)):
        if isinstance(handler, ast.ExceptHandler):
            raised = [node for node in ast.walk(handler) if isinstance(node, ast.Raise)]
            assert all(node.exc is None for node in raised), handler.lineno


@EVERY_MODULE
@pytest.mark.any_python
def test_every_module_has_a_docstring(path: Path) -> None:
    """
    Every module of the package has a docstring.
    """
    assert ast.get_docstring(tree(path))


# -------------------------------------------------------------------------------------- checks


def defined() -> dict[str, Check]:
    """
    Return every check that a module of workerctl.checks defines, by its qualified name.
    """
    found = {}
    for module in pkgutil.walk_packages(checks.__path__, "workerctl.checks."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Check):
                found[f"{module.name}.{name}"] = value
    return found


def test_every_check_is_in_the_table() -> None:
    """
    The table contains every check that is defined; a check outside it would never run.
    """
    assert set(map(id, defined().values())) == set(map(id, CHECKS))


def test_codes_are_unique_and_of_one_form() -> None:
    """
    A code is three letters and three digits; codes and titles are unique.
    """
    codes = [check.code for check in CHECKS]

    assert all(re.fullmatch("[A-Z]{3}[0-9]{3}", code) for code in codes)
    assert len(set(codes)) == len(codes)
    assert len({check.title for check in CHECKS}) == len(codes)


@EVERY_CHECK
def test_every_check_has_a_manual(check: Check) -> None:
    """
    The docstring of a check says what it verifies, why that matters and how to fix it, in order.
    """
    paragraphs = (check.run.__doc__ or "").strip().split("\n\n")
    starts = [paragraph.strip().partition(" ")[0] for paragraph in paragraphs]

    assert starts[-2:] == ["Why:", "Fix:"]
    assert starts[0] not in {"Why:", "Fix:"}
    assert all(paragraph.strip().endswith(".") for paragraph in paragraphs)


@EVERY_CHECK
def test_every_check_has_a_claim(check: Check) -> None:
    """
    The title is one line without a full stop, which is true when the check passes.
    """
    title = titled(check, declared(Settings))

    assert title
    assert title[0].isupper()
    assert not title.endswith(".")
    assert len(title) <= 70


@pytest.mark.parametrize("file", sorted((PACKAGE / "checks").rglob("*.py")), ids=str)
def test_no_check_names_a_field_of_the_built_in_schema(file: Path) -> None:
    """
    Checks judge what is declared at the fields of any class, so they name no field of one.
    """
    words = set(re.findall(r"\w+", file.read_text("utf-8")))

    # DEBUG is also the name of a logging level.
    assert words.isdisjoint(Settings.model_fields.keys() - {"DEBUG"})
    assert not re.search(r"\bDEBUG (is|must)|settings\.DEBUG|DEBUG=", file.read_text("utf-8"))


@EVERY_CHECK
def test_every_check_reads_settings_that_exist(check: Check) -> None:
    """
    A check declares existing settings only, and requires a check that precedes it in the table.
    """
    named = {name for name in vars_of(check) if re.fullmatch("[A-Z][A-Z0-9_]+", name)}
    codes = [one.code for one in CHECKS]

    assert named <= set(Settings.model_fields)
    if check.requires is not None:
        assert codes.index(check.requires) < codes.index(check.code)


def vars_of(check: Check) -> Iterator[str]:
    """
    Yield the names of settings that a check declares.
    """
    for slot in ("reads", "demands", "looks_at"):
        yield from getattr(check, slot, ())


@EVERY_CHECK
def test_every_check_is_tested(check: Check) -> None:
    """
    A test calls the function or the table entry of each check, or expects its code.
    """
    (name,) = [name for name, one in defined().items() if one is check]
    module, entry = name.split(".")[-2:]
    words = (check.run.__name__, f"{module}.{entry}", f'"{check.code}"')
    tests = [path for path in TESTS.rglob("test_*.py") if path != Path(__file__)]

    assert any(word in path.read_text("utf-8") for path in tests for word in words)


# ------------------------------------------------------------------------------------ settings


def test_what_looks_like_a_credential_is_secret() -> None:
    """
    A setting named like a credential is secret, or public with a reason that `show-config` shows.
    """
    for setting in describe(Settings):
        if is_credential_name(setting.name):
            assert setting.secret != bool(setting.public), setting.name


def test_what_may_hold_a_password_is_secret() -> None:
    """
    URLs that can contain a password are secret: those of Redis, a webhook, Sentry or a database.
    """
    for setting in describe(Settings):
        if re.search("REDIS|WEBHOOK_URL|DSN|DATABASE", setting.name):
            assert setting.secret, setting.name


def test_no_default_is_a_secret() -> None:
    """
    Defaults contain no secrets, because help, schema and documentation show them.
    """
    for setting in describe(Settings):
        if setting.secret:
            text = setting.default.get_secret_value()
            assert not text or re.fullmatch("redis://localhost:6379/0", text), setting.name


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_is_described(name: str) -> None:
    """
    Every setting has a description that is a sentence, a group, and a description of its values.
    """
    (setting,) = [setting for setting in describe(Settings) if setting.name == name]

    assert setting.description.endswith(".")
    assert setting.group != "other"
    assert setting.expects


# -------------------------------------------------------------------------------- command line


def test_the_formats_are_those_of_the_option() -> None:
    """
    The formats that the option accepts are those that the table of formats contains.
    """
    app: Any = typer.main.get_command(cli.app)
    (option,) = (each for each in app.commands["check"].params if each.name == "format")

    assert set(re.findall(r"[a-z]+", option.help.partition(";")[0])) - {"or"} == set(FORMATS)


def test_the_commands_are_those_of_the_program() -> None:
    """
    The commands that usage errors list are those of the Typer application.
    """
    app: Any = typer.main.get_command(cli.app)

    assert sorted(cli._COMMANDS) == sorted(app.commands)


def test_no_option_takes_a_secret() -> None:
    """
    No option is named like a credential, because every user can read a process's arguments.
    """
    app: Any = typer.main.get_command(cli.app)
    for command in app.commands.values():
        for param in command.params:
            names = set(param.opts) - {"--secrets-dir"}  # which takes a path
            assert not any(map(is_credential_name, names)), names


def test_help_shows_no_setting(run: Any) -> None:
    """
    No value of the environment appears in the help of a command.
    """
    for command in cli._COMMANDS:
        env = dict.fromkeys(Settings.model_fields, "v4lu3")
        assert "v4lu3" not in run(command, "--help", env=env).stdout
