"""
ENV004 reports placeholders by the name of their variable, without their text.
"""

import pytest

from tests.support.configurations import MakeContext
from workerctl.checks.values import placeholders
from workerctl.report.findings import Severity


@pytest.mark.parametrize(
    ("env", "severity"), [("development", Severity.WARNING), ("staging", Severity.ERROR)]
)
def test_env004_finds_placeholders(context: MakeContext, env: str, severity: Severity) -> None:
    """A placeholder is reported by the name of its variable, without the text."""
    text = f"ENV={env}\nOPENAI_API_KEY=sk-...\nSUPABASE_URL=https://your-project.supabase.co\n"

    found = list(placeholders.ENV004.run(context(text)))
    assert [(finding.fields, finding.severity) for finding in found] == [
        (("OPENAI_API_KEY",), severity),
        (("SUPABASE_URL",), severity),
    ]
