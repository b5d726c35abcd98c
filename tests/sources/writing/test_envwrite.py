"""
Tests of writing env files: nothing else changes, no change is partial, and obstacles are reported.
"""

import errno
import os
import re
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workerctl.report.errors import EnvFileWriteError, RefusedError, SourceError
from workerctl.sources import envfile
from workerctl.sources.writing import envwrite
from workerctl.sources.writing.atomic import Replaced

NEW = "c0ffee" * 4


@pytest.fixture(name="path")
def _path(tmp_path):
    return tmp_path / ".env"


def names(directory):
    """
    Return the names in a directory.
    """
    return sorted(entry.name for entry in directory.iterdir())


def change(path, changes, **options):
    """
    Apply `changes`, whatever the file contains.
    """
    return envwrite.change(str(path), lambda _: changes, **options)


def fails(path, changes=None, error=EnvFileWriteError, **options):
    """
    Return the message of an error that leaves the file and its directory unchanged.
    """
    old = path.read_bytes()
    there = names(path.parent)
    with pytest.raises(error) as caught:
        change(path, {"K": NEW} if changes is None else changes, **options)

    assert path.read_bytes() == old
    assert names(path.parent) == there
    assert caught.value.exit_code == 2
    assert caught.value.hint
    assert caught.value.__context__ is caught.value.__cause__ is None
    return caught.value.message.removeprefix(str(path))


EDITS = [
    # The content before and after the change.
    ("", f"K={NEW}\n"),
    ("K=", f"K={NEW}\n"),
    ("K=\n", f"K={NEW}\n"),
    ("K\n", f"K={NEW}\n"),
    ("A=1\n", f"A=1\nK={NEW}\n"),
    ("A=1", f"A=1\nK={NEW}\n"),
    ("A=1\r\nB=2", f"A=1\r\nB=2\nK={NEW}\n"),
    ("A=1\r\n", f"A=1\r\nK={NEW}\n"),
    ("A=1\r\n\r\n", f"A=1\r\n\r\nK={NEW}\n"),
    ("# only a comment", f"# only a comment\nK={NEW}\n"),
    ("A=1\nK=old\nB=2\n", f"A=1\nK={NEW}\nB=2\n"),
    ("A=1\r\nK=old\r\nB=2\r\n", f"A=1\r\nK={NEW}\nB=2\r\n"),
    ("A=1\r\nK=old", f"A=1\r\nK={NEW}\n"),
    ("A=1\r\nK=old\nB=2\r\n", f"A=1\r\nK={NEW}\nB=2\r\n"),
    ("\ufeffA=1\nK=old\n", f"\ufeffA=1\nK={NEW}\n"),
    ("\ufeffK=old # c\nA=1\n", f"# c\nK={NEW}\nA=1\n"),
    ("\ufeff", f"\ufeff\nK={NEW}\n"),
    ("\n\n# c\n\n  K=old\n\n\nB=2\n\n", f"\n\n# c\n\nK={NEW}\n\n\nB=2\n\n"),
    ("export K=old\n", f"export K={NEW}\n"),
    ("export\t K='old' # c\n", f"# c\nexport K={NEW}\n"),
    ("export\u00a0K=old\n", f"export K={NEW}\n"),
    ("k=old\n", f"K={NEW}\n"),
    ("'K'='old'\n", f"K={NEW}\n"),
    ("K = old\n", f"K={NEW}\n"),
    ("K='a\nb\nc' # d\nB=2\n", f"# d\nK={NEW}\nB=2\n"),
    ('K="a\\"#\nb"#d\nB=2\n', f"#d\nK={NEW}\nB=2\n"),
    ("K='it\\'s # no comment'\n", f"K={NEW}\n"),
    ("K=old # why\nB=2\n", f"# why\nK={NEW}\nB=2\n"),
    ("A=1\r\nK=old\t# why\r\nB=2\r\n", f"A=1\r\n# why\nK={NEW}\nB=2\r\n"),
    ("K= # why", f"# why\nK={NEW}\n"),
    ("K # why\n", f"# why\nK={NEW}\n"),
    ("K=old#part of it\n", f"K={NEW}\n"),
    ("junk here\nK=old\n", f"junk here\nK={NEW}\n"),
    ("junk here\r\nK=old\r\nB=1\r\n", f"junk here\r\nK={NEW}\nB=1\r\n"),
    ("KK=1\nK_=2\nA=K=3\n# K=4\n", f"KK=1\nK_=2\nA=K=3\n# K=4\nK={NEW}\n"),
    ("A='x\nK=inside\n'\n", f"A='x\nK=inside\n'\nK={NEW}\n"),
    # A shell or systemd would join the next line to a line that ends in a backslash.
    ("A=x\\\n", f"A=x\\\n\nK={NEW}\n"),
    ("A=x\\\r\n", f"A=x\\\r\n\nK={NEW}\n"),
    ("A=x\\\\\n", f"A=x\\\\\nK={NEW}\n"),
    ("A=x\\\n\n", f"A=x\\\n\nK={NEW}\n"),
    ("A='x\\\ny'\n", f"A='x\\\ny'\nK={NEW}\n"),
    ("# C:\\\nK=old\nB=2\n", f"# C:\\\n\nK={NEW}\nB=2\n"),
    ("A=x\\\nB=2\nK=old\n", f"A=x\\\nB=2\nK={NEW}\n"),
    ("K=old # C:\\\n", f"# C:\\\n\nK={NEW}\n"),
    ("K=old\nA=x\\", f"K={NEW}\nA=x\\"),
]


