"""
The rows of `workerctl show-config`: each setting, what may be shown of it, and its origin.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from workerctl import keys
from workerctl.commands.usage import unknown_name
from workerctl.output.lines import Style
from workerctl.report.errors import UsageError
from workerctl.report.findings import Location
from workerctl.schema import boot_rules
from workerctl.schema.description import Setting, as_text, describe
from workerctl.schema.loading import Loaded
from workerctl.schema.secrecy import disclosure
from workerctl.schema.secrecy.disclosure import Redact
from workerctl.schema.secrets import secret_texts
from workerctl.secrecy.masking import MASK, show_url
from workerctl.secrecy.redaction import Redactor


class Row(NamedTuple):
    """
    One setting and what may be shown of it. `shown` is "" if it is not set or not valid.

    `shadowed` holds the locations of weaker assignments, which have no effect.
    """

    setting: Setting
    shown: str
    is_set: bool
    required: bool
    valid: bool
    changed: bool
    location: Location
    shadowed: tuple[Location, ...]


def rows(loaded: Loaded, env: str | None = None) -> tuple[Row, ...]:
    """
    Return a row for every setting of the loaded configuration, in the order of the schema.

    `required` is that of the environment `env`, by default the configured one.
    """
    required = boot_rules.required_names(loaded.view, boot_rules.judged_as(loaded.view, env))
    redact = Redactor(secret_texts(loaded.settings), MASK).redact
    return tuple(_row(loaded, setting, required, redact) for setting in settings(loaded))


def settings(loaded: Loaded) -> Iterator[Setting]:
    """
    Yield the settings of the class, then the further secrets in the sources, such as older keys.
    """
    described = describe(type(loaded.settings))
    yield from described
    known = {setting.name for setting in described}
    for name in loaded.values.chosen:
        if name not in known:
            yield Setting(
                name=name,
                group="security",
                description="A key that only decrypts.",
                expects="text",
                default="",
                secret=True,
            )


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
        raise UsageError("Unknown group.", f"The groups are {', '.join(groups)}.")
    if name is not None:
        return (_named(found, name),)
    return tuple(
        row
        for row in found
        if (group is None or row.setting.group == group)
        and (row.changed or not row.valid or not changed)
    )


def _row(loaded: Loaded, setting: Setting, required: frozenset[str], redact: Redact) -> Row:
    name = setting.name
    value = loaded.values.chosen.get(name)
    valid = name not in loaded.invalid
    shown, secret = _shown(loaded, setting, redact) if valid else ("", setting.secret)
    return Row(
        setting=setting._replace(secret=secret),
        shown=shown,
        is_set=value is not None,
        required=setting.required or name in required,
        valid=valid,
        changed=valid and value is not None and _differs(loaded, setting),
        location=loaded.values.location(name),
        shadowed=() if value is None else value.shadowed,
    )


def _differs(loaded: Loaded, setting: Setting) -> bool:
    if setting.secret and not setting.url:
        return True
    return bool(getattr(loaded.settings, setting.name, None) != setting.default)


def _shown(loaded: Loaded, setting: Setting, redact: Redact) -> tuple[str, bool]:
    """
    Return what may be shown of the value, and whether a part of it is secret.
    """
    value = getattr(loaded.settings, setting.name, loaded.values.text(setting.name))
    if setting.secret:
        plain = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        return masked(setting, plain), True
    info = type(loaded.settings).model_fields[setting.name]
    found = disclosure.shown(setting.name, info, value, redact=redact)
    return as_text(found.value), found.secret


def masked(setting: Setting, plain: str) -> str:
    """
    Return what may be shown of a secret: the host of a URL, length and id of a key, else a mask.
    """
    if not plain:
        return ""
    if setting.url:
        return show_url(plain, secret=True)
    if not setting.name.startswith("ENCRYPTION_KEY"):
        return MASK
    if keys.form_problem(plain) is None and keys.weakness(plain) is None:
        return f"{MASK} ({len(plain)} characters, key id {keys.key_id(plain)})"
    return f"{MASK} ({len(plain)} characters)"


def _named(found: tuple[Row, ...], name: str) -> Row:
    for row in found:
        if name.upper() in {row.setting.name, *row.setting.deprecated}:
            return row
    known = [row.setting.name for row in found]
    raise unknown_name(name, "setting", known)


def shown_value(row: Row) -> tuple[str, Style]:
    """
    Return the text that a row shows for its value, and its style.
    """
    if not row.valid:
        return "not valid, not shown", "red"
    if row.required and not row.is_set:
        return "not set, but required", "red"
    if not row.shown:
        return "not set", "dim"
    return row.shown, ""
