"""
A configuration that was loaded: the instance, its values, and what is wrong with them.
"""

from typing import Any, NamedTuple

from workerctl.report.findings import Finding, Suppression
from workerctl.schema.boot_rules.view import View
from workerctl.schema.declarations import Schema, variable_named
from workerctl.sources.project import Project
from workerctl.sources.values import Values


class Loaded(NamedTuple):
    """
    A configuration, loaded as far as its values are valid.

    Variables in `invalid` have their defaults in `settings`; `findings` (SET001) say why. The class
    of `settings` may require fewer fields than the requested one, that of `schema`. `settings` is
    None if the class rejects the remaining values as well. Variables in `deferred` could be set by
    a source that was not read because it reaches the network, and `judged` is what a class other
    than the built-in one was given to read.
    """

    settings: Any
    values: Values
    invalid: frozenset[str]
    findings: tuple[Finding, ...]
    project: Project
    schema: Schema
    deferred: frozenset[str] = frozenset()
    judged: Any = None

    @property
    def view(self) -> View:
        """
        What the rules of booting look at.
        """
        return View(self.schema, self.values, self.settings, self.invalid)

    @property
    def suppressions(self) -> tuple[Suppression, ...]:
        """
        The suppressions of the project. Their fields are variables, as those of findings are.
        """
        return tuple(map(self._of_variable, self.project.suppressions))

    def _of_variable(self, suppression: Suppression) -> Suppression:
        field = suppression.field
        if field is None:
            return suppression
        name = variable_named(self.schema, field)
        return suppression._replace(field=name or field)
