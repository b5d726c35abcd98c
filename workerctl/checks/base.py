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


class SkipCheck(Exception):  # noqa: N818 -- it is no error
    """
    Raised by a check that has nothing to judge here; the text says why.
    """


class Context(NamedTuple):
    """
    All that a check may know. The outside world comes in here, so that tests patch nothing.

    `env` is the environment whose rules apply. A field in `invalid` holds its default in
    `settings`. `results` are those of the checks before.
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
        A finding that points at the place of its first field.
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
        The groups of fields that can be judged. Raises SkipCheck at the end when others cannot.
        """
        bad: list[str] = []
        for group in groups:
            invalid = [name for name in group if name in self.invalid]
            if invalid:
                bad += invalid
            else:
                yield group
        if bad:
            raise SkipCheck(because_invalid(bad))

    def secrets(self) -> Iterator[str]:
        """
        The secret fields of the schema, in its order.
        """
        names = self.values.names
        yield from (name for name in type(self.settings).model_fields if name in names.secrets)


def because_invalid(names: Iterable[str]) -> str:
    """
    The reason of a check that is skipped for values that SET001 tells of.
    """
    distinct = sorted(set(names))
    return f"{' and '.join(distinct)} {'is' if len(distinct) == 1 else 'are'} invalid (SET001)"


Run = Callable[[Context], Iterable[Finding]]


class Check(NamedTuple):
    """
    One claim about a configuration, and the function that refutes it.

    `title` is the claim that holds when the check passes; the docstring of `run` is its manual.
    `reads` are the fields whose values it needs: it is skipped when one is invalid. `looks_at` are
    those it judges one by one, or only for being there: an invalid one leaves the rest to judge.
    `requires` is the code of a check that must pass first.
    A check of `every_secret` waits in the build phase until every secret is there. `boot` is
    False for what a starting worker should not do, such as asking git.
    """

    code: str
    title: str
    run: Run
    reads: tuple[str, ...] = ()
    looks_at: tuple[str, ...] = ()
    requires: str | None = None
    every_secret: bool = False
    boot: bool = True
