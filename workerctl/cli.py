"""
The command line: one function per command, which passes its options on and returns the exit code.

Each command imports what it needs when it runs, so that `--help` is fast.
"""

from copy import copy
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from workerctl import __version__
from workerctl.commands.shared.options import (
    Command,
    Compose,
    Container,
    EnvFiles,
    FailOn,
    Formats,
    Ignored,
    Isolated,
    JudgeAs,
    Kubernetes,
    Name,
    NamedEnvFiles,
    NoEnvFile,
    Pair,
    SecretsDir,
    Service,
    SettingsClass,
    Targets,
    Topic,
    Workload,
)
from workerctl.report.exit_codes import ExitCode

if TYPE_CHECKING:
    from workerctl.commands.shared.world import World
    from workerctl.report.findings import Severity
    from workerctl.sources.options import Options

_COMMANDS = (
    *("budget", "check", "diff", "explain", "init", "keygen", "run", "schema"),
    "show-config",
)

app = typer.Typer(
    name="workerctl",
    help="Preflight for background workers: check the configuration before it runs.",
    # The frames that rich draws would truncate option names on a narrow terminal.
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(requested: bool) -> None:
    if requested:
        typer.echo(f"workerctl {__version__}")
        raise typer.Exit


@app.callback()
def _app(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """
    Preflight for background workers: check the configuration before it runs.
    """


@app.command()
def check(
    context: typer.Context,
    words: Targets = None,
    env_file: EnvFiles = None,
    no_env_file: NoEnvFile = False,
    secrets_dir: SecretsDir = None,
    isolated: Isolated = False,
    env: JudgeAs = None,
    settings: SettingsClass = None,
    compose: Compose = None,
    service: Service = None,
    kubernetes: Kubernetes = None,
    workload: Workload = None,
    container: Container = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODES", help="Run only these checks: codes or prefixes like KEY,ENV004."
        ),
    ] = None,
    ignore: Ignored = None,
    fail_on: FailOn = "error",
    format: Formats = None,  # noqa: A002 -- the option's name
    output: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write the report to this file, and a summary to stderr; - is standard output.",
        ),
    ] = None,
    annotations: Annotated[
        bool,
        typer.Option(
            "--annotations/--no-annotations",
            help="In GitHub Actions, write annotations after the text report.",
        ),
    ] = True,
    phase: Annotated[
        Literal["build", "run"] | None,
        typer.Option(
            help="In the build phase, secrets may be missing: their checks are deferred. "
            "The default is that of the target, or else run."
        ),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="Show only findings that fail the run.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Also list every check that passed.")
    ] = False,
    write_baseline: Annotated[
        bool,
        typer.Option(
            "--write-baseline",
            help="Write the findings to the baseline instead of a report; they fail no later run.",
        ),
    ] = False,
    diff_from: Annotated[
        str | None,
        typer.Option(
            metavar="REV",
            help="Only count the findings in files that have changed since this revision of git.",
        ),
    ] = None,
) -> int:
    """
    Check the configuration. The exit code is 1 if a finding reaches the severity of --fail-on.

    Each FILE is checked alone, as with --isolated --env-file FILE, for the environment that it
    names or that of --env.
    """
    from workerctl.commands.check.command import Living, execute
    from workerctl.commands.check.destinations import destinations
    from workerctl.output.formats import Detail
    from workerctl.preflight import Request
    from workerctl.report.errors import UsageError

    if quiet and verbose:
        raise UsageError("--quiet and --verbose cannot be combined.", "Drop one of them.")
    if write_baseline and (format or output or diff_from is not None):
        raise UsageError(
            "--write-baseline cannot be combined with --format, --output or --diff-from.",
            "Write the baseline first, and then the report.",
        )
    options = _options(env_file, no_env_file, secrets_dir, isolated, settings)
    named = (tuple(compose or ()), service, tuple(kubernetes or ()), workload, container)
    if any(each not in {None, ()} for each in named):
        from workerctl.commands.check.manifests import Given, with_manifest

        options = with_manifest(options, Given(*named))
    severity = _severity(fail_on)
    request = Request(
        options=options,
        env=env,
        selected=tuple(select or ()),
        ignored=tuple(ignore or ()),
        fail_on=severity,
        phase=phase,
    )
    to = destinations(format or (), output)
    annotate = annotations and not format
    detail = Detail(quiet, verbose)
    living = Living(write_baseline, diff_from)
    return execute(context.obj, request, words or (), to, detail, living=living, annotate=annotate)


