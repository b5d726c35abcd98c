"""
Tests of which words of a command line a message may repeat.
"""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leaks.oracle import Mint
from workerctl.cli import app
from workerctl.secrecy.typed import may_repeat, named


@pytest.mark.parametrize(
    "word",
    [
        "--json",
        "--env-fil",
        "--no-such-long-option",
        "-x",
        "chek",
        "show_config",
        "Production",
        "yml",
        "KEY01",
        "REDIS_URL",
        "LLM_TIMEOUT_SECOND",
        "prod.env",
        ".env",
        "./bin/start-worker.sh",
        "/usr/bin/celery",
        "python3.13",
        "app.config.Settings",
        "app.core.config:AppSettings",
    ],
)
def test_an_ordinary_word_is_repeated(word: str) -> None:
    """
    Options, commands, choices, codes, names, modules and paths in their usual forms are.
    """
    assert may_repeat(word)
    assert named(word, "it") == word


@pytest.mark.parametrize(
    "word",
    [
        "",
        "hunter2",
        "Passw0rd",
        "sk-proj-4fT9",
        "ghp_abcdEFGHijkl",
        "abcdefghijklmnop",
        "correct-horse-battery-staple",
        "JBSWY3DPEHPK3PXP",
        "JBSWYQDPEHPKZPXP",
        "redis://:password@host",
        "https://user:secret@example.net",
        "AKIAIOSFODNN7EXAMPLE",
        "12345678",
        "deadbeefdeadbeefdeadbeefdeadbeef",
        "--token=abc",
        "two words",
        "열쇠",
        "secret\n",
    ],
)
def test_a_word_that_may_be_a_secret_is_not_repeated(word: str) -> None:
    """
    Digits among letters, long words, passphrases and URLs may be secrets.
    """
    assert not may_repeat(word)
    assert named(word, "it") == "it"


@given(st.integers(0, 2**32), st.integers(6, 64))
def test_no_random_word_is_repeated(seed: int, length: int) -> None:
    """
    Neither a token nor a key is, whatever marks are in front of it.
    """
    mint = Mint(seed)
    for word in (mint.token(length), mint.key(), mint.token(length).upper()):
        for before in ("", "-", "--", "./", "sk-", "a."):
            assert not may_repeat(before + word)


def test_an_existing_path_is_repeated(directory: Path) -> None:
    """
    Messages about files name them in any case.
    """
    (directory / "v2-config.9f2c.env").touch()

    assert may_repeat("v2-config.9f2c.env")
    assert not may_repeat("v2-config.9f2d.env")


def test_every_option_and_command_is_repeated() -> None:
    """
    What workerctl itself defines has a usual form.
    """
    import typer

    group = typer.main.get_command(app)
    for name, command in group.commands.items():  # type: ignore[attr-defined]
        assert may_repeat(name)
        for parameter in command.params:
            for option in (*parameter.opts, *parameter.secondary_opts):
                assert not option.startswith("-") or may_repeat(option)
