"""
Tests of discovery: which settings classes a project has, found without importing anything.
"""

import time
from pathlib import Path

import pytest

from workerctl.commands.discovery.files import Survey
from workerctl.commands.discovery.surroundings import look_around
from workerctl.commands.discovery.targets import Discovery, discover

BASE = "from pydantic_settings import BaseSettings\n"
CLASS = f"{BASE}class Settings(BaseSettings): ...\n"
LARGE = 3_000


def write(directory: Path, files: dict[str, str]) -> Survey:
    """
    Write the files of a project and return its survey.
    """
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Survey(directory)


def found(directory: Path, **files: str) -> Discovery:
    """
    Return what is discovered in files whose names have `__` for a slash and end in `.py`.
    """
    return discover(
        write(directory, {f"{name.replace('__', '/')}.py": text for name, text in files.items()})
    )


def targets(discovery: Discovery) -> list[str]:
    """
    Return the targets of the classes, in their order.
    """
    return [one.target for one in discovery.classes]


@pytest.mark.parametrize(
    "text",
    [
        f"{BASE}class Settings(BaseSettings): ...",
        "from pydantic_settings import BaseSettings as Base\nclass Settings(Base): ...",
        "import pydantic_settings\nclass Settings(pydantic_settings.BaseSettings): ...",
        "import pydantic_settings as ps\nclass Settings(Mixin, ps.BaseSettings): ...",
        "import pydantic_settings.main\nclass Settings(pydantic_settings.main.BaseSettings): ...",
        "from workerctl.settings import Settings as Own\nclass Settings(Own): ...",
        "import workerctl.settings\nclass Settings(workerctl.settings.Settings): ...",
        f"{BASE}class Common(BaseSettings): ...\nclass Settings(Common): ...",
        f"{BASE}class Common(BaseSettings, Generic[T]): ...\nclass Settings(Common[int]): ...",
        f"try:\n    {BASE}except ImportError:\n    raise\n\nclass Settings(BaseSettings): ...",
        f"if True:\n    {BASE}    class Settings(BaseSettings): ...",
        f"{BASE}\nPATTERN = '\\d'\nclass Settings(BaseSettings): ...",
    ],
)
def test_a_class_is_found_by_its_base(tmp_path: Path, text: str) -> None:
    """Aliases, dotted names, generic bases and conditional statements are understood."""
    discovery = found(tmp_path, app__config=text)

    assert "app.config:Settings" in targets(discovery)
    assert discovery.chosen is not None
    assert discovery.chosen.target == "app.config:Settings"
    assert discovery.is_complete


@pytest.mark.parametrize(
    "text",
    [
        "# BaseSettings\nclass Settings: ...",
        "from pydantic import BaseSettings\nclass Settings(BaseSettings): ...",
        "from elsewhere import BaseSettings\nclass Settings(BaseSettings): ...",
        f"{BASE}def make():\n    class Settings(BaseSettings): ...",
        f"{BASE}class Settings(make_base()): ...",
        f"{BASE}class Settings(BaseSettings: ...",
        f"{BASE}\0class Settings(BaseSettings): ...",
    ],
    ids=["comment", "pydantic 1", "namesake", "nested", "call", "syntax", "binary"],
)
def test_another_class_is_not_found(tmp_path: Path, text: str) -> None:
    """Only a class at the top level that is derived from pydantic-settings is a target."""
    assert found(tmp_path, config=text) == Discovery((), (), is_complete=True)


def test_classes_are_followed_through_the_modules_of_the_project(tmp_path: Path) -> None:
    """A base may come from another module, by a relative import or through a package."""
    survey = write(
        tmp_path,
        {
            "app/config/base.py": CLASS,
            "app/config/__init__.py": "from .base import Settings\n",
            "app/worker.py": "from .config import Settings\nclass ForWorker(Settings): ...\n",
            "app/api/config.py": "from ..worker import ForWorker\nclass ForApi(ForWorker): ...\n",
            "app/main.py": "from app import config\nsettings = config.Settings()\n",
        },
    )
    discovery = discover(survey)

    assert targets(discovery) == [
        "app.api.config:ForApi",
        "app.config.base:Settings",
        "app.worker:ForWorker",
    ]
    assert [one.target for one in discovery.givers] == ["app.main:settings"]


