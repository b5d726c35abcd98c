"""
The main job: sources → Settings → checks → report.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, MutableMapping
from contextlib import redirect_stdout
from datetime import date, datetime, timezone
from typing import BinaryIO, NamedTuple, TypeVar

from workerctl import checks
from workerctl.budget.lookup import pipeline_of
from workerctl.budget.pipeline import PIPELINE
from workerctl.checks.base import Check, Context, Phase
from workerctl.checks.engine.run import secret_texts
from workerctl.checks.engine.select import ALWAYS, require_code, select
from workerctl.errors import ProjectError, UsageError, problem_of
from workerctl.report.exit_codes import ExitCode
from workerctl.report.findings import Severity
from workerctl.report.results import Problem, Report, Result
from workerctl.schema import rules
from workerctl.schema.loading import Loaded, Options, load
from workerctl.secrecy.masking import MASK
from workerctl.secrecy.redaction import Redactor
from workerctl.settings import Settings
from workerctl.sources import project
from workerctl.sources.project import Project

Made = TypeVar("Made")

_CODE = r"[A-Z]{2,8}[0-9]{1,4}"


class Request(NamedTuple):
    """
    What is to be checked, and how strictly.

    `env` judges by another environment's rules than the configuration's own. `selected` and
    `ignored` are codes or prefixes, comma-separated. `fail_on` None never fails. `starting` leaves
    out what a starting worker should not do.
    """

    options: Options = Options()
    env: str | None = None
    selected: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    fail_on: Severity | None = Severity.ERROR
    phase: Phase = "run"
    starting: bool = False


def preflight(
    request: Request,
    *,
    environ: MutableMapping[str, str] = os.environ,
    stdin: BinaryIO | None = None,
    today: date | None = None,
) -> Report:
    """
    Check a configuration. Whatever is wrong with its values is in the report.

    Raises SourceError, ProjectError or UsageError where there is nothing that could be judged.
    """
    loaded = load(Settings, request.options, environ=environ, stdin=stdin)
    table = checks.table(foreign_checks(loaded.project))
    codes = [check.code for check in table]
    selection = select(codes, request.selected, request.ignored)
    _require_sound_suppressions(loaded.project, codes)
    context = context_of(loaded, request, today)
    wanted = tuple(check for check in table if check.boot or not request.starting)
    return report_of(loaded, context, checks.run(context, wanted, selection), request.fail_on)


def reported(make: Callable[[], Report]) -> Report:
    """
    Return the report that `make` returns, or one that says why there is none.
    """
    made = attempted(make)
    return Report(error=made) if isinstance(made, Problem) else made


def attempted(make: Callable[[], Made]) -> Made | Problem:
    """
    Return what `make` returns, or the problem that kept it from returning.

    What a team's module prints goes to standard error, so that a report on standard output stays
    whole.
    """
    try:
        with redirect_stdout(sys.stderr):
            return make()
    except KeyboardInterrupt:
        return Problem("Interrupted.", None, ExitCode.INTERRUPTED)
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- machine formats stay valid
        return problem_of(error)


def report_of(
    loaded: Loaded,
    context: Context,
    results: tuple[Result, ...],
    fail_on: Severity | None = None,
) -> Report:
    """
    The results, with what was judged and where it was read.
    """
    return Report(
        results,
        env=None if "ENV" in loaded.invalid else loaded.settings.ENV,
        env_is_set=loaded.values.is_set("ENV"),
        judged_as=context.env,
        sources=loaded.values.files,
        fail_on=fail_on,
    )


def context_of(loaded: Loaded, request: Request, today: date | None = None) -> Context:
    """
    What the checks get to see of a loaded configuration.

    Raises ProjectError where a team's pipeline means nothing.
    """
    context = Context(
        settings=loaded.settings,
        values=loaded.values,
        env=rules.judged_as(loaded.values, request.env),
        judged_by_option=request.env is not None,
        invalid=loaded.invalid,
        schema_findings=loaded.findings,
        suppressions=loaded.project.suppressions,
        today=today or datetime.now(timezone.utc).date(),  # noqa: UP017 -- one import less
        phase=request.phase,
    )
    own = pipeline_of(loaded.settings_class, loaded.project)
    if own is PIPELINE:
        return context
    redact = Redactor(
        secret_texts(context), MASK
    ).redact  # a team's module may read more than it should
    stages = tuple(stage._replace(name=redact(stage.name)) for stage in own.stages)
    return context._replace(pipeline=own._replace(stages=stages))


def foreign_checks(team: Project) -> tuple[Check, ...]:
    """
    The checks that a project adds. Raises ProjectError for what is no table of checks.
    """
    known = {check.code for check in checks.CHECKS}
    found: list[Check] = []
    for target in team.checks:
        table = project.load(team, target)
        if not isinstance(table, Iterable):
            raise ProjectError(f"{target} is not a table of checks.", "Make it a tuple of Check.")
        for check in table:
            if not isinstance(check, Check):
                raise ProjectError(f"{target} holds something that is no Check.")
            if not re.fullmatch(_CODE, check.code, re.ASCII):
                raise ProjectError(
                    f"{target} holds a check whose code is not of the form ABC123.",
                    "Take 2 to 8 capital letters and 1 to 4 digits.",
                )
            if check.code in known:
                raise ProjectError(f"The code {check.code} in {target} exists already.")
            known.add(check.code)
            found.append(check)
    return tuple(found)


def _require_sound_suppressions(team: Project, codes: Iterable[str]) -> None:
    for suppression in team.suppressions:
        require_code(codes, suppression.code)
        if suppression.code in ALWAYS:
            raise UsageError(
                f"{suppression.code} cannot be suppressed: no other verdict would mean anything.",
                "Delete its entry from pyproject.toml.",
            )