@app.command()
def diff(
    context: typer.Context,
    words: Pair = None,
    settings: SettingsClass = None,
    format: Annotated[  # noqa: A002 -- the option's name
        Literal["text", "json"], typer.Option(help="The format of the comparison.")
    ] = "text",
    only: Annotated[
        Literal["names", "values", "secrets"] | None,
        typer.Option(
            metavar="KIND",
            help="Show only names that one of them lacks, values that differ, or secrets.",
        ),
    ] = None,
    exit_code: Annotated[
        bool,
        typer.Option("--exit-code", help="Exit with 1 if there is a difference that is shown."),
    ] = False,
) -> int:
    """
    Compare two configurations. Secrets are the same or different, and never shown.

    A value counts as the settings class reads it. A secret that two environments share is pointed
    out (SEC001), and is a difference for --exit-code.
    """
    from workerctl.commands.diff.command import DiffOptions, execute

    return execute(context.obj, words or (), settings, DiffOptions(format, only, exit_code))


@app.command()
def init(
    context: typer.Context,
    settings: SettingsClass = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Show what would be written; import and check nothing."),
    ] = False,
) -> int:
    """
    Find the project's settings class, configure and check it.

    The class is found without importing anything, and named in pyproject.toml. A table
    [tool.workerctl] that exists is never changed. After the report come the next steps: targets, a
    baseline, the hook and the job of CI. The exit code is that of the check.
    """
    from workerctl.commands.init.command import execute

    return execute(context.obj, settings, dry_run=dry_run)


@app.command()
def keygen(
    context: typer.Context,
    write: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Set ENCRYPTION_KEY in this env file and print no key."),
    ] = None,
    add: Annotated[
        bool, typer.Option("--add", help="Add a new key to the file that only decrypts for now.")
    ] = False,
    rotate: Annotated[
        bool,
        typer.Option(
            "--rotate", help="Make the added key current, or a new one if none was added."
        ),
    ] = False,
    start: Annotated[
        int | None,
        typer.Option(
            "--from", metavar="N", help="With --rotate: rotate only if version N is current."
        ),
    ] = None,
    retire: Annotated[
        int | None,
        typer.Option(metavar="N", help="Remove version N from the file, once no data needs it."),
    ] = None,
    in_use: Annotated[
        int | None,
        typer.Option(
            metavar="COUNT", min=0, help="With --retire: how many values still need N; must be 0."
        ),
    ] = None,
    canary: Annotated[
        bool, typer.Option("--canary", help="Print a public token that only the current key opens.")
    ] = False,
    context_: Annotated[
        str | None,
        typer.Option(
            "--context", metavar="TEXT", help="With --canary: the context to which it is bound."
        ),
    ] = None,
    identify: Annotated[
        bool, typer.Option("--id", help="Show the ids of the configured keys.")
    ] = False,
    env_file: EnvFiles = None,
    no_env_file: NoEnvFile = False,
    secrets_dir: SecretsDir = None,
    isolated: Isolated = False,
) -> int:
    """
    Generate an encryption key, or rotate the keys of a file.

    Without options, 64 hexadecimal characters are written to standard output, and nothing else.
    """
    from workerctl.commands.keygen.command import KeygenOptions, execute

    options = _options(env_file, no_env_file, secrets_dir, isolated, None)
    action = KeygenOptions(
        write=write,
        add=add,
        rotate=rotate,
        start=start,
        retire=retire,
        in_use=in_use,
        canary=canary,
        context=context_,
        identify=identify,
    )
    return execute(context.obj, action, options)


