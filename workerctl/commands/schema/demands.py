"""
Which variables a settings class demands, in which environments, and under which conditions.

`workerctl check` judges a configuration by the same rules; here they are described without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic_settings import BaseSettings

from workerctl.report.records import Record
from workerctl.report.words import listed
from workerctl.rules import ENVIRONMENTS, EncryptionKey, OneOf, Recommended, Required
from workerctl.schema.declarations import Path, Schema, Variable, variable_at
from workerctl.schema.foreign.annotations import fields_of, models_in

_OUTSIDE_DEVELOPMENT = ENVIRONMENTS[1:]
_ALWAYS = "Required."


class Demand(Record):
    """
    A demand that one of the variables `names` is set.

    It applies in these environments, or in all of them, and if the variable `when` is set, or has
    the value `equals`. `used` is the model that is optional, and demands the variable if it is set.
    """

    names: tuple[str, ...]
    environments: tuple[str, ...] = ENVIRONMENTS
    when: str | None = None
    equals: str | None = None
    used: str | None = None


def demands(schema: Schema) -> Iterator[Demand]:
    """
    Yield what the class demands by its types, then what it demands by its rules.
    """
    if schema.is_own:
        required = [one.name for one in schema.variables.values() if one.info.is_required()]
        yield from (Demand((name,)) for name in required)
    else:
        yield from _by_type(schema)
    for one in schema.of(EncryptionKey):
        yield Demand((one.name,), _OUTSIDE_DEVELOPMENT)
    for one in schema.of(Required):
        _, has_value, text = (one.rule.when or "").partition("=")
        yield Demand(
            names=(one.name,),
            environments=one.rule.environments,
            when=one.others.get("when"),
            equals=text if has_value else None,
        )
    groups: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for one in schema.of(OneOf):
        groups.setdefault((one.rule.group, one.rule.environments), []).append(one.name)
    for (_, environments), names in groups.items():
        yield Demand(tuple(names), environments)


def needed(schema: Schema, found: Iterable[Demand], defaults: Mapping[str, str]) -> frozenset[str]:
    """
    Return the variables that a complete configuration sets, apart from what its author chooses.

    These are the demanded ones (of alternatives, the first), the recommended ones, and the one that
    names the environment. `defaults` are the texts of public defaults.
    """
    environment = schema.environment
    names = {one.name for one in schema.of(Recommended)}
    names |= set() if environment is None else {environment.name}
    remaining = list(found)
    progress = True
    while progress:
        applying = [one for one in remaining if _applies(one, names, defaults)]
        remaining = [one for one in remaining if one not in applying]
        for one in applying:
            if names.isdisjoint(one.names):
                names.add(one.names[0])
        progress = bool(applying)
    return frozenset(names)


def sentences(schema: Schema, found: Iterable[Demand]) -> dict[str, list[str]]:
    """
    Return for each variable the sentences that say when it has to be set.
    """
    said: dict[str, list[str]] = {}
    environment = schema.environment
    if environment is not None:
        said[environment.name] = ["Set it in every environment."]
    for demand in found:
        for name in demand.names:
            known = said.setdefault(name, [])
            known += [_sentence(demand)] if _ALWAYS not in known else []
    for one in schema.of(EncryptionKey):
        said.setdefault(one.name, []).append("`workerctl keygen` makes one.")
    for one in schema.of(Recommended):
        said.setdefault(one.name, []).append(f"Recommended: without it, {one.rule.otherwise}.")
    return said


def _applies(demand: Demand, names: set[str], defaults: Mapping[str, str]) -> bool:
    if demand.used is not None:
        return False
    if demand.when is None:
        return True
    if demand.equals is None:
        return demand.when in names
    return demand.when not in names and defaults.get(demand.when) == demand.equals


def _sentence(demand: Demand) -> str:
    subject = ""
    if len(demand.names) > 1:
        subject = f"One of {listed(demand.names)} is "
    where = ""
    if demand.environments != ENVIRONMENTS:
        where = f" in {listed(demand.environments)}"
    condition = ""
    if demand.used is not None:
        condition = f" if {demand.used} is used"
    elif demand.when is not None:
        state = "set" if demand.equals is None else demand.equals
        condition = f" if {demand.when} is {state}"
    return f"{subject}{'required' if subject else 'Required'}{where}{condition}."


def _by_type(schema: Schema) -> Iterator[Demand]:
    """
    Yield the variables of required fields, and for each required model at least one variable.
    """
    parents = {one.path[:-1] for one in schema.variables.values()}
    leaves = [one for one in schema.variables.values() if one.path not in parents]
    # A nested settings class is also read by the names of the class around it.
    first = {one.path: one for one in reversed(leaves)}
    leaves = [one for one in leaves if first[one.path] is one]
    certain = [one for one in leaves if _is_certain(schema, one)]
    for variable in leaves:
        if variable in certain:
            yield Demand((variable.name,))
        elif variable.info.is_required():
            yield Demand((variable.name,), used=_model_above(schema, variable.path))
    for field, info in schema.settings_class.model_fields.items():
        below = [one.name for one in leaves if one.path[0] == field and len(one.path) > 1]
        if below and info.is_required() and not any(one.path[0] == field for one in certain):
            yield Demand(tuple(below[:1]))


def _is_certain(schema: Schema, variable: Variable) -> bool:
    paths = (variable.path, *variable.also)
    return any(_is_demanded(schema.settings_class, path) for path in paths)


def _is_demanded(model: Any, path: Path) -> bool:
    """
    Return whether a model cannot be built without the field at a path.

    Of several models that a field may hold, the first counts. A nested settings class that is the
    default of its field reads its variables in any case.
    """
    info, rest = fields_of(model)[path[0]], path[1:]
    if not rest:
        return info.is_required()
    kind = next(models_in(info.annotation), None)
    if kind is None or rest[0] not in fields_of(kind):
        return False
    factory = info.default_factory
    reads_itself = isinstance(info.default, BaseSettings) or (
        isinstance(factory, type) and issubclass(factory, BaseSettings)
    )
    return (info.is_required() or reads_itself) and _is_demanded(kind, rest)


def _model_above(schema: Schema, path: Path) -> str:
    """
    Return the variable, or else the path, of the innermost model around a field.
    """
    return variable_at(schema, path[:-1]) or ".".join(path[:-1])
