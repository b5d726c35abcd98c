"""
The options that several commands of the command line have.
"""

from typing import Annotated, Literal

import typer

Environment = Literal["development", "staging", "production"]

EnvFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--env-file",
        metavar="PATH",
        help="An env file, instead of .env; repeat it, the later one wins; - is standard input.",
    ),
]
NamedEnvFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--env-file",
        metavar="PATH",
        help="An env file, instead of .env; repeat it, the later one wins.",
    ),
]
"""For a command that cannot take standard input, because it leaves that to another program."""
NoEnvFile = Annotated[bool, typer.Option("--no-env-file", help="Ignore the default .env.")]
SecretsDir = Annotated[
    str | None,
    typer.Option("--secrets-dir", metavar="PATH", help="A directory of files, one for each value."),
]
Isolated = Annotated[
    bool,
    typer.Option("--isolated", help="Ignore the process environment: files and defaults only."),
]
JudgeAs = Annotated[
    Environment | None,
    typer.Option("--env", metavar="NAME", help="Judge by this environment's rules."),
]
SettingsClass = Annotated[
    str | None,
    typer.Option("--settings", metavar="MODULE:CLASS", help="Your own subclass of Settings."),
]
Name = Annotated[str | None, typer.Argument(metavar="[NAME]", show_default=False)]
Ignored = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="CODES", help="All but these codes or prefixes."),
]
FailOn = Annotated[
    Literal["error", "warning", "info", "never"],
    typer.Option("--fail-on", help="The lowest severity that fails the run."),
]
Command = Annotated[
    list[str] | None,
    typer.Argument(metavar="COMMAND", help="The program and its arguments.", show_default=False),
]
