"""
The rows of `workerctl show-config`: each setting, what may be shown of it, and its origin.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from workerctl import keys
from workerctl.commands.shared.usage import similar, unknown_name
from workerctl.keyring import versions
from workerctl.output.lines import Style
from workerctl.report.errors import UsageError
from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.rules import EncryptionKey
from workerctl.schema.boot_rules import rules
from workerctl.schema.boot_rules.view import judged_as
from workerctl.schema.declarations import Schema, Variable, holder_of
from workerctl.schema.description import Setting, as_text, describe_field, expectation
from workerctl.schema.loading import Loaded
from workerctl.schema.secrets.shown import Redact
from workerctl.schema.secrets.texts import secret_texts, shown_as, shown_variable
from workerctl.secrecy.masking import MASK, show_url
from workerctl.secrecy.typed import named
from workerctl.sources.values import Value

_MOST_LOCATIONS = 3


class Row(Record):
    """
    One setting and what may be shown of it. `shown` is "" if it is not set or not valid.

    `typed` is the same in JSON types. `is_key` is true for an encryption key, of which length and
    id are shown. `locations` says where the value comes from: a dictionary has the locations of its
    keys. `shadowed` holds those of weaker assignments, which have no effect.
    """

    setting: Setting
    shown: str
    typed: Any
    is_key: bool
    is_set: bool
    required: bool
    valid: bool
    changed: bool
    locations: tuple[Location, ...]
    shadowed: tuple[Location, ...]

    @property
    def location(self) -> Location:
        """
        Where the value, or the first part of it, comes from.
        """
        return self.locations[0]


def rows(loaded: Loaded, env: str | None = None, redact: Redact | None = None) -> tuple[Row, ...]:
    """
    Return a row for every setting of the loaded configuration, in the order of the schema.

    `required` is that of the environment `env`, by default the configured one. `redact` masks the
    secrets of the configuration in public values, by default with `redactor_of`.
    """
    required = rules.required_names(loaded.view, judged_as(loaded.view, env))
    redact = redact or redactor_of(loaded)
    return tuple(row_of(loaded, setting, required, redact) for setting in settings(loaded))


def settings(loaded: Loaded) -> Iterator[Setting]:
    """
    Yield the settings of the class, then the further secrets in the sources, such as older keys.
    """
    return (setting_of(loaded, name) for name in setting_names(loaded))


def setting_names(loaded: Loaded) -> Iterator[str]:
    """
    Yield the names of the settings, in the same order.

    A model whose fields have variables is a setting only where it is set as a whole, or has further
    keys.
    """
    variables, values = loaded.schema.variables, loaded.values
    parents = {variable.path[:-1] for variable in variables.values()}
    for name, variable in variables.items():
        if variable.path not in parents or any(_assigned(loaded, name)):
            yield name
    for name in values.chosen:
        if name not in variables and values.names.is_in_family(name):
            yield name


def setting_of(loaded: Loaded, name: str) -> Setting:
    """
    Return the description of a setting of the loaded configuration.
    """
    schema = loaded.schema
    variable = schema.variables.get(name)
    if variable is None:
        return Setting(
            name=name,
            group="security",
            description="A key that only decrypts.",
            expects="text",
            default="",
            secret=True,
        )
    setting = describe_field(name, variable.info)
    if not schema.is_own:
        setting = setting.replace(
            expects=expectation(variable.info, is_own=False),
            deprecated=(),
            aliases=variable.aliases,
            path=".".join(variable.path),
        )
    return setting.replace(
        group=_group(schema, variable, setting), secret=loaded.values.names.is_secret(name)
    )


def name_of(loaded: Loaded, name: str) -> str:
    """
    Return the name of the setting of which a variable sets a key; any other name as it is.
    """
    resolved = loaded.values.names.resolve(name)
    return (resolved and holder_of(loaded.schema, resolved[0])) or name


def keys_of(loaded: Loaded, name: str) -> list[str]:
    """
    Return the variables that set keys of a setting, such as LIMITS__CPU that of LIMITS.
    """
    if not loaded.schema.open_prefixes:
        return []
    return [each for each in loaded.values.chosen if holder_of(loaded.schema, each) == name]


def _assigned(loaded: Loaded, name: str) -> Iterator[Value]:
    """
    Yield what sets a setting: the value of its variable, and those of its keys.
    """
    for each in (name, *keys_of(loaded, name)):
        if each in loaded.values.chosen:
            yield loaded.values.chosen[each]


def is_valid(loaded: Loaded, name: str) -> bool:
    """
    Return whether a setting has a value that its class accepts.
    """
    return name not in loaded.invalid and loaded.settings is not None


def _group(schema: Schema, variable: Variable, setting: Setting) -> str:
    """
    Return the heading of a setting: its group, or the path of the model that it belongs to.
    """
    if schema.is_own:
        return setting.group
    return ".".join(variable.path[:-1]) or schema.settings_class.__name__


def select(
    all_rows: Iterable[Row], *, group: str | None, changed: bool, name: str | None
) -> tuple[Row, ...]:
    """
    Return the row of one name, or those of a group, or those that differ from their defaults.

    Raises UsageError for a group or a name that does not exist.
    """
    found = tuple(all_rows)
    groups = list(dict.fromkeys(row.setting.group for row in found))
    if group is not None and group not in groups:
        group = _group_named(group, groups)
    if name is not None:
        return (_named(found, name),)
    return tuple(
        row
        for row in found
        if (group is None or row.setting.group == group)
        and (row.changed or not row.valid or not changed)
    )


def _group_named(name: str, groups: Iterable[str]) -> str:
    """
    Return the group of that name in another case. Raises UsageError for any other name.
    """
    for group in groups:
        if group.upper() == name.upper():
            return group
    hint = similar(name, groups) or f"The groups are {', '.join(groups)}."
    raise UsageError(f"{' '.join(('Unknown group', named(name))).rstrip()}.", hint)


def row_of(
    loaded: Loaded, setting: Setting, required: frozenset[str], redact: Redact | None
) -> Row:
    """
    Return the row of one setting; `required` holds the names of those that a rule demands.
    """
    name = setting.name
    assigned = tuple(_assigned(loaded, name))
    valid = is_valid(loaded, name)
    is_key = _is_key(loaded.schema, name)
    typed = _typed(loaded, setting, redact) if valid else None
    return Row(
        setting=setting,
        shown=_shown(loaded.schema, setting, _value(loaded, name), typed, is_key=is_key)
        if valid
        else "",
        typed=typed,
        is_key=is_key,
        is_set=bool(assigned),
        required=setting.required or name in required,
        valid=valid,
        changed=valid and bool(assigned) and _differs(loaded, setting),
        locations=locations_of(loaded, name),
        shadowed=tuple(dict.fromkeys(each for value in assigned for each in value.shadowed)),
    )


def is_assigned(loaded: Loaded, name: str) -> bool:
    """
    Return whether a source sets a value: its own variable, one of its keys, or a model around it.
    """
    return any(_assigned(loaded, name)) or any(
        _holds(loaded, other, name) for other in models_around(loaded, name)
    )


def locations_of(loaded: Loaded, name: str) -> tuple[Location, ...]:
    """
    Return where a value is from: its own variable and those of its keys, or a model around it.
    """
    assigned = dict.fromkeys(value.location for value in _assigned(loaded, name))
    where = loaded.values.location(name)
    if assigned or where.source != "default":
        return tuple(assigned) or (where,)
    for other in models_around(loaded, name):
        if _holds(loaded, other, name) or not is_valid(loaded, name):
            return (loaded.values.location(other),)
    return (where,)


def models_around(loaded: Loaded, name: str) -> Iterator[str]:
    """
    Yield the variables that are set to a model of which a variable sets a field.
    """
    variable = loaded.schema.variables.get(name)
    if variable is None or len(variable.path) == 1:
        return
    for other in loaded.schema.variables.values():
        is_around = variable.path[: len(other.path)] == other.path and other.name != name
        if is_around and loaded.values.is_set(other.name):
            yield other.name


def _holds(loaded: Loaded, other: str, name: str) -> bool:
    """
    Return whether the text of a model sets one of its fields.

    A text that is not JSON is only understood by the class: it may hold any field if it is valid.
    """
    from workerctl.schema.foreign.origins import holds

    above, path = (loaded.schema.variables[each].path for each in (other, name))
    try:
        data = json.loads(loaded.values.text(other))
    except (ValueError, RecursionError):
        return is_valid(loaded, other)
    return holds(data, path[len(above) :], loaded.schema, above)


def origin_of(locations: Sequence[Location]) -> str:
    """
    Return where a value comes from, in words.
    """
    further = len(locations) - _MOST_LOCATIONS
    shown = ", ".join(map(str, locations[:_MOST_LOCATIONS]))
    return f"{shown} and {further} more" if further > 0 else shown


def _differs(loaded: Loaded, setting: Setting) -> bool:
    if setting.secret and not setting.url:
        return True
    value, default = _plain(_value(loaded, setting.name)), _plain(setting.default)
    return bool(value != default) and as_text(value) != as_text(default)


def _plain(value: Any) -> Any:
    return getattr(value, "get_secret_value", lambda: value)()


def _value(loaded: Loaded, name: str) -> Any:
    if name in loaded.schema.variables:
        return loaded.schema.value(loaded.settings, name)
    return loaded.values.text(name)


def redactor_of(loaded: Loaded) -> Redact | None:
    """
    Return a function that masks the secrets of the configuration where a public value repeats them.
    """
    found = secret_texts(loaded.settings, loaded.schema) if loaded.settings else ()
    secrets = list(filter(None, found))
    if not secrets:
        return None
    from workerctl.secrecy.redaction import Redactor

    return Redactor(secrets, MASK).redact


def _typed(loaded: Loaded, setting: Setting, redact: Redact | None) -> Any:
    """
    Return what may be shown of a value, in JSON types.
    """
    name = setting.name
    if name not in loaded.schema.variables:
        return MASK if loaded.values.text(name) else ""
    return shown_variable(loaded.schema, loaded.settings, name, redact).value


def public_texts(loaded: Loaded, selected: Iterable[Row]) -> dict[str, str]:
    """
    Return a text for each row that shows its whole value, from which the class reads it again.
    """
    from workerctl.commands.show_config.written import written

    whole = [row for row in selected if not row.setting.secret and _is_whole(loaded, row)]
    return written(loaded, {row.setting.name: _value(loaded, row.setting.name) for row in whole})


def _is_whole(loaded: Loaded, row: Row) -> bool:
    """
    Return whether a row shows the whole value, of which no part is masked or left out.
    """
    from pydantic_core import to_jsonable_python

    name = row.setting.name
    if not row.valid or name not in loaded.schema.variables:
        return False
    plain = to_jsonable_python(_value(loaded, name), fallback=str, serialize_unknown=True)
    return _flat(row.typed) == _flat(plain)


def _flat(value: Any) -> str:
    return as_text(value) if isinstance(value, str | int | float) else json.dumps(value)


def shown_default(loaded: Loaded, setting: Setting, redact: Redact | None) -> str:
    """
    Return what may be shown of the default of a setting, in the form of its value.
    """
    if setting.name not in loaded.schema.variables:  # an older key
        return ""
    typed = shown_as(loaded.schema, setting.name, setting.default, redact).value
    return _shown(loaded.schema, setting, setting.default, typed)


def _shown(
    schema: Schema, setting: Setting, value: Any, typed: Any, *, is_key: bool = False
) -> str:
    """
    Return what may be shown of a value, as text; `typed` is the same in JSON types.
    """
    plain = _plain(value)
    if setting.secret and isinstance(plain, str | bytes | int | float):
        return masked(setting, plain if isinstance(plain, str) else str(plain), is_key=is_key)
    if schema.is_own and isinstance(typed, list):
        return ",".join(map(as_text, typed))
    if isinstance(typed, list | dict):
        return json.dumps(typed, ensure_ascii=False)
    return as_text(typed)


def _is_key(schema: Schema, name: str) -> bool:
    return any(
        name == key.name or versions.number_of(name, key.name) is not None
        for key in schema.of(EncryptionKey)
    )


def masked(setting: Setting, plain: str, *, is_key: bool = False) -> str:
    """
    Return what may be shown of a secret: the host of a URL, length and id of a key, else a mask.
    """
    if not plain:
        return ""
    if setting.url:
        return show_url(plain, secret=True)
    if not is_key:
        return MASK
    if keys.form_problem(plain) is None and keys.weakness(plain) is None:
        return f"{MASK} ({len(plain)} characters, key id {keys.key_id(plain)})"
    return f"{MASK} ({len(plain)} characters)"


def _named(found: tuple[Row, ...], name: str) -> Row:
    for row in found:
        if row.setting.is_called(name):
            return row
    known = [row.setting.name for row in found]
    raise unknown_name(name, "setting", known)


def shown_value(row: Row) -> tuple[str, Style]:
    """
    Return the text that a row shows for its value, and its style.
    """
    if row.required and not row.is_set and row.location.source == "default":
        return "not set, but required", "red"
    if not row.valid:
        return "not valid, not shown", "red"
    if not row.shown:
        return "not set", "dim"
    return row.shown, ""
