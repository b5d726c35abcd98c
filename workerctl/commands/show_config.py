"""
`workerctl show-config`: every setting with its value, its origin and what it hides. No secret.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from workerctl import __version__, keys
from workerctl.errors import UsageError
from workerctl.keyring import rotation, tokens, versions
from workerctl.output.lines import Line, Style, line
from workerctl.report.findings import Location
from workerctl.report.suggest import did_you_mean
from workerctl.schema import rules
from workerctl.schema.description import Setting, as_text, describe
from workerctl.schema.loading import Loaded
from workerctl.secrecy.masking import MASK, printable, show_url

SCHEMA = "workerctl.config/1"


class Row(NamedTuple):
    """
    One setting as it may be shown. `shown` is "" when it is not set or not valid.
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
    Every setting of the loaded configuration, in the order of the schema.

    What is required is told for `env`, or else for the configuration's own environment.
    """
    required = rules.required_names(loaded.values, rules.judged_as(loaded.values, env))
    return tuple(_row(loaded, setting, required) for setting in settings(loaded))


def settings(loaded: Loaded) -> Iterator[Setting]:
    """
    The settings of the class, then the further secrets that the sources hold, such as older keys.
    """
    described = describe(type(loaded.settings))
    yield from described
    known = {setting.name for setting in described}
    for name in loaded.values.chosen:
        if name not in known:
            yield Setting(
                name, "security", "An older key: it only decrypts.", "text", "", secret=True
            )


def select(
    all_rows: Iterable[Row], *, group: str | None, changed: bool, name: str | None
) -> tuple[Row, ...]:
    """
    The rows of a group, those that differ from their defaults, or the one of a name.

    Raises UsageError for a group or a name that does not exist.
    """
    found = tuple(all_rows)
    groups = list(dict.fromkeys(row.setting.group for row in found))
    if group is not None and group not in groups:
        raise UsageError("There is no such group.", f"The groups are {', '.join(groups)}.")
    if name is not None:
        return (_named(found, name),)
    return tuple(
        row
        for row in found
        if (group is None or row.setting.group == group)
        and (row.changed or not row.valid or not changed)
    )


def document(selected: Iterable[Row]) -> dict[str, Any]:
    """
    The rows as plain data, in the shape `workerctl.config/1`.
    """
    return {
        "schema": SCHEMA,
        "version": __version__,
        "settings": [
            {
                "name": row.setting.name,
                "group": row.setting.group,
                "value": row.shown if row.valid else None,
                "secret": row.setting.secret,
                "set": row.is_set,
                "required": row.required,
                "valid": row.valid,
                "changed": row.changed,
                "location": _location(row.location),
                "shadows": [_location(location) for location in row.shadowed],
            }
            for row in selected
        ],
    }


def env_lines(selected: Iterable[Row], encoding: str | None = "utf-8") -> Iterator[str]:
    """
    The rows as env file lines; what is secret, not valid or not to be encoded is commented out.
    """
    for row in selected:
        name = row.setting.name
        if not row.valid:
            yield f"# {name} is not valid"
        elif row.setting.secret:
            yield f"# {name} is {'set' if row.is_set else 'not set'}"
        else:
            text = f"{name}={_quoted(row.shown)}"
            yield text if _fits(text, encoding) else f"# {name} cannot be written in {encoding}"


def table(selected: tuple[Row, ...], *, origin: bool) -> Iterator[Line]:
    """
    The rows for people: one line each, under their groups.
    """
    width = max((len(row.setting.name) for row in selected), default=0)
    group = ""
    for row in selected:
        if row.setting.group != group:
            group = row.setting.group
            yield line()
            yield line((group, "bold"))
        yield _table_line(row, width, origin=origin)
    yield line()
    yield line(("* differs from the default", "dim"))


def story(row: Row, read_by: Iterable[str]) -> Iterator[Line]:
    """
    All there is to tell about one setting and its value.
    """
    text, style = _value(row)
    yield from about(row.setting, read_by)
    yield _fact("value", text, style)
    yield _fact("comes from", str(row.location))
    for location in row.shadowed:
        yield _fact("shadows", str(location))


def rotation_story(loaded: Loaded) -> Iterator[Line]:
    """
    Where the rotation of the keys stands, and what has to happen next.
    """
    ring = versions.keys_of(loaded.values.texts(), loaded.settings.ENCRYPTION_KEY_VERSION)
    for found in versions.problems(ring):
        yield _fact("rotation", f"in doubt: {found.key.name} {found.words}", "red")
        return
    if ring and ring[0].name == versions.CURRENT:
        canary = tokens.parse_canary(loaded.values.text("ENCRYPTION_CANARY"))
        stands = rotation.of(ring, canary.key_id if canary else None)
        yield _fact("rotation", f"{stands.state.value}: {stands.facts}")
        if stands.next_step is not None:
            yield _fact("next step", stands.next_step)


def about(setting: Setting, read_by: Iterable[str]) -> Iterator[Line]:
    """
    What the schema says about one setting.
    """
    yield line((setting.name, "bold"), f" · {setting.group}")
    yield line(f"  {setting.description}", indent=2)
    yield line()
    yield _fact("must be", setting.expects)
    yield _fact("default", _default(setting) or "not set")
    yield _fact("secret", _why_secret(setting))
    if setting.deprecated:
        yield _fact("old names", ", ".join(setting.deprecated))
    yield _fact("checked by", ", ".join(("SET001", *read_by)))


def _default(setting: Setting) -> str:
    if setting.required:
        return "required"
    if not setting.secret or setting.default is None:
        return setting.default_text
    plain = getattr(setting.default, "get_secret_value", lambda: str(setting.default))()
    return _masked(setting, plain)


def _fact(label: str, text: str, style: Style = "") -> Line:
    return line((f"  {label:<11} ", "dim"), (text, style), indent=14)


def _row(loaded: Loaded, setting: Setting, required: frozenset[str]) -> Row:
    name = setting.name
    value = loaded.values.chosen.get(name)
    valid = name not in loaded.invalid
    return Row(
        setting,
        _shown(loaded, setting) if valid else "",
        value is not None,
        setting.required or name in required,
        valid,
        valid and value is not None and _differs(loaded, setting),
        loaded.values.location(name),
        () if value is None else value.shadowed,
    )


def _differs(loaded: Loaded, setting: Setting) -> bool:
    if setting.secret and not setting.url:
        return True
    return bool(getattr(loaded.settings, setting.name, None) != setting.default)


def _shown(loaded: Loaded, setting: Setting) -> str:
    """
    The value as far as it may be seen.
    """
    value = getattr(loaded.settings, setting.name, loaded.values.text(setting.name))
    if setting.secret:
        plain = value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        return _masked(setting, plain)
    items = value if isinstance(value, list) else [value]
    return ",".join(_open(as_text(item)) for item in items)


def _open(text: str) -> str:
    return show_url(text, secret=False) if "://" in text else printable(text)


def _masked(setting: Setting, plain: str) -> str:
    if not plain:
        return ""
    if setting.url:
        return show_url(plain, secret=True)
    if not setting.name.startswith("ENCRYPTION_KEY"):
        return MASK
    if keys.form_problem(plain) is None and keys.weakness(plain) is None:
        return f"{MASK} ({len(plain)} characters, key id {keys.key_id(plain)})"
    return f"{MASK} ({len(plain)} characters)"


def _value(row: Row) -> tuple[str, Style]:
    if not row.valid:
        return "not valid, not shown", "red"
    if row.required and not row.is_set:
        return "not set, but required", "red"
    if not row.shown:
        return "not set", "dim"
    return row.shown, ""


def _table_line(row: Row, width: int, *, origin: bool) -> Line:
    value, style = _value(row)
    mark = "*" if row.changed else " "
    shadows = f", shadows {', '.join(map(str, row.shadowed))}" if row.shadowed else ""
    where = f"  {row.location}{shadows}" if origin else ""
    name = f"{row.setting.name:<{width}}"
    return line(
        (f"{mark} ", "yellow"), name, "  ", (value, style), (where, "dim"), indent=width + 4
    )


def _named(found: tuple[Row, ...], name: str) -> Row:
    for row in found:
        if name.upper() in {row.setting.name, *row.setting.deprecated}:
            return row
    known = [row.setting.name for row in found]
    raise UsageError("There is no such setting.", did_you_mean(name.upper(), known))


def _why_secret(setting: Setting) -> str:
    if setting.secret:
        return "yes: never shown"
    return f"no: {setting.public}" if setting.public else "no"


def _location(location: Location) -> dict[str, Any]:
    file = None if location.file is None else printable(location.file)
    return {"source": location.source, "file": file, "line": location.line}


def _fits(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _quoted(text: str) -> str:
    """
    The text as every env file parser reads it: bare where that is safe, else single-quoted.
    """
    safe = all(character.isalnum() or character in "_./:+,@%-" for character in text)
    return text if safe and text.isascii() else "'" + text.replace("'", "\\'") + "'"
