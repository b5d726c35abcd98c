"""
The manual of a check, which is the docstring of its function.
"""

from __future__ import annotations

import inspect
import textwrap

from workerctl.checks.base import Check


def manual(check: Check) -> str:
    """
    Return the manual of a check: what it verifies, why that matters, how to fix a finding.
    """
    return (
        inspect.getdoc(check.run) or _docstring_in_source(check) or "This check has no manual page."
    )


def _docstring_in_source(check: Check) -> str | None:
    """
    Return the docstring from the source file; with PYTHONOPTIMIZE=2, functions have none.
    """
    import ast

    try:
        (function,) = ast.parse(textwrap.dedent(inspect.getsource(check.run))).body
    except (OSError, TypeError, ValueError, SyntaxError):
        return None
    return ast.get_docstring(function) if isinstance(function, ast.FunctionDef) else None
