"""
The page about one setting, as `workerctl show-config NAME` and `workerctl explain NAME` show it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workerctl.budget.pipeline import Pipeline
from workerctl.checks.base import Check, looked_at
from workerctl.commands.show_config.rows import Row, shown_value
from workerctl.keyring import rotation, tokens, versions
from workerctl.output.lines import Line, Style, line
from workerctl.schema.declarations import Declaration, Schema
from workerctl.schema.description import Setting
from workerctl.schema.loading import Loaded


def story(row: Row, default: str, read_by: Iterable[str]) -> Iterator[Line]:
    """
    Yield the page about one setting and its value; `default` is what may be shown of its default.
    """
    text, style = shown_value(row)
    yield from about(row.setting, default, read_by)
    yield _fact("value", text, style)
    for location in row.locations:
        yield _fact("comes from", str(location))
    for location in row.shadowed:
        yield _fact("shadows", str(location))


def rotation_story(loaded: Loaded, key: Declaration) -> Iterator[Line]:
    """
    Yield the state of the rotation of a key, and the next step.
    """
    version = key.others.get("version")
    number = None if version is None else loaded.schema.value(loaded.settings, version)
    ring = versions.keys_of(loaded.values.texts(), number or 0, key.name)
    for found in versions.problems(ring):
        yield _fact("rotation", f"unclear: {found.key.name} {found.words}", "red")
        return
    if ring and ring[0].is_current:
        canary = tokens.parse_canary(loaded.values.text(key.others.get("canary", "")))
        current = rotation.assess(ring, canary.key_id if canary else None)
        yield _fact("rotation", f"{current.state.value}: {current.facts}")
        if current.next_step is not None:
            yield _fact("next step", current.next_step)


def readers(
    checks: Iterable[Check], name: str, schema: Schema, pipeline: Pipeline | None
) -> list[str]:
    """
    Return the codes of the checks that look at one setting.
    """
    return [check.code for check in checks if name in looked_at(check, schema, pipeline)]


def about(setting: Setting, default: str, read_by: Iterable[str]) -> Iterator[Line]:
    """
    Yield what the schema declares about one setting; `default` is what may be shown of its default.
    """
    yield line((setting.name, "bold"), f" · {setting.group}")
    if setting.description:
        yield line(f"  {setting.description}", indent=2)
    yield line()
    for label, text in facts(setting, default, read_by):
        yield _fact(label, text)


def facts(setting: Setting, default: str, read_by: Iterable[str]) -> Iterator[tuple[str, str]]:
    """
    Yield what the schema declares about one setting, each after a label.
    """
    yield "must be", setting.expects
    yield "default", "required" if setting.required else default or "not set"
    yield "secret", _why_secret(setting)
    if setting.deprecated:
        yield "old names", ", ".join(setting.deprecated)
    if setting.aliases:
        yield "also", ", ".join(setting.aliases)
    yield "checked by", ", ".join(("SET001", *read_by))


def _fact(label: str, text: str, style: Style = "") -> Line:
    return line((f"  {label:<11} ", "dim"), (text, style), indent=14)


def _why_secret(setting: Setting) -> str:
    if setting.secret:
        return "yes: never shown"
    return f"no: {setting.public}" if setting.public else "no"
