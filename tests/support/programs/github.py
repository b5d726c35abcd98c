"""
A composite action, run as a runner of GitHub Actions would run it.

Steps that use another action are recorded and not run.
"""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML


class Ran(NamedTuple):
    """
    What became of an action: of the first step that failed, the exit code; the other actions used.
    """

    exit_code: int
    output: str
    outputs: dict[str, str]
    used: list[tuple[str, dict[str, str]]]
    summary: str


def loaded(path: Path) -> Any:
    """
    Return the contents of a YAML file.
    """
    return YAML(typ="safe", pure=True).load(path.read_text("utf-8"))


def run_action(
    path: Path, workspace: Path, inputs: Mapping[str, str], environ: Mapping[str, str]
) -> Ran:
    """
    Run an action in a workspace. `environ` is the environment of the runner.
    """
    action = loaded(path)
    assert set(inputs) <= set(action["inputs"])
    known = {f"inputs.{name}": one["default"] for name, one in action["inputs"].items()}
    known |= {f"inputs.{name}": value for name, value in inputs.items()}
    files = workspace.parent / "runner"
    files.mkdir()
    summary = files / "summary"
    output, used, failed = "", [], 0
    for number, step in enumerate(action["runs"]["steps"]):
        condition = str(step.get("if", ""))
        if failed and "cancelled()" not in condition:
            continue
        if condition and not _value(condition.removeprefix("${{").removesuffix("}}"), known):
            continue
        if "uses" in step:
            options = {name: _text(value, known) for name, value in step["with"].items()}
            used.append((step["uses"], options))
            continue
        script, outputs = files / f"{number}.sh", files / f"outputs-{number}"
        script.write_text(step["run"], "utf-8")
        outputs.touch()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", script],
            cwd=workspace / _text(step.get("working-directory", "."), known),
            env={
                **environ,
                **{name: _text(value, known) for name, value in step["env"].items()},
                "CI": "true",
                "GITHUB_ACTIONS": "true",
                "GITHUB_ACTION_PATH": str(path.parent),
                "GITHUB_OUTPUT": str(outputs),
                "GITHUB_STEP_SUMMARY": str(summary),
                "GITHUB_WORKSPACE": str(workspace),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        output += done.stdout
        failed = failed or done.returncode
        for line in outputs.read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            known[f"steps.{step['id']}.outputs.{name}"] = value
    returned = {name: _text(one["value"], known) for name, one in action["outputs"].items()}
    shown = summary.read_text("utf-8") if summary.exists() else ""
    return Ran(failed, output, returned, used, shown)


def _text(template: object, known: Mapping[str, str]) -> str:
    return re.sub(
        r"\$\{\{(.*?)\}\}",
        lambda match: str(_value(match[1], known)),
        str(template),
        flags=re.DOTALL,
    )


def _value(expression: str, known: Mapping[str, str]) -> str | bool:
    """
    Return the value of an expression made of names, strings, `==`, `!=`, `&&` and `||`.
    """
    expression = expression.strip()
    for operator in ("||", "&&", "!=", "=="):
        left, found, right = expression.partition(f" {operator} ")
        if found:
            one, other = _value(left, known), _value(right, known)
            if operator in {"||", "&&"}:
                return (one or other) if operator == "||" else (one and other)
            return (one == other) == (operator == "==")
    if expression == "!cancelled()":
        return True
    if expression.startswith("'"):
        return expression.strip("'")
    assert re.fullmatch(r"[a-z]+(\.[a-z-]+)+", expression), expression
    return known.get(expression, "")
