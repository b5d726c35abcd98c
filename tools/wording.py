"""
Find wording that plain technical English would put another way: part of `make lint`.

    python tools/wording.py [PATH ...]

Without paths every tracked text file is read. A line may be exempted with a trailing comment,
`wording: REASON`. Exit code 1 when anything is found.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUFFIXES = {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ""}

# A pattern, and what to write instead.
PATTERNS = {
    r"\b(?:is|are|was|were) (?-i:none)\b": "is not one, is not valid, None is returned",
    r"\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|different\b)[a-z]+": "is not a ...",
    r"\banew\b": "again",
    r"\bso many\b": "that many, every N",
    r"\b(?:tell|tells|told|telling)\b": "report, say, show, print",
    r"\bbeside\b": "next to, besides, as well as",
    r"\bfor ever\b": "forever, indefinitely",
    r"\bshall\b": "must, should, is",
    r"\bwhoever\b": "anyone who, the caller",
    r"\bin decent time\b": "quickly, within a time limit",
    r"\bin doubt\b": "ambiguous, uncertain",
    r"\bthere is an? \w+ too (?:many|much|few)\b": "too many ...",
    r"\bof (?:ours|yours|theirs|its own|their own|one's own)\b": "our ..., their own ...",
    r"\bstand-ins?\b": "placeholder, substitute, stub",
}
EXEMPT = re.compile(r"wording: \S")


def main(arguments: list[str]) -> int:
    """
    Print every finding as `path:line: text -> suggestion`. Return the exit code.
    """
    found = [line for path in arguments or tracked() for line in findings(Path(path))]
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


def tracked() -> list[str]:
    """
    Return the text files that git tracks, apart from test data and this script.
    """
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [
        str(ROOT / name)
        for name in done.stdout.splitlines()
        if Path(name).suffix in SUFFIXES and "/golden/" not in name and name != "tools/wording.py"
    ]


def findings(path: Path) -> Iterator[str]:
    """
    Yield a line for each wording of one file that should be another.
    """
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if EXEMPT.search(line):
            continue
        for pattern, instead in PATTERNS.items():
            match = re.search(pattern, line, re.IGNORECASE)
            if match:
                yield f"{path}:{number}: {match[0]!r} -> {instead}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