def test_instances_and_functions_are_found(tmp_path: Path) -> None:
    """They are named as targets with their file and line; a function must need no argument."""
    discovery = found(
        tmp_path,
        config=f"{CLASS}\nsettings: Settings = Settings()\nother = dict()\n"
        "@lru_cache\ndef get() -> Settings: ...\n"
        'def quoted(debug: bool = False, *, x: int = 1) -> "Settings": ...\n'
        "def of(text: str) -> Settings: ...\n"
        "def nothing(): ...\n"
        "def maybe() -> Settings | None: ...\n",
    )

    givers = [(one.kind, one.target, one.file, one.line) for one in discovery.givers]
    assert givers == [
        ("instance", "config:settings", "config.py", 4),
        ("function", "config:get", "config.py", 7),
        ("function", "config:quoted", "config.py", 8),
    ]
    assert {one.of for one in discovery.givers} == {"config.Settings"}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("class A(BaseSettings): ...\n", "config:A"),
        ("class A(BaseSettings): ...\nclass B(BaseSettings): ...\n", None),
        ("class A(BaseSettings): ...\nclass B(BaseSettings): ...\nx = B()\n", "config:B"),
        ("class A(BaseSettings): ...\nclass B(BaseSettings): ...\nx, y = A(), B()\n", None),
        ("class A(BaseSettings): ...\nclass B(BaseSettings):\n    a: A\n", "config:B"),
        ("class A(BaseSettings): ...\nclass B(BaseSettings):\n    a: 'A' = A()\n", "config:B"),
        ("class A(BaseSettings): ...\nclass B(BaseSettings):\n    a: list[A]\n", "config:B"),
        ("class A(BaseSettings): ...\nclass B(A): ...\n", "config:B"),
        ("class A(BaseSettings): ...\nclass B(A): ...\nclass C(A): ...\n", None),
        (
            "class A(BaseSettings): ...\nclass B(A): ...\nclass C(A): ...\ndef get() -> A: ...\n",
            "config:get",
        ),
    ],
)
def test_a_class_is_chosen_if_it_is_clear(tmp_path: Path, text: str, chosen: str | None) -> None:
    """
    It is the only class, the only one in use, or the only one that is not a part of another.

    A function that returns one of several derived classes is chosen instead of their base.
    """
    choice = found(tmp_path, config=BASE + text).chosen

    assert (choice and choice.target) == chosen


def test_the_most_likely_class_comes_first(tmp_path: Path) -> None:
    """A class in use comes before others, one called Settings before others, examples last."""
    discovery = found(
        tmp_path,
        examples__demo=CLASS,
        app__deep__config=CLASS,
        app__used=f"{BASE}class Z(BaseSettings): ...\nz = Z()\n",
        app__other=f"{BASE}class A(BaseSettings): ...\n",
    )

    assert targets(discovery) == [
        "app.used:Z",
        "app.deep.config:Settings",
        "app.other:A",
        "examples.demo:Settings",
    ]


@pytest.mark.parametrize(
    ("files", "target"),
    [
        ({"src/app/config.py": CLASS}, "app.config:Settings"),
        ({"src/app/__init__.py": CLASS}, "app:Settings"),
        ({"src/config.py": CLASS}, "config:Settings"),
        ({"src/__init__.py": "", "src/config.py": CLASS}, "src.config:Settings"),
        ({"src/config.py": CLASS, "main.py": "from src.config import x"}, "src.config:Settings"),
        ({"app/src/config.py": CLASS}, "app.src.config:Settings"),
    ],
)
def test_the_folder_src_is_on_the_path_or_a_package(
    tmp_path: Path, files: dict[str, str], target: str
) -> None:
    """It is a package if it says so, or if the project imports it by this name."""
    assert targets(discover(write(tmp_path, files))) == [target]


@pytest.mark.parametrize(
    "path",
    [
        ".hidden/config.py",
        ".venv/lib/config.py",
        "venv/config.py",
        "own/lib/config.py",
        "node_modules/config.py",
        "build/lib/config.py",
        "x.egg-info/config.py",
        "tests/config.py",
        "app/test_config.py",
        "app/config_test.py",
        "conftest.py",
        "packages/other/config.py",
        "not-a-package/config.py",
        "config.txt",
    ],
)
def test_what_is_not_the_projects_own_is_skipped(tmp_path: Path, path: str) -> None:
    """Environments, build results, tests and other projects are skipped."""
    survey = write(
        tmp_path,
        {path: CLASS, "own/pyvenv.cfg": "", "packages/other/pyproject.toml": "", "ok.py": ""},
    )

    assert discover(survey) == Discovery((), (), is_complete=True)


