"""
The whole flow of a preflight: sources → Settings → checks → report.

`preflight` is the flow itself; the functions below it are its steps, in the same order.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import redirect_stdout
from datetime import date, datetime, timezone
from typing import BinaryIO, TypeVar

from workerctl.budget.lookup import pipeline_of
from workerctl.budget.pipeline import PIPELINE
from workerctl.checks.base import Check, Context, Other
from workerctl.checks.engine.run import redacted_suppressions, run, secret_texts
from workerctl.checks.engine.select import require_code, select
from workerctl.report.errors import ProjectError, UsageError, problem_of
from workerctl.report.exit_codes import ExitCode
from workerctl.report.findings import ALWAYS, Phase, Severity
from workerctl.report.records import Record
from workerctl.report.results import Problem, Report, Result
from workerctl.schema import declarations
from workerctl.schema.boot_rules.view import environment_of, judged_as
from workerctl.schema.loading import Loaded, load
from workerctl.secrecy.masking import MASK
from workerctl.settings import Settings
from workerctl.sources.options import Options
from workerctl.sources.project import Project

Made = TypeVar("Made")

_OF_ANY_VARIABLE = frozenset({"DEP008", "ENV004", "SET009"})
"""The checks that also report variables of env files and manifests that are not in the schema."""

_CODE = r"[A-Z]{2,8}[0-9]{1,4}"


class Request(Record):
    """
    What to check, and how strictly.

    `env` applies the rules of another environment than the configuration's own, and `env_by` is
    what the report says chose it. `selected` and `ignored` hold codes or prefixes, comma-separated.
    With `fail_on` None no finding fails the run. `phase` None means "run"; commands fill in that of
    a target before. `starting` omits the checks that a worker should not run when it boots, and
    `running` says that a command is going to read the sources as they are.
    """

    options: Options = Options()
    env: str | None = None
    env_by: str = "--env"
    selected: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.ERROR
    phase: Phase | None = None
    starting: bool = False
    running: bool = False


def preflight(
    request: Request,
    *,
    environ: MutableMapping[str, str] = os.environ,
    stdin: BinaryIO | None = None,
    today: date | None = None,
    project: Project | None = None,
) -> Report:
    """
    Check a configuration, and return a report with a finding for everything that is wrong.

        preflight(Request(env="production")).exit_code

    Raises SourceError, ProjectError or UsageError if there is nothing that could be checked.
    """
    loaded = load(Settings, request.options, environ=environ, stdin=stdin, project=project)
    return judge(loaded, request, today)


def judge(
    loaded: Loaded,
    request: Request,
    today: date | None = None,
    others: tuple[Other, ...] = (),
) -> Report:
    """
    Check a loaded configuration. `others` are the other ones of the same run.

    Raises ProjectError or UsageError if the project or the request is not valid.
    """
    table = check_table(loaded.project)
    codes = [check.code for check in table]
    selection = select(codes, request.selected, request.ignored)
    _require_valid_suppressions(loaded, codes)
    context = context_of(loaded, request, today).replace(others=others)
    to_run = tuple(
        check
        for check in table
        if (check.boot or not request.starting)
        and (loaded.manifest is not None or not check.deploy)
    )
    results = run(context, to_run, selection)
    return report_of(loaded, context, results, request.fail_on, request.env_by)


def check_table(project: Project) -> tuple[Check, ...]:
    """
    Return all checks in the order in which they run: the built-in ones and those of the project.

    Raises ProjectError if the project names an object that is not a table of checks.
    """
    from workerctl.checks.table import CHECKS, table  # comparing two configurations needs none

    codes = {check.code for check in CHECKS}
    added: list[Check] = []
    for target in project.checks:
        from workerctl.sources import modules  # most projects have no checks

        found = modules.load(project, target)
        if not isinstance(found, Iterable):
            raise ProjectError(f"{target} is not a table of checks.", "Make it a tuple of Check.")
        for check in found:
            _require_valid_check(check, target, codes)
            codes.add(check.code)
            added.append(check)
    return table(added)


def _require_valid_check(check: object, target: str, codes: Iterable[str]) -> None:
    if not isinstance(check, Check):
        raise ProjectError(f"{target} contains an object that is not a Check.")
    if not re.fullmatch(_CODE, check.code, re.ASCII):
        raise ProjectError(
            f"{target} contains a check whose code does not have the form ABC123.",
            "Use 2 to 8 capital letters followed by 1 to 4 digits.",
        )
    if check.code in codes:
        raise ProjectError(f"The code {check.code} in {target} is already in use.")


def _require_valid_suppressions(loaded: Loaded, codes: Iterable[str]) -> None:
    for suppression in loaded.suppressions:
        written = suppression.written
        require_code(codes, suppression.code, "" if written is None else f"{written} names")
        if suppression.code in ALWAYS:
            at = "" if written is None else f" at {written}"
            entry = "its entry from pyproject.toml" if written is None else "the comment"
            raise UsageError(
                f"{suppression.code} cannot be suppressed{at}: all other results depend on it.",
                f"Delete {entry}.",
            )
        if suppression.field is not None:
            _require_known_field(loaded, suppression.code, suppression.field)


def _require_known_field(loaded: Loaded, code: str, field: str) -> None:
    from workerctl.checks.table import CHECKS

    if code in _OF_ANY_VARIABLE or code not in {check.code for check in CHECKS}:
        return
    if field not in loaded.schema.variables and loaded.values.names.resolve(field) is None:
        raise ProjectError(
            f"The suppression of {code} names {field}, which is not a field of "
            f"{loaded.schema.settings_class.__name__}.",
            declarations.did_you_mean(loaded.schema, field),
        )


def context_of(loaded: Loaded, request: Request, today: date | None = None) -> Context:
    """
    Return what the checks may see of a loaded configuration.

    Raises ProjectError if the project declares a pipeline that is not valid.
    """
    context = Context(
        settings=loaded.settings,
        values=loaded.values,
        schema=loaded.schema,
        env=judged_as(loaded.view, request.env),
        judged_by_option=request.env is not None,
        invalid=loaded.invalid,
        schema_findings=loaded.findings,
        suppressions=loaded.suppressions,
        today=today or datetime.now(timezone.utc).date(),  # noqa: UP017 -- one import less
        phase=request.phase or "run",
        starting=request.starting or request.running,
        rendered_by=loaded.project.rendered_by,
        manifest=loaded.manifest,
        later=loaded.later,
        perhaps=loaded.perhaps,
    )
    if any(each.written is not None for each in context.suppressions):
        context = context.replace(suppressions=redacted_suppressions(context))
    pipeline = pipeline_of(loaded.schema, loaded.project)
    if pipeline is None or pipeline is PIPELINE:
        return context.replace(pipeline=pipeline)
    from workerctl.secrecy.redaction import Redactor  # most projects declare no pipeline

    # The project's module could have put a secret into the name of a stage.
    redact = Redactor(secret_texts(context), MASK).redact
    stages = tuple(stage.replace(name=redact(stage.name)) for stage in pipeline.stages)
    return context.replace(pipeline=pipeline.replace(stages=stages))


def report_of(
    loaded: Loaded,
    context: Context,
    results: tuple[Result, ...],
    fail_on: Severity | None = None,
    env_by: str = "--env",
) -> Report:
    """
    Return the report: the results, the environment that was judged, and the sources that were read.
    """
    settings_class = loaded.schema.settings_class
    return Report(
        results,
        settings_class=f"{settings_class.__module__}:{settings_class.__qualname__}",
        is_built_in=settings_class is Settings,
        env=environment_of(loaded.view),
        judged_as=context.env,
        env_from=_env_from(loaded, context, env_by),
        sources=loaded.values.files,
        later=tuple(sorted(loaded.later)),
        fail_on=fail_on,
        notes=() if loaded.manifest is None else tuple(_notes(loaded)),
    )


def _notes(loaded: Loaded) -> Iterator[str]:
    """
    Yield sentences about what a container gets that its manifest does not show.
    """
    from workerctl.secrecy.masking import is_like_secret  # most runs read no manifest

    if loaded.later:
        yield f"Provided at deploy: {', '.join(sorted(loaded.later))}."
    further = () if loaded.manifest is None else loaded.manifest.judged.further
    named = (*loaded.perhaps.values(), *(each.value for each in further))
    sources = dict.fromkeys(named if loaded.perhaps else ())
    shown = ["another file" if any(map(is_like_secret, each.split())) else each for each in sources]
    if shown:
        yield f"Not read, and may provide more at deploy: {', '.join(shown)}."


def _env_from(loaded: Loaded, context: Context, env_by: str) -> str:
    """
    Return where the judged environment comes from, or why it is not set.

    A text is shown only if it is known to name an environment.
    """
    if context.judged_by_option:
        return env_by
    declaration = loaded.schema.environment
    if declaration is None:
        return "no field names the environment"
    name = declaration.name
    if name in loaded.later:
        return f"{name} is provided at deploy"
    if environment_of(loaded.view) is None:
        return f"{name} is not valid" if name in loaded.invalid else f"{name} is not known"
    if not loaded.view.is_set(name):
        return f"{name} is not set"
    return f"{name}={loaded.view.text(name).strip()}"


def reported(make: Callable[[], Report]) -> Report:
    """
    Return the report that `make` returns or, if it raises, a report that contains the error.
    """
    made = attempted(make)
    return Report(error=made) if isinstance(made, Problem) else made


def attempted(make: Callable[[], Made]) -> Made | Problem:
    """
    Return what `make` returns or, if it raises, the problem.

    What a project's module prints meanwhile goes to standard error, because standard output is
    reserved for the report.
    """
    try:
        with redirect_stdout(sys.stderr):
            return make()
    except KeyboardInterrupt:
        return Problem("Interrupted.", None, ExitCode.INTERRUPTED)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- machine formats stay valid
        return problem_of(error)
