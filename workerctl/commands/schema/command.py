"""
`workerctl schema`: generate a file from a settings class, or check whether it is current.
"""

from __future__ import annotations

from importlib import import_module
from typing import Literal

from workerctl.commands.schema.entries import Outline, outline
from workerctl.commands.schema.formats.comments import MARK, target_in
from workerctl.commands.schema.staleness import difference
from workerctl.commands.shared.usage import command_line
from workerctl.commands.shared.world import World
from workerctl.output.delivery import STDOUT
from workerctl.report.errors import OutputError, RefusedError, UsageError
from workerctl.report.exit_codes import ExitCode
from workerctl.report.records import Record
from workerctl.secrecy.typed import named
from workerctl.sources import envfile
from workerctl.sources import options as source_options
from workerctl.sources.forms.placeholders.recognition import is_placeholder
from workerctl.sources.options import Options
from workerctl.sources.writing import atomic

Format = Literal["env", "json-schema", "markdown", "kubernetes", "compose"]


class SchemaOptions(Record):
    """
    The format, and the file to write or to check; without either, standard output is written.
    """

    format: Format = "env"
    output: str | None = None
    check: str | None = None


def execute(world: World, settings: str | None, options: SchemaOptions) -> int:
    """
    Generate a file from a settings class. Return the exit code, FINDINGS for one that is stale.

    Raises UsageError for options that contradict each other, SourceError for a file that cannot be
    read, RefusedError for one that is not generated and would be replaced.
    """
    if options.output is not None and options.check is not None:
        raise UsageError("--output and --check cannot be combined.", "Drop one of them.")
    source_options.require_no_secret(filter(None, (options.output, options.check)))
    found = _outline(world, settings)
    lines = generated(found, options.format)
    if options.check is not None:
        return _check(world, found, lines, settings, options)
    if options.output not in {None, STDOUT}:
        _save(found, lines, options.output or "", options.format)
        return int(ExitCode.OK)
    return _print(world, lines)


def generated(found: Outline, name: Format) -> list[str]:
    """
    Return the lines of a settings class in a format.
    """
    module = import_module(f"workerctl.commands.schema.formats.{name.replace('-', '_')}")
    return [text.rstrip() for text in module.lines(found)]


def _outline(world: World, settings: str | None) -> Outline:
    """
    Return the outline of the class that is named or configured. No source of values is read.
    """
    target = settings
    if settings is None:
        target = world.environ.get("WORKERCTL_SETTINGS") or None
    options = Options(env_files=(), isolated=True, settings=target, alone=True)
    return outline(world.load(options))


def _text(lines: list[str]) -> str:
    return "\n".join(lines).rstrip("\n") + "\n"


def _print(world: World, lines: list[str]) -> int:
    text = _text(lines)
    encoding = (world.stdout.encoding if world.stdout else None) or "utf-8"
    if text.encode(encoding, "replace").decode(encoding) != text:
        raise OutputError(
            f"Standard output cannot represent every character in {encoding}.",
            "Write a file with --output FILE, or set PYTHONIOENCODING=utf-8.",
        )
    return world.output.write(lambda stream: stream.write(text))


def _check(
    world: World, found: Outline, lines: list[str], settings: str | None, options: SchemaOptions
) -> int:
    path = options.check or ""
    text = envfile.read_text(path)
    old = text.replace("\r\n", "\n").rstrip("\n").split("\n")
    new = _text(lines).rstrip("\n").split("\n")
    shown = named(path, "The file")
    if old == new:
        return world.output.write(lambda stream: stream.write(f"{shown} is current.\n"))
    names = [name for one in found.schema.variables.values() for name in one.names]
    lost = world.output.write_lines(difference(old, new, named(path, "file"), names))
    refused = _refusal(found, text, path, options.format)
    if refused is None:
        output = ("--format", options.format, "--output", named(path, "FILE"))
        again = command_line(["schema"], Options(settings=settings), output)
        world.output.note(f"{shown} is stale. Run {again}.")
    else:
        problem = f"{refused.message} {refused.hint}"
        world.output.note(f"{shown} is stale, and --output would refuse to replace it: {problem}")
    return lost or int(ExitCode.FINDINGS)


def _save(found: Outline, lines: list[str], path: str, form: Format) -> None:
    new = _text(lines).encode()

    def render(old: bytes | None) -> bytes:
        refused = None if old is None else _refusal(found, envfile.decode(old, path), path, form)
        if refused is not None:
            raise refused
        return new

    atomic.replace(path, render, size_limit=envfile.SIZE_LIMIT, private=False)


def _refusal(found: Outline, text: str, path: str, form: Format) -> RefusedError | None:
    """
    Return why a file is not replaced: it would lose what somebody has written. None if it may be.

    That is a file that is not generated, or from another class, and one in which placeholders have
    been replaced.
    """
    shown = named(path, "The file")
    if MARK not in text:
        return RefusedError(
            f"{shown} exists, and is not a file that `workerctl schema` has generated.",
            "Name another file, or delete it first.",
        )
    target = target_in(text)
    if target not in {None, found.target}:
        return RefusedError(
            f"{shown} is generated from {named(target or '', 'another class')}, not from "
            f"{found.target}.",
            "Name its class with --settings, or delete the file first if the class was renamed.",
        )
    if form == "env" and any(
        entry.value and not is_placeholder(entry.value, entry.name or "")
        for entry in envfile.parse(text, path).entries
    ):
        return RefusedError(
            f"{shown} holds values, which would be lost.",
            "Name a template such as .env.example.",
        )
    return None
