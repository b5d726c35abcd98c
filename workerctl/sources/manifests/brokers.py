"""
The broker that a container runs, as far as its command and its configuration file say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import PurePosixPath

from workerctl.report.errors import SourceError
from workerctl.report.records import Record
from workerctl.sources import envfile
from workerctl.sources.manifests.containers import Container
from workerctl.sources.manifests.shells import commands

_SERVERS = frozenset({"redis-server", "valkey-server", "keydb-server"})
_IMAGES = re.compile(r"(?:.*/)?(?:redis|valkey|keydb|redis-stack|redis-stack-server)(?:[:@].*)?")
_DATA = "/data"
_RABBITMQ = re.compile(r"(?:.*/)?rabbitmq(?:[:@].*)?")
_RABBITMQ_DATA = ("/var/lib/rabbitmq/mnesia/", "/bitnami/rabbitmq/mnesia/")
_MNESIA = frozenset({"RABBITMQ_MNESIA_BASE", "RABBITMQ_MNESIA_DIR"})
# Those of others, such as of distributions, keep their data elsewhere.
_OFFICIAL = re.compile(
    r"(?:docker\.io/)?(?:library/|valkey/|redis/)?"
    r"(?:redis|valkey|redis-stack|redis-stack-server)(?:[:@].*)?"
)
# These keep their data elsewhere, and append it to a file by default.
_OTHER_IMAGES = re.compile(r"(?:^|/)(bitnami)(?:legacy|secure)?/(redis|valkey|keydb)(?:[:@]|$)")
_OPTIONS_IN = ("REDIS_ARGS", "REDIS_EXTRA_FLAGS", "VALKEY_EXTRA_FLAGS")
_UNITS = {
    "": 1,
    "b": 1,
    "k": 1000,
    "kb": 1024,
    "m": 1000**2,
    "mb": 1024**2,
    "g": 1000**3,
    "gb": 1024**3,
}
_DEFAULT = re.compile(r"\$?\$\{?[A-Za-z_][A-Za-z0-9_]*:?-([^}]*)\}")


class Redis(Record):
    """
    What is known of a Redis server.

    `policy` is its eviction policy, "noeviction" if nothing says another. `max_memory` is in bytes,
    0 without a limit. `is_persistent` is true if it writes its data to a place that outlives the
    container. Each is None if it cannot be known, for example because its file is not here.
    """

    policy: str | None = "noeviction"
    max_memory: int | None = 0
    is_persistent: bool | None = None


def redis_in(container: Container) -> Redis | None:
    """
    Return the Redis server of a container, or None if it runs something else.
    """
    written = [] if container.command is None else container.command.value
    # The default of a shell's variable stands for its value.
    given = [_DEFAULT.sub(r"\1", word) for word in written]
    for words in commands(given):
        names = [PurePosixPath(word).name for word in words]
        at = next((at for at, name in enumerate(names) if name in _SERVERS), None)
        if at is not None:
            return _redis(container, words[at + 1 :])
    # The entry point of the image passes options and files on to the server.
    is_passed_on = not given or given[0].startswith("-") or given[0].endswith(".conf")
    return (
        _redis(container, given) if is_passed_on and _IMAGES.fullmatch(_image(container)) else None
    )


def rabbitmq_keeps(container: Container) -> bool | None:
    """
    Return whether a RabbitMQ server keeps its queues when its container is replaced.

    None means that the container runs something else, or that it cannot be known.
    """
    if _RABBITMQ.fullmatch(_image(container)) is None or _MNESIA & container.variables.keys():
        return None
    kept = [f"{path.rstrip('/')}/" for path, mount in container.mounts.items() if mount.is_kept]
    return any(data.startswith(path) for data in _RABBITMQ_DATA for path in kept)


def _image(container: Container) -> str:
    return "" if container.image is None else container.image.value.lower()


def _redis(container: Container, words: list[str]) -> Redis:
    given = list(_options([*words, *_extra(container)]))
    directives: dict[str, list[str]] = {}
    is_known = True
    if words and not words[0].startswith("-"):
        text = _configuration(container, words[0])
        is_known = text is not None
        for line in (text or "").splitlines():
            name, _, value = line.strip().partition(" ")
            if name and not name.startswith("#"):
                directives.setdefault(name.lower(), []).append(value.strip().strip("\"'"))
    for name, value in given:
        directives[name] = [value]
    path = words[0] if words else ""
    return Redis(
        policy=_last(directives, "maxmemory-policy", "noeviction" if is_known else None),
        max_memory=_size(_last(directives, "maxmemory", "0" if is_known else None)),
        is_persistent=_is_persistent(container, directives, None if is_known else path),
    )


def _extra(container: Container) -> Iterator[str]:
    """
    Yield the options that an image takes from a variable.
    """
    for name in _OPTIONS_IN:
        variable = container.variables.get(name)
        if variable is not None:
            yield from (variable.text or variable.partial or "").split()


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """
    Yield the options `--name value…` of a command line, with the values in one text.
    """
    name: str | None = None
    values: list[str] = []
    for word in [*words, "--"]:
        if word.startswith("--"):
            if name:
                yield name, " ".join(values)
            name, values = word[2:].lower(), []
        else:
            values.append(word)


def _configuration(container: Container, path: str) -> str | None:
    mounted = container.mounts.get(path)
    if mounted is not None:
        if mounted.text is not None:
            return mounted.text
        with suppress(SourceError):
            return envfile.read_text(mounted.file) if mounted.file else None
    for directory, mount in container.mounts.items():
        if mount.file and path.startswith(directory.rstrip("/") + "/"):
            with suppress(SourceError):
                return envfile.read_text(mount.file + path[len(directory.rstrip("/")) :])
    return None


def _is_persistent(
    container: Container, directives: dict[str, list[str]], unread: str | None
) -> bool | None:
    """
    Return whether what the server writes is kept. `unread` is its file if that is not here.
    """
    image = _image(container)
    other = _OTHER_IMAGES.search(image)
    directory = _last(directives, "dir", _data(image))
    kept = [path for path, mount in container.mounts.items() if mount.is_kept and path != unread]
    # If the directory is not known, any volume may be mounted there.
    is_kept = any(
        directory is None or f"{directory}/".startswith(f"{path.rstrip('/')}/") for path in kept
    )
    if not is_kept:
        # The file may name another directory, which is kept.
        return None if kept and unread is not None else False
    appends = _last(directives, "appendonly", "no" if other is None else "yes")
    saves = _last(directives, "save", "3600 1")
    if appends == "yes" or saves not in {"", '""', "''", None}:
        return True
    return False if unread is None and appends is not None and saves is not None else None


def _data(image: str) -> str | None:
    other = _OTHER_IMAGES.search(image)
    if other is not None:
        return f"/{other[1]}/{other[2]}/data"
    return _DATA if _OFFICIAL.fullmatch(image) else None


def _last(directives: dict[str, list[str]], name: str, default: str | None) -> str | None:
    """
    Return the last value of a directive, or else its default; None if it is not known.
    """
    found = directives.get(name)
    value = found[-1].strip() if found else default
    # What a reference stands for is not known: `--maxmemory-policy ${POLICY:?}`.
    return None if value is not None and "$" in value else value


def _size(text: str | None) -> int | None:
    """
    Return a size as redis.conf gives it in bytes; None if it is not one, such as a percentage.
    """
    found = re.fullmatch(r"([0-9]{1,18})([a-z]*)", (text or "").lower())
    if found is None or found[2] not in _UNITS:
        return None
    return int(found[1]) * _UNITS[found[2]]
