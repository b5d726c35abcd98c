"""
Logging: no debug records in production, and no library that logs secrets.
"""

from __future__ import annotations

from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Location, Severity
from workerctl.rules import LogLevel

# The values that switch each variable on; None stands for any value that is not in _OFF.
_SWITCHES: dict[str, frozenset[str] | None] = {
    "PYDANTIC_SETTINGS_DEBUG": None,
    "OPENAI_LOG": frozenset({"debug"}),
    "ANTHROPIC_LOG": frozenset({"debug"}),
}
# TRACE is the name that structured logging libraries give to an even lower level.
_DEBUG_LEVELS = frozenset({"DEBUG", "TRACE"})
_OFF = frozenset({"", "0", "false", "no", "off"})


def debug_logging(context: Context) -> Iterator[Finding]:
    """
    Production does not log at DEBUG: no field marked `LogLevel` is that low.

    Why: debug records of HTTP clients and SDKs hold headers and bodies, and with them keys and
    personal data. They also fill disks.

    Fix: set the level to INFO, and use DEBUG only while you need it.
    """
    severity = context.by_environment(production=Severity.WARNING)
    for one in context.declared(LogLevel):
        if severity is not None and _is_debug(context.value(one.name)):
            yield context.finding(
                "LOG001",
                severity,
                f"{one.name} enables debug records in production.",
                f"Set {one.name}=INFO.",
                one.name,
            )


def debugging_switches(context: Context) -> Iterator[Finding]:
    """
    No environment variable makes a library log the values that it handles.

    Why: PYDANTIC_SETTINGS_DEBUG logs every setting in full, secrets included. OPENAI_LOG=debug and
    ANTHROPIC_LOG=debug log request bodies, which may hold personal data.

    Fix: unset the variable.
    """
    severity = context.by_environment(
        development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    for name, location in _switched_on(context):
        if severity is not None:
            yield Finding(
                code="LOG002",
                severity=severity,
                message=f"{name} makes a library log the values that it handles.",
                hint=f"Unset {name}.",
                fields=(name,),
                location=location,
            )


def _is_debug(level: object) -> bool:
    text = str(getattr(level, "value", level)).strip().upper()
    return text in _DEBUG_LEVELS or (text.isdecimal() and int(text) <= 10)  # noqa: PLR2004 -- logging.DEBUG


def _switched_on(context: Context) -> Iterator[tuple[str, Location]]:
    seen: set[str] = set()
    for assignment in context.values.named(_SWITCHES):
        name, text = assignment.name.upper(), assignment.text.lower()
        if name in seen or text in _OFF:
            continue
        values = _SWITCHES[name]
        if values is None or text in values:
            seen.add(name)
            yield name, assignment.location


LOG001 = Check("LOG001", "Debug logging is off in production", debug_logging, rules=(LogLevel,))
LOG002 = Check("LOG002", "No debug switch makes a library log values", debugging_switches)
