"""
Tests that files of other kinds are recognised, and that env files are not mistaken for them.
"""

import pytest

from workerctl.sources.dialects.formats import format_of


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("a: 1\nb:\n  - x\n  - y: 2\n", "YAML"),
        ("---\n# c\nservices:\n  web:\n    image: x\n    environment:\n      - A=1\n", "YAML"),
        ('{"A": "1"}', "JSON"),
        ('[\n  {"name": "A",\n   "value": "1"}\n]\n', "JSON"),
        ("# c\n[tool]\na = 1\n", "TOML or INI"),
        ("[[servers]]\nhost = 'x'\n", "TOML or INI"),
        ("spring.datasource.url=jdbc:x\nserver.port=1\n", "a Java properties file"),
        ("#!/bin/bash\nexport A=1\n", "a shell script"),
        ("export A=1\nif [ -z $A ]; then\n  echo no\nfi\n", "a shell script"),
        ("<!DOCTYPE html>\n<html></html>\n", "XML or HTML"),
        ("-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n", "a PEM file"),
    ],
)
def test_other_formats_are_recognised(text: str, kind: str) -> None:
    """The kind is named by what its lines look like."""
    assert format_of(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only: a comment\n",
        "A=1\nB=2\nnot an assignment\n",
        "A=1\n[section]\nB=2\n",
        "A=b: c\nB=http://x\n",
        'A={"a": 1}\nB=[1]\n',
        "export A=1\nexport B=2\n",
        "A=1\nB\n",
        "A: 1\nB=2\nC=3\n",
        "KEY='-----BEGIN X-----\nMIIB\n-----END X-----'\n",
    ],
)
def test_env_files_are_none_of_them(text: str) -> None:
    """A file that consists mostly of assignments is an env file."""
    assert format_of(text) is None
