"""
What a check is, and what it may look at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from workerctl.budget.pipeline import PIPELINE, Pipeline
from workerctl.report.findings import Finding, Phase, Severity, Suppression, by_environment
from workerctl.report.records import Record
from workerctl.report.results import Result
from workerctl.report.words import listed
from workerctl.rules import Rule
from workerctl.schema.boot_rules.view import View
from workerctl.schema.declarations import Declaration, Schema
from workerctl.sources.values import Assignment, Values

if TYPE_CHECKING:
    from workerctl.sources.manifests.containers import Manifest

Found = TypeVar("Found")

_NOTHING: Mapping[str, str] = MappingProxyType({})

NO_PIPELINE = "no pipeline is declared"
"""The reason why a check of the stages of a job is not applicable."""


class SkipCheck(Exception):  # noqa: N818 -- not an error
    """
    Raised by a check that cannot decide or does not apply; its text is the reason that is shown.
    """


class DeferCheck(SkipCheck):
    """
    Raised by a check that needs a value that is provided later; its text is the reason.
    """


class NotApplicable(SkipCheck):
    """
    Raised by a check that finds nothing in the settings class that it could judge.
    """


class Other(Record):
    """
    Another configuration of the same run: its name, its environment, and what the rules look at.
    """

    name: str
    env: str
    view: View


class Context(Record):
    """
    Everything a check may look at. The outside world enters only here, so tests patch nothing.

    `settings` is an instance of the settings class, and `schema` says what the class declares.
    `env` is the environment whose rules apply, and `judged_by_option` says that `--env` chose it.
    A variable in `invalid` has its default value in `settings`. `results` are the results of the
    checks that ran before this one. `pipeline` is None if nobody has declared the stages of a job.
    `starting` is true if a worker starts with exactly these values. `rendered_by` names the tool
    that renders the env files before a worker reads them. `others` are the other configurations of
    the run.

    `manifest` describes the container that is judged, and the others of its deploy. `later` has the
    variables whose values come from elsewhere when it starts, each with the source, and `perhaps`
    those that nothing sets here, but a source that is not here may set. `shared` keeps what `once`
    returns during a run.
    """

    settings: Any
    values: Values
    schema: Schema
    env: str = "development"
    judged_by_option: bool = False
    invalid: frozenset[str] = frozenset()
    schema_findings: tuple[Finding, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    results: tuple[Result, ...] = ()
    today: date = date.max
    phase: Phase = "run"
    pipeline: Pipeline | None = PIPELINE
    starting: bool = False
    rendered_by: str | None = None
    others: tuple[Other, ...] = ()
    manifest: Manifest | None = None
    later: Mapping[str, str] = _NOTHING
    perhaps: Mapping[str, str] = _NOTHING
    shared: dict[Any, Any] | None = None

    def by_environment(
        self,
        *,
        development: Severity | None = None,
        staging: Severity | None = None,
        production: Severity | None = None,
    ) -> Severity | None:
        """
        Return the severity of a rule in this environment; None where the rule does not apply.

            severity = context.by_environment(staging=Severity.WARNING, production=Severity.ERROR)
        """
        return by_environment(
            self.env, development=development, staging=staging, production=production
        )

    def finding(
        self,
        code: str,
        severity: Severity,
        message: str,
        hint: str,
        *fields: str,
    ) -> Finding:
        """
        Return a finding located where the first of `fields` is set.

            yield context.finding("TEAM001", severity, "...", "Set APP_MODE=a.", "APP_MODE")
        """
        location = self.values.location(fields[0]) if fields else None
        return Finding(
            code=code,
            severity=severity,
            message=message,
            hint=hint,
            fields=fields,
            location=location,
        )

    def once(self, find: Callable[[Context], tuple[Found, ...]]) -> tuple[Found, ...]:
        """
        Return what a function finds; several checks that report it by code let it look once a run.

            yield from (each for each in context.once(_faults) if each.code == "TEAM001")
        """
        if self.shared is None:
            return find(self)
        if find not in self.shared:
            self.shared[find] = find(self)
        found: tuple[Found, ...] = self.shared[find]
        return found

    def suppresses_alone(self, code: str, assignment: Assignment) -> bool:
        """
        Return whether a suppression names this line or its variable, not a whole file or code.

        A check that reports several lines together yields a separate finding for it.
        """
        return any(
            each.code == code
            and (
                (each.field is not None and each.field == assignment.sets)
                or each.place == assignment.location
            )
            for each in self.suppressions
        )

    def value(self, name: str) -> Any:
        """
        Return the value that the settings have for a variable; None if it has no value.
        """
        return self.schema.value(self.settings, name)

    @property
    def view(self) -> View:
        """
        What the rules of booting look at.
        """
        return View(self.schema, self.values, self.settings, self.invalid)

    def declared(self, kind: type[Rule]) -> Iterator[Declaration]:
        """
        Yield the declarations of a rule whose variables are all valid.

        If any was left out, raise SkipCheck at the end, so that the check does not count as passed.

            for one in context.declared(ShorterThan):
                own, other = context.value(one.name), context.value(one.others["than"])
        """
        found = {each.names: each for each in self.schema.of(kind)}
        yield from (found[names] for names in self.groups_of_valid(found))

    def groups_of_valid(self, groups: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
        """
        Yield the groups whose fields are all valid; then raise SkipCheck if any group was left out.

            for (name,) in context.groups_of_valid([("APP_CACHE_URL",), ("APP_HOOK_URL",)]):
        """
        left_out: list[str] = []
        for group in groups:
            unusable = [name for name in group if name in self.invalid or name in self.later]
            if unusable:
                left_out += unusable
            else:
                yield group
        self.require_valid(left_out)

    def require_valid(self, names: Iterable[str]) -> None:
        """
        Raise SkipCheck if the value of any of the variables is invalid, or not known yet.
        """
        unusable = [name for name in names if name in self.invalid or name in self.later]
        later = [name for name in unusable if name in self.later]
        if later:
            raise DeferCheck(because_later(later))
        if unusable:
            raise SkipCheck(because_invalid(unusable))

    def is_given(self, name: str) -> bool:
        """
        Return whether a source sets a variable to a value, or will set it when a container starts.
        """
        return self.values.is_set(name) or name in self.later

    def secrets(self) -> Iterator[str]:
        """
        Yield the names of the secret variables, in the order of the schema.
        """
        names = self.values.names
        yield from (name for name in self.schema.variables if name in names.secrets)

    def secrets_to_come(self) -> frozenset[str]:
        """
        Return the secrets that are not set yet because an image is being built.
        """
        if self.phase != "build":
            return frozenset()
        return frozenset(name for name in self.secrets() if not self.values.is_set(name))

    def looked_at(self, check: Check) -> frozenset[str]:
        """
        Return the variables that a check judges or reads.
        """
        return looked_at(check, self.schema, self.pipeline)

    def declared_pipeline(self) -> Pipeline:
        """
        Return the pipeline. Raise NotApplicable without one.
        """
        if self.pipeline is None:
            raise NotApplicable(NO_PIPELINE)
        return self.pipeline


def because_invalid(names: Iterable[str]) -> str:
    """
    Return the reason for skipping a check that reads fields with invalid values.

        >>> because_invalid(["APP_TIMEOUT"])
        'APP_TIMEOUT is invalid (SET001)'
    """
    distinct = sorted(set(names))
    return f"{listed(distinct)} {'is' if len(distinct) == 1 else 'are'} invalid (SET001)"


def because_at_build(names: Iterable[str]) -> str:
    """
    Return the reason for deferring a check of secrets that are not set while an image is built.

        >>> because_at_build(["APP_API_KEY"])
        'not set at build: APP_API_KEY'
    """
    return f"not set at build: {', '.join(sorted(set(names)))}"


def because_later(names: Iterable[str]) -> str:
    """
    Return the reason for deferring a check that needs values that are provided at deploy.

        >>> because_later(["APP_API_KEY"])
        'provided at deploy: APP_API_KEY'
    """
    return f"provided at deploy: {', '.join(sorted(set(names)))}"


def titled(check: Check, schema: Schema | None = None) -> str:
    """
    Return the title of a check, with the variables that it judges in place of `{}`.

    Without a schema, or where it declares no such variable, the name of the rule stands for them.
    """
    if "{}" not in check.title:
        return check.title
    rule = check.rules[0]
    names = [each.name for each in schema.of(rule)] if schema else []
    title = check.title if len(names) == 1 else check.title.replace(" is ", " are ", 1)
    return title.format(" and ".join(names) or f"`{rule.__name__}` fields")


def looked_at(check: Check, schema: Schema, pipeline: Pipeline | None) -> frozenset[str]:
    """
    Return the variables of a schema that a check judges or reads.
    """
    declared = (each for kind in check.rules for each in schema.of(kind))
    by_rule = (name for each in declared for name in each.names)
    of_job = () if check.pipeline is None or pipeline is None else check.pipeline(pipeline, schema)
    return frozenset([*check.reads, *check.looks_at, *by_rule, *of_job])


Run = Callable[[Context], Iterable[Finding]]


class Check(Record):
    """
    A claim about a configuration, and the function that yields a finding where it does not hold.

        ENV003 = Check("ENV003", "{} is off outside development", flags_are_off, rules=(Off,))

    - `title` is the claim that holds when the check passes.
    - `run` is the function; its docstring is the manual page of the check.
    - `reads` names the fields whose values the check needs. It is skipped if one is invalid.
    - `looks_at` names the fields that it judges one by one, or only for being set. If one is
      invalid, the others are still judged.
    - `requires` is the code of a check that has to pass first.
    - `every_secret` marks a check of all secrets. In the build phase, such a check is deferred
      while any secret is not set; other checks, while one of the secrets that they name is not.
    - `boot` is false for a check that a starting worker should not run, such as one that calls git.
    - `rules` are the rules that it judges. It is not applicable to a class that declares none of
      them, unless `by_value` says that it judges other values as well. A `{}` in the title stands
      for the variables with the first of these rules.
    - `pipeline` marks a check of the stages of a job: a function that returns those settings of a
      pipeline and a schema that the check reads. Without a pipeline, the check is not applicable,
      unless it judges a deploy, which may say more.
    - `deploy` marks a check of a deploy, which is run only if a manifest was read.
    """

    code: str
    title: str
    run: Run
    reads: tuple[str, ...] = ()
    looks_at: tuple[str, ...] = ()
    requires: str | None = None
    every_secret: bool = False
    boot: bool = True
    rules: tuple[type[Rule], ...] = ()
    by_value: bool = False
    pipeline: Callable[[Pipeline, Schema], Iterable[str]] | None = None
    deploy: bool = False
