"""
The rules without which a worker must not run, as functions to findings.

`get_settings` and the checks call the same functions, so that boot says what check said.
"""

from collections.abc import Iterator

from workerctl import keys
from workerctl.report.findings import (
    ENVIRONMENTS,
    Finding,
    Location,
    Severity,
    by_environment,
)
from workerctl.sources.values import Values

DEFAULT_ENVIRONMENT = "development"

_NEW_KEY = "Run `workerctl keygen --write FILE`, or restore the key that your data needs."
_SAME_KEY = "Restore the exact key: another one cannot read what it wrote."
_NICKNAMES = {
    "prod": "production",
    "prd": "production",
    "live": "production",
    "stage": "staging",
    "stg": "staging",
    "dev": "development",
    "devel": "development",
    "local": "development",
    "test": "development",
}
_ALWAYS_REQUIRED = ("SUPABASE_URL", "SUPABASE_SERVICE_ROLE_KEY", "REDIS_URL", "OPENAI_API_KEY")


def judged_as(values: Values, override: str | None = None) -> str:
    """
    The environment whose rules apply: an invalid `ENV` is judged as strictly as production.
    """
    if override is not None:
        return override
    env = values.text("ENV", DEFAULT_ENVIRONMENT)
    return env if env in ENVIRONMENTS else "production"


def boot_findings(values: Values) -> Iterator[Finding]:
    """
    Everything that keeps a worker from booting, or that it warns of, types and ranges aside.
    """
    env = judged_as(values)
    yield from environment_name(values)
    yield from required_values(values, env)
    yield from key_presence(values, env)
    yield from key_form(values, env)


def environment_name(values: Values, override: str | None = None) -> Iterator[Finding]:
    """
    ENV001: `ENV` is development, staging or production.
    """
    env = values.text("ENV", DEFAULT_ENVIRONMENT)
    where = values.location("ENV")
    if env not in ENVIRONMENTS:
        meant = _meant(env)
        yield Finding(
            code="ENV001",
            severity=Severity.ERROR,
            message="ENV is not development, staging or production, so production's rules apply.",
            hint=f"Did you mean ENV={meant}?" if meant else "Set ENV to one of the three.",
            fields=("ENV",),
            location=where,
        )
    elif "ENV" in values.empty:
        yield Finding(
            code="ENV001",
            severity=Severity.WARNING,
            message="ENV is empty, so the worker boots as development.",
            hint="Set ENV, or remove the empty assignment.",
            fields=("ENV",),
            location=where,
        )
    if override is not None and env in ENVIRONMENTS and env != override:
        yield Finding(
            code="ENV001",
            severity=Severity.WARNING,
            message=f"The worker will boot as {env}, while this run judges as {override}.",
            hint=f"Set ENV={override} where the worker starts.",
            fields=("ENV",),
            location=where,
        )


def required_values(values: Values, env: str) -> Iterator[Finding]:
    """
    ENV002: what this environment requires is set.
    """
    if env == DEFAULT_ENVIRONMENT:
        return
    for name, demanded_by, why in _required(values):
        if not values.is_set(name):
            yield Finding(
                code="ENV002",
                severity=Severity.ERROR,
                message=f"{name} is not set, and {why}.".replace("ENVIRONMENT", env),
                hint=f"Set {name} where the worker gets its configuration.",
                fields=(name,),
                location=_missing_at(values, name, demanded_by),
            )
    if not values.is_set("GEMINI_API_KEY"):
        yield Finding(
            code="ENV002",
            severity=Severity.WARNING,
            message="GEMINI_API_KEY is not set, so analysis has one model less to compare with.",
            hint="Set GEMINI_API_KEY, or suppress this if one model is meant.",
            fields=("GEMINI_API_KEY",),
            location=_missing_at(values, "GEMINI_API_KEY", "ENV"),
        )


def required_names(values: Values, env: str) -> frozenset[str]:
    """
    The settings without which a worker does not boot in this environment.
    """
    if env == DEFAULT_ENVIRONMENT:
        return frozenset()
    return frozenset({"ENCRYPTION_KEY", *(name for name, _, _ in _required(values))})


def key_presence(values: Values, env: str) -> Iterator[Finding]:
    """
    KEY001: `ENCRYPTION_KEY` is set.
    """
    severity = by_environment(
        env, development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    if severity is None or values.is_set("ENCRYPTION_KEY"):
        return
    yield Finding(
        code="KEY001",
        severity=severity,
        message="ENCRYPTION_KEY is not set, so personal data cannot be encrypted.",
        hint=_NEW_KEY,
        fields=("ENCRYPTION_KEY",),
        location=_missing_at(values, "ENCRYPTION_KEY", "ENV"),
    )


def key_form(values: Values, env: str) -> Iterator[Finding]:
    """
    KEY002: `ENCRYPTION_KEY` is 64 hexadecimal characters.
    """
    severity = by_environment(
        env, development=Severity.WARNING, staging=Severity.ERROR, production=Severity.ERROR
    )
    value = values.chosen.get("ENCRYPTION_KEY")
    if severity is None or value is None or value.problem is not None:
        return
    problem = keys.form_problem(value.text)
    if problem is not None:
        from workerctl.secrecy.placeholders import is_placeholder

        stands_in = is_placeholder(value.text, "ENCRYPTION_KEY", secret=True)
        yield Finding(
            code="KEY002",
            severity=severity,
            message=f"ENCRYPTION_KEY {problem}.",
            hint=_NEW_KEY if stands_in else _SAME_KEY,
            fields=("ENCRYPTION_KEY",),
            location=value.location,
        )


def _required(values: Values) -> Iterator[tuple[str, str, str]]:
    for name in _ALWAYS_REQUIRED:
        yield name, "ENV", "ENVIRONMENT requires it"
    if values.text("ANALYSIS_MODE") == "phase_2":
        yield "ANTHROPIC_API_KEY", "ANALYSIS_MODE", "ANALYSIS_MODE=phase_2 requires it"
    if values.is_set("WEBHOOK_URL"):
        yield "WEBHOOK_SECRET", "WEBHOOK_URL", "WEBHOOK_URL requires it"


def _missing_at(values: Values, name: str, demanded_by: str) -> Location:
    """
    The empty line where the value belongs, or else the line that demands it.
    """
    return values.empty.get(name) or values.location(demanded_by)


def _meant(env: str) -> str | None:
    word = env.strip().strip("\"'").lower()
    if word in ENVIRONMENTS:
        return word
    from workerctl.report.suggest import closest

    return _NICKNAMES.get(word) or closest(word, ENVIRONMENTS, 0.6)
