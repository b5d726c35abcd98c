"""
Tests that python-dotenv, bash, Node.js, Docker and systemd read the written files alike.

In 10 000 generated files a key is added, rotated or removed. Every reader that read the file
correctly before the change finds the new values after it, and all others unchanged. The bytes equal
those of a second, independent rendering of the change.

A reader read a file correctly if it refused nothing, and found the names that python-dotenv finds
and a plain line appended by hand. So a value like O'Brien, which opens a quote in a shell, does not
count against the writer; nor does a last line without `=`, to which Node.js 20 joins the next one.
The rules of Docker and systemd are implemented in tests/support/programs/readers.py; their programs
are not run.
"""

import itertools
import logging
import os
import random
import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from tests.support.effort import effort
from tests.support.programs import readers
from workerctl.commands.keygen import write_keys
from workerctl.report.errors import EnvFileWriteError
from workerctl.sources.writing import envwrite

FILES = effort(10_000)
BATCH = effort(2_500)
KEY, VERSION, OLDER = "ENCRYPTION_KEY", "ENCRYPTION_KEY_VERSION", "ENCRYPTION_KEY_V0"
OLD = "9f2c4a7be1083d56c7fa91e20b6d84f35ae7c01948bd62f37d15a8e904cb76f2"
NEW = "911d31690a8ff606eb0ecc1be9f51f7f7c0fa631639aae99aca8f3b30ad77224"
# Renaming a file on a disk can take longer than everything else.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
PROBE = "\n\nADDED_BY_HAND=1\n"
# Here a shell or systemd finds every name, but joins the next line to the first value.
HALF_READ = re.compile(r"\\\n\s*(?:export|ENCRYPTION_KEY)\s")

# The names are unique, so a statement that a reader misses is identified by its name.
COMMON = [
    "",
    "  \t",
    "# 데이터베이스 설정",
    '# it\'s "so" and `so`',
    "# A00=commented out",
    "   # 들여쓴 주석",
    "# C:\\\\",
    "# 경로는 C:\\",
    "A01=1",
    "A02=",
    "A03=https://redis.example/0?a=b",
    "  A04=들여쓰기",
    "A05='한글 값, #1 ${A01}'",
    'A06="두 단어 # 설명 아님"',
    'A07="그는 \\"네\\"라고 했다"',
    "A08=값 # 주석",
    "A09='x' # it's",
    'A10="x"# C:\\',
    "A11='첫째\n둘째\n\n'",
    "A12=C:\\dir\\",
    "A13=C:\\dir\\\\",
]
RARE = [
    'A14="첫 줄\n둘째=줄" # 끝',
    "A15='-----BEGIN\nMIIB\n-----END'",
    "export A16=1",
    "A17=\\",
    "A18=O'Brien",
    'A19=5"',
    "A20 = 값",
    "A21=`x`",
    "A22=${A01}-x",
    "A24=1\x0b\x0c\u2028\u00a0",
    "A25",
    "변수가 아닌 줄",
    "; 주석",
    "\x0c",
]
# An assignment before and after the change; a comment that ends in a backslash joins nothing.
ASSIGNMENTS = [
    ("{name}={old}", "{name}={new}\n"),
    ("{name}='{old}'", "{name}={new}\n"),
    ('{name}="{old}"  # "나중에" 바꿀 것', '# "나중에" 바꿀 것\n{name}={new}\n'),
    ("{name}={old} # it's", "# it's\n{name}={new}\n"),
    ("{name}={old} # C:\\", "# C:\\\n\n{name}={new}\n"),
    ("  {name}={old}", "{name}={new}\n"),
    ("export {name}={old}", "export {name}={new}\n"),
    ("export\t {name}='{old}'#", "#\nexport {name}={new}\n"),
    ("{name} = {old}", "{name}={new}\n"),
]
UNSET = [
    ("{name}=", "{name}={new}\n"),
    ("{name}=''", "{name}={new}\n"),
    ('{name}="\n\n"', "{name}={new}\n"),
    ("{name}", "{name}={new}\n"),
    ("encryption_key=", "{name}={new}\n"),
]


