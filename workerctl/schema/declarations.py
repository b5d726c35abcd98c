"""
What a settings class declares: the variables that set its fields, and the rules at the fields.

    >>> schema = declared(Settings)
    >>> [each.name for each in schema.of(Off)]
    ['DEBUG']

Messages, checks and sources name a setting by its *variable*. In the built-in schema, a field has
the name of its variable; in any other class, pydantic-settings decides on the names.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from workerctl.report.errors import ProjectError
from workerctl.report.records import Record
from workerctl.rules import Endpoint, Environment, Hidden, Public, Rule
from workerctl.schema.introspection import bare_type

Path = tuple[str, ...]
"""The names of nested fields, the outermost first."""


class Variable(Record):
    """
    A variable that sets one field, which may be nested.

    `name` is what messages call it, and `path` leads to its field. `aliases` are its other names.
    `also` has the paths of further fields that the same variable sets, as in two nested settings
    classes without a prefix.
    """

    name: str
    path: Path
    info: FieldInfo
    aliases: tuple[str, ...] = ()
    also: Mapping[Path, FieldInfo] = MappingProxyType({})

    @property
    def names(self) -> tuple[str, ...]:
        """
        All names of the variable, the preferred one first.
        """
        return (self.name, *self.aliases)

    @property
    def infos(self) -> tuple[FieldInfo, ...]:
        """
        The fields that the variable sets.
        """
        return (self.info, *self.also.values())


class Declaration(Record):
    """
    A rule at the field of the variable `name`; `others` are the variables that it names, by role.
    """

    name: str
    rule: Any
    others: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """
        The names of all variables that are involved, that of the field first.
        """
        return (self.name, *self.others.values())


Declarations = Mapping[type[Rule], tuple[Declaration, ...]]


class Schema(Record):
    """
    The variables and the rules of a settings class.

    `is_own` is true for the built-in schema and its subclasses, whose sources workerctl reads. For
    any other class, `prefix` begins the names of its variables, `open_prefixes` begin the names of
    further variables such as those of the keys of a dictionary, and `forbids_unknown` is true if
    the class rejects unknown names in its env files.
    """

    settings_class: type[Any]
    variables: Mapping[str, Variable]
    declarations: Declarations = MappingProxyType({})
    is_own: bool = True
    prefix: str = ""
    delimiter: str | None = None
    case_sensitive: bool = False
    open_prefixes: tuple[str, ...] = ()
    forbids_unknown: bool = False

    def fold(self, name: str) -> str:
        """
        Return a variable name in the case in which the class compares names.
        """
        return name if self.case_sensitive else name.upper()

    def of(self, kind: type[Rule]) -> tuple[Declaration, ...]:
        """
        Return the declarations of one kind of rule, in the order of the fields.
        """
        return self.declarations.get(kind, ())

    @property
    def environment(self) -> Declaration | None:
        """
        The declaration of the field that names the environment, if there is one.
        """
        return next(iter(self.of(Environment)), None)

    def value(self, settings: Any, name: str) -> Any:
        """
        Return the value that an instance has for a variable; None if it has none.
        """
        value = settings
        for part in self.variables[name].path:
            value = value.get(part) if isinstance(value, Mapping) else getattr(value, part, None)
        return value


def declared(settings_class: type[BaseModel]) -> Schema:
    """
    Return the schema of a class in which every field has the name of its variable.

    Raises ProjectError for a rule that names a field that does not exist.
    """
    return with_rules(Schema(settings_class, _variables(settings_class)))


def hidden(settings_class: type[BaseModel]) -> Schema:
    """
    Return the same schema with every field hidden, for a class whose rules are not valid.
    """
    variables = _variables(settings_class)
    rules = tuple(Declaration(name, Hidden(), {}) for name in variables)
    return Schema(settings_class, variables, {Hidden: rules})


def _variables(settings_class: type[BaseModel]) -> dict[str, Variable]:
    return {
        name: Variable(name, (name,), info) for name, info in settings_class.model_fields.items()
    }


def with_rules(schema: Schema, further: Iterable[tuple[Variable, Rule]] = ()) -> Schema:
    """
    Return a schema with the rules at its fields and further ones.

    Raises ProjectError for a rule that names a field that does not exist.
    """
    found: dict[type[Rule], list[Declaration]] = {}
    for variable, rule in (*_at_fields(schema), *further):
        others = {role: _named(schema, variable, name) for role, name in rule.fields()}
        found.setdefault(type(rule), []).append(Declaration(variable.name, rule, others))
        if "than" in others:
            _require_numbers(schema, rule, (variable.name, *others.values()))
    _require_no_contradiction(found)
    return schema.replace(declarations={kind: tuple(each) for kind, each in found.items()})


def _require_numbers(schema: Schema, rule: Rule, names: Iterable[str]) -> None:
    """
    Raise ProjectError if a rule compares a field whose type no number can have.
    """
    for name in names:
        kind = bare_type(schema.variables[name].info.annotation)
        kind = get_origin(kind) or kind
        if isinstance(kind, type) and (
            issubclass(kind, bool) or not issubclass(kind, int | float | Decimal)
        ):
            raise ProjectError(
                f"{type(rule).__name__} compares numbers, but {name} is declared as "
                f"{kind.__name__}.",
                "Declare it as an int or a float, or remove the rule.",
            )


def _require_no_contradiction(found: Mapping[type[Rule], list[Declaration]]) -> None:
    public = {each.name for each in found.get(Public, ())}
    both = [each.name for each in found.get(Hidden, ()) if each.name in public]
    if both:
        raise ProjectError(
            f"{both[0]} is declared both as Hidden and as Public.", "Remove one of the rules."
        )


def rules_of(info: FieldInfo) -> Iterator[Rule]:
    """
    Yield the rules in the annotation of a field.
    """
    for item in info.metadata:
        if isinstance(item, Rule):
            yield item
        elif isinstance(item, type) and issubclass(item, Rule):
            yield item()  # written without parentheses


def _at_fields(schema: Schema) -> Iterator[tuple[Variable, Rule]]:
    for variable in schema.variables.values():
        for info in variable.infos:
            for rule in rules_of(info) if info.metadata else ():
                yield variable, rule
        if not schema.is_own and _is_url_type(variable.info):
            yield variable, Endpoint()


def _is_url_type(info: FieldInfo) -> bool:
    """
    Return whether pydantic declares the type of a field as a URL, such as RedisDsn.
    """
    from pydantic import AnyUrl
    from pydantic.networks import _BaseMultiHostUrl, _BaseUrl

    kinds = (AnyUrl, _BaseUrl, _BaseMultiHostUrl)
    annotation = bare_type(info.annotation)
    return isinstance(annotation, type) and issubclass(annotation, kinds)


def _named(schema: Schema, variable: Variable, name: str) -> str:
    """
    Return the variable of a field that a rule names: of the same model, or by its whole path.
    """
    path = tuple(name.split("."))
    for candidate in ((*variable.path[:-1], *path), path):
        found = variable_at(schema, candidate)
        if found is not None:
            return found
    raise ProjectError(
        f"A rule at {'.'.join(variable.path)} names {name}, which is not a field of "
        f"{schema.settings_class.__name__}.",
        did_you_mean(schema, name),
    )


def variable_at(schema: Schema, path: Path) -> str | None:
    """
    Return the name of the variable that sets the field at a path, or None.
    """
    first = schema.variables.get(path[-1])  # in the built-in schema, the only possible one
    if first is not None and first.path == path:
        return first.name
    variables = schema.variables.values()
    return next((each.name for each in variables if each.path == path or path in each.also), None)


def variable_named(schema: Schema, name: str) -> str | None:
    """
    Return the variable that a text of pyproject.toml names: by its path, its name or an alias.
    """
    found = variable_at(schema, tuple(name.split(".")))
    if found is not None or name in schema.variables:
        return found or name
    return next((one.name for one in schema.variables.values() if name in one.aliases), None)


def holder_of(schema: Schema, name: str) -> str | None:
    """
    Return the variable of the dictionary, or of the open model, of which `name` sets a key.

        >>> holder_of(schema, "LIMITS__CPU")
        'LIMITS'

    It is None for the name of any other variable.
    """
    prefixes = [prefix for prefix in schema.open_prefixes if name.startswith(prefix)]
    if name in schema.variables or not prefixes:
        return None
    innermost = max(prefixes, key=len).removesuffix(schema.fold(schema.delimiter or ""))
    return variable_named(schema, innermost)


def did_you_mean(schema: Schema, name: str) -> str | None:
    """
    Return a hint that suggests the path of a field with a similar name, or None.
    """
    from workerctl.report import suggest

    return suggest.did_you_mean(name, [".".join(each.path) for each in schema.variables.values()])
