"""
The comparison for programs: a JSON document of the shape `workerctl.diff/1`.
"""

from __future__ import annotations

from typing import Any

from workerctl import __version__
from workerctl.commands.diff.comparison import Cell, Comparison, Entry, Side
from workerctl.output.json import finding_of, location_of
from workerctl.secrecy.masking import printable

SCHEMA = "workerctl.diff/1"


def document(comparison: Comparison, code: int) -> dict[str, Any]:
    """
    Return a comparison as plain data. The JSON Schema is `diff.schema.json` in workerctl/output.
    """
    return {
        "schema": SCHEMA,
        "version": __version__,
        "exit_code": int(code),
        "a": _side(comparison.a),
        "b": _side(comparison.b),
        "same_class": comparison.is_same_class,
        "summary": _summary(comparison),
        "entries": [_entry(entry) for entry in comparison.entries],
        "findings": [finding_of(finding) for finding in comparison.findings],
    }


def _side(side: Side) -> dict[str, Any]:
    report = side.report
    return {
        "name": printable(side.name),
        "settings_class": report.settings_class,
        "judged_as": report.judged_as,
        "env_from": report.env_from,
        "sources": [printable(source) for source in report.sources],
        "invalid": side.invalid,
    }


def _summary(comparison: Comparison) -> dict[str, int]:
    relations = [entry.relation for entry in comparison.entries]
    return {
        "only_a": relations.count("only-a"),
        "only_b": relations.count("only-b"),
        "different": relations.count("different"),
        "same_secrets": relations.count("same"),
        "equal": comparison.equal,
        "unset": comparison.unset,
        "provided_at_deploy": comparison.later,
        "unnamed": comparison.unnamed,
    }


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "relation": entry.relation,
        "setting": entry.is_setting,
        "secret": entry.secret,
        "a": _cell(entry.a),
        "b": _cell(entry.b),
    }


def _cell(cell: Cell | None) -> dict[str, Any] | None:
    if cell is None:
        return None
    value = cell.value if cell.address is None else cell.address
    return {
        "set": cell.is_set,
        "valid": cell.valid,
        "provided_at_deploy": cell.later,
        "value": None if value is None else printable(value),
        "location": location_of(cell.locations[0]),
        "locations": [location_of(location) for location in cell.locations],
    }
