"""
The env file reader: what it takes, where it says things stand, and what it refuses.
"""

import errno
import io
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workerctl.errors import SourceError
from workerctl.sources import envfile


def names(directory):
    """
    What is in a directory.
    """
    return sorted(entry.name for entry in directory.iterdir())


def statements(text):
    """
    The number, name, value and quote of every entry.
    """
    return [
        (entry.number, entry.name, entry.value, entry.quote)
        for entry in envfile.parse(text, ".env").entries
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=ascii)
def test_lines_are_counted_from_one_whatever_ends_them(newline):
    """
    Leading blank lines, comments and values of several lines count.
    """
    text = "\n\n# comment\n  A=1\n\nexport B='x\ny' # more\n\t\nC\nD=\"z\"".replace("\n", newline)

    assert statements(text) == [
        (4, "A", "1", ""),
        (6, "B", f"x{newline}y", "'"),
        (9, "C", None, ""),
        (10, "D", "z", '"'),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=ascii)
def test_lines_behind_one_that_cannot_be_read_keep_their_numbers(newline):
    """
    python-dotenv counts the end of such a line twice where it is CRLF.
    """
    text = "not an assignment\nA='open\nB=2\n".replace("\n", newline)

    assert statements(text) == [(1, None, None, ""), (2, None, None, "'"), (3, "B", "2", "")]


def test_one_character_is_on_line_one():
    """
    Also where nothing follows it: the end of a text is not on the line after it.
    """
    assert statements("A") == [(1, "A", None, "")]
    assert statements("A\nB") == [(1, "A", None, ""), (2, "B", None, "")]


def test_a_quote_in_a_comment_is_not_around_the_value():
    """
    The quote belongs to the value of an assignment only.
    """
    assert statements("A # b='c'\nnot it # d='e\nB=x'y'\n") == [
        (1, "A", None, ""),
        (2, None, None, ""),
        (3, "B", "x'y'", ""),
    ]


def test_raw_is_the_text_as_it_stands():
    """
    With the blank lines before and the line end.
    """
    (entry,) = envfile.parse("# c\n\n A = 1 # d\r\n", ".env").entries

    assert entry.raw == "\n A = 1 # d\r\n"


def test_values_are_not_in_the_repr():
    """
    A frame shown in a traceback must not show them.
    """
    assert "hunter2" not in repr(envfile.parse("A=hunter2", ".env"))


@pytest.mark.parametrize("marks", ["\ufeff", "\ufeff\ufeff"], ids=ascii)
def test_a_byte_order_mark_is_dropped(tmp_path, marks):
    """
    Editors on Windows write one, and some tools one more.
    """
    path = tmp_path / ".env"
    path.write_text(f"{marks}\nA=1\n", encoding="utf-8")
    (entry,) = envfile.read(str(path)).entries

    assert (entry.number, entry.name) == (2, "A")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("A=\u00e9".encode("utf-16"), "contains a NUL byte"),
        ("A=\u00e9".encode("latin-1"), "is not UTF-8"),
        (b"A=\0", "contains a NUL byte"),
        (b"#" * (2**20 + 1), "is larger than 1 MiB"),
    ],
)
def test_what_no_two_parsers_agree_on_is_refused(tmp_path, data, problem):
    """
    Without the contents in the error or in its causes.
    """
    path = tmp_path / ".env"
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        envfile.read(str(path))

    assert caught.value.message == f"{path} {problem}."
    assert caught.value.__context__ is None


def test_one_mebibyte_is_read(tmp_path):
    """
    The limit itself is within it.
    """
    path = tmp_path / ".env"
    path.write_bytes(b"#" * (2**20 - 4) + b"\nA=1")

    assert [entry.name for entry in envfile.read(str(path)).entries] == ["A"]


@pytest.mark.parametrize("blanks", [" ", "\t", "\u3000", "\x0b"], ids=ascii)
def test_a_long_run_of_blanks_is_refused(blanks):
    """
    python-dotenv takes quadratic time for it; the line is named.
    """
    assert statements("A=1" + blanks * 256 + "2")

    with pytest.raises(
        SourceError, match=r"^\.env:2 contains more than 256 whitespace characters in a row\.$"
    ):
        envfile.parse("A=1\nB=1" + blanks * 257 + "2", ".env")


def test_many_lines_take_linear_time():
    """
    A mebibyte of short lines and one of blank lines.
    """
    start = time.process_time()
    envfile.parse("A=1\n" * 100_000, ".env")
    envfile.parse("\n" * 1_000_000, ".env")

    assert time.process_time() - start < 20


