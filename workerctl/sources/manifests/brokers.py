"""
The Redis server that a container runs, as far as its command and its configuration file say.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import PurePosixPath
from typing import NamedTuple

from workerctl.report.errors import SourceError
from workerctl.sources import envfile
from workerctl.sources.manifests.containers import Container

_SERVERS = frozenset({"redis-server", "valkey-server", "keydb-server"})
_IMAGES = re.compile(r"(?:.*/)?(?:redis|valkey|keydb|redis-stack|redis-stack-server)(?:[:@].*)?")
# Those of others, such as of distributions, keep their data elsewhere.
_OFFICIAL = re.compile(r"(?:docker\.io/)?(?:library/)?(?:redis|valkey)(?:[:@].*)?")
_DATA = "/data"
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


class Redis(NamedTuple):
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
    words = [] if container.command is None else list(_words(container.command.value))
    names = [PurePosixPath(word).name for word in words]
    at = next((at for at, name in enumerate(names) if name in _SERVERS), None)
    if at is None:
        image = "" if container.image is None else container.image.value
        is_redis = _IMAGES.fullmatch(image.lower()) is not None
        # The entry point of the image passes options and files on to the server.
        if not is_redis or (words and not words[0].startswith(("-", "/"))):
            return None
        at = -1
    return _redis(container, words[at + 1 :])


def _words(command: Sequence[str]) -> Iterator[str]:
    """
    Yield the words of a command; those of a script for a shell one by one.
    """
    for word in command:
        if " " not in word and "\n" not in word:
            yield word
            continue
        with suppress(ValueError):
            yield from shlex.split(_DEFAULT.sub(r"\1", word))


def _redis(container: Container, words: list[str]) -> Redis:
    given = list(_options(words))
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
    return Redis(
        policy=_last(directives, "maxmemory-policy", "noeviction" if is_known else None),
        max_memory=_size(_last(directives, "maxmemory", "0" if is_known else None)),
        is_persistent=_is_persistent(container, directives, is_known=is_known),
    )


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
    container: Container, directives: dict[str, list[str]], *, is_known: bool
) -> bool | None:
    image = "" if container.image is None else container.image.value
    default = _DATA if _OFFICIAL.fullmatch(image) else None
    directory = _last(directives, "dir", default)
    # If the directory is not known, any volume may be mounted there.
    is_kept = any(
        mount.is_kept and (directory is None or f"{directory}/".startswith(path.rstrip("/") + "/"))
        for path, mount in container.mounts.items()
    )
    appends = _last(directives, "appendonly", "no") == "yes"
    saves = _last(directives, "save", "3600 1") not in {"", '""', "''"}
    if not is_kept:
        return False
    if appends or saves:
        return True
    return False if is_known else None


def _last(directives: dict[str, list[str]], name: str, default: str | None) -> str | None:
    found = directives.get(name)
    return found[-1].strip() if found else default


def _size(text: str | None) -> int | None:
    """
    Return a size as redis.conf gives it in bytes; None if it is not one, such as a percentage.
    """
    found = re.fullmatch(r"([0-9]{1,18})([a-z]*)", (text or "").lower())
    if found is None or found[2] not in _UNITS:
        return None
    return int(found[1]) * _UNITS[found[2]]
