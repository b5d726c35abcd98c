"""
The keys in one env file. Anything ambiguous about them is an error.

No error contains a key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from workerctl import keys
from workerctl.keyring import tokens, versions
from workerctl.keyring.versions import CURRENT, HIGHEST, VERSION, Ring
from workerctl.report.errors import EnvFileWriteError, RefusedError, SourceError
from workerctl.sources import envfile
from workerctl.sources.envfile import Entry, EnvFile

CANARY = "ENCRYPTION_CANARY"
CANARY_CONTEXT = "ENCRYPTION_CANARY_CONTEXT"
FILE = "_FILE"
"""The suffix of a variable that names a file with the value."""

_CORRECT = "Correct this first, because no key is changed in an ambiguous file."


def sound_ring(file: EnvFile) -> Ring:
    """
    Return the keys of a file, the current one first.

    Raises RefusedError if the current key is not set, or if keys are malformed, contradict each
    other or are in another file; EnvFileWriteError if a line that cannot be parsed may hold a key.
    """
    require_readable(file)
    _require_once(file)
    assigned = texts(file)
    if _version(assigned) is None:
        problem = f"is not a whole number from 0 to {HIGHEST}"
        raise RefusedError(f"{VERSION} in {file.name} {problem}.", _CORRECT)
    ring = ring_of(assigned)
    if not ring or ring[0].name != CURRENT:
        hint = "Make a key first: `workerctl keygen --write FILE`."
        raise RefusedError(f"{file.name} does not set {CURRENT}.", hint)
    form_problem = keys.form_problem(ring[0].text)
    if form_problem is not None:
        raise RefusedError(f"{CURRENT} in {file.name} {form_problem}.", _CORRECT)
    for found in versions.problems(ring):
        raise RefusedError(f"{found.key.name} in {file.name} {found.words}.", _CORRECT)
    return ring


def require_readable(file: EnvFile) -> None:
    """
    Raise EnvFileWriteError if a line that is not an assignment may hold a key.
    """
    # No parser reads `ENCRYPTION_KEY: …` as an assignment, but it may be the only copy of a key.
    for entry in file.entries:
        if entry.name is None and CURRENT in entry.raw.upper():
            raise EnvFileWriteError(
                f"{file.name}:{entry.number} names {CURRENT} in a line that cannot be parsed.",
                f"Write it as `{CURRENT}=` and the value, or remove it.",
            )


def texts(file: EnvFile) -> dict[str, str]:
    """
    Return the values that a file assigns, as written, by their names in upper case.
    """
    return {entry.name.upper(): entry.value or "" for entry in file.entries if entry.name}


def ring_of(assigned: Mapping[str, str]) -> Ring:
    """
    Return the keys among assigned values.
    """
    return versions.keys_of(assigned, _version(assigned) or 0)


def is_of_ring(name: str) -> bool:
    """
    Return whether a variable belongs to the key ring, ignoring case.
    """
    name = name.upper().removesuffix(FILE)
    return name in {CURRENT, VERSION} or versions.number_of(name) is not None


def canary_ids(assigned: Mapping[str, str]) -> set[str]:
    """
    Return the ids of the keys that the canaries were made with.

    A canary may be assigned directly or by the name of its file. Raises RefusedError if that file
    cannot be read.
    """
    found = [assigned.get(CANARY, ""), _content(assigned.get(CANARY + FILE, ""))]
    return {canary.key_id for text in found if (canary := tokens.parse_canary(text))}


def _content(path: str) -> str:
    if not path:
        return ""
    try:
        return envfile.read_text(path).strip()
    except SourceError:
        pass  # its text contains the path, which may be a secret in the wrong place
    raise RefusedError(f"{CANARY}{FILE} names a file that cannot be read.", "Check its path.")


def _version(assigned: Mapping[str, str]) -> int | None:
    text = assigned.get(VERSION) or "0"
    found = int(text) if re.fullmatch("[0-9]{1,3}", text) else HIGHEST + 1
    return found if found <= HIGHEST else None


def _require_once(file: EnvFile) -> None:
    seen: dict[str, Entry] = {}
    for entry in file.entries:
        name = (entry.name or "").upper()
        if not is_of_ring(name):
            continue
        if name.endswith(FILE):
            raise RefusedError(
                f"{file.name}:{entry.number} names a file that holds {name.removesuffix(FILE)}.",
                "Move the key into this file, or rotate by hand: `workerctl explain KEY007`.",
            )
        if name in seen:
            lines = f"{seen[name].number} and {entry.number}"
            raise RefusedError(f"{file.name} sets {name} twice, on lines {lines}.", _CORRECT)
        seen[name] = entry