def test_standard_input_is_a_file_too():
    """
    Decrypting tools write there.
    """
    file = envfile.read("-", io.BytesIO(b"A=1"))

    assert file.name == "<stdin>"
    assert [entry.value for entry in file.entries] == ["1"]
    endless = io.BytesIO(b"#" * 2**21)
    with pytest.raises(SourceError, match=r"^<stdin> is larger than 1 MiB\.$"):
        envfile.read("-", endless)
    assert endless.tell() == 2**20 + 1  # no more is taken than shows that it is too much


@pytest.mark.parametrize("name", ["+", ".env", "--"])
def test_standard_input_is_left_alone_where_a_file_is_named(tmp_path, monkeypatch, name):
    """
    Only the single dash stands for it.
    """
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("A=1")
    stdin = io.BytesIO(b"B=2")

    assert [entry.name for entry in envfile.read(name, stdin).entries] == ["A"]
    assert stdin.tell() == 0


def test_a_dash_without_standard_input_is_a_path(tmp_path, monkeypatch):
    """
    Only a caller that hands over the stream reads it.
    """
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=r"^- does not exist"):
        envfile.read("-")


def test_what_is_no_file_is_named(tmp_path):
    """
    A directory, a socket, a missing file, a loop of links: one sentence each, no descriptor lost.
    """
    (tmp_path / "loop").symlink_to("loop")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "socket"))
        before = names(Path("/dev/fd"))
        refusals = [
            _refusal(str(tmp_path)),
            _refusal(str(tmp_path / "missing")),
            _refusal("/dev/null"),
            _refusal(str(tmp_path / "socket")),
            _refusal(str(tmp_path / "loop")),
            _refusal("a\0b"),
        ]

        assert names(Path("/dev/fd")) == before
    assert refusals == [
        f"{tmp_path} is a directory. Specify a file in it.",
        f"{tmp_path}/missing does not exist. Check the path and the working directory.",
        "/dev/null is not a regular file. Specify an env file.",
        f"{tmp_path}/socket cannot be read: No such device or address. Check its permissions.",
        f"{tmp_path}/loop cannot be read: {os.strerror(errno.ELOOP)}. Check its permissions.",
        "A file name contains a NUL byte or an invalid character. Correct the name.",
    ]


def test_a_pipe_without_a_writer_does_not_hang(tmp_path):
    """
    The message says how to give a pipe.
    """
    os.mkfifo(tmp_path / "pipe")
    code = f"from workerctl.sources import envfile; envfile.read({str(tmp_path / 'pipe')!r})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False
    )

    assert f"SourceError: {tmp_path / 'pipe'} is a pipe." in run.stderr
    with pytest.raises(SourceError, match="is a pipe") as caught:
        envfile.read(str(tmp_path / "pipe"))
    assert "--env-file -" in caught.value.hint


def test_a_system_without_nonblocking_files_is_not_asked_for_them(tmp_path):
    """
    Windows has none.
    """
    (tmp_path / "data").write_text("A=1")

    assert _read_after("del os.O_NONBLOCK", tmp_path / "data").stdout == "A=1\n"


def test_a_system_with_a_mode_for_binary_files_is_asked_for_it(tmp_path):
    """
    Windows has one; here a flag stands for it whose effect shows, since it refuses links.
    """
    (tmp_path / "data").write_text("A=1")
    (tmp_path / "link").symlink_to("data")
    change = "os.O_BINARY = os.O_NOFOLLOW"

    assert _read_after(change, tmp_path / "data").stdout == "A=1\n"
    assert "Too many levels of symbolic links" in _read_after(change, tmp_path / "link").stderr


def _read_after(change, path):
    read = f"from workerctl.sources import envfile; print(envfile.read_text({str(path)!r}))"
    code = f"import os; {change}; {read}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_link_to_a_file_is_read(tmp_path):
    """
    Kubernetes mounts files as links.
    """
    (tmp_path / "data").write_text("A=1")
    (tmp_path / "link").symlink_to("data")

    assert envfile.read_text(str(tmp_path / "link")) == "A=1"


def _refusal(path):
    with pytest.raises(SourceError) as caught:
        envfile.read_text(path)
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_a_name_that_no_system_takes_is_told(path):
    """Without the name, which the system cannot even be asked for."""
    with pytest.raises(SourceError, match="NUL byte or an invalid character") as caught:
        envfile.read_text(path)
    assert caught.value.__context__ is None
