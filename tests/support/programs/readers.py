"""
Five programs that read env files, each as a function from paths to the variables it finds.

python-dotenv, bash and Node.js are the real programs; bash and Node.js read all files in one
process. Docker's `--env-file` and systemd's `EnvironmentFile=` are reimplemented from their rules,
because neither runs everywhere. The result for a file that is refused, or in which a quote is not
closed, is None.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from dotenv import dotenv_values

Found = dict[str, str] | None
Reader = Callable[[Sequence[Path]], list[Found]]

# With this PATH no program is found, so a line that is not an assignment has no effect. An empty
# line with a carriage return is also a command; a function handles it faster than the search.
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
    Return the readers by name, without Node.js if it is missing or too old to have a parser.
    """
    readers = {"python-dotenv": python_dotenv, "bash": bash, "Docker": docker, "systemd": systemd}
    if shutil.which("node") and node([Path(os.devnull)]) == [{}]:
        readers["Node.js"] = node
    return readers


def python_dotenv(paths: Sequence[Path]) -> list[Found]:
    """
    Return what python-dotenv finds before it expands variables, without names that have no `=`.
    """
    found = (dotenv_values(path, interpolate=False) for path in paths)
    return [{name: text for name, text in one.items() if text is not None} for one in found]


def bash(paths: Sequence[Path]) -> list[Found]:
    """
    Return what `set -a; . file` exports; a syntax error ends the file at that line.
    """
    names = (" ".join(_ASSIGNED.findall(path.read_text())) for path in paths)
    arguments = (f"{path.absolute()}:{some}" for path, some in zip(paths, names, strict=True))
    answer = _ask("bash", "-c", _BASH, "bash", *arguments)
    return [
        dict(record.split("=", 1) for record in records.split("\0")[:-1])
        for records in re.findall(r"((?:[^\0]+\0)*)\0", answer)
    ]


def node(paths: Sequence[Path]) -> list[Found]:
    """
    Return what `util.parseEnv` of Node.js finds.
    """
    answer = _ask("node", "-e", _NODE, *(str(path.absolute()) for path in paths))
    return [json.loads(line) for line in answer.split("\n")[:-1]]


def docker(paths: Sequence[Path]) -> list[Found]:
    """
    Parse by Docker's rules: a line is a name, `=` and a value; quotes have no meaning.
    """
    return [_docker(path.read_bytes()) for path in paths]


def systemd(paths: Sequence[Path]) -> list[Found]:
    """
    Parse by the rules of systemd before version 254, where a backslash also joins comment lines.
    """
    return [_systemd(path.read_bytes()) for path in paths]


def _ask(*command: str) -> str:
    environ = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    # To bash, a line may write a file.
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(command, capture_output=True, env=environ, cwd=directory, check=True)
    return done.stdout.decode()


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
        if assigned:  # otherwise the value comes from the environment
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
    # An escaped blank is kept; unescaped blanks at the end of the line are not.
    text = re.sub(r"(?<!\\)((?:\\\\)*(?:\\.)?)[ \t\r]+\Z", r"\1", piece["plain"], flags=re.DOTALL)
    return re.sub(r"\\(?:[\n\r]|\Z|(.))", lambda escape: escape[1] or "", text)
