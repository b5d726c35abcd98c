"""
What every format says of a settings class: its variables, described, with defaults and demands.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic.fields import FieldInfo

from workerctl.commands.schema.defaults import defaults
from workerctl.commands.schema.demands import Demand, demands, needed, sentences
from workerctl.commands.schema.placeholders import placeholder, placeholder_url
from workerctl.commands.show_config.rows import redactor_of, settings
from workerctl.commands.show_config.written import alias_paths
from workerctl.report.records import Record
from workerctl.report.words import listed
from workerctl.rules import Endpoint
from workerctl.schema.declarations import Schema
from workerctl.schema.description import NO_DEFAULT, Setting, default_of
from workerctl.schema.loading import Loaded
from workerctl.schema.secrets.shown import Redact
from workerctl.secrecy.masking import printable
from workerctl.secrecy.recognition import secret_spans
from workerctl.sources.forms.placeholders.recognition import is_placeholder


class Entry(Record):
    """
    A variable of a settings class.

    `expects` completes "NAME must be …", and `notes` are sentences about names and demands.
    `is_needed` is true if a complete configuration sets it. `placeholder` stands for a value that
    only the user knows. `default` is the text of a default that may be shown, or None;
    `default_note` is a sentence about one without a text. `is_used` is false for a field of a model
    that is not used by default.
    """

    setting: Setting
    info: FieldInfo
    description: str
    expects: str
    notes: tuple[str, ...]
    is_needed: bool
    placeholder: str
    default: str | None = None
    default_note: str = ""
    is_used: bool = True

    @property
    def name(self) -> str:
        """
        The name of the variable.
        """
        return self.setting.name

    @property
    def sentences(self) -> Iterator[str]:
        """
        What is said of the variable besides its description.
        """
        yield f"Must be {self.expects}."
        if self.setting.secret:
            yield "Secret."
        yield from self.notes
        if self.is_needed and self.default:
            yield f"The default is {printable(self.default)}."
        elif self.default_note and not self.is_needed:
            yield self.default_note


class Outline(Record):
    """
    A settings class, its variables in the order of the schema, and what it demands.
    """

    target: str
    schema: Schema
    entries: tuple[Entry, ...]
    demands: tuple[Demand, ...]

    def groups(self) -> Iterator[tuple[str, list[Entry]]]:
        """
        Yield each group with its entries, in the order in which the groups first occur.
        """
        for group in dict.fromkeys(entry.setting.group for entry in self.entries):
            yield group, [entry for entry in self.entries if entry.setting.group == group]


def outline(loaded: Loaded) -> Outline:
    """
    Return the outline of the class of a configuration that was loaded without any source.
    """
    schema = loaded.schema
    # A secrets directory of the class may set something on this machine, and not on another.
    bare = loaded.replace(values=loaded.values.replace(chosen={}, empty={}))
    found = tuple(settings(bare))
    secrets = frozenset(one.name for one in found if one.secret)
    redact = redactor_of(loaded)
    texts = defaults(bare, [one.name for one in found], secrets, redact)
    demanded = tuple(demands(schema))
    public = {name: each.text for name, each in texts.items() if each.text is not None}
    wanted = needed(schema, demanded, public) | frozenset(_replaced_defaults(schema, secrets))
    said = sentences(schema, demanded)
    endpoints = {one.name for one in schema.of(Endpoint)}
    entries: list[Entry] = []
    for one in found:
        info, default = schema.variables[one.name].info, texts[one.name]
        text = placeholder(one.name, schema.prefix)
        if one.url or one.name in endpoints:
            text = placeholder_url(text, info, default.text or "")
        entries.append(
            Entry(
                setting=one,
                info=info,
                description=_safe(one.description, redact),
                expects=_safe(one.expects, redact),
                notes=tuple(
                    _safe(each, redact) for each in _notes(one, info, said.get(one.name, ()))
                ),
                is_needed=one.name in wanted,
                placeholder=text,
                default=default.text,
                default_note=default.note,
                is_used=default.applies,
            )
        )
    kind = schema.settings_class
    return Outline(f"{kind.__module__}:{kind.__qualname__}", schema, tuple(entries), demanded)


def _notes(setting: Setting, info: FieldInfo, said: Iterable[str]) -> Iterator[str]:
    if setting.deprecated:
        yield f"Formerly {listed(setting.deprecated)}."
    if setting.aliases:
        yield f"Also read as {listed(setting.aliases, 'or')}."
    for path in alias_paths(info):
        yield f"The value is JSON, of which this setting is {list(path.path[1:])}."
    yield from said


def _safe(text: str, redact: Redact | None) -> str:
    """
    Return a sentence in one line, without what has the shape of a secret or repeats a default.
    """
    text = printable(" ".join(text.split()))
    for secret in secret_spans(text):
        text = text.replace(secret, "…")
    return text if redact is None else redact(text)


def _replaced_defaults(schema: Schema, secrets: frozenset[str]) -> Iterator[str]:
    """
    Yield the secrets whose default is a placeholder itself, such as `changeme`.
    """
    for name in secrets & schema.variables.keys():
        for info in schema.variables[name].infos:
            default = default_of(info)
            text = getattr(default, "get_secret_value", lambda one=default: one)()
            is_text = default is not NO_DEFAULT and isinstance(text, str) and text != ""
            if is_text and is_placeholder(text, name, secret=True):
                yield name
