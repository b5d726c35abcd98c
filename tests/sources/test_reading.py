"""
Tests of the sources: which value wins, its origin, and which values it shadows.
"""

import io
from pathlib import Path

import pytest

from tests.leaks.oracle import Mint, Oracle, forms
from workerctl.report.errors import SourceError
from workerctl.report.findings import Location
from workerctl.sources.names import Names, Spelling
from workerctl.sources.reading import read
from workerctl.sources.values import Assignment, Broken, Source, Value, Values

NAMES = Names(
    frozenset({"PLAIN", "TOKEN", "OTHER"}),
    frozenset({"TOKEN"}),
    {"OLD_PLAIN": "PLAIN", "OLD_TOKEN": "TOKEN"},
    ("ENCRYPTION_KEY_V",),
)
ENVIRONMENT = Location("environment")


@pytest.fixture(autouse=True)
def _in_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty working directory, so that files have short names."""
    monkeypatch.chdir(tmp_path)


def file(name: str, text: str) -> str:
    """Write a file with this text, and return its name."""
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text, "utf-8", newline="")
    return name


def line(name: str, number: int) -> Location:
    """Return the location of a line in an env file."""
    return Location("env-file", name, number)


def secret(path: str) -> Location:
    """Return the location of a secret file."""
    return Location("secret-file", path)


def assigned(source: Source, field: str) -> list[Assignment]:
    """Return what a source assigns to a field."""
    return [assignment for assignment in source.assignments if assignment.sets == field]


def values(
    *env_files: str, environ: dict[str, str] | None = None, secrets_dir: str | None = None
) -> Values:
    """Read the sources, without an environment unless one is given."""
    return read(NAMES, environ=environ, env_files=env_files, secrets_dir=secrets_dir)


def test_without_sources_everything_has_its_default() -> None:
    """Without sources every field has its default."""
    nothing = values()

    assert (nothing.chosen, nothing.empty, nothing.files) == ({}, {}, ())
    assert (nothing.environment, nothing.env_files) == (None, ())
    assert list(nothing.sources()) == []
    assert (nothing.is_set("PLAIN"), nothing.text("PLAIN"), nothing.text("PLAIN", "x")) == (
        False,
        "",
        "x",
    )
    assert nothing.location("PLAIN") == Location("default")


def test_the_environment_beats_the_files_and_they_beat_the_secrets() -> None:
    """The strongest source wins, and the origins that it shadows are kept, strongest first."""
    file("a.env", "PLAIN=1\nTOKEN=1\n")
    file("b.env", "\nPLAIN=2\nTOKEN=2\n")
    file("secrets/TOKEN", "3")
    file("secrets/PLAIN", "3")
    environ = {"PLAIN": "0"}

    chosen = values("a.env", "b.env", environ=environ, secrets_dir="secrets").chosen
    assert chosen == {
        "PLAIN": Value(
            "0", ENVIRONMENT, (line("b.env", 2), line("a.env", 1), secret("secrets/PLAIN"))
        ),
        "TOKEN": Value("2", line("b.env", 3), (line("a.env", 2), secret("secrets/TOKEN"))),
    }


def test_files_are_listed_as_they_were_given() -> None:
    """The env files are listed in their order, then the secrets directory."""
    file("a.env", "")
    file("b.env", "PLAIN=1")
    file("secrets/TOKEN", "x")
    found = values("b.env", "a.env", environ={"OTHER": "1"}, secrets_dir="secrets")

    assert found.files == ("b.env", "a.env", "secrets")
    assert [source.name for source in found.sources()] == ["environment", "b.env", "a.env"]
    assert found.environment is not None
    assert [assignment.text for assignment in assigned(found.environment, "OTHER")] == ["1"]
    assert assigned(found.env_files[0], "OTHER") == []


@pytest.mark.parametrize("empty", ["PLAIN=", "PLAIN=''", 'PLAIN=""', "PLAIN= # comment"])
def test_an_empty_value_in_a_file_is_not_set(empty: str) -> None:
    """An empty value shadows nothing, and its location is kept for findings."""
    file("a.env", "PLAIN=1\n")
    file("b.env", f"{empty}\n")

    assert values("a.env", "b.env").chosen == {"PLAIN": Value("1", line("a.env", 1))}
    alone = values("b.env")
    assert (alone.chosen, alone.empty) == ({}, {"PLAIN": line("b.env", 1)})
    assert alone.location("PLAIN") == line("b.env", 1)


def test_an_empty_variable_does_not_hide_a_file() -> None:
    """Docker Compose passes a variable that is missing on the host as an empty one."""
    file("a.env", "PLAIN=1\n")

    assert values("a.env", environ={"PLAIN": ""}).chosen["PLAIN"].text == "1"
    assert values(environ={"PLAIN": ""}).empty == {"PLAIN": ENVIRONMENT}


def test_the_place_of_an_empty_value_is_that_of_the_strongest_source() -> None:
    """The location is that of the assignment that would win if it had a value."""
    file("a.env", "PLAIN=\n")
    file("b.env", "# comment\nPLAIN=\n")

    assert values("a.env", "b.env").location("PLAIN") == line("b.env", 2)


def test_the_later_of_two_lines_wins() -> None:
    """An empty line does not win, wherever it is."""
    file("a.env", "PLAIN=1\nPLAIN=2\nPLAIN=\n")

    assert values("a.env").chosen == {"PLAIN": Value("2", line("a.env", 2), (line("a.env", 1),))}


@pytest.mark.parametrize(
    ("text", "winner"),
    [
        ("PLAIN=1\nplain=2\n", 1),
        ("plain=2\nPLAIN=1\n", 2),
        ("PLAIN=1\nOLD_PLAIN=2\n", 1),
        ("Plain=1\nOLD_PLAIN=2\n", 1),
        ("PLAIN=1\nplain=2\nPLAIN=3\n", 3),
        ("PLAIN=\nplain=2\n", 2),
        ("plain=1\nPlain=2\n", 2),
    ],
)
def test_the_exact_one_of_two_spellings_wins(text: str, winner: int) -> None:
    """
    After the exact spelling come another case and an old name; among equals the later line wins.
    """
    file("a.env", text)

    assert values("a.env").location("PLAIN") == line("a.env", winner)


def test_a_stronger_source_wins_in_any_spelling() -> None:
    """An old name in the environment wins over the exact one in a file."""
    file("a.env", "PLAIN=1\n")

    found = values("a.env", environ={"OLD_PLAIN": "2"}).chosen["PLAIN"]
    assert found == Value("2", ENVIRONMENT, (line("a.env", 1),))


def test_a_deprecated_name_sets_the_field() -> None:
    """The spelling is recorded for the check that reports it."""
    file("a.env", "OLD_PLAIN=1\n")
    found = values("a.env")

    assert found.chosen["PLAIN"] == Value("1", line("a.env", 1))
    assert [each.spelling for each in assigned(found.env_files[0], "PLAIN")] == [
        Spelling.DEPRECATED
    ]


def test_name_file_names_the_file_of_a_secret() -> None:
    """NAME_FILE works for secrets only, and the origin of the value is the file."""
    file("token", "word\n")

    assert values(environ={"TOKEN_FILE": "token"}).chosen == {
        "TOKEN": Value("word", secret("token"))
    }
    assert values(environ={"PLAIN_FILE": "token"}).chosen == {}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("word", "word"),
        ("word\n", "word"),
        ("word\r\n", "word"),
        ("word\n\n", "word\n"),
        ("word\r", "word\r"),
        (" word ", " word "),
        ("\ufeffword", "word"),
        ("a\nb\n", "a\nb"),
        ("'word'", "'word'"),
        ("${PLAIN}", "${PLAIN}"),
    ],
)
def test_one_line_end_is_removed_from_a_secret(content: str, text: str) -> None:
    """Everything else is kept, because checks report a malformed secret."""
    file("token", content)

    assert values(environ={"TOKEN_FILE": "token"}).text("TOKEN") == text


def test_a_named_file_ranks_where_its_name_is_set() -> None:
    """NAME_FILE has the precedence of the source that sets it."""
    file("a.env", "TOKEN=line\n")
    file("b.env", "TOKEN_FILE=token\n")
    file("token", "file")

    in_environment = values("a.env", environ={"TOKEN_FILE": "token"}).chosen["TOKEN"]
    assert in_environment == Value("file", secret("token"), (line("a.env", 1),))
    in_file = values("b.env", environ={"TOKEN": "direct"}).chosen["TOKEN"]
    assert in_file == Value("direct", ENVIRONMENT, (line("b.env", 1),))
    later = values("a.env", "b.env").chosen["TOKEN"]
    assert later == Value("file", secret("token"), (line("a.env", 1),))


def test_a_value_beats_a_named_file_in_the_same_source() -> None:
    """NAME wins over NAME_FILE, which wins over an old name."""
    file("token", "file")
    both = {"TOKEN": "direct", "TOKEN_FILE": "token"}
    old = {"OLD_TOKEN": "old", "token_file": "token"}

    assert values(environ=both).chosen["TOKEN"] == Value("direct", ENVIRONMENT, (ENVIRONMENT,))
    assert values(environ=old).text("TOKEN") == "file"


@pytest.mark.parametrize("content", ["", "\n", "\r\n"])
def test_an_empty_secret_file_is_not_set(content: str) -> None:
    """After an empty file, weaker sources count, and then the default."""
    file("token", content)
    file("a.env", "TOKEN=line\n")

    assert values(environ={"TOKEN_FILE": "token"}).chosen == {}
    found = values("a.env", environ={"TOKEN_FILE": "token"}).chosen["TOKEN"]
    assert found == Value("line", line("a.env", 1))


def unreadable(kind: str) -> str:
    """Return a path that cannot be read as text."""
    if kind == "missing":
        return "missing"
    if kind == "directory":
        Path("there").mkdir()
    elif kind == "dangling":
        Path("there").symlink_to("nowhere")
    else:
        content = {"latin": b"caf\xe9", "NUL": b"a\0b", "large": b"x" * (1024 * 1024 + 1)}
        Path("there").write_bytes(content[kind])
    return "there"


@pytest.mark.parametrize("kind", ["missing", "directory", "dangling", "latin", "NUL", "large"])
def test_a_named_file_that_cannot_be_read_is_a_problem(kind: str) -> None:
    """The problem is reported at its line, and weaker sources are not used instead."""
    file("a.env", f"\nTOKEN_FILE={unreadable(kind)}\n")
    file("secrets/TOKEN", "other")

    problem = "TOKEN_FILE names a file that cannot be read as text"
    assert values("a.env", secrets_dir="secrets").chosen == {
        "TOKEN": Value("", line("a.env", 2), (secret("secrets/TOKEN"),), problem)
    }
    assert values("a.env", environ={"TOKEN": "x"}).chosen["TOKEN"].problem is None


@pytest.mark.parametrize("path", ["a\0b", "~/token", "x" * 5000, "\udcff"])
def test_an_impossible_path_is_a_problem(path: str) -> None:
    """An impossible path does not raise, and `~` is not expanded."""
    assert values(environ={"TOKEN_FILE": path}).chosen["TOKEN"].problem


def test_a_secrets_directory_has_a_file_for_each_name() -> None:
    """A file may set any field or an older key, and unknown names are ignored."""
    for name in ("TOKEN", "PLAIN", "ENCRYPTION_KEY_V1", "STRANGER", "TOKEN_FILE"):
        file(f"secrets/{name}", f"{name}-word\n")

    assert values(secrets_dir="secrets").chosen == {
        name: Value(f"{name}-word", secret(f"secrets/{name}"))
        for name in ("ENCRYPTION_KEY_V1", "PLAIN", "TOKEN")
    }


@pytest.mark.parametrize("name", ["token", "Token", "TOKEN", "OLD_TOKEN", "old_token"])
def test_a_secret_file_may_have_another_spelling(name: str) -> None:
    """The name may be in lower case, as with Docker and systemd, or an old one."""
    file(f"secrets/{name}", "word")

    assert values(secrets_dir="secrets").chosen == {
        "TOKEN": Value("word", secret(f"secrets/{name}"))
    }


@pytest.mark.parametrize(
    ("names", "winner"),
    [
        (["TOKEN", "token"], "TOKEN"),
        (["token", "OLD_TOKEN"], "token"),
        (["OLD_TOKEN", "TOKEN", "Token"], "TOKEN"),
    ],
)
def test_the_exact_one_of_two_secret_files_wins(names: list[str], winner: str) -> None:
    """The precedence of spellings is that of any other source."""
    for name in names:
        file(f"secrets/{name}", name)

    assert values(secrets_dir="secrets").text("TOKEN") == winner


def test_secrets_of_kubernetes_are_links_into_a_directory_of_links() -> None:
    """`TOKEN` links to `..data/TOKEN`, and `..data` to the directory of the current version."""
    file("secrets/..2026_11_22/TOKEN", "word\n")
    Path("secrets/..data").symlink_to("..2026_11_22")
    Path("secrets/TOKEN").symlink_to("..data/TOKEN")

    assert values(secrets_dir="secrets").chosen == {"TOKEN": Value("word", secret("secrets/TOKEN"))}


def test_a_dangling_secret_is_a_problem() -> None:
    """A dangling link is meant to be set, so the default does not apply."""
    Path("secrets").mkdir()
    Path("secrets/TOKEN").symlink_to("..data/TOKEN")
    Path("secrets/STRANGER").symlink_to("nowhere")

    problem = "TOKEN is a file that cannot be read as text"
    assert values(secrets_dir="secrets").chosen == {
        "TOKEN": Value("", secret("secrets/TOKEN"), (), problem)
    }


def test_a_directory_in_the_secrets_directory_is_ignored() -> None:
    """A directory is ignored even if it has the name of a field."""
    Path("secrets/TOKEN").mkdir(parents=True)

    assert values(secrets_dir="secrets").chosen == {}


@pytest.mark.parametrize("directory", ["missing", "a.env", "a\0b"])
def test_an_invalid_secrets_directory_is_an_error(directory: str) -> None:
    """The message contains the path, and the error has no context."""
    file("a.env", "")
    with pytest.raises(SourceError, match=r"The secrets directory .* cannot be read") as caught:
        values(secrets_dir=directory)
    assert caught.value.__context__ is None


def test_a_named_env_file_that_is_missing_is_an_error() -> None:
    """A missing env file is an error, whatever the other sources contain."""
    with pytest.raises(SourceError, match=r"^missing\.env does not exist\.$"):
        values("missing.env", environ={"PLAIN": "1"})


def test_standard_input_is_an_env_file() -> None:
    """`-` is read from the stream and shown as `<stdin>`."""
    found = read(NAMES, environ=None, env_files=["-"], stdin=io.BytesIO(b"\nPLAIN=1\n"))

    assert found.chosen == {"PLAIN": Value("1", line("<stdin>", 2))}


def test_older_keys_are_recognized_by_their_pattern() -> None:
    """ENCRYPTION_KEY_V1 is not a field, but its line or its file is read."""
    file("a.env", "ENCRYPTION_KEY_V1=a\nencryption_key_v12=b\nENCRYPTION_KEY_V1234=c\n")
    file("key", "d\n")

    found = values("a.env", environ={"ENCRYPTION_KEY_V0_FILE": "key"}).chosen
    assert found == {
        "ENCRYPTION_KEY_V0": Value("d", secret("key")),
        "ENCRYPTION_KEY_V1": Value("a", line("a.env", 1)),
        "ENCRYPTION_KEY_V12": Value("b", line("a.env", 2)),
    }


def test_lines_are_counted_whatever_ends_them() -> None:
    """Empty lines, comments and lines inside values are counted."""
    file("a.env", "\r\n# comment\r\n\r\nPLAIN='1\r\n2'\r\nTOKEN=3\r\n")

    found = values("a.env")
    assert [found.location(name).line for name in ("PLAIN", "TOKEN")] == [4, 6]


def test_broken_lines_are_kept_with_their_reasons() -> None:
    """A broken line is kept with a reason, but without its text."""
    file("a.env", "no assignment\nPLAIN\nA=1${PLAIN\nPLAIN=" + "${OTHER}" * 5000 + "\n")

    (source,) = values("a.env").env_files
    assert [each.replace(entry=None) for each in source.broken] == [
        Broken(line("a.env", 1), "cannot be read as an assignment"),
        Broken(line("a.env", 2), "has no `=`"),
        Broken(line("a.env", 4), "expands `${…}` beyond 64 KiB"),
    ]
    assert "PLAIN" not in repr(source)
    assert values("a.env").chosen == {}


def test_references_are_expanded_from_files_then_the_environment() -> None:
    """References see earlier files, and the environment unless it is left out."""
    file("a.env", "HOST=db\nPLAIN=${HOST}:${PORT:-1}\n")
    file("b.env", "OTHER=${PLAIN}\nTOKEN='${HOST}'\n")

    alone = values("a.env", "b.env")
    assert [alone.text(name) for name in ("PLAIN", "OTHER", "TOKEN")] == ["db:1", "db:1", "${HOST}"]
    assert values("a.env", environ={"PORT": "2", "HOST": "x"}).text("PLAIN") == "db:2"


def test_an_unknown_name_sets_nothing_and_is_kept() -> None:
    """Unknown names are kept for the checks that report near misses."""
    file("a.env", "PLIAN=1\n")
    (source,) = values("a.env").env_files

    assert [(each.name, each.sets, each.spelling) for each in source.assignments] == [
        ("PLIAN", None, None)
    ]


def test_unknown_variables_are_those_that_set_no_field() -> None:
    """Their names are listed in the order of the environment."""
    found = values(environ={"PLIAN": "1", "PLAIN": "2", "plain": "3", "EMPTY": ""})

    assert found.unknown.names == ("PLIAN", "EMPTY")
    assert [found.unknown.text(name) for name in ("PLIAN", "EMPTY", "ABSENT")] == ["1", "", ""]
    assert values(environ=None).unknown.names == ()


def test_no_text_of_a_value_is_in_a_repr() -> None:
    """A repr contains no text of a value, whether it won or was only read."""
    token = Mint(2).token()
    file("a.env", f"TOKEN={token}\nTOKEN={token}x\n{token}\n{token}=1\nPLAIN=${{TOKEN}}\n")
    file("token", token)
    environ = {"OTHER": token, "TOKEN_FILE": "token", "NOT_OURS": token, token: "1"}
    found = values("a.env", environ=environ)

    assert found.unknown.text("NOT_OURS") == token
    assert next(forms(token)) in found.text("OTHER")
    assert Oracle([token]).leaks(repr(found)) == []
    assert repr(found.unknown) == "UnknownVariables(2 names)"
    assert repr(found.chosen["OTHER"]) == "Value(at environment)"
    assert repr(found.env_files[0].assignments[0]) == "Assignment(TOKEN at a.env:1)"