@app.command("show-config")
def show_config(
    context: typer.Context,
    name: Name = None,
    env_file: EnvFiles = None,
    no_env_file: NoEnvFile = False,
    secrets_dir: SecretsDir = None,
    isolated: Isolated = False,
    env: JudgeAs = None,
    settings: SettingsClass = None,
    format: Annotated[  # noqa: A002 -- the option's name
        Literal["table", "json", "env"], typer.Option(help="The format of the list.")
    ] = "table",
    changed: Annotated[
        bool, typer.Option("--changed", help="Show only settings that differ from their default.")
    ] = False,
    group: Annotated[
        str | None, typer.Option(metavar="NAME", help="Show only the settings of this group.")
    ] = None,
    origin: Annotated[
        bool, typer.Option("--origin/--no-origin", help="Whether to show where values come from.")
    ] = True,
) -> int:
    """
    Show every setting with its value and its origin. Secrets are masked.
    """
    from workerctl.commands.show_config.command import ShowConfigOptions, execute

    options = _options(env_file, no_env_file, secrets_dir, isolated, settings)
    show = ShowConfigOptions(
        name=name, group=group, changed=changed, env=env, format=format, origin=origin
    )
    return execute(context.obj, options, show)


@app.command()
def budget(
    context: typer.Context,
    env_file: EnvFiles = None,
    no_env_file: NoEnvFile = False,
    secrets_dir: SecretsDir = None,
    isolated: Isolated = False,
    env: JudgeAs = None,
    settings: SettingsClass = None,
    format: Annotated[  # noqa: A002 -- the option's name
        Literal["text", "json"], typer.Option(help="The format of the budget.")
    ] = "text",
    svg: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Also write the drawing to this file, as SVG; - is standard output, which then "
            "gets nothing else.",
        ),
    ] = None,
    fix: Annotated[
        bool,
        typer.Option("--fix", help="Print only the smallest fix, as lines of an env file."),
    ] = False,
) -> int:
    """
    Draw the worst-case time of a job against its timeout. Every attempt and every wait counts.
    """
    from workerctl.commands.budget.command import BudgetOptions, execute
    from workerctl.preflight import Request
    from workerctl.report.errors import UsageError

    if fix and format == "json":
        raise UsageError(
            "--fix and --format json cannot be combined.",
            "With --format json, see `remedies` in the document.",
        )
    if svg == "-" and (fix or format == "json"):
        other = "--fix" if fix else "--format json"
        raise UsageError(f"--svg - and {other} cannot be combined.", "Write the SVG to a file.")
    options = _options(env_file, no_env_file, secrets_dir, isolated, settings)
    return execute(context.obj, Request(options, env), BudgetOptions(format, svg, fix))


@app.command()
def explain(
    context: typer.Context,
    name: Topic = None,
    format: Annotated[  # noqa: A002 -- the option's name
        Literal["text", "markdown"], typer.Option(help="The format of the page.")
    ] = "text",
) -> int:
    """
    Explain a check, a setting or an area. Without an argument, list the checks.

    An area is the beginning of codes, such as KEY, or a group of settings.
    """
    from workerctl.commands.explain.command import execute

    return execute(context.obj, name, format)


@app.command()
def schema(
    context: typer.Context,
    settings: SettingsClass = None,
    format: Annotated[  # noqa: A002 -- the option's name
        Literal["env", "json-schema", "markdown", "kubernetes", "compose"],
        typer.Option(help="What to generate."),
    ] = "env",
    output: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Write this file, unless it holds anything else; - is standard output.",
        ),
    ] = None,
    check: Annotated[
        str | None,
        typer.Option(
            metavar="FILE", help="Only check whether this file is current: exit 1 if it is stale."
        ),
    ] = None,
) -> int:
    """
    Generate a template or a schema from the settings class.

    The formats are env files, JSON Schemas, references and manifests. No value is read, and no
    default of a secret is written.
    """
    from workerctl.commands.schema.command import SchemaOptions, execute

    return execute(context.obj, settings, SchemaOptions(format, output, check))


