"""
Read the environment, env files and secret files into values that know where they came from.

The order of precedence is: process environment, env files (later before earlier ones), secrets
directory. An empty string means "not set", except in the dialect of pydantic-settings. The
locations of values that are overridden are kept as `shadowed`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO

from workerctl.report.errors import SourceError
from workerctl.report.findings import Location
from workerctl.report.records import Record
from workerctl.sources import envfile
from workerctl.sources.expansion import Expander, ExpansionError
from workerctl.sources.names import Names, Spelling
from workerctl.sources.values import (
    Assignment,
    Broken,
    Place,
    Source,
    UnknownVariables,
    Value,
    Values,
    in_environment,
)


class Dialect(Record):
    """
    How the sources are understood: as workerctl does, or as pydantic-settings and python-dotenv do.

    In that of pydantic-settings, an empty value counts unless `ignores_empty` is true, `${NAME}` is
    expanded in single quotes, too, but not across files, and the last spelling of a name wins. Of
    several names of a field, its declaration decides, not the file. `in_environment` says that the
    class reads no env file by itself, and finds their variables in its environment.
    """

    pydantic: bool = False
    ignores_empty: bool = True
    encoding: str = "utf-8"
    in_environment: bool = False


_OWN = Dialect()


def read(  # noqa: PLR0913 -- the sources
    names: Names,
    *,
    environ: MutableMapping[str, str] | None,
    env_files: Iterable[str] = (),
    secrets_dir: str | tuple[str, ...] | None = None,
    stdin: BinaryIO | None = None,
    dialect: Dialect = _OWN,
    place: Place = in_environment,
) -> Values:
    """
    Read all sources. If `environ` is None, the process environment is ignored.

    `place` returns where a variable in `environ` is set.

    Raises SourceError if an env file or a secrets directory cannot be read.
    """
    environment, unknown = None, UnknownVariables()
    if environ is not None:
        environment, unknown = _environment(names, environ, place)
    files = tuple(_env_files(names, env_files, environ or {}, stdin, dialect))
    directories = (secrets_dir,) if isinstance(secrets_dir, str) else secrets_dir or ()
    secrets = tuple(_secrets(names, directory, dialect) for directory in directories)
    own = () if environment is None else (environment,)
    if not dialect.pydantic:
        strongest_first = [*own, *reversed(files), *secrets]
    elif dialect.in_environment:
        strongest_first = [*_together((*files, *own)), *_together(secrets)]
    else:
        strongest_first = [*own, *_together(files), *_together(secrets)]
    chosen, empty = _choose(strongest_first, names, dialect)
    return Values(
        names=names,
        files=tuple(source.name for source in (*files, *secrets)),
        environment=environment,
        unknown=unknown,
        env_files=files,
        secrets=secrets,
        chosen=chosen,
        empty={name: location for name, location in empty.items() if name not in chosen},
    )


def _environment(
    names: Names, environ: Mapping[str, str], place: Place
) -> tuple[Source, UnknownVariables]:
    variables = tuple(environ)
    known = tuple(
        Assignment(name, environ.get(name, ""), place(name), *found)
        for name in names.candidates(variables)
        if (found := names.resolve(name))
    )
    sets = {assignment.name for assignment in known}
    unknown = tuple(name for name in variables if name not in sets)
    return Source("environment", known), UnknownVariables(unknown, environ, place)


def _env_files(
    names: Names,
    paths: Iterable[str],
    environ: MutableMapping[str, str],
    stdin: BinaryIO | None,
    dialect: Dialect,
) -> Iterator[Source]:
    expander = Expander(environ, literal_quotes=not dialect.pydantic)
    for path in paths:
        yield _env_file(names, envfile.read(path, stdin, dialect.encoding), expander)
        if dialect.pydantic:
            expander = Expander(environ, literal_quotes=False)


def _env_file(names: Names, file: envfile.EnvFile, expander: Expander) -> Source:
    assignments: list[Assignment] = []
    broken: list[Broken] = []
    for entry in file.entries:
        location = Location("env-file", file.name, entry.number)
        if entry.name is None or entry.value is None:
            reason = "has no `=`" if entry.name else _why_unreadable(entry)
            broken.append(Broken(location, reason, entry))
            continue
        try:
            text = expander.expand(entry.name, entry.value, entry.quote)
        except ExpansionError:
            broken.append(Broken(location, "expands `${…}` beyond 64 KiB", entry))
        else:
            found = _assignment(names, entry.name, text, location, entry)
            assignments.append(found.replace(unset=expander.unset) if expander.unset else found)
    return Source(
        name=file.name,
        assignments=tuple(assignments),
        broken=tuple(broken),
        text=file.text,
        is_marked=file.is_marked,
    )


def _why_unreadable(entry: envfile.Entry) -> str:
    """
    Return why the text of an entry is not an assignment, completing "Line 3 …".
    """
    match = re.match(envfile.ASSIGNMENT, entry.raw)
    if match is None or not match["quote"]:
        return "cannot be read as an assignment"
    is_closed = match["quote"] in entry.raw[match.end() :]
    return "has text after the closing quote" if is_closed else "has a quote that is not closed"


def _secrets(names: Names, directory: str, dialect: Dialect) -> Source:
    try:
        # Not only regular files: a broken link must be reported, not ignored.
        files = sorted(path for path in Path(directory).iterdir() if not path.is_dir())
        if dialect.pydantic:
            files = [path for path in files if _is_inside(path, directory) or _is_broken(path)]
    except (OSError, ValueError):
        files = None
    if files is None:
        raise SourceError(
            f"The secrets directory {directory} cannot be read.", "Check the path and permissions."
        )
    unread = tuple(path.name for path in files if names.resolve(path.name) is None)
    return Source(directory, tuple(_secret_files(names, files)), unread=unread)


def _is_inside(path: Path, directory: str) -> bool:
    # pydantic-settings ignores other files; a Kubernetes volume has links, but only to itself
    try:
        return path.is_file() and Path(directory).resolve() in path.resolve().parents
    except (OSError, RuntimeError):
        return False


def _is_broken(path: Path) -> bool:
    # With a link to nothing, pydantic-settings fails.
    return path.is_symlink() and not path.exists()


def _together(sources: tuple[Source, ...]) -> tuple[Source, ...]:
    assignments = tuple(each for source in sources for each in source.assignments)
    return (Source("together", assignments),) if assignments else ()


def _secret_files(names: Names, files: Iterable[Path]) -> Iterator[Assignment]:
    # The last one wins, so the best spelling comes last. All have the rank of a file.
    known = [(path, *found) for path in files if (found := names.resolve(path.name))]
    for path, sets, spelling in sorted(known, key=itemgetter(2), reverse=True):
        if spelling != Spelling.FILE:
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


def _choose(
    sources: list[Source], names: Names, dialect: Dialect
) -> tuple[dict[str, Value], dict[str, Location]]:
    candidates: dict[str, list[Assignment]] = {}
    empty: dict[str, Location] = {}
    preference = {alias: rank for rank, alias in enumerate(names.aliases, 1)}
    for source in sources:
        of_source: dict[str, list[Assignment]] = {}
        for assignment in source.assignments:
            if assignment.sets is None:
                continue
            if assignment.text or not dialect.ignores_empty:
                of_source.setdefault(assignment.sets, []).append(assignment)
            else:
                empty.setdefault(assignment.sets, assignment.location)
        for name, found in of_source.items():
            if dialect.pydantic:
                found = _in_order_of_pydantic(found, names, preference)  # noqa: PLW2901
            else:
                # The exact spelling wins over others, then the last line over earlier ones.
                found.reverse()
                found.sort(key=_rank)
            candidates.setdefault(name, []).extend(found)
    values = {name: _value(found, dialect) for name, found in candidates.items()}
    return {name: value for name, value in values.items() if value is not None}, empty


def _rank(assignment: Assignment) -> int:
    return assignment.spelling or Spelling.EXACT


def _in_order_of_pydantic(
    found: list[Assignment], names: Names, preference: Mapping[str, int]
) -> list[Assignment]:
    """
    Return assignments to a field in one source, the one that counts first.

    Both python-dotenv and pydantic-settings collect them in a dictionary: an assignment to the same
    name takes the place of the first one, and of several spellings the last place counts.
    """
    latest: dict[str, Assignment] = {}
    for assignment in found:
        latest[assignment.name] = assignment
    fold = str if names.case_sensitive else str.upper
    ranked = list(reversed(latest.values()))
    ranked.sort(key=lambda assignment: preference.get(fold(assignment.name), 0))
    overridden = [each for each in found if each is not latest[each.name]]
    return ranked + overridden[::-1]


def _value(found: list[Assignment], dialect: Dialect) -> Value | None:
    """
    Return the first candidate that is not empty. Secret files are read here, on demand.
    """
    for position, assignment in enumerate(found):
        shadowed = tuple(weaker.location for weaker in found[position + 1 :])
        if assignment.spelling != Spelling.FILE:
            return Value(assignment.text, assignment.location, shadowed)
        text = _secret_text(assignment.text)
        if text is None:
            in_directory = assignment.location.source == "secret-file"
            problem = "is" if in_directory else "names"
            problem += " a file that cannot be read as text"
            return Value("", assignment.location, shadowed, f"{assignment.name} {problem}")
        if dialect.pydantic:
            text = text.strip()
        if text or dialect.pydantic:
            return Value(text, Location("secret-file", assignment.text), shadowed)
    return None


def _secret_text(path: str) -> str | None:
    try:
        return re.sub(r"\r?\n\Z", "", envfile.read_text(path))
    except SourceError:
        return None
