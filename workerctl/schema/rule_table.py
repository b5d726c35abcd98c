"""
Rules from `[tool.workerctl.rules]`, for a settings class that cannot be edited.

    [tool.workerctl.rules]
    openai_api_key = { required = ["production"], one_of = "llm" }
    "db.password" = { required = true }

A key is the path of a field, and its table has an entry for each rule, by the name of the rule in
lower case with underscores. The value `true` stands for a rule without arguments, a text or a list
for its arguments, and a table for named ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from workerctl import rules
from workerctl.report.errors import ProjectError
from workerctl.report.suggest import did_you_mean
from workerctl.rules import Rule, UnknownEnvironmentError
from workerctl.schema import declarations
from workerctl.schema.declarations import Schema, Variable, variable_named
from workerctl.secrecy.typed import named

TABLE = "[tool.workerctl.rules]"


def _kinds() -> dict[str, type[Rule]]:
    public = [each for name, each in vars(rules).items() if not name.startswith("_")]
    return {
        re.sub("(?<!^)(?=[A-Z])", "_", each.__name__).lower(): each
        for each in public
        if isinstance(each, type) and issubclass(each, Rule) and each is not Rule
    }


KINDS = _kinds()
"""The rules by the names that they have in the table."""


def parsed(schema: Schema, table: Mapping[str, Any]) -> Iterator[tuple[Variable, Rule]]:
    """
    Yield the rules of a table, each with the variable of its field.

    Raises ProjectError for a field or a rule that does not exist, and for wrong arguments.
    """
    for field, entries in table.items():
        name = variable_named(schema, field)
        if name is None:
            shown = named(field, "something")
            raise ProjectError(
                f"{TABLE} names {shown}, which is not a field of {schema.settings_class.__name__}.",
                declarations.did_you_mean(schema, field),
            )
        if not isinstance(entries, dict):
            raise ProjectError(
                f"{TABLE} {field} must be a table.",
                f'Write {field} = {{ required = ["production"] }}.',
            )
        for key, value in entries.items():
            yield schema.variables[name], _rule(field, key, value)


def _rule(field: str, key: str, value: object) -> Rule:
    kind = KINDS.get(key)
    if kind is None:
        raise ProjectError(
            f"{TABLE} {field}: {named(key, 'one of the names')} is not a known rule.",
            did_you_mean(key, KINDS) or f"The rules are {', '.join(KINDS)}.",
        )
    wrong = "it has wrong arguments."
    try:
        if isinstance(value, dict):
            return kind(**value)
        return kind(*_arguments(value))
    except UnknownEnvironmentError as error:
        wrong = str(error)
    except (TypeError, ValueError):
        pass  # raised below, so that pydantic's or Python's own words do not become its context
    raise ProjectError(
        f"{TABLE} {field}: {key}: {wrong}", f"See `{kind.__name__}` in workerctl.rules."
    )


def _arguments(value: object) -> list[Any]:
    if value is True:
        return []
    if isinstance(value, str):
        return [value]
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return value
    raise TypeError
