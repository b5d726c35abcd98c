"""
What a check is, and what it may look at.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Literal, NamedTuple

from workerctl.budget.pipeline import PIPELINE, Pipeline
from workerctl.report.findings import Finding, Severity, Suppression, by_environment
from workerctl.report.results import Result
from workerctl.settings import Settings
from workerctl.sources.values import Values

Phase = Literal["build", "run"]


class SkipCheck(Exception):  # noqa: N818 -- not an error
    """
    Raised by a check that cannot decide or does not apply; its text is the reason that is shown.
    """


class Context(NamedTuple):
    """
    Everything a check may look at. The outside world enters only here, so tests patch nothing.

    `env` is the environment whose rules apply, and `judged_by_option` says that `--env` chose it.
    A field in `invalid` has its default value in `settings`. `results` are the results of the
    checks that ran before this one.
    """

    settings: Settings
    values: Values
    env: str = "development"
    judged_by_option: bool = False
    invalid: frozenset[str] = frozenset()
    schema_findings: tuple[Finding, ...] = ()
    suppressions: tuple[Suppression, ...] = ()
    results: tuple[Result, ...] = ()
    today: date = date.max
    phase: Phase = "run"
    pipeline: Pipeline = PIPELINE

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

            yield context.finding("LOG001", severity, "...", "Set LOG_LEVEL=INFO.", "LOG_LEVEL")
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

    def groups_of_valid(self, groups: Iterable[tuple[str, ...]]) -> Iterator[tuple[str, ...]]:
        """
        Yield the groups whose fields are all valid; then raise SkipCheck if any group was left out.

            for (name,) in context.groups_of_valid([("REDIS_URL",), ("WEBHOOK_URL",)]):
        """
        left_out: list[str] = []
        for group in groups:
            invalid = [name for name in group if name in self.invalid]
            if invalid:
                left_out += invalid
            else:
                yield group
        if left_out:
            raise SkipCheck(because_invalid(left_out))

    def secrets(self) -> Iterator[str]:
        """
        Yield the names of the secret fields, in the order of the schema.
        """
        names = self.values.names
        yield from (name for name in type(self.settings).model_fields if name in names.secrets)


def because_invalid(names: Iterable[str]) -> str:
    """
    Return the reason for skipping a check that reads fields with invalid values.

        >>> because_invalid(["LLM_TIMEOUT_SECONDS"])
        'LLM_TIMEOUT_SECONDS is invalid (SET001)'
    """
    distinct = sorted(set(names))
    return f"{' and '.join(distinct)} {'is' if len(distinct) == 1 else 'are'} invalid (SET001)"


Run = Callable[[Context], Iterable[Finding]]


class Check(NamedTuple):
    """
    A claim about a configuration, and the function that yields a finding where it does not hold.

        ENV003 = Check("ENV003", "DEBUG is off outside development", debug_is_off, reads=("DEBUG",))

    - `title` is the claim that holds when the check passes.
    - `run` is the function; its docstring is the manual page of the check.
    - `reads` names the fields whose values the check needs. It is skipped if one is invalid.
    - `looks_at` names the fields that it judges one by one, or only for being set. If one is
      invalid, the others are still judged.
    - `requires` is the code of a check that has to pass first.
    - `every_secret` marks a check of all secrets. In the build phase, such a check is deferred
      while any secret is not set; other checks, while one of the secrets that they name is not.
    - `boot` is false for a check that a starting worker should not run, such as one that calls git.
    """

    code: str
    title: str
    run: Run
    reads: tuple[str, ...] = ()
    looks_at: tuple[str, ...] = ()
    requires: str | None = None
    every_secret: bool = False
    boot: bool = True
