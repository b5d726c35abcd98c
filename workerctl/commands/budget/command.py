"""
`workerctl budget`: the worst case of a job drawn, as data, as a picture, and the smallest fix.
"""

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from workerctl import checks
from workerctl.budget.arithmetic import Budget, Number, exact
from workerctl.checks.base import Context, because_invalid
from workerctl.commands.budget import remedies
from workerctl.commands.budget.drawing import text
from workerctl.commands.budget.drawing.bars import Bar, Picture, bars
from workerctl.commands.budget.remedies import Remedies
from workerctl.commands.world import World
from workerctl.errors import RefusedError
from workerctl.output.json import dump, finding_of, opening
from workerctl.output.streams import say
from workerctl.preflight import Request, attempted, check_table, context_of, report_of
from workerctl.report.exit_codes import ExitCode
from workerctl.report.results import Problem, Report
from workerctl.schema.loading import Loaded, changed, load
from workerctl.secrecy.masking import printable
from workerctl.settings import Settings

SCHEMA = "workerctl.budget/1"

LARGEST = 10**15
"""No figure in a document is larger: JSON readers would lose its digits."""


class BudgetOptions(NamedTuple):
    """
    How the budget is to be told: drawn or as data, as an SVG too, or only its fix.
    """

    format: Literal["text", "json"] = "text"
    svg: str | None = None
    fix: bool = False


class Told(NamedTuple):
    """
    A budget, and what would clear its findings.
    """

    picture: Picture
    remedies: Remedies = Remedies((), {}, ())


def execute(world: World, request: Request, wanted: BudgetOptions) -> int:
    """
    Tell the budget of a configuration. Returns the exit code.
    """
    thorough = wanted.fix or wanted.format == "json"
    told = attempted(lambda: _told(world, request, thorough=thorough))
    if isinstance(told, Problem):
        code = world.output.print_problem(told)
        if wanted.format == "json":
            failed = Told(Picture(Report(error=told)))
            return world.output.write(lambda stream: dump(document(failed), stream), told.exit_code)
        return code
    lost = 0
    if wanted.svg is not None:
        lost = _save_svg(world, told.picture, wanted.svg)
    if wanted.fix:
        return _show_fix(world, told.remedies) or lost
    code = ExitCode(lost) or told.picture.report.exit_code
    if wanted.format == "json":
        whole = {**document(told), "exit_code": int(code)}
        return world.output.write(lambda stream: dump(whole, stream), code)
    return world.output.write(lambda stream: text.render(told.picture, stream), code)


def tell(loaded: Loaded, request: Request, today: date | None = None, *, thorough: bool) -> Told:
    """
    The budget of a loaded configuration; only where it is `thorough` with every way to fix it.

    Raises RefusedError where values that it needs are not valid.
    """
    context = context_of(loaded, request, today)
    budget = _budget(context)
    table = check_table(loaded.project)

    def apply(texts: Any) -> Context:
        return context_of(changed(loaded, texts), request, today)

    if thorough:
        found = remedies.remedies(context, apply, table)
    else:
        found = Remedies((), {}, remedies.recommended(context, apply, table))
    report = report_of(loaded, context, checks.run(context, remedies.CHECKS))
    return Told(Picture(report, budget, tuple(map(str, found.together))), found)


def document(told: Told) -> dict[str, Any]:
    """
    The budget as plain data, in the shape `workerctl.budget/1`.
    """
    picture, found = told
    budget = picture.budget
    return {
        **opening(SCHEMA, picture.report),
        "stages": [] if budget is None else [_stage(bar, budget) for bar in bars(budget)],
        "job": None if budget is None else _job(budget),
        "findings": [finding_of(finding) for finding in picture.findings],
        "remedies": {
            "together": [change._asdict() for change in found.together],
            "alone": [
                {"code": code, "changes": [change._asdict() for change in changes]}
                for code, changes in found.alone.items()
            ],
        },
    }


def fix_lines(found: Remedies) -> Iterator[str]:
    """
    The recommended changes as lines of an env file, and what could be done instead as comments.
    """
    yield from map(str, found.together)
    for code, changes in found.alone.items():
        if not changes and found.together:
            yield f"# {code} alone: no single setting clears it."
        others = [change for change in changes if change not in found.together]
        if others:
            yield f"# {code} alone is also cleared by any one of these:"
            yield from (f"# {change}" for change in others)


def _told(world: World, request: Request, *, thorough: bool) -> Told:
    loaded = load(Settings, request.options, environ=world.environ, stdin=world.stdin)
    return tell(loaded, request, world.today, thorough=thorough)


def _budget(context: Context) -> Budget:
    bad = [name for name in context.pipeline.settings if name in context.invalid]
    if bad:
        raise RefusedError(
            f"There is no budget to draw: {because_invalid(bad)}.",
            "Run `workerctl check` to see what is expected.",
        )
    return context.pipeline.budget(context.settings)


def _save_svg(world: World, picture: Picture, path: str) -> int:
    from workerctl.commands.budget.drawing import svg

    return world.output.save(
        lambda stream: svg.render(picture, stream), path, option="--svg", what="picture"
    )


def _show_fix(world: World, found: Remedies) -> int:
    if not found.findings:
        say(world.stderr, "The budget has no finding: there is nothing to fix.")
        return 0
    code = world.output.write(
        lambda stream: stream.writelines(f"{line}\n" for line in fix_lines(found))
    )
    if found.together:
        return code
    problem = RefusedError(
        "No change of settings clears every finding of the budget.",
        "Take out a stage or a call, or split the job.",
    )
    return world.print_error(problem)


def _stage(bar: Bar, budget: Budget) -> dict[str, Any]:
    stage = bar.stage
    return {
        "name": printable(stage.name),
        "side_by_side": len(bar.step),
        "attempts": _figure(stage.requests),
        "attempt_seconds": _figure(stage.attempt),
        "attempts_seconds": _figure(stage.attempts),
        "waits_seconds": _figure(stage.waits),
        "worst_seconds": _figure(bar.seconds),
        "start_seconds": _figure(bar.start),
        "end_seconds": _figure(bar.end),
        "requests_of_a_run": _figure(bar.requests),
        "requests": _figure(budget.runs * bar.requests),
    }


def _job(budget: Budget) -> dict[str, Any]:
    return {
        "worst_seconds": _figure(budget.worst),
        "timeout_seconds": _figure(budget.job_timeout),
        "share": _figure(budget.share),
        "runs": _figure(budget.runs),
        "requests_of_a_run": _figure(budget.requests_of_a_run),
        "requests": _figure(budget.requests),
        "given_up_after_seconds": _figure(budget.given_up_after),
        "not_counted": ["parsing", "saving"],
    }


def _figure(number: Number) -> int | float:
    figure = min(exact(number), Fraction(LARGEST))
    return int(figure) if figure.denominator == 1 else round(float(figure), 6)
