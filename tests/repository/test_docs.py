"""
The documentation matches the behaviour of the program.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Run
from workerctl import __version__
from workerctl.checks.table import CHECKS
from workerctl.keyring import canary
from workerctl.output.formats import DOCUMENTATION, link

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).parents[2]


def test_the_reference_pages_are_current() -> None:
    """
    The generated pages are what `make docs` writes for the current code.
    """
    done = subprocess.run(
        [sys.executable, "docs/generate.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_picture_in_the_readme_is_what_the_program_shows(call: Run, directory: Path) -> None:
    """
    The README shows the exact output for a production file with four mistakes.
    """
    text = (ROOT / "examples/env/production-good.env").read_text("utf-8")
    mistakes = "LLM_TIMEOUT_SECOND=60\nLLM_SDK_MAX_RETRIES=2\nEMBEDDING_MAX_RETRIES=three\n"
    text = text.replace("JOB_RETRY_INTERVALS", f"{mistakes}JOB_RETRY_INTERVALS")
    text = text.replace("ad77224", "ad7722g")
    file = directory / "production.env"
    file.write_text(text, "utf-8")
    file.chmod(0o600)

    done = call("check", "--isolated", "--env-file", "production.env")

    picture = f"$ workerctl check --isolated --env-file production.env\n{done.stdout}```"
    assert picture in (ROOT / "README.md").read_text("utf-8")


def test_the_picture_of_a_wrong_key_is_what_the_program_shows(call: Run, directory: Path) -> None:
    """
    The README shows the exact output for a good production file with the canary of another key.
    """
    other = "3f9a1c7be5082d64b7fa93e21b6c84f05ae7d01849bd62f37c15a8e904db76f1"
    text = (ROOT / "examples/env/production-good.env").read_text("utf-8")
    file = directory / "prod.env"
    file.write_text(f"{text}ENCRYPTION_CANARY={canary.make(other, '')}\n", "utf-8")
    file.chmod(0o600)

    words = "check --isolated --env-file prod.env --select KEY"
    picture = f"$ workerctl {words}\n{call(*words.split()).stdout}```"
    assert picture in (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("page", ["README.md", "docs/budget.md"])
def test_the_pictures_of_a_budget_are_what_the_program_shows(
    call: Run, directory: Path, page: str
) -> None:
    """
    A page shows the exact output for the `[tool.workerctl]` table that precedes it, if any.
    """
    text = (ROOT / page).read_text("utf-8")
    (directory / "prod.env").write_text("LLM_SDK_MAX_RETRIES=2\n")
    pictures = 0
    for block in re.finditer(r"```(\w+)\n(.*?)```", text, re.DOTALL):
        kind, content = block.groups()
        if kind == "toml" and "pipeline" in content:
            (directory / "pyproject.toml").write_text(content, "utf-8")
        command, _, shown = content.partition("\n")
        if command.startswith("$ workerctl budget"):
            done = call(*command.partition("#")[0].split()[2:])
            assert shown == done.stdout
            pictures += 1

    assert pictures == {"README.md": 1, "docs/budget.md": 4}[page]


def test_the_pipeline_in_the_documentation_works(call: Run, directory: Path) -> None:
    """
    The documented pipeline is found in the module of its settings.
    """
    text = (ROOT / "docs/budget.md").read_text("utf-8")
    module = re.findall(r"```python\n(.*?)```", text, re.DOTALL)[0]
    (directory / "documented.py").write_text(module, "utf-8")
    (directory / "pyproject.toml").write_text(
        '[tool.workerctl]\nsettings = "documented:Settings"\n'
    )

    stages = json.loads(call("budget", "--format", "json").stdout)["stages"]
    assert [(one["name"], one["worst_seconds"]) for one in stages] == [
        ("render", 182),
        ("upload", 30),
    ]


def test_the_contributing_guide_shows_a_check_that_exists() -> None:
    """
    The guide names a check, its function and its test, all of which exist.
    """
    guide = (ROOT / "CONTRIBUTING.md").read_text("utf-8")

    assert "logs.LOG001," in (ROOT / "workerctl/checks/table.py").read_text("utf-8")
    assert "def debug_logging(" in (ROOT / "workerctl/checks/logs.py").read_text("utf-8")
    (test,) = re.findall(r"def (test_\w+)\(", guide)
    assert f"def {test}(" in (ROOT / "tests/checks/test_logs.py").read_text("utf-8")


def test_the_changelog_has_an_entry_for_this_version() -> None:
    """
    The changelog has a section for the current version.
    """
    assert f"## [{__version__}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_the_link_of_every_check_leads_to_its_page() -> None:
    """
    What SARIF and other formats link to is an anchor of a page in the directory that they name.
    """
    for check in CHECKS:
        address, _, anchor = link(check.code).partition("#")
        page = ROOT / "docs" / address.removeprefix(f"{DOCUMENTATION}/")
        assert f'<a id="{anchor}"></a>' in page.read_text("utf-8")
    assert DOCUMENTATION.endswith("/docs")
