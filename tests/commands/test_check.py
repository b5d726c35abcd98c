"""
Tests of `workerctl check` in a project: what its pyproject.toml may suppress.
"""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

Run = Callable[..., CompletedProcess[str]]

SUPPRESSION = """
[[tool.workerctl.ignore]]
code = "{code}"
field = "{field}"
reason = "known"
until = 2999-01-01
"""


@pytest.mark.parametrize(
    ("code", "field", "message"),
    [
        ("ENV002", "SUPABASE_UR", "is not a field of Settings. Did you mean SUPABASE_URL?"),
        ("KEY005", "ENCRYPTION_KEY_V", "is not a field of Settings. Did you mean ENCRYPTION_KEY?"),
        ("ENV02", "SUPABASE_URL", "There is no code ENV02. Did you mean ENV002?"),
        ("SET001", "DEBUG", "SET001 cannot be suppressed"),
    ],
)
def test_a_suppression_names_what_exists(
    call: Run, good: Path, directory: Path, code: str, field: str, message: str
) -> None:
    """A misspelt code or field is an error, because the suppression would never apply."""
    (directory / "pyproject.toml").write_text(SUPPRESSION.format(code=code, field=field))
    done = call("check", "--env-file", good.name)

    assert done.returncode == 2
    assert message in done.stderr


@pytest.mark.parametrize(
    ("code", "field"),
    [("KEY005", "ENCRYPTION_KEY_V0"), ("ENV004", "TOOL_TOKEN"), ("SET009", "TOOL_TOKEN")],
)
def test_a_suppression_may_name_what_the_check_reports(
    call: Run, good: Path, directory: Path, code: str, field: str
) -> None:
    """Some checks report older keys and variables of other programs; SUP001 judges these names."""
    (directory / "pyproject.toml").write_text(SUPPRESSION.format(code=code, field=field))
    done = call("check", "--env-file", good.name)

    assert done.returncode == 0
    assert f"The suppression of {code} for {field} suppresses nothing." in done.stdout
