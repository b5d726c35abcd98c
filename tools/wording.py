"""
Find phrases that plain technical English would put differently.

    python tools/wording.py [PATH ...]

Without paths, every text file that git tracks is read; outside of a work tree, none is. A phrase is
also found when a line break divides it. A comment `wording: REASON` on the line where it starts
exempts it. The exit code is 1 if anything is found.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SUFFIXES = {".py", ".md", ".toml", ".yaml", ".yml", ".sh", ""}
# A licence is quoted verbatim, and this script contains the patterns.
SKIPPED = {"LICENSE", "tools/wording.py"}

# Patterns of phrases, and what to write instead. A space matches any space and comment sign.
PATTERNS = {
    r"\b(?:is|are|was|were) (?-i:none)\b": "is not one, is not valid, None is returned",
    r"(?<!\bthere\s)\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|different\b)[a-z]+": (
        "is not a ..."
    ),
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
    Print every finding as `path:line: phrase -> suggestion`. Return the exit code.
    """
    found = [line for path in arguments or tracked() for line in findings(Path(path))]
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


def tracked() -> list[str]:
    """
    Return the text files that git tracks, apart from test data and `SKIPPED`.
    """
    command = ["git", "ls-files"]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)
    return [
        str(ROOT / name)
        for name in done.stdout.splitlines()
        if Path(name).suffix in SUFFIXES and "/golden/" not in name and name not in SKIPPED
        if (ROOT / name).is_file()
    ]


def findings(path: Path) -> Iterator[str]:
    """
    Yield a line for each phrase of a file that should be another.
    """
    text = path.read_text("utf-8")
    lines = text.split("\n")
    found = []
    for pattern, instead in PATTERNS.items():
        for match in re.finditer(pattern.replace(" ", r"[\s#]+"), text, re.IGNORECASE):
            number = text.count("\n", 0, match.start()) + 1
            if not EXEMPT.search(lines[number - 1]):
                phrase = " ".join(match[0].replace("#", " ").split())
                found.append((number, f"{phrase!r} -> {instead}"))
    yield from (f"{path}:{number}: {advice}" for number, advice in sorted(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
