"""
The comparison of two configurations: what each of them has for every name, and whether it is equal.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

from workerctl.checks.base import Other
from workerctl.checks.engine.run import run
from workerctl.checks.values.shared_secrets import SEC001
from workerctl.commands.configurations import Configuration
from workerctl.commands.show_config.rows import Row, rows
from workerctl.commands.world import World
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

    `lines` are the assignments in its env files that set no setting, by name.
    """

    name: str
    loaded: Loaded
    env: str
    report: Report
    rows: Mapping[str, Row]
    lines: Mapping[str, Assignment]

    @property
    def invalid(self) -> int:
        """
        The number of settings whose values are not valid.
        """
        return sum(not row.valid for row in self.rows.values() if _is_given(self, row))


class Cell(Record):
    """
    What one configuration has for a name. `value` is the text that may be shown, None for a secret.

    `address` is what may be shown of a secret that is a URL. With `later`, the value is provided at
    deploy, and nobody knows it yet.
    """

    is_set: bool
    valid: bool
    value: str | None
    location: Location
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
    loaded = [world.load(each.request.options) for each in (a, b)]
    # Masks the secrets of each configuration in the values of both.
    redact = Redactor((secret for each in loaded for secret in _secrets(each)), MASK).redact
    one, other = (
        _side(world, each, made, redact) for each, made in zip((a, b), loaded, strict=True)
    )
    names = dict.fromkeys((*one.rows, *other.rows, *one.lines, *other.lines))
    used = [entry for name in names if (entry := _entry(name, one, other))]
    found = [entry for entry in used if not _is_unknown(entry)]
    shown = [entry for entry in found if entry.is_setting or _may_show(entry.name, one, other)]
    differing = [entry for entry in found if entry.relation != "same"]
    listed = tuple(
        entry
        for entry in _redacted(shown, redact)
        if entry.relation != "same" or (entry.secret and _is_set(entry))
    )
    return Comparison(
        a=one,
        b=other,
        entries=listed,
        findings=_findings(world, one, other, a, b),
        equal=sum(_is_set(entry) for entry in shown if entry.relation == "same")
        - sum(entry.relation == "same" for entry in listed),
        unset=sum(not _is_set(entry) for entry in shown if entry.relation == "same"),
        later=len(used) - len(found),
        unnamed=len(differing) - sum(entry.relation != "same" for entry in listed),
    )


def _side(world: World, one: Configuration, loaded: Loaded, redact: Redact) -> Side:
    context = context_of(loaded, one.request, world.today)
    return Side(
        name=one.name or "",
        loaded=loaded,
        env=judged_as(loaded.view, one.request.env),
        report=report_of(loaded, context, (), env_by=one.request.env_by),
        rows={row.setting.name: row for row in rows(loaded, one.request.env, redact)},
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


def _entry(name: str, a: Side, b: Side) -> Entry | None:
    """
    Return what two configurations have for a name, or None if neither of them uses it.
    """
    cells = [_cell(name, side) for side in (a, b)]
    first, second = cells
    given = [cell is not None and cell.is_set for cell in cells]
    if not all(cells) and not any(given):
        return None
    relation: Relation = "same" if _is_same(name, a, b) else "different"
    if given[0] != given[1]:
        relation = "only-a" if given[0] else "only-b"
    found = [side.rows[name] for side in (a, b) if name in side.rows]
    return Entry(
        name=name,
        relation=relation,
        is_setting=bool(found),
        secret=any(row.setting.secret for row in found) or (not found and is_credential_name(name)),
        a=first,
        b=second,
    )


def _cell(name: str, side: Side) -> Cell | None:
    row, line = side.rows.get(name), side.lines.get(name)
    if name in side.loaded.later:
        location = side.loaded.values.location(name)
        return Cell(is_set=True, valid=True, value=None, location=location, later=True)
    if row is not None:
        secret = row.setting.secret
        is_url = secret and row.valid and "://" in row.shown and isinstance(row.typed, str)
        return Cell(
            is_set=_is_given(side, row),
            valid=row.valid,
            value=None if secret or not row.valid else row.shown,
            location=row.location,
            address=row.shown if is_url else None,
        )
    if line is not None:
        return Cell(is_set=bool(line.text), valid=True, value=None, location=line.location)
    return None


def _is_unknown(entry: Entry) -> bool:
    """
    Return whether both configurations have a name whose values cannot be compared yet.
    """
    cells = [cell for cell in (entry.a, entry.b) if cell is not None and cell.is_set]
    return len(cells) > 1 and any(cell.later for cell in cells)


def _is_given(side: Side, row: Row) -> bool:
    """
    Return whether a source sets the value, perhaps together with that of a model around it.
    """
    is_empty = row.setting.name in side.loaded.values.empty
    return row.is_set or (row.location.source != "default" and not is_empty)


def _is_set(entry: Entry) -> bool:
    return any(cell is not None and cell.is_set for cell in (entry.a, entry.b))


def _is_same(name: str, a: Side, b: Side) -> bool:
    """
    Return whether both configurations have the same value, as their classes see it.

    Where one of them has no valid value, the texts of the sources are compared.
    """
    first, second = a.rows.get(name), b.rows.get(name)
    texts = [_text(name, side) for side in (a, b)]
    if first is None or second is None or not (first.valid and second.valid):
        return texts[0] == texts[1]
    if is_same(_value(name, a), _value(name, b)):
        return True
    # Objects of a team's own type may not compare by value.
    is_same_class = a.loaded.schema.settings_class is b.loaded.schema.settings_class
    return is_same_class and texts[0] == texts[1] is not None


def _text(name: str, side: Side) -> str | None:
    """
    Return the text that the sources have for a name, None if they have none.
    """
    if side.loaded.values.is_set(name):
        return side.loaded.values.text(name)
    line = side.lines.get(name)
    return None if line is None else line.text


def _value(name: str, side: Side) -> Any:
    loaded = side.loaded
    if name in loaded.schema.variables:
        return loaded.schema.value(loaded.settings, name)
    return loaded.values.text(name)


def _may_show(name: str, a: Side, b: Side) -> bool:
    return may_show_name(name, (*a.loaded.values.names.fields, *b.loaded.values.names.fields))


def _redacted(entries: Iterable[Entry], redact: Redact) -> Iterator[Entry]:
    """
    Yield the entries with the secrets masked in the whole text of a value, too.
    """
    for entry in entries:
        yield entry.replace(a=_masked(entry.a, redact), b=_masked(entry.b, redact))


def _masked(cell: Cell | None, redact: Redact) -> Cell | None:
    if cell is None or not cell.value:
        return cell
    return cell.replace(value=redact(cell.value))


def _secrets(loaded: Loaded) -> Iterator[str]:
    settings, values = loaded.settings, loaded.values
    if settings is not None:
        yield from secret_texts(settings)
    yield from (text for name, text in values.texts().items() if values.names.is_secret(name))
