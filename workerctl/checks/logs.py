"""
Logs: neither too loud for production nor a way out for secrets.
"""

from collections.abc import Iterator

from workerctl.checks.base import Check, Context
from workerctl.report.findings import Finding, Location, Severity

# variable → the values that switch it on; None means any
_SWITCHES: dict[str, frozenset[str] | None] = {
    "PYDANTIC_SETTINGS_DEBUG": None,
    "OPENAI_LOG": frozenset({"debug"}),
    "ANTHROPIC_LOG": frozenset({"debug"}),
}
_OFF = frozenset({"", "0", "false", "no", "off"})


def debug_logging(context: Context) -> Iterator[Finding]:
    """
    Production does not log at DEBUG.

    Why: debug records of HTTP clients and SDKs hold headers and bodies, that is, keys and
    personal data, and they fill disks.

    Fix: set LOG_LEVEL=INFO, and DEBUG for the hour in which it is needed.
    """
    severity = context.by_environment(production=Severity.WARNING)
    level = context.settings.LOG_LEVEL
    if severity is not None and (level == "DEBUG" or (level.isdigit() and int(level) <= 10)):  # noqa: PLR2004 -- logging.DEBUG
        yield context.finding(
            "LOG001",
            severity,
            "LOG_LEVEL writes debug records in production.",
            "Set LOG_LEVEL=INFO.",
            "LOG_LEVEL",
        )


def debugging_switches(context: Context) -> Iterator[Finding]:
    """
    No variable makes a library write values into the log.

    Why: PYDANTIC_SETTINGS_DEBUG logs every setting in full, secrets included; OPENAI_LOG and
    ANTHROPIC_LOG log the bodies of requests, which here are résumés.

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
                message=f"{name} makes a library write values into the log.",
                hint=f"Unset {name}.",
                fields=(name,),
                location=location,
            )


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


LOG001 = Check("LOG001", "Debug logging is off in production", debug_logging, reads=("LOG_LEVEL",))
LOG002 = Check("LOG002", "No library debugging switch leaks values", debugging_switches)
