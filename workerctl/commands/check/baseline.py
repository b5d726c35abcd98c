"""
The baseline: a file of the findings that a team knows, without any value or message.

It is JSON of the shape `workerctl.baseline/1`, sorted, with a line for each key, so that changes of
two branches can be merged.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from workerctl.report.errors import EnvFileWriteError, SourceError, UsageError
from workerctl.report.findings import ALWAYS, ENVIRONMENTS, Severity
from workerctl.report.records import Record
from workerctl.sources import envfile
from workerctl.sources.writing import atomic

SCHEMA = "workerctl.baseline/1"

_DOCUMENT = {"schema", "expires", "findings"}
_CODE = r"[A-Z]{2,8}[0-9]{1,4}"
_AGAIN = "Correct it, or delete it and repeat the command with --write-baseline."
_READABLE = 0o644


class Key(Record):
    """
    What a finding is known by. `target` is the target or the file that was checked, None otherwise.

    `env` is the environment whose rules were applied. `file` is where the finding is located,
    relative to the project; None if it is not in a file.
    """

    code: str
    severity: str
    target: str | None
    env: str
    file: str | None
    fields: tuple[str, ...]


class Baseline(Record):
    """
    The number of known findings by key, and the last day (UTC) on which they are known.
    """

    expires: date
    counts: Mapping[Key, int]

    def has_expired(self, today: date) -> bool:
        """
        Return whether the last day has passed.
        """
        return self.expires < today


def read(path: str) -> Baseline:
    """
    Return the baseline in a file. Raises UsageError if it cannot be read or is not valid.
    """
    failure = text = None
    try:
        text = envfile.read_text(path)
    except SourceError as error:
        failure = error.message
    if text is None:
        raise UsageError(f"The baseline cannot be used: {failure}", _AGAIN)
    return parse(text, path)


def write(path: str, change: Callable[[Baseline | None], Baseline]) -> None:
    """
    Replace the baseline in a file by what `change` makes of it; of None if there is no file.

    Raises UsageError if the file is not a baseline or cannot be written.
    """
    failure = None
    try:
        replaced = atomic.replace(
            path,
            lambda old: rendered(change(_decoded(old, path)), path),
            size_limit=envfile.SIZE_LIMIT,
            private=False,
        )
        if replaced.created:
            Path(path).chmod(_READABLE)  # it holds no secret, and other accounts run checks
    except (EnvFileWriteError, OSError) as error:
        failure = getattr(error, "message", None) or f"{path} cannot be written."
    if failure is not None:
        raise UsageError(failure, "Check the path of the baseline and its permissions.")


def _decoded(old: bytes | None, path: str) -> Baseline | None:
    if old is None:
        return None
    failure = text = None
    try:
        text = envfile.decode(old, path)
    except SourceError as error:
        failure = error.message
    if text is None:
        raise UsageError(f"The baseline cannot be used: {failure}", _AGAIN)
    return parse(text, path)


def rendered(baseline: Baseline, path: str) -> bytes:
    """
    Return the content of the file. Raises UsageError if it has too many findings to be read again.
    """
    keys = sorted(baseline.counts, key=lambda key: json.dumps([*vars(key).values()]))
    entries = (json.dumps({**vars(key), "count": baseline.counts[key]}) for key in keys)
    lines = ",\n".join(f"    {entry}" for entry in entries)
    opening = f'{{\n  "schema": "{SCHEMA}",\n  "expires": "{baseline.expires.isoformat()}",\n'
    listed = f"[\n{lines}\n  ]" if lines else "[]"
    text = f'{opening}  "findings": {listed}\n}}\n'
    if len(text) > envfile.SIZE_LIMIT:
        raise UsageError(f"{path} would be larger than 1 MiB.", "Resolve some findings first.")
    return text.encode("ascii")


def parse(text: str, path: str) -> Baseline:
    """
    Return the baseline that a text contains. Raises UsageError, which shows nothing of the text.
    """
    document, problem = None, ""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        problem = f" (line {error.lineno})"
    except (ValueError, RecursionError):
        pass
    if document is None:
        raise UsageError(f"The baseline {path} is not valid JSON{problem}.", _AGAIN)
    if not isinstance(document, dict) or document.get("schema") != SCHEMA:
        raise UsageError(f"The baseline {path} does not have the schema {SCHEMA}.", _AGAIN)
    expires, findings = _date(document.get("expires")), document.get("findings")
    if expires is None or not isinstance(findings, list) or set(document) != _DOCUMENT:
        raise UsageError(
            f"The baseline {path} needs the keys `expires`, a date, and `findings`, a list.", _AGAIN
        )
    counts: Counter[Key] = Counter()
    for number, entry in enumerate(findings, 1):
        key = _key(entry)
        if key is None:
            raise UsageError(f"Finding {number} of the baseline {path} is not valid.", _AGAIN)
        if key.code in ALWAYS:
            raise UsageError(
                f"The baseline {path} names {key.code}, which is never a part of a baseline.",
                "Delete its line: all other results depend on that check.",
            )
        # After a merge, both branches may have added the same line.
        counts[key] = max(counts[key], entry["count"])
    return Baseline(expires, counts)


def _key(entry: Any) -> Key | None:
    """
    Return the key of an entry, or None if it is not valid.
    """
    if not isinstance(entry, dict) or set(entry) != {*Key.field_names, "count"}:
        return None
    code, severity, target, env, file, fields, count = (
        entry[name] for name in (*Key.field_names, "count")
    )
    is_sound = (
        isinstance(code, str)
        and re.fullmatch(_CODE, code, re.ASCII)
        and severity in [each.label for each in Severity]
        and env in ENVIRONMENTS
        and all(each is None or isinstance(each, str) for each in (target, file))
        and isinstance(fields, list)
        and all(isinstance(each, str) for each in fields)
        and type(count) is int
        and count > 0
    )
    return Key(code, severity, target, env, file, tuple(fields)) if is_sound else None


def _date(text: object) -> date | None:
    try:
        return date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
