"""
The comparison of two configurations: what each of them has for every name, and whether it is equal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Literal

from workerctl.checks.base import Other
from workerctl.checks.engine.run import run
from workerctl.checks.values.shared_secrets import SEC001
from workerctl.commands.shared.configurations import Configuration
from workerctl.commands.shared.world import World
from workerctl.commands.show_config.rows import (
    is_assigned,
    is_valid,
    keys_of,
    models_around,
    row_of,
    setting_names,
    setting_of,
)
from workerctl.preflight import context_of, report_of
from workerctl.report.findings import Finding, Location, accepting
from workerctl.report.records import Record
from workerctl.report.results import Report
from workerctl.schema.boot_rules.view import judged_as
from workerctl.schema.loading import Loaded
from workerctl.schema.secrets.shown import Redact, is_same
from workerctl.schema.secrets.texts import secret_texts
from workerctl.secrecy.credential_names import is_credential_name
from workerctl.secrecy.masking import MASK, may_show_name
from workerctl.secrecy.redaction import Redactor
from workerctl.sources.values import Assignment

Relation = Literal["only-a", "only-b", "different", "same"]


class Side(Record):
    """
    One of the two configurations: its name, what was loaded, and the environment of its rules.

    `settings` says for each setting whether it is secret, and `lines` holds the assignments in its
    env files that set no setting, by name.
    """

    name: str
    loaded: Loaded
    env: str
    report: Report
    settings: Mapping[str, bool]
    lines: Mapping[str, Assignment]

    @property
    def invalid(self) -> int:
        """
        The number of settings whose values are not valid; a model counts once, not by its fields.
        """
        loaded = self.loaded
        invalid = [name for name in self.settings if not is_valid(loaded, name)]
        return sum(
            loaded.values.is_set(name)
            or (is_assigned(loaded, name) and not set(models_around(loaded, name)) & set(invalid))
            for name in invalid
        )


class Cell(Record):
    """
    What one configuration has for a name. `value` is the text that may be shown, None for a secret.

    `address` is what may be shown of a secret that is a URL. With `later`, the value is provided at
    deploy, and nobody knows it yet.
    """

    is_set: bool
    valid: bool
    value: str | None
    locations: tuple[Location, ...]
    address: str | None = None
    later: bool = False


class Entry(Record):
    """
    A name with what the configurations have for it; None if the name does not exist in one of them.

    `is_setting` is false for a variable of other programs, of which only the name is shown.
    """

    name: str
    relation: Relation
    is_setting: bool
    secret: bool
    a: Cell | None
    b: Cell | None


class Pair(Record):
    """
    How two configurations compare in one name.

    `is_set` says whether one of them has a value, `is_default` whether both have the default, and
    `is_unknown` whether both have a value, of which one is provided at deploy.
    """

    name: str
    relation: Relation
    is_setting: bool
    is_secret: bool
    is_set: bool
    is_default: bool
    is_unknown: bool


class Comparison(Record):
    """
    Two configurations and how they differ.

    `entries` has all names that differ, and the secrets that are the same. `equal` counts what both
    set to the same public value, `unset` what both leave at the same default, and `later` what both
    have, but one of them gets at deploy only. `unnamed` counts further names that differ, which are
    not shown because they may be secrets.
    """

    a: Side
    b: Side
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]
    equal: int
    unset: int
    later: int
    unnamed: int

    @property
    def is_same_class(self) -> bool:
        """
        Whether both configurations have the same settings class.
        """
        classes = (each.loaded.schema.settings_class for each in (self.a, self.b))
        return len(set(classes)) == 1

    @property
    def is_different(self) -> bool:
        """
        Whether anything differs, or a secret is shared that should not be.
        """
        differs = any(entry.relation != "same" for entry in self.entries) or self.unnamed > 0
        return differs or any(finding.suppressed is None for finding in self.findings)


def compare(world: World, a: Configuration, b: Configuration) -> Comparison:
    """
    Load two configurations and compare them by the values that their settings classes see.

    Raises SourceError, ProjectError or UsageError if one of them cannot be loaded.
    """
    loaded = _alike(*(world.load(each.request.options) for each in (a, b)))
    one, other = (_side(world, each, made) for each, made in zip((a, b), loaded, strict=True))
    names = dict.fromkeys((*one.settings, *other.settings, *one.lines, *other.lines))
    used = [pair for name in names if (pair := _pair(name, one, other))]
    found = [pair for pair in used if not pair.is_unknown]
    shown = [pair for pair in found if pair.is_setting or _may_show(pair.name, one, other)]
    differing = [pair for pair in found if pair.relation != "same"]
    listed = [pair for pair in shown if pair.relation != "same" or (pair.is_secret and pair.is_set)]
    # Masks the secrets of each configuration in the values of both.
    redact = Redactor((secret for each in loaded for secret in _secrets(each)), MASK).redact
    return Comparison(
        a=one,
        b=other,
        entries=tuple(_entry(pair, one, other, redact) for pair in listed),
        findings=_findings(world, one, other, a, b),
        equal=sum(pair.is_set for pair in shown if pair.relation == "same")
        - sum(pair.relation == "same" for pair in listed),
        unset=sum(pair.is_default for pair in shown if pair.relation == "same"),
        later=len(used) - len(found),
        unnamed=len(differing) - sum(pair.relation != "same" for pair in listed),
    )


def _alike(a: Loaded, b: Loaded) -> tuple[Loaded, Loaded]:
    """
    Return two configurations; of one class, with the same names for the same settings.
    """
    if a.schema.is_own or a.schema.settings_class is not b.schema.settings_class:
        return a, b
    from workerctl.schema.foreign.naming import alike

    return alike(a, b)


def _side(world: World, one: Configuration, loaded: Loaded) -> Side:
    context = context_of(loaded, one.request, world.today)
    return Side(
        name=one.name or "",
        loaded=loaded,
        env=judged_as(loaded.view, one.request.env),
        report=report_of(loaded, context, (), env_by=one.request.env_by),
        settings={name: loaded.values.names.is_secret(name) for name in setting_names(loaded)},
        lines={
            line.name: line
            for source in loaded.values.env_files
            for line in source.assignments
            if line.sets is None
        },
    )


def _findings(
    world: World, a: Side, b: Side, one: Configuration, other: Configuration
) -> tuple[Finding, ...]:
    """
    Return what the two share and should not; a suppression for either of them accepts it.
    """
    context = context_of(a.loaded, one.request, world.today)
    context = context.replace(others=(Other(b.name, b.env, b.loaded.view),))
    found = (finding for result in run(context, (SEC001,)) for finding in result.findings)
    theirs = context_of(b.loaded, other.request, world.today)
    accepted = partial(accepting, theirs.suppressions, env=theirs.env, today=theirs.today)
    return tuple(
        finding.replace(suppressed=finding.suppressed or accepted(finding)) for finding in found
    )


def _pair(name: str, a: Side, b: Side) -> Pair | None:
    """
    Return how two configurations compare in one name, or None if neither of them uses it.
    """
    given = [_is_given(name, side) for side in (a, b)]
    if not any(given) and not all(_exists(name, side) for side in (a, b)):
        return None
    relation: Relation = "same" if _is_same(name, a, b) else "different"
    if given[0] != given[1]:
        relation = "only-a" if given[0] else "only-b"
    secret = [side.settings[name] for side in (a, b) if name in side.settings]
    return Pair(
        name=name,
        relation=relation,
        is_setting=bool(secret),
        is_secret=any(secret) if secret else is_credential_name(name),
        is_set=any(given),
        is_default=not any(given) and all(map(partial(_is_valid, name), (a, b))),
        is_unknown=all(given) and any(name in side.loaded.later for side in (a, b)),
    )


def _exists(name: str, side: Side) -> bool:
    return name in side.loaded.later or name in side.settings or name in side.lines


def _is_valid(name: str, side: Side) -> bool:
    """
    Return whether a name is a setting with a value that its class accepts.
    """
    return name in side.settings and is_valid(side.loaded, name)


def _is_given(name: str, side: Side) -> bool:
    """
    Return whether a configuration has a value for a name, perhaps one that is provided at deploy.
    """
    if name in side.loaded.later:
        return True
    if name in side.settings:
        return is_assigned(side.loaded, name)
    return name in side.lines and bool(side.lines[name].text)


def _entry(pair: Pair, a: Side, b: Side, redact: Redact) -> Entry:
    """
    Return a pair with what may be shown of it.
    """
    return Entry(
        name=pair.name,
        relation=pair.relation,
        is_setting=pair.is_setting,
        secret=pair.is_secret,
        a=_cell(pair.name, a, redact),
        b=_cell(pair.name, b, redact),
    )


def _cell(name: str, side: Side, redact: Redact) -> Cell | None:
    loaded = side.loaded
    if not _exists(name, side):
        return None
    is_given = _is_given(name, side)
    if name in loaded.later:
        locations = (loaded.values.location(name),)
        return Cell(is_set=is_given, valid=True, value=None, locations=locations, later=True)
    if name not in side.settings:
        locations = (side.lines[name].location,)
        return Cell(is_set=is_given, valid=True, value=None, locations=locations)
    row = row_of(loaded, setting_of(loaded, name), frozenset(), redact)
    secret = row.setting.secret
    is_url = secret and row.valid and "://" in row.shown and isinstance(row.typed, str)
    return Cell(
        is_set=is_given,
        valid=row.valid,
        # The secrets of both are masked in the whole text, too.
        value=None if secret or not row.valid else redact(row.shown),
        locations=row.locations,
        address=row.shown if is_url else None,
    )


def _is_same(name: str, a: Side, b: Side) -> bool:
    """
    Return whether both configurations have the same value, as their classes see it.

    Where one of them has no valid value, the texts of the sources are compared.
    """
    texts = [_texts(name, side) for side in (a, b)]
    if not all(map(partial(_is_valid, name), (a, b))):
        return texts[0] == texts[1]
    if is_same(_value(name, a), _value(name, b)):
        return True
    # Objects of a team's own type may not compare by value.
    is_same_class = a.loaded.schema.settings_class is b.loaded.schema.settings_class
    return is_same_class and texts[0] == texts[1] is not None


def _texts(name: str, side: Side) -> dict[str, str] | None:
    """
    Return the texts that the sources have for a name and its keys, None if they have none.
    """
    values = side.loaded.values
    names = [name, *keys_of(side.loaded, name)]
    found = {each: values.text(each) for each in names if values.is_set(each)}
    line = side.lines.get(name)
    if line is not None:
        found.setdefault(name, line.text)
    return found or None


def _value(name: str, side: Side) -> Any:
    loaded = side.loaded
    if name in loaded.schema.variables:
        return loaded.schema.value(loaded.settings, name)
    return loaded.values.text(name)


def _may_show(name: str, a: Side, b: Side) -> bool:
    return may_show_name(name, (*a.loaded.values.names.fields, *b.loaded.values.names.fields))


def _secrets(loaded: Loaded) -> Iterator[str]:
    settings, values = loaded.settings, loaded.values
    if settings is not None:
        yield from secret_texts(settings, loaded.schema)
    yield from (text for name, text in values.texts().items() if values.names.is_secret(name))
