"""
Tests that each dialect reads a line as the real program does.

`observed.json` has what docker 28.2 (`docker create --env-file`), docker compose 2.40 (`config`),
the reader of systemd 252 and bash 5.2 made of each line, with X=vx and HOME=/h in the environment:
a value, null if the name is not set, or REFUSED if the file is refused. bash and python-dotenv are
run on generated lines as well, which docker's and systemd's rules in
tests/support/programs/readers.py read.
"""

import json
import os
import pwd
import random
import re
from pathlib import Path
from typing import Any

import pytest

from tests.support.effort import effort
from tests.support.programs import readers
from workerctl.sources import envfile
from workerctl.sources.dialects import comparison
from workerctl.sources.dialects.statements import (
    MARK,
    REFUSES_FILE,
    Reading,
    Statement,
    statement,
)

OBSERVED: list[dict[str, Any]] = json.loads(
    Path(__file__).with_name("observed.json").read_text("utf-8")
)
VARIABLES = {"X": "vx", "HOME": "/h"}
BY_NAME = {reader.name: reader for reader in comparison.READERS}
PIECES = [*"ab1 #'\"\\`;&|<>()~:/.{}*?!%=@^,\t$\u00e9\u00a0", "\\n", '\\"', "\\'", "\\\\", " # c"]
FORMS = [
    "A={}",
    "A={} # c",
    "A='{}'",
    'A="{}"',
    'export A="{}" # c',
    "A = {}",
    "  A={}",
    "A='{}'  ",
]
PROGRAMS = {"bash": readers.bash, "docker run": readers.docker, "systemd": readers.systemd}


def parsed(line: str) -> Statement | None:
    """
    Return the statement of a line, or None if it is not exactly one assignment.
    """
    entries = envfile.parse(f"{line}\n", ".env").entries
    is_one = len(entries) == 1 and entries[0].name is not None and entries[0].value is not None
    return statement(entries[0]) if is_one else None


def resolved(text: str) -> str:
    """
    Return a text with its marked expansions replaced by the values of VARIABLES.
    """
    parts = text.split(MARK)
    for position in range(1, len(parts), 2):
        inner = parts[position]
        name, default = re.fullmatch(r"([^:?-]*)(?::?[?-](.*))?", inner, re.DOTALL).groups("")
        parts[position] = VARIABLES["HOME"] if inner == "~" else VARIABLES.get(name, default)
    return "".join(parts)


@pytest.mark.parametrize("row", OBSERVED, ids=lambda row: ascii(row["line"]))
@pytest.mark.parametrize("name", ["docker run", "docker compose", "systemd", "bash"])
def test_a_dialect_reads_what_the_program_read(name: str, row: dict[str, Any]) -> None:
    """The reading is the observed value, or an action where the program found another one."""
    found = parsed(row["line"])
    if found is None:
        pytest.skip("not an assignment for python-dotenv")
    reading: Reading = BY_NAME[name].read(found)
    if row[name] == "REFUSED":
        assert reading == Reading(None, REFUSES_FILE)
    elif reading.text is None:
        assert reading.action != REFUSES_FILE
        assert row[name] != resolved(comparison.text_of(found))
    elif re.search(rf"{MARK}[0-9$]", reading.text) is None:  # not an argument of the shell
        assert resolved(reading.text) == row[name].removesuffix("\r")


@pytest.mark.parametrize("name", PROGRAMS)
def test_generated_lines_are_read_as_the_program_reads_them(name: str, tmp_path: Path) -> None:
    """Without `$`, a reading is what the program finds; otherwise it finds another value."""
    rng = random.Random(11)
    lines = []
    while len(lines) < effort(1_000):
        text = "".join(rng.choices(PIECES, k=rng.randint(0, 6)))
        if "$" not in text and "~" not in text:
            lines.append(rng.choice(FORMS).format(text))
    cases = [(line, found) for line in lines if (found := parsed(line)) is not None]
    paths = [tmp_path / str(number) for number in range(len(cases))]
    for path, (line, _) in zip(paths, cases, strict=True):
        path.write_bytes(f"{line}\n".encode())
    for (line, found), values in zip(cases, PROGRAMS[name](paths), strict=True):
        reading = BY_NAME[name].read(found)
        value = None if values is None else values.get("A")
        if reading.text is None:
            assert value is None or value != found.value, line
        else:
            assert value == reading.text, line


