"""
Call a variable of several names by the one that the sources use.

    class Settings(BaseSettings):
        api_key: str = Field(validation_alias=AliasChoices("API_KEY", "OPENAI_API_KEY"))

Where a file sets OPENAI_API_KEY, a finding at its line should not speak of API_KEY.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from workerctl.rules import EncryptionKey
from workerctl.schema.declarations import Declaration, Schema, Variable
from workerctl.schema.loaded import Loaded
from workerctl.sources.names import Names
from workerctl.sources.values import Source, Value, Values


def as_written(schema: Schema, values: Values) -> tuple[Schema, Values]:
    """
    Return schema and values in which a variable has the name by which its value is set.
    """
    new = _names(schema, values)
    if not new:
        return schema, values
    return _schema(schema, new), _values(values, new)


def alike(one: Loaded, other: Loaded) -> tuple[Loaded, Loaded]:
    """
    Return two configurations of a class in which each variable has the same name.

    If they use different names, that of the first configuration that sets the variable is taken.
    """
    names = {variable.path: name for name, variable in other.schema.variables.items()}
    of_one: dict[str, str] = {}
    of_other: dict[str, str] = {}
    for name, variable in one.schema.variables.items():
        found = names.get(variable.path, name)
        if found != name and one.values.is_set(name):
            of_other[found] = name
        elif found != name:
            of_one[name] = found
    return _renamed(one, of_one), _renamed(other, of_other)


def _renamed(loaded: Loaded, new: Mapping[str, str]) -> Loaded:
    new = {name: each for name, each in new.items() if each not in loaded.schema.variables}
    if not new:
        return loaded
    return loaded.replace(
        schema=_schema(loaded.schema, new),
        values=_values(loaded.values, new),
        invalid=frozenset(new.get(name, name) for name in loaded.invalid),
        later={new.get(name, name): source for name, source in loaded.later.items()},
        perhaps={new.get(name, name): source for name, source in loaded.perhaps.items()},
    )


def _names(schema: Schema, values: Values) -> dict[str, str]:
    """
    Return the new name of each variable that a source sets by one of its other names.

    An encryption key keeps its name, with which those of older keys begin.
    """
    kept = {each.name for each in schema.of(EncryptionKey)}
    found: dict[str, str] = {}
    for name, value in values.chosen.items():
        variable = schema.variables.get(name)
        if variable is not None and variable.aliases and name not in kept:
            written = {schema.fold(each) for each in _written(values, name, value)}
            first = next((each for each in variable.names if each in written), name)
            found |= {} if first == name else {name: first}
    return {name: new for name, new in found.items() if new not in schema.variables}


def _written(values: Values, name: str, value: Value) -> Iterator[str]:
    """
    Yield the names by which the source of a value sets it, where its location says so.
    """
    if value.location.source == "secret-file":
        yield Path(value.location.file or "").name
    for source in values.sources():
        for each in source.assignments:
            if each.sets == name and each.location == value.location:
                yield each.name


def _schema(schema: Schema, new: Mapping[str, str]) -> Schema:
    variables = {
        new.get(name, name): _variable(variable, new) for name, variable in schema.variables.items()
    }
    declarations = {
        kind: tuple(_declaration(each, new) for each in found)
        for kind, found in schema.declarations.items()
    }
    return schema.replace(variables=variables, declarations=declarations)


def _variable(variable: Variable, new: Mapping[str, str]) -> Variable:
    name = new.get(variable.name)
    if name is None:
        return variable
    return variable.replace(
        name=name, aliases=tuple(each for each in variable.names if each != name)
    )


def _declaration(declaration: Declaration, new: Mapping[str, str]) -> Declaration:
    others = {role: new.get(name, name) for role, name in declaration.others.items()}
    return declaration.replace(name=new.get(declaration.name, declaration.name), others=others)


def _values(values: Values, new: Mapping[str, str]) -> Values:
    return values.replace(
        names=_known(values.names, new),
        environment=None if values.environment is None else _source(values.environment, new),
        env_files=tuple(_source(each, new) for each in values.env_files),
        secrets=tuple(_source(each, new) for each in values.secrets),
        chosen={new.get(name, name): value for name, value in values.chosen.items()},
        empty={new.get(name, name): where for name, where in values.empty.items()},
    )


def _known(names: Names, new: Mapping[str, str]) -> Names:
    aliases = {alias: new.get(name, name) for alias, name in names.aliases.items()}
    aliases.update(new)
    return names.replace(
        fields=frozenset(new.get(name, name) for name in names.fields),
        secrets=frozenset(new.get(name, name) for name in names.secrets),
        aliases={alias: name for alias, name in aliases.items() if alias != name},
    )


def _source(source: Source, new: Mapping[str, str]) -> Source:
    assignments = tuple(
        each if each.sets is None else each.replace(sets=new.get(each.sets, each.sets))
        for each in source.assignments
    )
    return source.replace(assignments=assignments)
