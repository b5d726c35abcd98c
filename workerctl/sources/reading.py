"""
Read the environment, env files and secret files into values that know where they came from.

The order of precedence is: process environment, env files (later before earlier ones), secrets
directory. Everywhere, an empty string means "not set". The locations of values that are overridden
are kept as `shadowed`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from workerctl.report.errors import SourceError
from workerctl.report.findings import Location
from workerctl.sources import envfile
from workerctl.sources.expansion import Expander, ExpansionError
from workerctl.sources.names import Names, Spelling
from workerctl.sources.values import (
    ENVIRONMENT,
    Assignment,
    Broken,
    Source,
    UnknownVariables,
    Value,
    Values,
)


def read(
    names: Names,
    *,
    environ: MutableMapping[str, str] | None,
    env_files: Iterable[str] = (),
    secrets_dir: str | None = None,
    stdin: BinaryIO | None = None,
) -> Values:
    """
    Read all sources. If `environ` is None, the process environment is ignored.

    Raises SourceError if an env file or the secrets directory cannot be read.
    """
    environment, unknown = None, UnknownVariables()
    if environ is not None:
        environment, unknown = _environment(names, environ)
    files = tuple(_env_files(names, env_files, environ or {}, stdin))
    secrets = () if secrets_dir is None else (_secrets(names, secrets_dir),)
    strongest_first = [*(() if environment is None else (environment,)), *reversed(files), *secrets]
    chosen, empty = _choose(strongest_first)
    return Values(
        names=names,
        files=tuple(source.name for source in (*files, *secrets)),
        environment=environment,
        unknown=unknown,
        env_files=files,
        chosen=chosen,
        empty={name: location for name, location in empty.items() if name not in chosen},
    )


def _environment(names: Names, environ: Mapping[str, str]) -> tuple[Source, UnknownVariables]:
    variables = tuple(environ)
    known = tuple(
        Assignment(name, environ.get(name, ""), ENVIRONMENT, *found)
        for name in names.candidates(variables)
        if (found := names.resolve(name))
    )
    sets = {assignment.name for assignment in known}
    unknown = tuple(name for name in variables if name not in sets)
    return Source("environment", known), UnknownVariables(unknown, environ)


def _env_files(
    names: Names, paths: Iterable[str], environ: MutableMapping[str, str], stdin: BinaryIO | None
) -> Iterator[Source]:
    expander = Expander(environ)
    for path in paths:
        yield _env_file(names, envfile.read(path, stdin), expander)


def _env_file(names: Names, file: envfile.EnvFile, expander: Expander) -> Source:
    assignments: list[Assignment] = []
    broken: list[Broken] = []
    for entry in file.entries:
        location = Location("env-file", file.name, entry.number)
        if entry.name is None or entry.value is None:
            reason = "has no `=`" if entry.name else "cannot be read as an assignment"
            broken.append(Broken(location, reason))
            continue
        try:
            text = expander.expand(entry.name, entry.value, entry.quote)
        except ExpansionError:
            broken.append(Broken(location, "expands `${…}` beyond 64 KiB"))
        else:
            assignments.append(_assignment(names, entry.name, text, location, entry))
    return Source(file.name, tuple(assignments), tuple(broken))


def _secrets(names: Names, directory: str) -> Source:
    try:
        # Not only regular files: a broken link must be reported, not ignored.
        files = sorted(path for path in Path(directory).iterdir() if not path.is_dir())
    except (OSError, ValueError):
        files = None
    if files is None:
        raise SourceError(
            f"The secrets directory {directory} cannot be read.", "Check the path and permissions."
        )
    return Source(directory, tuple(_secret_files(names, files)))


def _secret_files(names: Names, files: Iterable[Path]) -> Iterator[Assignment]:
    # The last one wins, so the best spelling comes last. All have the rank of a file.
    known = [(path, *found) for path in files if (found := names.resolve(path.name))]
    for path, sets, spelling in sorted(known, key=itemgetter(2), reverse=True):
        if spelling is not Spelling.FILE:
            location = Location("secret-file", str(path))
            yield Assignment(
                name=path.name, text=str(path), location=location, sets=sets, spelling=Spelling.FILE
            )


def _assignment(
    names: Names, name: str, text: str, location: Location, entry: envfile.Entry | None = None
) -> Assignment:
    sets, spelling = names.resolve(name) or (None, None)
    return Assignment(
        name=name, text=text, location=location, sets=sets, spelling=spelling, entry=entry
    )


def _choose(sources: list[Source]) -> tuple[dict[str, Value], dict[str, Location]]:
    candidates: dict[str, list[Assignment]] = {}
    empty: dict[str, Location] = {}
    for source in sources:
        of_source: dict[str, list[Assignment]] = {}
        for assignment in source.assignments:
            if assignment.sets is None:
                continue
            if assignment.text:
                of_source.setdefault(assignment.sets, []).append(assignment)
            else:
                empty.setdefault(assignment.sets, assignment.location)
        for name, found in of_source.items():
            # The exact spelling wins over others, then the last line over earlier ones.
            found.reverse()
            found.sort(key=_rank)
            candidates.setdefault(name, []).extend(found)
    values = {name: _value(found) for name, found in candidates.items()}
    return {name: value for name, value in values.items() if value is not None}, empty


def _rank(assignment: Assignment) -> int:
    return assignment.spelling or Spelling.EXACT


def _value(found: list[Assignment]) -> Value | None:
    """
    Return the first candidate that is not empty. Secret files are read here, on demand.
    """
    for position, assignment in enumerate(found):
        shadowed = tuple(weaker.location for weaker in found[position + 1 :])
        if assignment.spelling is not Spelling.FILE:
            return Value(assignment.text, assignment.location, shadowed)
        text = _secret_text(assignment.text)
        if text is None:
            in_directory = assignment.location.source == "secret-file"
            problem = "is" if in_directory else "names"
            problem += " a file that cannot be read as text"
            return Value("", assignment.location, shadowed, f"{assignment.name} {problem}")
        if text:
            return Value(text, Location("secret-file", assignment.text), shadowed)
    return None


def _secret_text(path: str) -> str | None:
    try:
        return re.sub(r"\r?\n\Z", "", envfile.read_text(path))
    except SourceError:
        return None
