"""
The keys that one env file holds, as far as nothing about them is in doubt.

No key is put into an error.
"""

import re
from collections.abc import Mapping

from workerctl import keys
from workerctl.errors import EnvFileWriteError, RefusedError, SourceError
from workerctl.keyring import tokens, versions
from workerctl.keyring.versions import CURRENT, HIGHEST, VERSION, Ring
from workerctl.sources import envfile
from workerctl.sources.envfile import Entry, EnvFile

CANARY = "ENCRYPTION_CANARY"
CANARY_CONTEXT = "ENCRYPTION_CANARY_CONTEXT"
FILE = "_FILE"
"""What the name of a variable ends in that names a file with the value."""

_CORRECT = "Correct that first: keys are not moved in doubt."


def sound_ring(file: EnvFile) -> Ring:
    """
    The keys of a file, the current one first.

    Raises RefusedError where there is none, or where they contradict each other or stand elsewhere,
    EnvFileWriteError for a line that may hold a key and cannot be read.
    """
    require_readable(file)
    _require_once(file)
    assigned = texts(file)
    if _version(assigned) is None:
        what = f"is no whole number from 0 to {HIGHEST}"
        raise RefusedError(f"{VERSION} in {file.name} {what}.", _CORRECT)
    ring = ring_of(assigned)
    if not ring or ring[0].name != CURRENT:
        hint = "Make one first: `workerctl keygen --write FILE`."
        raise RefusedError(f"{file.name} sets no {CURRENT}.", hint)
    problem = keys.form_problem(ring[0].text)
    if problem is not None:
        raise RefusedError(f"{CURRENT} in {file.name} {problem}.", _CORRECT)
    for found in versions.problems(ring):
        raise RefusedError(f"{found.key.name} in {file.name} {found.words}.", _CORRECT)
    return ring


def require_readable(file: EnvFile) -> None:
    """
    Raise EnvFileWriteError for a line that is no assignment and may hold a key.
    """
    # No parser takes `ENCRYPTION_KEY: …` for an assignment, but it may be somebody's only copy.
    for entry in file.entries:
        if entry.name is None and CURRENT in entry.raw.upper():
            raise EnvFileWriteError(
                f"{file.name}:{entry.number} names {CURRENT} in a line that cannot be read.",
                f"Write it as `{CURRENT}=` and the value, or remove it.",
            )


def texts(file: EnvFile) -> dict[str, str]:
    """
    What a file assigns, as written, by name in capitals.
    """
    return {entry.name.upper(): entry.value or "" for entry in file.entries if entry.name}


def ring_of(assigned: Mapping[str, str]) -> Ring:
    """
    The keys among assignments.
    """
    return versions.keys_of(assigned, _version(assigned) or 0)


def is_of_ring(name: str) -> bool:
    """
    Whether a variable, in any case of its letters, says something of the keys of a ring.
    """
    name = name.upper().removesuffix(FILE)
    return name in {CURRENT, VERSION} or versions.number_of(name) is not None


def canary_ids(assigned: Mapping[str, str]) -> set[str]:
    """
    The ids of the keys that canaries were written with, those in files too.

    Raises RefusedError for a file that cannot be read.
    """
    found = [assigned.get(CANARY, ""), _content(assigned.get(CANARY + FILE, ""))]
    return {canary.key_id for text in found if (canary := tokens.parse_canary(text))}


def _content(path: str) -> str:
    if not path:
        return ""
    try:
        return envfile.read_text(path).strip()
    except SourceError:
        pass  # it tells the path, which may be a secret in the wrong place
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
