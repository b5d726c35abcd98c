"""
What the rules of booting look at, and the environment whose rules apply.
"""

from __future__ import annotations

from typing import Any

from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.rules import Environment
from workerctl.schema.declarations import Schema
from workerctl.sources.values import Values

DEFAULT_ENVIRONMENT = "development"

COMMON_WORDS = {
    "prod": "production",
    "prd": "production",
    "live": "production",
    "stage": "staging",
    "stg": "staging",
    "dev": "development",
    "devel": "development",
    "local": "development",
    "test": "development",
}
"""Common words for the three environments."""


class View(Record):
    """
    What the rules look at: the schema, the values of the sources, and the instance if there is one.

    The class has rejected the values of the variables in `invalid`.
    """

    schema: Schema
    values: Values
    settings: Any = None
    invalid: frozenset[str] = frozenset()

    def text(self, name: str) -> str:
        """
        Return the text of a variable: that of a source, else of the instance, else the default.

        It may be a secret.
        """
        if self.values.is_set(name):
            return self.values.text(name)
        value = self.schema.value(self.settings, name)
        if value is None and self.settings is None:
            value = self.schema.variables[name].info.default
        return str(getattr(value, "value", value) or "")

    def is_set(self, name: str) -> bool:
        """
        Return whether a source sets a variable to a value that is not empty, or cannot be read.
        """
        value = self.values.chosen.get(name)
        return value is not None and bool(value.text or value.problem)

    @property
    def environment_variable(self) -> str | None:
        """
        The variable that names the environment, if the class has one.
        """
        declaration = self.schema.environment
        return None if declaration is None else declaration.name

    def missing_at(self, name: str, required_by: str | None) -> Location:
        """
        Return the location of an empty assignment, else that of the setting that requires a value.
        """
        where = self.values.location(name)
        if where.source != "default" or required_by is None:
            return where
        return self.values.location(required_by)


def judged_as(view: View, override: str | None = None) -> str:
    """
    Return the environment whose rules apply: `override` if given, else that of the configuration.

    An unknown one is judged by the rules of production, the strictest ones.
    """
    return override or environment_of(view) or "production"


def environment_of(view: View) -> str | None:
    """
    Return the environment of the configuration; None if its name is not known.
    """
    declaration = view.schema.environment
    if declaration is None:
        return DEFAULT_ENVIRONMENT
    return meaning(declaration.rule, view.text(declaration.name))


def meaning(rule: Environment, text: str) -> str | None:
    """
    Return the environment that a word stands for in a rule, or None.
    """
    words = rule.words()
    if rule.strict:
        return words.get(text)
    known = {word.lower(): name for word, name in (*COMMON_WORDS.items(), *words.items())}
    return known.get(text.strip().lower())


def environment_called(word: str) -> str | None:
    """
    Return the environment that a common word such as `prod` means, or None.
    """
    return meaning(Environment(), word)