class Part(NamedTuple):
    """
    A statement with its line end, and the name that it sets if that is to change.
    """

    text: str
    name: str | None = None
    replacement: str = ""


class Case(NamedTuple):
    """
    A file and the changes to apply, where None removes a name.
    """

    mark: str
    parts: list[Part]
    changes: dict[str, str | None]

    @property
    def text(self) -> str:
        """
        The text of the file.
        """
        return self.mark + "".join(part.text for part in self.parts)

    def changed(self, values: dict[str, str | None]) -> str | None:
        """
        Return the text after the change, or None if the change should be refused.
        """
        text = "" if self.parts and self.parts[0].name else self.mark
        for part in self.parts:
            if part.name is None:
                text += part.text
            elif (value := values[part.name]) is None:
                text += gap(text)
            else:
                text += gap(text) + part.replacement.format(name=part.name, new=value)
        names = values.keys() - {part.name for part in self.parts}
        added = "".join(f"{name}={values[name]}\n" for name in values if name in names)
        if not added or not text or text.endswith("\n"):
            return text + (gap(text) if added else "") + added
        return None if gap(text) else f"{text}\n{added}"


def gap(text: str) -> str:
    """
    Return the empty line that separates the next line from a backslash at the end of `text`.
    """
    line = text.removesuffix("\n").removesuffix("\r")
    return "\n" if (len(line) - len(line.rstrip("\\"))) % 2 else ""


def generated(rng: random.Random) -> Case:
    """
    Return a file with Korean text, quotes, comments and any line ends around the names.
    """
    changes, own = rng.choice([fresh, fresh, rotated, rotated, retired])(rng)
    pool = COMMON if rng.random() < 0.75 else COMMON + RARE
    statements = [Part(text) for text in rng.sample(pool, rng.randint(0, 4))]
    for part in own:
        statements.insert(rng.randint(0, len(statements)), part)
    ends = rng.choice([["\n"], ["\r\n"], ["\n", "\r\n"]])
    parts = [
        part._replace(text=re.sub("\n", lambda _: rng.choice(ends), f"{part.text}\n"))
        for part in statements
    ]
    if parts and rng.random() < 0.25:
        parts[-1] = parts[-1]._replace(text=parts[-1].text.removesuffix("\n").removesuffix("\r"))
    return Case("\ufeff" if rng.random() < 0.05 else "", parts, changes)


def fresh(rng: random.Random) -> tuple[dict[str, str | None], list[Part]]:
    """
    Return the case of a first key: nothing, a placeholder or an empty value is there.
    """
    old = rng.choice([[], [assignment(rng, KEY, "change-me")], [assignment(rng, KEY)]])
    return {}, old


def rotated(rng: random.Random) -> tuple[dict[str, str | None], list[Part]]:
    """
    Return the case of a new key and version, with the old key under another name.
    """
    version = [assignment(rng, VERSION, "0")] if rng.random() < 0.5 else []
    return {KEY: NEW, VERSION: "1", OLDER: OLD}, [assignment(rng, KEY, OLD), *version]


def retired(rng: random.Random) -> tuple[dict[str, str | None], list[Part]]:
    """
    Return the case that removes the old key.
    """
    return {OLDER: None}, [Part(f"{KEY}={NEW}"), assignment(rng, OLDER, OLD)]


def assignment(rng: random.Random, name: str, old: str = "") -> Part:
    """
    Return an assignment of the old value in one of the forms that people write.
    """
    text, replacement = rng.choice(ASSIGNMENTS if old else UNSET)
    return Part(text.format(name=name, old=old), name, replacement)


def written(case: Case, path: Path) -> dict[str, str | None] | None:
    """
    Change the file, and return the values that it must have, or None if it was refused.
    """
    path.write_bytes(case.text.encode())
    try:
        if case.changes:
            envwrite.change(str(path), lambda _: case.changes, sync=lambda _: None)
            return case.changes
        done = write_keys.write_key(str(path), {}, write_keys.Writing(sync=lambda _: None))
    except EnvFileWriteError:
        return None
    return {KEY: done.ring[0].text}


