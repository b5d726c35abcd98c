"""
Tests of reading env files: what is accepted, the line numbers, and what is refused.
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
from dotenv import dotenv_values

from workerctl.report.errors import SourceError
from workerctl.sources import envfile


def names(directory):
    """
    Return the names in a directory.
    """
    return sorted(entry.name for entry in directory.iterdir())


def statements(text):
    """
    Return the number, name, value and quote of every entry.
    """
    return [
        (entry.number, entry.name, entry.value, entry.quote)
        for entry in envfile.parse(text, ".env").entries
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=ascii)
def test_lines_are_counted_from_one_whatever_ends_them(newline):
    """
    Leading empty lines, comments and lines inside values are counted.
    """
    text = "\n\n# comment\n  A=1\n\nexport B='x\ny' # more\n\t\nC\nD=\"z\"".replace("\n", newline)

    assert statements(text) == [
        (4, "A", "1", ""),
        (6, "B", "x\ny", "'"),
        (9, "C", None, ""),
        (10, "D", "z", '"'),
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=ascii)
def test_a_quoted_value_has_line_feeds_as_python_dotenv_reads_it(tmp_path, newline):
    """
    Line ends in quotes become LF; an escape that means a carriage return stays one.
    """
    quotes = ["'a\nb\n'", '"a\nb\\r\\nc"', '"\n"', "'\\'\n'", "x # '\n"]
    path = tmp_path / ".env"
    for quoted in quotes:
        path.write_bytes(f"A={quoted}\nB=1\n".replace("\n", newline).encode())
        found = {entry.name: entry.value for entry in envfile.read(str(path)).entries}
        assert found == dotenv_values(path, interpolate=False), quoted


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=ascii)
def test_lines_after_an_invalid_one_keep_their_numbers(newline):
    """
    A CRLF after an invalid line counts once, although python-dotenv counts it twice.
    """
    text = "not an assignment\nA='open\nB=2\n".replace("\n", newline)

    assert statements(text) == [(1, None, None, ""), (2, None, None, "'"), (3, "B", "2", "")]


def test_a_line_without_an_end_keeps_its_number():
    """
    A last line without a line end has its own number, not that of the next line.
    """
    assert statements("A") == [(1, "A", None, "")]
    assert statements("A\nB") == [(1, "A", None, ""), (2, "B", None, "")]


def test_a_quote_in_a_comment_is_not_around_the_value():
    """
    A quote belongs to an entry only if it encloses the value.
    """
    assert statements("A # b='c'\nnot it # d='e\nB=x'y'\n") == [
        (1, "A", None, ""),
        (2, None, None, ""),
        (3, "B", "x'y'", ""),
    ]


def test_raw_is_the_unchanged_text():
    """
    `raw` includes the empty lines before an entry and its line end.
    """
    (entry,) = envfile.parse("# c\n\n A = 1 # d\r\n", ".env").entries

    assert entry.raw == "\n A = 1 # d\r\n"


def test_values_are_not_in_the_repr():
    """
    A repr in a traceback must not show a value.
    """
    source = envfile.parse("A=hunter2", ".env")

    assert "hunter2" not in repr(source)
    assert repr(source.entries[0]) == "Entry(line 1)"


@pytest.mark.parametrize("marks", ["\ufeff", "\ufeff\ufeff"], ids=ascii)
def test_a_byte_order_mark_is_dropped(tmp_path, marks):
    """
    Editors on Windows write a byte order mark, and some tools write a second one.
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
def test_ambiguous_content_is_refused(tmp_path, data, problem):
    """
    Content that parsers treat differently is refused, and is in neither the error nor its causes.
    """
    path = tmp_path / ".env"
    path.write_bytes(data)
    with pytest.raises(SourceError) as caught:
        envfile.read(str(path))

    assert caught.value.message == f"{path} {problem}."
    assert caught.value.__context__ is None


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "utf-8-sig"])
def test_text_in_another_encoding_is_refused(encoding):
    """
    UTF-8 is named, any other encoding is that of the settings class.
    """
    with pytest.raises(SourceError) as caught:
        envfile.decode(b"A=\xff\n", ".env", encoding)

    named = "UTF-8" if encoding == "utf-8" else "text in the encoding of the settings class"
    assert caught.value.message == f".env is not {named}."


def test_a_text_has_no_byte_order_mark():
    """
    Only a file can have one.
    """
    assert not envfile.parse("A=1\n", ".env").is_marked


def test_one_mebibyte_is_read(tmp_path):
    """
    A file of exactly the size limit is read.
    """
    path = tmp_path / ".env"
    path.write_bytes(b"#" * (2**20 - 4) + b"\nA=1")

    assert [entry.name for entry in envfile.read(str(path)).entries] == ["A"]


