"""
Files of other kinds that are mistaken for env files, recognised by their lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_ASSIGNMENT = r"\s*(?:export\s+)?[A-Za-z_]\w*\s*=.*"
_YAML = r"\s*(?:-\s+\S.*|-|[\"']?[\w.$/ -]+[\"']?:(?:\s.*)?|---.*|\.\.\.)"
_JSON = r"\s*(?:[\[\]{},]+|\"[^\"]*\"\s*[:,].*|\"[^\"]*\")\s*"
_SECTION = r"\s*\[{1,2}[^\[\]=]+\]{1,2}\s*(?:[#;].*)?"
_MARKUP = r"\s*<(?:[?!/]|[A-Za-z][\w:.-]*[\s/>]).*"
_PEM = r"-----BEGIN [A-Z0-9 ]+-----"
_PROPERTY = r"\s*[A-Za-z][\w-]*(?:\.[\w-]+)+\s*[=:].*"
_SCRIPT = (
    r"\s*(?:(?:if|for|while|until|case|function|echo|source|unset|exec|cd|set|trap|local|readonly"
    r"|return|exit|eval|printf|sudo)\s+\S.*|(?:then|else|fi|do|done|esac|\}|;;)\s*;?|\.\s+\S.*"
    r"|[A-Za-z_]\w*\(\)\s*\{?.*)"
)
_HALF = 0.5
_MOST = 0.8


def format_of(text: str) -> str | None:
    """
    Return what a text looks like if it is not an env file: "YAML", "a shell script"; else None.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    if re.match(r"#!.*\b(?:ba|da|z|k)?sh\b", lines[0]):
        return "a shell script"
    plain = [line for line in lines if not line.lstrip().startswith(("#", "//"))]
    return next((name for name, applies in _FORMATS.items() if plain and applies(plain)), None)


def _share(pattern: str, lines: list[str]) -> float:
    return sum(re.fullmatch(pattern, line) is not None for line in lines) / len(lines)


def _begins_with(pattern: str) -> Callable[[list[str]], bool]:
    return lambda lines: re.fullmatch(pattern, lines[0]) is not None


def _is_json(lines: list[str]) -> bool:
    if not lines[0].lstrip().startswith(("{", "[")):
        return False
    return _share(_JSON, lines) > _MOST or _parses_as_json("\n".join(lines))


def _parses_as_json(text: str) -> bool:
    import json

    try:
        return isinstance(json.loads(text), (dict, list))
    except (ValueError, RecursionError):
        return False


def _is_yaml(lines: list[str]) -> bool:
    # A line such as `A=b: c` is an assignment, and most lines of a mapping are not.
    return _share(_YAML, lines) > _HALF and _share(_ASSIGNMENT, lines) < _HALF


def _is_script(lines: list[str]) -> bool:
    commands = [line for line in lines if re.fullmatch(_SCRIPT, line)]
    return len(commands) > 1 and _share(_SCRIPT, lines) > 0.2  # noqa: PLR2004


_FORMATS: dict[str, Callable[[list[str]], bool]] = {
    "JSON": _is_json,
    "a PEM file": _begins_with(_PEM),
    "XML or HTML": _begins_with(_MARKUP),
    "TOML or INI": _begins_with(_SECTION),
    "YAML": _is_yaml,
    "a Java properties file": lambda lines: _share(_PROPERTY, lines) > _HALF,
    "a shell script": _is_script,
}