def test_links_are_not_followed(tmp_path: Path) -> None:
    """A link to a folder above, or to a missing file, does not matter."""
    survey = write(tmp_path, {"app/config.py": CLASS})
    (tmp_path / "app/again").symlink_to(tmp_path)
    (tmp_path / "app/gone.py").symlink_to(tmp_path / "missing.py")
    (tmp_path / "app/folder.py").mkdir()

    assert targets(discover(survey)) == ["app.config:Settings"]


def test_workerctls_own_schema_is_not_a_class_of_the_project(tmp_path: Path) -> None:
    """In its own repository, workerctl finds only what is derived from its schema."""
    survey = write(
        tmp_path,
        {
            "workerctl/settings.py": CLASS,
            "app.py": "from workerctl.settings import Settings\nclass Own(Settings): ...\n",
        },
    )

    assert targets(discover(survey)) == ["app:Own"]


def test_a_huge_project_is_read_in_part(tmp_path: Path) -> None:
    """The files near the top are read, and the rest is reported as missing, within a second."""
    (tmp_path / "app").mkdir()
    (tmp_path / "config.py").write_text(CLASS)
    for number in range(LARGE):
        (tmp_path / f"app/m{number}.py").write_text(CLASS)
    started = time.perf_counter()
    discovery = discover(Survey(tmp_path))
    seconds = time.perf_counter() - started

    assert discovery.classes[0].target == "config:Settings"
    assert not discovery.is_complete
    assert seconds < 1


def test_bounds_are_reported(tmp_path: Path) -> None:
    """A large file and a folder with many entries are not read, which is said."""
    large = write(tmp_path / "large", {"config.py": CLASS + "#" * 2**18})
    assert discover(large) == Discovery((), (), is_complete=False)

    write(tmp_path / "many", {f"{number}.txt": "" for number in range(50)})
    assert not discover(Survey(tmp_path / "many", most_files=4)).is_complete


# --- what else lies in a project ---


def test_env_files_templates_and_processes_are_listed(tmp_path: Path) -> None:
    """They are looked for in the project's directory and in the folders directly in it."""
    names = ".env .env.production .env.example deploy/staging.env deploy/example.env"
    survey = write(
        tmp_path,
        dict.fromkeys(
            f"{names} a/b/deep.env .hidden/x.env Procfile docker-compose.yml "
            "compose.prod.yaml deploy/compose.yaml environment.py Procfile.dev".split(),
            "",
        ),
    )
    around = look_around(tmp_path, survey)

    assert around.env_files == (".env", ".env.production", "deploy/staging.env")
    assert around.templates == (".env.example", "deploy/example.env")
    assert around.processes == (
        "Procfile",
        "Procfile.dev",
        "compose.prod.yaml",
        "docker-compose.yml",
        "deploy/compose.yaml",
    )


@pytest.mark.parametrize(
    ("files", "queues"),
    [
        ({"pyproject.toml": '[project]\ndependencies = ["RQ>=2", "rqx"]'}, ["rq"]),
        ({"pyproject.toml": '[project.optional-dependencies]\nw = ["celery[redis]"]'}, ["celery"]),
        ({"pyproject.toml": '[dependency-groups]\nw = ["arq", {include-group = "x"}]'}, ["arq"]),
        ({"pyproject.toml": '[tool.poetry.dependencies]\ndramatiq = "^1"'}, ["dramatiq"]),
        ({"pyproject.toml": '[tool.poetry.group.w.dependencies]\nrq = "2"'}, ["rq"]),
        ({"requirements.txt": "# rq\n-r base.txt\n arq == 1\ncelery\n"}, ["arq", "celery"]),
        ({"requirements/prod.txt": "dramatiq[redis]\n"}, ["dramatiq"]),
        ({"requirements-dev.in": "rq\n", "pyproject.toml": "[project"}, ["rq"]),
        ({"pyproject.toml": "project = 1\ntool = 2\n"}, []),
    ],
)
def test_job_queues_are_found_in_the_dependencies(
    tmp_path: Path, files: dict[str, str], queues: list[str]
) -> None:
    """Each queue is named once, with the file that requires it."""
    around = look_around(tmp_path, write(tmp_path, files))

    assert [name for name, _ in around.queues] == queues
    assert {file for _, file in around.queues} <= set(files)
