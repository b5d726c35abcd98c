"""
A configuration that was loaded: the instance, its values, and what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from workerctl.report.errors import shielded
from workerctl.report.findings import Finding, Suppression
from workerctl.report.records import Record
from workerctl.schema.boot_rules.view import View
from workerctl.schema.declarations import Schema, variable_named
from workerctl.sources.project import Project
from workerctl.sources.values import Source, Values

if TYPE_CHECKING:
    from workerctl.sources.manifests.containers import Manifest

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Loaded(Record):
    """
    A configuration, loaded as far as its values are valid.

    Variables in `invalid` have their defaults in `settings`; `findings` (SET001) say why. The class
    of `settings` may require fewer fields than the requested one, that of `schema`. `settings` is
    None if the class rejects the remaining values as well. `judged` is what a class other than the
    built-in one was given to read.

    `manifest` describes the container that was read in place of this process. Variables in `later`
    get their values from elsewhere when it starts; those in `perhaps` are not set, but a source may
    set them that was not read, because it is not here or reaches the network. Both map a variable
    to that source, in words.
    """

    settings: Any
    values: Values
    invalid: frozenset[str]
    findings: tuple[Finding, ...]
    project: Project
    schema: Schema
    judged: Any = None
    manifest: Manifest | None = None
    later: Mapping[str, str] = _NOTHING
    perhaps: Mapping[str, str] = _NOTHING

    @property
    def view(self) -> View:
        """
        What the rules of booting look at.
        """
        return View(self.schema, self.values, self.settings, self.invalid)

    @property
    def suppressions(self) -> tuple[Suppression, ...]:
        """
        The suppressions of the project, and those in comments of the env files.

        Their fields are variables, as those of findings are. Raises SourceError for a comment that
        is not valid.
        """
        of_project = map(self._of_variable, self.project.suppressions)
        in_files = (one for source in self.values.env_files for one in _in_comments(source))
        return (*of_project, *in_files)

    def _of_variable(self, suppression: Suppression) -> Suppression:
        field = suppression.field
        if field is None:
            return suppression
        name = variable_named(self.schema, field)
        return suppression.replace(field=name or field)


def _in_comments(source: Source) -> tuple[Suppression, ...]:
    if "workerctl:" not in source.text:
        return ()
    from workerctl.sources.dialects import instructions  # most files have none

    return shielded(lambda one: instructions.suppressions(one.name, one.text), source)
