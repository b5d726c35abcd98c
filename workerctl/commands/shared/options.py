"""
Options and arguments that several commands share.
"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Environment = Literal["development", "staging", "production"]


def _formats(incomplete: str) -> list[str]:
    from workerctl.output.formats import FORMATS

    return [name for name in FORMATS if name.startswith(incomplete)]


def _topics(incomplete: str) -> list[str]:
    from workerctl.commands.discovery.completion import words

    return words(incomplete)


EnvFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--env-file",
        metavar="PATH",
        help="Read this env file instead of .env; - is standard input. "
        "Can be repeated: later files override earlier ones.",
    ),
]
NamedEnvFiles = Annotated[
    list[str] | None,
    typer.Option(
        "--env-file",
        metavar="PATH",
        help="Read this env file instead of .env. "
        "Can be repeated: later files override earlier ones.",
    ),
]
"""For `workerctl run`, which leaves standard input to its command."""
NoEnvFile = Annotated[bool, typer.Option("--no-env-file", help="Do not read the default .env.")]
SecretsDir = Annotated[
    str | None,
    typer.Option(
        "--secrets-dir",
        metavar="PATH",
        help="Read settings from this directory: one file per setting.",
    ),
]
Isolated = Annotated[
    bool,
    typer.Option(
        "--isolated", help="Ignore the process environment; read only files and defaults."
    ),
]
JudgeAs = Annotated[
    Environment | None,
    typer.Option("--env", metavar="NAME", help="Apply the rules of this environment."),
]
SettingsClass = Annotated[
    str | None,
    typer.Option("--settings", metavar="MODULE:CLASS", help="Use this settings class."),
]
Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TARGET|FILE",
        help="Check these targets of pyproject.toml, or each of these env files alone.",
        show_default=False,
    ),
]
Pair = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="A B",
        help="Two targets of pyproject.toml or env files, each of which is read alone.",
        show_default=False,
    ),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="NAME[=FILE]",
        help="text, json, github, gitlab, sarif, junit or markdown; with =FILE, written to a file. "
        "Can be repeated.",
        autocompletion=_formats,
    ),
]
Compose = Annotated[
    list[str] | None,
    typer.Option(
        "--compose",
        metavar="FILE",
        help="Judge a service of this compose file. Can be repeated, as -f of docker compose.",
    ),
]
Service = Annotated[
    str | None,
    typer.Option("--service", metavar="NAME", help="With --compose: the service of the worker."),
]
Kubernetes = Annotated[
    list[str] | None,
    typer.Option(
        "--kubernetes",
        metavar="FILE",
        help="Judge a workload of this Kubernetes manifest; - is standard input. Can be repeated: "
        "ConfigMaps and Secrets are looked up in all of the files.",
    ),
]
Workload = Annotated[
    str | None,
    typer.Option(
        "--workload", metavar="KIND/NAME", help="With --kubernetes: the workload of the worker."
    ),
]
Container = Annotated[
    str | None,
    typer.Option(
        "--container", metavar="NAME", help="With --kubernetes: one of several in the workload."
    ),
]
Name = Annotated[
    str | None,
    typer.Argument(metavar="NAME", help="Show only this setting.", show_default=False),
]
Topic = Annotated[
    str | None,
    typer.Argument(
        metavar="CODE|NAME|AREA",
        help="A check, a setting, or an area to explain.",
        show_default=False,
        autocompletion=_topics,
    ),
]
Ignored = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="CODES", help="Skip the checks with these codes or prefixes."),
]
FailOn = Annotated[
    Literal["error", "warning", "info", "never"],
    typer.Option("--fail-on", help="The lowest severity that fails the run."),
]
Command = Annotated[
    list[str] | None,
    typer.Argument(metavar="COMMAND", help="The program and its arguments.", show_default=False),
]