def test_bash_expands_a_tilde_where_the_dialect_says_so(tmp_path: Path) -> None:
    """It is at the beginning and after a plain colon, if a slash, a colon or nothing follows."""
    homes = {"~": pwd.getpwuid(os.getuid()).pw_dir, "~root": pwd.getpwnam("root").pw_dir}
    pieces = ["~", "~", ":", ":", "/", "a", "=", "root", "'", '"', "\\", "~/", ":~/m"]
    rng = random.Random(13)
    lines = [f"A={''.join(rng.choices(pieces, k=rng.randint(1, 5)))}" for _ in range(effort(500))]
    cases = [found for line in lines if (found := parsed(line)) is not None]
    paths = [tmp_path / str(number) for number in range(len(cases))]
    for path, found in zip(paths, cases, strict=True):
        path.write_text(f"{found.text}\n")
    for found, values in zip(cases, readers.bash(paths), strict=True):
        text = BY_NAME["bash"].read(found).text
        if text is not None:
            parts = text.split(MARK)
            parts[1::2] = [homes[part] for part in parts[1::2]]
            assert values is not None
            assert values.get("A") == "".join(parts), found.text
            explained = [each.action for each in comparison.differences(found)]
            assert ("expands the `~`" in explained) == (len(parts) > 1), found.text
            assert "expands the `$`" not in explained


def test_every_difference_has_words() -> None:
    """No difference of a generated line is explained by the words for an unknown one."""
    rng = random.Random(12)
    for _ in range(effort(5_000)):
        text = "".join(rng.choices([*PIECES, "${X}", "${NO:-d}", "$$"], k=rng.randint(0, 6)))
        found = parsed(rng.choice(FORMS).format(text))
        if found is not None:
            actions = [each.action for each in comparison.differences(found)]
            assert "reads another value" not in actions, found.text


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("A=plain-1.2/3:4@5?6=7%8", []),
        ("A='x y'", [("docker run", "keeps the quotes")]),
        ("A='${X}'", [("python-dotenv", "expands `${…}` in single quotes")]),
        ("A=pa$word", [("docker compose", "expands the `$`"), ("bash", "expands the `$`")]),
        ("A=a$$b", [("docker compose", "reads `$$` as `$`"), ("bash", "expands the `$`")]),
        ("A=${1}", [("docker compose", REFUSES_FILE)]),
        ("A=a b", [("bash", "runs a command")]),
        ("A=a&b", [("bash", "ends the value at an operator of the shell")]),
        ("A=~/x", [("bash", "expands the `~`")]),
        ("A=/opt/m:~/m", [("bash", "expands the `~`")]),
        ("A=~root/m", [("bash", "expands the `~`")]),
        ("A=~/$B", [("bash", "expands the `~`"), ("bash", "expands the `$`")]),
        ("A=~rooty/m:a~:~1", []),
        ("A=a\\:~/m", [("bash", "removes the backslash")]),
        ("A=a\\b", [("systemd", "removes the backslash"), ("bash", "removes the backslash")]),
        ("A=\\", [("systemd", "joins the next line"), ("bash", "joins the next line")]),
        ("A=O'Brien", [("bash", "finds no end of the quote")]),
        ("A=  # c", [("docker compose", "reads the comment as the value")]),
        ("A='x\r\ny'", [("docker compose", "keeps the carriage returns")]),
        ("export A=1", [("docker run", REFUSES_FILE), ("systemd", "ignores the line")]),
        ("A = 1", [("docker run", REFUSES_FILE), ("bash", "runs a command")]),
        ("A.B=1", [("systemd", "ignores the line"), ("bash", "refuses the name")]),
        ("A/B=1", [("docker compose", REFUSES_FILE)]),
        ("A:B=1", [("docker compose", "ends the name at the `:`")]),
    ],
    ids=ascii,
)
def test_differences_are_named(line: str, expected: list[tuple[str, str]]) -> None:
    """The named differences are among those that are found; a plain line has none."""
    found = parsed(line)
    assert found is not None
    differences = [(each.reader, each.action) for each in comparison.differences(found)]

    assert set(expected) <= set(differences)
    assert bool(expected) == bool(differences)


def test_neither_a_statement_nor_a_reading_shows_its_text() -> None:
    """A repr in a traceback must not show a value."""
    found = parsed("A=hunter2 x")
    assert found is not None

    shown = repr((found, [reader.read(found) for reader in comparison.READERS]))
    assert "hunter2" not in shown