@pytest.mark.parametrize(("old", "new"), EDITS)
def test_one_assignment_changes_and_nothing_else(path, old, new):
    """
    An existing assignment is changed in place, and a new one is appended.
    """
    path.write_bytes(old.encode())
    change(path, {"K": NEW})

    assert path.read_bytes() == new.encode()
    assert names(path.parent) == [".env"]


def test_several_names_change_in_one_replacement(path):
    """
    A rotation sets, adds and removes names in a single replacement.
    """
    path.write_text("A=1\n\n# the key\nK=old\nGONE='x\ny' # z\n# end\nV=1")
    inode = path.stat().st_ino
    synced = []
    change(
        path, {"V": "2", "K": NEW, "K_V1": "01d=", "GONE": None, "NEVER": None}, sync=synced.append
    )

    assert path.read_text() == f"A=1\n\n# the key\nK={NEW}\n# end\nV=2\nK_V1=01d=\n"
    assert path.stat().st_ino != inode
    assert len(synced) == 2


def test_removing_a_line_does_not_join_others(path):
    """
    Neither the neighbours of a removed line nor two changed lines are joined.
    """
    path.write_text("A=x\\\nK=old\nGONE=1\nV=1 # \\\nB=2\n")
    change(path, {"V": "2", "GONE": None, "K": None})

    assert path.read_text() == "A=x\\\n\n# \\\n\nV=2\nB=2\n"


def test_no_change_writes_nothing(path):
    """
    A file that would not change is not replaced.
    """
    path.write_text("K=1\n")
    path.chmod(0o644)
    inode = path.stat().st_ino

    assert change(path, {"K": "1"}) == Replaced()
    assert (path.stat().st_ino, stat.S_IMODE(path.stat().st_mode)) == (inode, 0o644)


LINE = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "# c",
            "A=1",
            "export B='x'",
            'C="a\nb"',
            "junk !",
            "D",
            "E= # c",
            "K=",
            "k='q' #c",
        ]
    ),
    st.from_regex(r"[A-J]{1,3} ?= ?[ -~\u00e9]{0,8}", fullmatch=True),
    st.text(alphabet="AK='\"# \\\t$\u2028\x0b\x85", max_size=12),
    st.sampled_from(["A=\r1", "\r", "A=1\\", "# \\", "A=1\\\\"]),
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=st.lists(st.tuples(LINE, st.sampled_from(["\n", "\r\n"]))), cut=st.booleans())
def test_other_lines_stay_byte_for_byte(tmp_path, lines, cut):
    """
    Either the file is refused and unchanged, or every other line is unchanged.
    """
    path = tmp_path / ".env"
    text = "".join(line + end for line, end in lines)
    text = text.rstrip("\r\n") if cut else text
    path.write_bytes(text.encode())
    old = envfile.parse(text, "")
    try:
        change(path, {"K": NEW})
    except EnvFileWriteError:
        assert path.read_bytes() == text.encode()
        return
    new = path.read_bytes().decode()
    values = {entry.name: entry.value for entry in envfile.parse(new, "").entries}

    assert values["K"] == NEW
    found = envwrite.assignments(old, "K")
    if found:
        lines = re.findall(r".*\n|.+\Z", text)
        first = found[0].number - 1
        count = 1 + found[0].raw.strip().count("\n")
        assert new.startswith("".join(lines[:first]))
        assert new.endswith("".join(lines[first + count :]))
    else:
        assert new.startswith(text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("A=1\nB='open\nK=\n", ":2 has a quoted value that does not end properly."),
        ('A="open', ":1 has a quoted value that does not end properly."),
        ("A='x' y\n", ":1 has a quoted value that does not end properly."),
        ("K=1\nA=2\nK=3\n", " sets K more than once, on lines 1 and 3."),
        ("K=1\nk=2\nexport K=3\n", " sets K more than once, on lines 1 and 2 and 3."),
        ("A=1\nK=old\rB=2\n", ":2 has a carriage return without a line feed."),
        ("A=1\rK=old\rB=2", ":1 has a carriage return without a line feed."),
        ("A=1\r\nB=2\r\n\r\r\n", ":3 has a carriage return without a line feed."),
        ("K=1\nA='x\ry'\n", ":2 has a carriage return without a line feed."),
        ("A=1\nB=x\\", " ends in a backslash without a final line feed."),
        ("#" * (envfile.SIZE_LIMIT - 9), " is larger than 1 MiB."),
        ("#" * (envfile.SIZE_LIMIT + 1), " is larger than 1 MiB."),
    ],
    ids=range(12),
)
def test_a_file_that_cannot_be_changed_safely_is_refused(path, text, problem):
    """
    The message names the line.
    """
    path.write_bytes(text.encode())

    assert fails(path) == problem