@pytest.mark.parametrize("blanks", [" ", "\t", "\u3000", "\x0b"], ids=ascii)
def test_a_long_run_of_white_space_is_refused(blanks):
    """
    It is refused with its line, because python-dotenv takes quadratic time for it.
    """
    assert statements("A=1" + blanks * 256 + "2")

    with pytest.raises(
        SourceError, match=r"^\.env:2 contains more than 256 whitespace characters in a row\.$"
    ):
        envfile.parse("A=1\nB=1" + blanks * 257 + "2", ".env")


def test_many_lines_take_linear_time():
    """
    A mebibyte of short or empty lines is parsed within a time limit.
    """
    start = time.process_time()
    envfile.parse("A=1\n" * 100_000, ".env")
    envfile.parse("\n" * 1_000_000, ".env")

    assert time.process_time() - start < 20


def test_standard_input_is_a_file_too():
    """
    `-` reads standard input, to which tools that decrypt files write.
    """
    file = envfile.read("-", io.BytesIO(b"A=1"))

    assert file.name == "<stdin>"
    assert [entry.value for entry in file.entries] == ["1"]
    endless = io.BytesIO(b"#" * 2**21)
    with pytest.raises(SourceError, match=r"^<stdin> is larger than 1 MiB\.$"):
        envfile.read("-", endless)
    # Nothing is read beyond the first byte that exceeds the limit.
    assert endless.tell() == 2**20 + 1  # wording: a method of files


@pytest.mark.parametrize("name", ["+", ".env", "--"])
def test_standard_input_is_left_alone_where_a_file_is_named(tmp_path, monkeypatch, name):
    """
    Only a single dash stands for standard input.
    """
    monkeypatch.chdir(tmp_path)
    Path(name).write_text("A=1")
    stdin = io.BytesIO(b"B=2")

    assert [entry.name for entry in envfile.read(name, stdin).entries] == ["A"]
    assert stdin.tell() == 0  # wording: a method of files


def test_a_dash_without_standard_input_is_reported(tmp_path, monkeypatch):
    """
    A dash is never a path, even if there is a file of that name.
    """
    monkeypatch.chdir(tmp_path)
    (tmp_path / "-").write_text("A=1\n")
    with pytest.raises(SourceError, match=r"^Standard input is closed\."):
        envfile.read("-")
    with (tmp_path / "-").open("ab") as stream, pytest.raises(SourceError, match="is closed"):
        envfile.read("-", stream)


def test_a_path_that_is_not_a_file_is_reported(tmp_path):
    """
    Each kind of path has its own message, and no file descriptor is leaked.
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
        "/dev/null is not a regular file. Specify a regular file.",
        f"{tmp_path}/socket cannot be read: No such device or address. Check its permissions.",
        f"{tmp_path}/loop cannot be read: {os.strerror(errno.ELOOP)}. Check its permissions.",
        "A file name contains a NUL byte or an invalid character. Correct the name.",
    ]


def test_a_pipe_without_a_writer_does_not_hang(tmp_path):
    """
    A named pipe is refused, and the hint names standard input.
    """
    os.mkfifo(tmp_path / "pipe")
    code = f"from workerctl.sources import envfile; envfile.read({str(tmp_path / 'pipe')!r})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False
    )

    assert f"SourceError: {tmp_path / 'pipe'} is a pipe." in run.stderr
    with pytest.raises(SourceError, match="is a pipe") as caught:
        envfile.read(str(tmp_path / "pipe"))
    assert "standard input" in caught.value.hint


def test_a_system_without_o_nonblock_is_supported(tmp_path):
    """
    Windows has no O_NONBLOCK.
    """
    (tmp_path / "data").write_text("A=1")

    assert _read_after("del os.O_NONBLOCK", tmp_path / "data").stdout == "A=1\n"


def test_o_binary_is_used_if_it_exists(tmp_path):
    """
    Windows has O_BINARY; here O_NOFOLLOW takes its place, because refused links make it observable.
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
    Symbolic links are followed, because Kubernetes mounts files as links.
    """
    (tmp_path / "data").write_text("A=1")
    (tmp_path / "link").symlink_to("data")

    assert envfile.read_text(str(tmp_path / "link")) == "A=1"


def _refusal(path):
    with pytest.raises(SourceError) as caught:
        envfile.read_text(path)
    return f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_a_name_that_is_never_valid_is_reported(path):
    """The name is not repeated, because the system cannot even look it up."""
    with pytest.raises(SourceError, match="NUL byte or an invalid character") as caught:
        envfile.read_text(path)
    assert caught.value.__context__ is None


def test_comments_and_blank_lines_are_bindings_too():
    """
    Each has the number of the line on which its text begins.
    """
    found = envfile.bindings("# a\n\nA=1\nB='x\ny'\n\n# b\n")

    assert [(number, binding.key) for number, binding in found] == [
        (1, None),
        (3, "A"),
        (4, "B"),
        (7, None),
    ]
