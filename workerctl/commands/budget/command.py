"""
`workerctl budget`: print the worst case of a job as text, JSON or SVG, or the smallest fix.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any, Literal

from workerctl.budget.arithmetic import Budget, Number, exact
from workerctl.checks.base import Context, because_invalid
from workerctl.checks.budget import on_defaults
from workerctl.checks.engine.run import run
from workerctl.commands.budget import remedies
from workerctl.commands.budget.drawing import text
from workerctl.commands.budget.drawing.bars import Bar, Picture, bars
from workerctl.commands.budget.remedies import Remedies
from workerctl.commands.shared.world import World
from workerctl.output.delivery import STDOUT, require_file, require_no_source
from workerctl.output.json import dump, finding_of, opening
from workerctl.output.streams import say
from workerctl.preflight import Request, attempted, check_table, context_of, report_of
from workerctl.report.errors import RefusedError
from workerctl.report.exit_codes import ExitCode
from workerctl.report.records import Record
from workerctl.report.results import Problem, Report
from workerctl.schema.loading import Loaded, changed
from workerctl.secrecy.masking import printable

SCHEMA = "workerctl.budget/1"

LARGEST = 10**15
"""The largest number in the JSON output. Many JSON parsers lose digits of larger numbers."""


class BudgetOptions(Record):
    """
    The options of the command: the format, a file for an SVG, and whether to print only the fix.
    """

    format: Literal["text", "json"] = "text"
    svg: str | None = None
    fix: bool = False


class Analysis(Record):
    """
    The picture of a budget, and the changes of settings that clear its findings.
    """

    picture: Picture
    remedies: Remedies = Remedies((), {}, ())


def execute(world: World, request: Request, options: BudgetOptions) -> int:
    """
    Print the budget of a configuration as the options say. Return the exit code.

    Raises UsageError if the picture cannot be a file, or would replace a source.
    """
    thorough = options.fix or options.format == "json"
    svg_file = None if options.svg == STDOUT else options.svg
    if svg_file is not None:
        require_file(svg_file, option="--svg")
        require_no_source(svg_file, request.options.named)
    analysis = attempted(lambda: _load_and_analyze(world, request, thorough=thorough))
    if isinstance(analysis, Problem):
        return _report_problem(world, analysis, options)
    if options.svg == STDOUT:
        return _print_svg(world, analysis.picture)
    svg_code = 0
    if svg_file is not None:
        require_no_source(svg_file, analysis.picture.report.sources)
        svg_code = _save_svg(world, analysis.picture, svg_file)
    if options.fix:
        return _print_fix(world, analysis.remedies) or svg_code
    code = ExitCode(svg_code) or analysis.picture.report.exit_code
    if options.format == "json":
        data = {**document(analysis), "exit_code": int(code)}
        return world.output.write(lambda stream: dump(data, stream), code)
    return world.output.write(lambda stream: text.render(analysis.picture, stream), code)


def analyze(
    loaded: Loaded, request: Request, today: date | None = None, *, thorough: bool
) -> Analysis:
    """
    Return the analysis of a loaded configuration.

    A `thorough` analysis lists every single change that clears a finding as well, which takes
    longer. Raise RefusedError if values that the budget needs are not valid, and ProjectError if
    nobody has declared the stages of a job.
    """
    context = context_of(loaded, request, today)
    budget = _budget(context, request)
    table = check_table(loaded.project)

    def apply(texts: Any) -> Context:
        return context_of(changed(loaded, texts), request, today)

    if thorough:
        fixes = remedies.remedies(context, apply, table)
    else:
        fixes = Remedies((), {}, remedies.recommended(context, apply, table))
    report = report_of(loaded, context, run(context, remedies.CHECKS))
    together = tuple(map(str, fixes.together))
    return Analysis(Picture(report, budget, together, on_defaults(context)), fixes)


def document(analysis: Analysis) -> dict[str, Any]:
    """
    Return the analysis as plain data of the shape `workerctl.budget/1`.
    """
    picture, fixes = analysis.picture, analysis.remedies
    budget = picture.budget
    return {
        **opening(SCHEMA, picture.report),
        "stages": [] if budget is None else [_stage(bar, budget) for bar in bars(budget)],
        "job": None if budget is None else _job(budget),
        "on_defaults": None if budget is None else picture.on_defaults,
        "findings": [finding_of(finding) for finding in picture.findings],
        "remedies": {
            "together": [dict(vars(change)) for change in fixes.together],
            "alone": [
                {"code": code, "changes": [dict(vars(change)) for change in changes]}
                for code, changes in fixes.alone.items()
            ],
        },
    }


def fix_lines(fixes: Remedies) -> Iterator[str]:
    """
    Yield the recommended changes as lines of an env file, then the alternatives as comments.
    """
    yield from map(str, fixes.together)
    for code, changes in fixes.alone.items():
        if not changes and fixes.together:
            yield f"# {code} alone: no single setting clears it."
        others = [change for change in changes if change not in fixes.together]
        if others:
            yield f"# {code} alone is also cleared by any one of these:"
            yield from (f"# {change}" for change in others)


def _load_and_analyze(world: World, request: Request, *, thorough: bool) -> Analysis:
    return analyze(world.load(request.options), request, world.today, thorough=thorough)


def _report_problem(world: World, problem: Problem, options: BudgetOptions) -> int:
    code = world.output.print_problem(problem)
    if options.format != "json":
        return code
    failed = Analysis(Picture(Report(error=problem)))
    return world.output.write(lambda stream: dump(document(failed), stream), problem.exit_code)


def _budget(context: Context, request: Request) -> Budget:
    pipeline = context.pipeline
    if pipeline is None:
        from workerctl.commands.budget.advice import no_pipeline

        raise no_pipeline(context.schema)
    bad = [name for name in pipeline.settings if name in context.invalid]
    if bad:
        from workerctl.commands.shared.usage import command_line

        env = () if request.env is None else ("--env", request.env)
        raise RefusedError(
            f"The budget cannot be drawn: {because_invalid(bad)}.",
            f"Run {command_line(['check'], request.options, env)} to see what is expected.",
        )
    return pipeline.budget(context.settings, context.schema.value)


def _save_svg(world: World, picture: Picture, path: str) -> int:
    from workerctl.commands.budget.drawing import svg

    return world.output.save(
        lambda stream: svg.render(picture, stream), path, option="--svg", what="picture"
    )


def _print_svg(world: World, picture: Picture) -> int:
    """
    Write the drawing alone to standard output, in ASCII, which every encoding can represent.
    """
    from workerctl.commands.budget.drawing import svg

    drawing = io.StringIO()
    svg.render(picture, drawing)
    text = drawing.getvalue().encode("ascii", "xmlcharrefreplace").decode("ascii")
    return world.output.write(lambda stream: stream.write(text), picture.report.exit_code)


def _print_fix(world: World, fixes: Remedies) -> int:
    if not fixes.findings:
        say(world.stderr, "The budget has no findings, so there is nothing to fix.")
        return 0
    code = world.output.write(
        lambda stream: stream.writelines(f"{line}\n" for line in fix_lines(fixes))
    )
    if fixes.together:
        return code
    problem = RefusedError(
        "No change of settings clears every budget finding.",
        "Remove a stage or a call, or split the job.",
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
    """
    Return a number that JSON can hold, rounded to microseconds.
    """
    figure = min(exact(number), Fraction(LARGEST))
    return int(figure) if figure.denominator == 1 else round(float(figure), 6)
