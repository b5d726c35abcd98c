"""
Which service is read, what is known of its variables and where they are set, and what is refused.
"""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.manifests.compose.samples import SAMPLES
from workerctl.report.errors import SourceError
from workerctl.sources.manifests import compose
from workerctl.sources.manifests.containers import Manifest
from workerctl.sources.manifests.selection import Selection

SECRET = "hunterTwo-4fT9"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    Return an empty directory, which is the working directory.
    """
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(text: str, name: str | None = None, /, **environ: str) -> Manifest:
    """
    Read `compose.yaml` with this text.
    """
    Path("compose.yaml").write_text(text, "utf-8")
    return compose.read(Selection("compose", ("compose.yaml",), name), environ)


def worker(lines: str, /, **environ: str) -> Manifest:
    """
    Read a service that has these lines, of which the first is line 4.
    """
    indented = "".join(f"    {line}\n" for line in lines.splitlines())
    return read(f"services:\n  worker:\n    image: app\n{indented}", **environ)


def refused(text: str, name: str | None = None) -> SourceError:
    """
    Return the error of a file, which has no context.
    """
    with pytest.raises(SourceError) as caught:
        read(text, name)
    assert caught.value.__context__ is None
    assert SECRET not in f"{caught.value} {caught.value.hint}"
    return caught.value


def variables(manifest: Manifest) -> dict[str, tuple[str | None, str, str, bool]]:
    """
    Return the text, the source and the place of each variable, and whether it is in clear.
    """
    found = manifest.judged.variables.items()
    return {
        name: (each.text, each.source, str(each.location), each.in_clear) for name, each in found
    }


def test_a_variable_is_known_or_provided_at_deploy() -> None:
    """
    Each has its line; a default applies, and what has no value names its variable.
    """
    Path(".env").write_text("FROM=dot\nGIVEN=weaker\nUNKNOWN=${NOWHERE}\nPASSED=on\n", "utf-8")
    manifest = worker(
        "environment:\n  A: literal\n  B: ${UNSET}\n  C: ${UNSET:-default}\n  D: $GIVEN\n"
        "  E: x-${FROM}\n  F: ${FROM:?needed}\n  G: ${UNSET:?needed}\n  H: ${UNSET:+other}\n"
        "  I: ${UNKNOWN}\n  J: ${A}/${B}\n  K:\n  PASSED:\n  L: $UNSET",
        GIVEN="environ",
    )

    later = "in the environment of docker compose"
    assert variables(manifest) == {
        "A": ("literal", "", "compose.yaml:5", True),
        "B": (None, f"UNSET {later}", "compose.yaml:6", False),
        "C": ("default", "", "compose.yaml:7", True),
        "D": ("environ", "", "compose.yaml:8", False),
        "E": ("x-dot", "", "compose.yaml:9", False),
        "F": ("dot", "", "compose.yaml:10", False),
        "G": (None, f"UNSET {later}", "compose.yaml:11", False),
        "H": (None, f"UNSET {later}", "compose.yaml:12", False),
        "I": (None, f"NOWHERE {later}", "compose.yaml:13", False),
        "J": (None, f"A, B {later}", "compose.yaml:14", False),
        "K": (None, f"K {later}", "compose.yaml:15", False),
        "PASSED": ("on", "", ".env:4", False),
        "L": (None, f"UNSET {later}", "compose.yaml:17", False),
    }
    assert manifest.texts["C"] == "default"
    assert manifest.later["K"] == f"K {later}"
    assert manifest.files == (".env", "compose.yaml")


def test_an_empty_variable_may_have_a_value_where_it_is_required() -> None:
    """
    What docker compose would refuse here waits for the environment of the deploy.
    """
    manifest = worker("environment: {A: '${E:?}', B: '${E?}', C: '${E:+x}', D: '${E+x}'}", E="")

    assert {name: each[0] for name, each in variables(manifest).items()} == {
        "A": None,
        "B": "",
        "C": "",
        "D": "x",
    }


def test_the_name_after_a_dollar_sign_in_a_password_is_not_shown() -> None:
    """
    It may be a part of the password. A name in braces, or alone, is meant as a name.
    """
    Path("w.env").write_text(f"PASSWORD=4f$T9x{SECRET}\nTOKEN=$KEY\n", "utf-8")
    manifest = worker("env_file: w.env\nenvironment: {P: 'x$hunter'}")

    sources = {name: each[1] for name, each in variables(manifest).items()}
    assert sources == {
        "PASSWORD": "the environment of docker compose",
        "TOKEN": "KEY in the environment of docker compose",
        "P": "the environment of docker compose",
    }


def test_variables_of_env_files_have_the_lines_of_the_files() -> None:
    """
    An env file that is not here is named: it may set anything.
    """
    Path("a.env").write_text('# comment\n\nA="first\nsecond"\nB=1 # one\n\nexport C=x\n', "utf-8")
    Path("raw.env").write_text("# comment\nD='$x' # two\n", "utf-8")
    manifest = worker(
        "env_file:\n- a.env\n- none.env\n- {path: raw.env, format: raw}\n"
        "- path: later.env\n  required: false\n- ${WHERE}/b.env\nenvironment:\n- B=own\n- $LINE"
    )

    assert variables(manifest) == {
        "A": ("first\nsecond", "", "a.env:3", False),
        "B": ("own", "", "compose.yaml:12", True),
        "C": ("x", "", "a.env:7", False),
        "D": ("'$x' # two", "", "raw.env:2", False),
    }
    assert [(each.value, str(each.location)) for each in manifest.judged.further] == [
        ("LINE in the environment of docker compose", "compose.yaml:13"),
        ("the env file none.env", "compose.yaml:6"),
        ("the env file later.env", "compose.yaml:8"),
        ("an env file", "compose.yaml:10"),
    ]


def test_files_are_named_from_the_working_directory(project: Path) -> None:
    """
    Paths start at the first file; those of an extended file at that file.
    """
    (project / "deploy/common").mkdir(parents=True)
    Path("deploy/c.yaml").write_text(
        "services:\n  w:\n    extends: {file: common/c.yaml, service: base}\n"
        "    env_file: ../w.env\n",
        "utf-8",
    )
    Path("deploy/common/c.yaml").write_text(
        "services:\n  base:\n    build: .\n    env_file: b.env\n    volumes: ['./redis.conf:/r']\n",
        "utf-8",
    )
    Path("w.env").write_text("W=1\n", "utf-8")
    Path("deploy/common/b.env").write_text("\nB=1\n", "utf-8")
    manifest = compose.read(Selection("compose", ("deploy/c.yaml",)), {})

    judged = manifest.judged
    assert {name: str(each.location) for name, each in judged.variables.items()} == {
        "B": "deploy/common/b.env:2",
        "W": "w.env:1",
    }
    assert judged.mounts["/r"].file == "deploy/common/redis.conf"
    assert judged.code == "build deploy/common Dockerfile"
    assert manifest.files == (
        "deploy/c.yaml",
        "deploy/common/c.yaml",
        "deploy/common/b.env",
        "w.env",
    )


def test_standard_input_is_a_compose_file() -> None:
    """
    Its paths start at the working directory.
    """
    Path("w.env").write_text("A=1\n", "utf-8")
    stream = io.BytesIO(b"services:\n  w: {image: x, env_file: w.env}\n")
    manifest = compose.read(Selection("compose", ("-",)), {}, stream)

    assert str(manifest.judged.location) == "<stdin>:2"
    assert manifest.texts == {"A": "1"}


def test_facts_have_their_lines() -> None:
    """
    A value that a file overrides is where the override says it.
    """
    Path("over.yaml").write_text("services:\n  worker:\n    command: b\n", "utf-8")
    Path("compose.yaml").write_text(
        "services:\n  worker:\n    image: app:${TAG}\n    command: a\n    restart: always\n"
        "    stop_grace_period: 1m30s\n    mem_limit: 512m\n",
        "utf-8",
    )
    manifest = compose.read(Selection("compose", ("compose.yaml", "over.yaml"), "worker"), {})

    judged = manifest.judged
    facts = (
        judged.image,
        judged.command,
        judged.restart,
        judged.grace_seconds,
        judged.memory_bytes,
    )
    assert [fact and (fact.value, str(fact.location)) for fact in facts] == [
        ("app:${TAG}", "compose.yaml:3"),
        (("b",), "over.yaml:3"),
        ("always", "compose.yaml:5"),
        (90.0, "compose.yaml:6"),
        (512 * 1024**2, "compose.yaml:7"),
    ]
    assert judged.restarts is True
    assert judged.default_grace_seconds == 10


def test_containers_of_the_same_build_are_equal() -> None:
    """
    A service may build the image that another one runs.
    """
    manifest = read(
        "services:\n  a: {build: .}\n  b: {build: {context: ./, dockerfile: Dockerfile}}\n"
        "  c: {build: {context: ., target: t}}\n  d: {image: app, build: .}\n  e: {image: app}\n"
        "  f: {image: other}\n  g: {build: {context: ., dockerfile_inline: FROM x}}\n",
        "a",
    )

    codes = {each.name: each.code for each in (manifest.judged, *manifest.others)}
    assert {name for name, code in codes.items() if code == codes["a"]} == {"a", "b", "d", "e"}
    assert len(set(codes.values())) == 4


def test_who_waits_for_the_end_of_a_service_makes_it_a_job() -> None:
    """
    It is meant to end.
    """
    manifest = read(
        "services:\n  w: {image: x, depends_on: {m: {condition: service_completed_successfully},"
        " r: {condition: service_healthy}}}\n  m: {image: x}\n  r: {image: x}\n",
        "w",
    )

    assert {each.name: each.is_one_off for each in manifest.others} == {"m": True, "r": False}


def test_mounts() -> None:
    """
    What is written to a volume or a directory is kept, unless it is read only or has no name.
    """
    manifest = worker(
        "tmpfs: /run\nsecrets: [key, {source: key, target: /k}]\nconfigs: [conf]\n"
        "volumes:\n- data:/d\n"
        "- data:/ro:ro\n- /anonymous\n- ./x:/x\n- ${DIR:-./y}:/y\n- ${UNSET}/z:/z\n- /srv:/srv",
    )
    found = {path: (each.file, each.is_kept) for path, each in manifest.judged.mounts.items()}

    assert found == {
        "/run": (None, False),
        "/run/secrets/key": (None, False),
        "/k": (None, False),
        "/conf": (None, False),
        "/d": (None, True),
        "/ro": (None, False),
        "/anonymous": (None, False),
        "/x": ("x", True),
        "/y": ("y", True),
        "/z": (None, True),
        "/srv": (None, True),
    }


def test_secrets_and_configs_may_have_a_text() -> None:
    """
    That of the file itself, or of a variable that is known.
    """
    manifest = read(
        "services:\n  w: {image: x, secrets: [a, b], configs: [c, d]}\nsecrets:\n"
        "  a: {environment: GIVEN}\n  b: {environment: UNSET}\nconfigs:\n"
        "  c: {content: 'save ${GIVEN}'}\n  d: {content: '${UNSET}'}\n",
        GIVEN="60",
    )

    texts = {path: each.text for path, each in manifest.judged.mounts.items()}
    assert texts == {"/run/secrets/a": "60", "/run/secrets/b": None, "/c": "save 60", "/d": None}
    assert manifest.remarks == ()


def test_which_services_are_started_too() -> None:
    """
    Those without a profile, with one of the judged service, or with one that `.env` activates.
    """
    text = "services:\n" + "".join(
        f"  {name}: {{image: x, profiles: [{profiles}]}}\n"
        for name, profiles in {"a": "", "b": "p", "c": "p, q", "d": "q", "e": "r"}.items()
    )

    assert [each.name for each in read(text, "a").others] == []
    assert [each.name for each in read(text, "b").others] == ["a", "c"]
    assert [each.name for each in read(text).others] == []
    Path(".env").write_text("COMPOSE_PROFILES=q,r\n", "utf-8")
    assert [each.name for each in read(text, "a").others] == ["c", "d", "e"]


def test_which_service_is_meant() -> None:
    """
    The one that is named, the only one, or the only one that starts a worker.
    """
    three = "services:\n  web: {image: x, command: gunicorn app}\n  db: {image: x}\n"
    assert read(f"{three}  w: {{image: x, command: rq worker}}\n").judged.name == "w"
    with_two = (
        f"{three}  v: {{image: x, command: rq worker}}\n  w: {{image: x, command: arq a.B}}\n"
    )
    assert refused(with_two).message == "compose.yaml has several services: web, db, v, w."
    two = "services:\n  worker: {image: x}\n  web: {image: x}\n"
    assert read("services:\n  only: {image: x}\n").judged.name == "only"
    assert read(two, "web").judged.name == "web"

    error = refused(two)
    assert error.message == "compose.yaml has several services: worker, web."
    assert error.hint == "Choose one with `--service NAME`."
    error = refused(two, "wroker")
    assert error.message == "compose.yaml has no service wroker."
    assert error.hint == "Did you mean worker?"
    error = refused(two, SECRET)
    assert error.message == "compose.yaml has no service of that name."
    assert error.hint == "It has worker, web."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "compose.yaml has no services."),
        ("services:\n", "compose.yaml has no services."),
        ("services: {}\n", "compose.yaml has no services."),
        ("services: [a]\n", "compose.yaml has no services."),
        ("services: {a: , b: {}}\n", "compose.yaml has no services."),
        ("sevices: {a: {image: x}}\n", "compose.yaml has no services."),
        ("- services\n", "compose.yaml:1 is not a mapping."),
        (
            f"services:\n  a: {{image: x, command: '${{ {SECRET}}}'}}\n",
            "compose.yaml:2 has a `${` that docker compose does not accept.",
        ),
        ("services:\n  a:\n    extends: a\n", "compose.yaml:3 extends itself."),
        (
            "services:\n  a:\n    extends: b\n  b:\n    extends: {service: a}\n",
            "compose.yaml:3 extends itself.",
        ),
        ("include:\n- compose.yaml\n", "compose.yaml:2 includes itself."),
        (
            "services:\n  a: {image: '" + "${A:-" * 50 + "}" * 50 + "'}\n",
            "compose.yaml:2: References to variables are nested too deep.",
        ),
    ],
)
def test_what_is_not_a_compose_file_is_refused(text: str, message: str) -> None:
    """
    The message has the line, and nothing of the values.
    """
    assert refused(text).message == message


def test_a_refused_env_file_is_an_error_without_its_values() -> None:
    """
    The whole file counts as refused.
    """
    for line in (f"B {SECRET}=1", f"B='{SECRET}", f"B=${{ {SECRET}}}"):
        Path("w.env").write_text(f"A=1\n\n{line}\n", "utf-8")
        error = refused("services:\n  a: {image: x, env_file: w.env}\n")
        assert error.message == "w.env:3 is not an assignment that docker compose accepts."
    Path("w.env").write_text("A=1\nB B=1\n", "utf-8")
    error = refused("services:\n  a: {image: x, env_file: [{path: w.env, format: raw}]}\n")
    assert error.message == "w.env:2 is not an assignment that docker compose accepts."


def test_remarks_have_a_line() -> None:
    """
    They say what docker compose refuses or ignores.
    """
    ends = "The command ends at its first `&`: docker compose does not start a shell."
    manifest = worker(
        "command: a && b\nrestart: sometimes\nextends: nothing\nenvironment: [A=1, 2]"
    )

    assert {str(each.location): each.value for each in manifest.remarks} == {
        "compose.yaml:4": ends,
        "compose.yaml:5": "This is not a restart policy of docker.",
        "compose.yaml:6": "The service worker extends a service that does not exist.",
        "compose.yaml:7": "This is not an assignment: docker compose refuses it.",
    }
    assert manifest.judged.restarts is None


def test_what_is_elsewhere_is_remarked() -> None:
    """
    Files of other repositories are not fetched, and may set further variables.
    """
    manifest = read(
        "include:\n- https://example.com/c.yaml\n- none.yaml\n- ${UNSET}/c.yaml\n"
        "services:\n  w: {image: x, extends: {file: none.yaml, service: a}}\n"
    )

    assert [(str(each.location), each.value) for each in manifest.remarks] == [
        ("compose.yaml:3", "This includes a file that does not exist."),
        ("compose.yaml:6", "This extends a file that does not exist."),
    ]
    assert [each.value for each in manifest.judged.further] == ["the remote file of compose.yaml:2"]


@pytest.mark.parametrize(
    "text",
    [
        "x-a: &a {"
        + ", ".join(f"k{at}: v" for at in range(300))
        + "}\nservices:\n  w:\n    image: x\n"
        "    x-b: [" + ", ".join(["[" + ", ".join(["*a"] * 100) + "]"] * 1000) + "]\n",
        "services:\n  w: {image: x, environment: {A: '" + "$BIG" * 20_000 + "'}}\n",
        "services:\n" + "".join(f"  s{at}: {{extends: s{at + 1}}}\n" for at in range(1000)),
    ],
)
def test_what_takes_too_much_is_refused(text: str) -> None:
    """
    Aliases, long values and long chains are bounded.
    """
    Path("compose.yaml").write_text(text, "utf-8")
    with pytest.raises(SourceError):
        compose.read(Selection("compose", ("compose.yaml",), "w"), {"BIG": "x" * 1000})


def test_many_includes_are_refused(project: Path) -> None:
    """
    Each of them is a file.
    """
    names = [f"c{at}.yaml" for at in range(150)]
    for name in names:
        (project / name).write_text("services: {a: {image: x}}\n", "utf-8")
    lines = "".join(f"- {name}\n" for name in names)

    error = refused(f"include:\n{lines}services: {{w: {{image: x}}}}\n")
    assert error.message == "The compose files refer to more than 100 files."


_PIECES = [
    *(":", "- ", "\n", "  ", "{", "}", "[", "]", "!reset ", "!override ", "~", "1", "${", "$", "'"),
    *("services", "extends", "include", "environment", "env_file", "image", "volumes", "command"),
]


@given(st.sampled_from(sorted(SAMPLES)), st.data())
def test_no_file_makes_it_crash(name: str, data: st.DataObject) -> None:
    """
    A mutated compose file is read or refused with a SourceError.
    """
    sample = SAMPLES[name]
    for file, content in sample.files.items():
        path = Path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(len(content), start + 8)))
        piece = data.draw(st.sampled_from(_PIECES))
        path.write_text(content[:start] + piece + content[end:], "utf-8")
    try:
        manifest = compose.read(Selection("compose", sample.given, "worker"), {})
    except SourceError as error:
        context = error.__context__
    else:
        context = None
        assert repr(manifest) == "Manifest(worker)"
    assert context is None