@app.command(
    "run",
    # Everything from the first argument on belongs to the command, even without `--`.
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS] --",
)
def run_command(
    context: typer.Context,
    command: Command = None,
    env_file: NamedEnvFiles = None,
    no_env_file: NoEnvFile = False,
    secrets_dir: SecretsDir = None,
    env: JudgeAs = None,
    settings: SettingsClass = None,
    ignore: Ignored = None,
    fail_on: FailOn = "error",
) -> int:
    """
    Check the configuration, then run a command.

    If the check fails, the report is written to standard error, the exit code is that of `check`,
    and the command is not started. Otherwise nothing is written, and the command replaces this
    process: it keeps the process id and the streams, and determines the exit code. As in shells,
    that is 127 for a command that was not found, and 126 for one that cannot be executed.

    The command reads the settings from the sources that were checked, whatever its working
    directory. It gets WORKERCTL_ENV_FILE, WORKERCTL_SECRETS_DIR and WORKERCTL_SETTINGS, which name
    the sources that were given. A settings class of pydantic-settings does not read these
    variables, so its command also gets the values of the env files and secrets as variables.
    """
    from workerctl.commands.run.command import execute
    from workerctl.preflight import Request

    options = _options(env_file, no_env_file, secrets_dir, False, settings)
    request = Request(options, env, ignored=tuple(ignore or ()), fail_on=_severity(fail_on))
    return execute(context.obj, request, command or [])


def run(arguments: list[str], world: "World | None" = None) -> int:
    """
    Run the command line and return its exit code. Every error is printed as one sentence.
    """
    from workerctl.commands.shared.world import World

    world = world or World.real()
    installs_completion = arguments[:1] == ["--install-completion"]
    if installs_completion and not world.environ.get("HOME"):
        from workerctl.commands.shared.usage import NO_HOME

        return world.output.print_problem(NO_HOME)
    name = arguments[0] if arguments and arguments[0] in _COMMANDS else None
    command = _click_command(name)
    try:
        code = command.main(arguments or ["--help"], "workerctl", standalone_mode=False, obj=world)
    except typer.TyperException as error:
        from workerctl.commands.shared.usage import usage_problem

        commands = getattr(_click_command(None), "commands", {})
        return world.output.print_problem(usage_problem(error, arguments, commands))
    except (typer.Abort, KeyboardInterrupt):
        return ExitCode.INTERRUPTED
    except SystemExit as end:
        # Typer exits like this after a completion, and when the reader of the help has left.
        if not isinstance(end.__context__, OSError):
            return ExitCode.USAGE if end.code else ExitCode.OK
        code = ExitCode.OK
    except Exception as error:  # noqa: BLE001 -- the one boundary: no traceback, no value
        if installs_completion and isinstance(error, OSError):
            from workerctl.commands.shared.usage import NOT_INSTALLED

            return world.output.print_problem(NOT_INSTALLED)
        return world.print_error(error)
    return int(code or 0) if arguments else ExitCode.USAGE


@cache
def _click_command(name: str | None) -> Any:
    """
    Return what Typer makes of the app: of all commands or, in less time, of the named one.
    """
    if name is None:
        return typer.main.get_command(app)
    single = copy(app)
    single.registered_commands = [
        command for command in app.registered_commands if _name(command) == name
    ]
    return typer.main.get_command(single)


def _name(command: typer.models.CommandInfo) -> str:
    return command.name or str(getattr(command.callback, "__name__", ""))


def _options(
    env_file: list[str] | None,
    no_env_file: bool,
    secrets_dir: str | None,
    isolated: bool,
    settings: str | None,
) -> "Options":
    from workerctl.report.errors import UsageError
    from workerctl.sources.options import Options

    if env_file and no_env_file:
        raise UsageError("--env-file and --no-env-file cannot be combined.", "Drop one of them.")
    files = () if no_env_file else tuple(env_file) if env_file else None
    return Options(files, secrets_dir, isolated, settings)


def _severity(name: str) -> "Severity | None":
    from workerctl.report.findings import Severity

    return None if name == "never" else Severity[name.upper()]