def test_ambiguous_content_is_refused(path):
    """
    Content that the reader refuses is refused here as well.
    """
    path.write_bytes(b"A=\xff")
    assert fails(path, error=SourceError) == " is not UTF-8."
    path.write_bytes(b"A=\0")
    assert fails(path, error=SourceError) == " contains a NUL byte."


def test_a_change_that_reads_back_differently_is_refused(path):
    """
    The new bytes are parsed before they replace the old ones.
    """
    path.write_bytes(b"A='x'\nK=1\n")
    with pytest.raises(EnvFileWriteError) as caught:
        change(path, _Inconsistent({"K": "2"}))

    assert caught.value.message == f"{path} would not be read as intended after the change."
    assert path.read_bytes() == b"A='x'\nK=1\n"
    assert caught.value.__context__ is None


class _Inconsistent(dict):
    """
    Changes that differ when read again, as after a bug in rendering.
    """

    def __init__(self, changes):
        super().__init__(changes)
        self._reads = 0

    def items(self):
        self._reads += 1
        return super().items() if self._reads == 1 else {"K": "3", "L": None}.items()


@pytest.mark.parametrize(
    "changes",
    [{"K": "a b"}, {"K": "a\nB=1"}, {"K": "${A}"}, {"K": "'a'"}, {"K\nB": "1"}, {"k": "1"}],
)
def test_only_plain_names_and_values_are_written(path, changes):
    """
    Names and values that need quoting are refused without repeating them.
    """
    path.write_text("A=1\n")
    with pytest.raises(ValueError, match=r"^A name or value has characters") as caught:
        change(path, changes)

    assert caught.value.__context__ is None
    assert path.read_text() == "A=1\n"


def test_the_decision_may_refuse(path):
    """
    An error of the decision function propagates, and the file is unchanged.
    """
    path.write_text("K=1\n")

    def refuse(file):
        raise RefusedError(f"{file.name}:{file.entries[0].number} sets K already.")

    with pytest.raises(RefusedError, match=r":1 sets K already") as caught:
        envwrite.change(str(path), refuse)

    assert path.read_text() == "K=1\n"
    assert names(path.parent) == [".env"]
    assert caught.value.__context__ is None


def test_no_error_contains_the_content(path):
    """
    The content is neither in the arguments of an error nor in its causes.
    """
    path.write_text("K=hunter2\nK=hunter3\nA='hunter4\n")
    with pytest.raises(EnvFileWriteError) as caught:
        change(path, {"K": NEW})
    seen, error = [], caught.value
    while error is not None:
        seen += [repr(error), repr(error.args), repr(vars(error))]
        error = error.__context__ or error.__cause__

    assert not any(word in text for text in seen for word in ("hunter", NEW))


def test_a_failed_directory_sync_says_that_the_file_did_change(path):
    """
    It is the only error after the replacement, which the disk may still lose.
    """
    path.write_text("K=1\n")
    calls = []

    def sync(_):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with pytest.raises(
        EnvFileWriteError, match="was changed, but its directory could not be synced"
    ):
        change(path, {"K": "2"}, sync=sync)

    assert path.read_text() == "K=2\n"


def test_a_file_system_without_directory_sync_is_accepted(path):
    """
    Some network file systems cannot sync a directory.
    """
    calls = []

    def sync(_):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    assert change(path, {"K": "2"}, sync=sync) == Replaced(created=True)
    assert path.read_text() == "K=2\n"
