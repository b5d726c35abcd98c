"""
Five programs that read env files, each as a function from files to what it finds in them.

python-dotenv, bash and Node.js are the real ones, the last two in one process for all files.
Docker's `--env-file` and systemd's `EnvironmentFile=` are written anew from their rules, since
neither runs everywhere. None stands for a file that is refused, or in which a quote stays open.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from dotenv import dotenv_values

Found = dict[str, str] | None
Reader = Callable[[Sequence[Path]], list[Found]]

# No program can be called, and a line that is no assignment does nothing; to an empty one with a
# carriage return, which is a command too, a function is the quicker answer.
_BASH = """
PATH=/nonexistent
function \r { :; }
command_not_found_handle() { :; }
for argument in "$@"; do
    set -a
    . "${argument%:*}"
    set +a
    for name in ${argument##*:}; do
        [[ -n ${!name+set} ]] && printf '%s=%s\\0' "$name" "${!name}"
    done
    unset ${argument##*:}
    printf '\\0'
done
"""
_NODE = """
const [fs, {parseEnv}] = [require("fs"), require("util")];
if (parseEnv) for (const file of process.argv.slice(1))
    console.log(JSON.stringify(parseEnv(fs.readFileSync(file, "utf8"))));
"""
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?==)")

_SYSTEMD_SKIPPED = re.compile(r"(?:[ \t\r\n]+|[;#](?:\\.|[^\\\n])*)*", re.DOTALL)
_SYSTEMD_NAME = re.compile(r"([^\n][^=\n]*)(=?)[ \t\r]*")
_SYSTEMD_PIECE = re.compile(
    r"""'(?P<single>[^']*)'[ \t\r]*|"(?P<double>(?:\\.|[^"\\])*)"[ \t\r]*|(?P<open>['"])"""
    r"""|(?P<plain>(?:\\.|\\\Z|[^\\\n])+)""",
    re.DOTALL,
)
_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@cache
def available() -> dict[str, Reader]:
    """
    The readers by name; without Node.js where that is absent or too old to have a parser.
    """
    readers = {"python-dotenv": python_dotenv, "bash": bash, "Docker": docker, "systemd": systemd}
    if shutil.which("node") and node([Path(os.devnull)]) == [{}]:
        readers["Node.js"] = node
    return readers


def python_dotenv(paths: Sequence[Path]) -> list[Found]:
    """
    What python-dotenv finds, before it expands variables; a name without `=` has no value.
    """
    found = (dotenv_values(path, interpolate=False) for path in paths)
    return [{name: text for name, text in one.items() if text is not None} for one in found]


def bash(paths: Sequence[Path]) -> list[Found]:
    """
    What `set -a; . file` exports; a syntax error ends the file there.
    """
    arguments = (f"{path}:{' '.join(_ASSIGNED.findall(path.read_text()))}" for path in paths)
    answer = _ask("bash", "-c", _BASH, "bash", *arguments)
    return [
        dict(record.split("=", 1) for record in records.split("\0")[:-1])
        for records in re.findall(r"((?:[^\0]+\0)*)\0", answer)
    ]


def node(paths: Sequence[Path]) -> list[Found]:
    """
    What `util.parseEnv` of Node.js finds.
    """
    answer = _ask("node", "-e", _NODE, *map(str, paths))
    return [json.loads(line) for line in answer.split("\n")[:-1]]


def docker(paths: Sequence[Path]) -> list[Found]:
    """
    By Docker's rules: a name and all that follows the `=`, line by line, and no quotes.
    """
    return [_docker(path.read_bytes()) for path in paths]


def systemd(paths: Sequence[Path]) -> list[Found]:
    """
    By systemd's rules, where a backslash joins lines; before version 254 comments too, as here.
    """
    return [_systemd(path.read_bytes()) for path in paths]


def _ask(*command: str) -> str:
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, env=environ, check=True).stdout.decode()


def _docker(data: bytes) -> Found:
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        return None
    found = {}
    for line in lines:
        text = line.removesuffix("\r").lstrip()
        name, assigned, value = text.partition("=")
        if not text or text.startswith("#"):
            continue
        if not name or " " in name or "\t" in name:
            return None
        if assigned:  # else its value is that of the environment
            found[name] = value
    return found


def _systemd(data: bytes) -> Found:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    found = {}
    position = 0
    while (position := _SYSTEMD_SKIPPED.match(text, position).end()) < len(text):
        name, assigned = (match := _SYSTEMD_NAME.match(text, position)).groups()
        position = match.end()
        value = ""
        while assigned and (piece := _SYSTEMD_PIECE.match(text, position)):
            if piece["open"]:
                return None
            value += _systemd_value(piece)
            position = piece.end()
        if assigned and _SHELL_NAME.fullmatch(name.rstrip()):
            found[name.rstrip()] = value
    return found


def _systemd_value(piece: re.Match[str]) -> str:
    if piece["single"] is not None:
        return piece["single"]
    if piece["double"] is not None:
        return re.sub(r'\\(?:\n|(["\\`$]))', r"\1", piece["double"])
    # A blank after a backslash is kept, one that only ends the line is not.
    text = re.sub(r"(?<!\\)((?:\\\\)*(?:\\.)?)[ \t\r]+\Z", r"\1", piece["plain"], flags=re.DOTALL)
    return re.sub(r"\\(?:[\n\r]|\Z|(.))", lambda escape: escape[1] or "", text)