def expected(old: dict[str, str], values: dict[str, str | None]) -> dict[str, str]:
    """
    Return the values to find after the change: the new ones, and all others as before.
    """
    others = {name: value for name, value in old.items() if name.upper() not in values}
    return others | {name: value for name, value in values.items() if value is not None}


def stored(case: Case, directory: Path, number: int) -> dict[str, str | None] | None:
    """
    Store the file before and after the change with the probe, and check its bytes.
    """
    path = directory / "alone" / ".env"
    values = written(case, path)
    text = path.read_bytes().decode()
    changed = case.changed(values or case.changes or {KEY: NEW})
    assert (values is None) == (changed is None), (number, case)
    assert text == (case.text if changed is None else changed), (number, case)
    (directory / f"{number}.old").write_bytes(f"{case.text}{PROBE}".encode())
    (directory / f"{number}.new").write_bytes(f"{text}{PROBE}".encode())
    return None if HALF_READ.search(case.text + PROBE) else values


def found(read: readers.Reader, directory: Path, kind: str) -> list[readers.Found]:
    """
    Return what a reader finds in all files of a kind.
    """
    return read([directory / f"{number}.{kind}" for number in range(BATCH)])


@pytest.mark.parametrize(
    ("reader", "text", "values"),
    [
        ("python-dotenv", "\ufeffA='x\ny' # c\r\nB\n", {"A": "x\ny"}),
        ("bash", "A='x\ny' # c\nB\nC D\n\r\nE=1\r\n", {"A": "x\ny", "E": "1\r"}),
        ("bash", "A=x\\\nB=y\n# c\\\nC=z\n", {"A": "xB=y", "C": "z"}),
        ("bash", "A=1\nB=O'Brien\nC=1\n", {"A": "1"}),
        ("Node.js", "A='x\ny' # c\r\nB=1\r\n", {"A": "x\ny", "B": "1"}),
        ("Docker", '\ufeff # c\n A="x" # c \r\n\nB\n', {"A": '"x" # c '}),
        ("Docker", "A B=1\n", None),
        ("Docker", "=1\n", None),
        ("systemd", "A= x\\y\\\n z  \n#\\\nB=1\n;\nC\n", {"A": "xy z"}),
        ("systemd", "A='x\n\\y' # c\nB=O'Brien\n", {"A": "x\n\\y# c", "B": "O'Brien"}),
        ("systemd", 'A="\\"\\$\\n\\\nx" \r\nexport B=1\n', {"A": '"$\\nx'}),
        ("systemd", "A='x\n", None),
    ],
)
def test_a_reader_keeps_to_the_rules_of_its_program(tmp_path, reader, text, values):
    """
    Readers differ in white space, quotes, comments and the joining of lines.
    """
    if reader not in readers.available():
        pytest.skip(f"{reader} is not there")
    path = tmp_path / ".env"
    path.write_bytes(text.encode())

    assert readers.available()[reader]([path]) == [values]


@pytest.mark.parametrize("seed", range(FILES // BATCH))
def test_every_reader_finds_the_new_values_and_the_others_unchanged(seed, monkeypatch):
    """
    Every reader that read a file correctly before the change finds the right values after it.

    Each reader is compared in more than half of the files.
    """
    available = readers.available()
    monkeypatch.setattr(logging.getLogger("dotenv.main"), "disabled", True)
    rng = random.Random(seed)
    cases = [generated(rng) for _ in range(BATCH)]
    compared = Counter()
    with TemporaryDirectory(dir=MEMORY) as name:
        directory = Path(name)
        (directory / "alone").mkdir()
        changes = [stored(case, directory, number) for number, case in enumerate(cases)]
        before, after = (
            {name: found(read, directory, kind) for name, read in available.items()}
            for kind in ("old", "new")
        )
    for reader, number in itertools.product(available, range(BATCH)):
        values, old, new = changes[number], before[reader][number], after[reader][number]
        if values is None or old is None or old.keys() != before["python-dotenv"][number].keys():
            continue
        assert new is not None, (seed, number, reader, cases[number])
        assert new == expected(old, values), (seed, number, reader, cases[number])
        compared[reader] += 1

    assert compared.keys() == available.keys()
    assert min(compared.values()) > BATCH // 2, compared
