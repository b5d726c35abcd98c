"""
The rules that a worker must satisfy to boot, as functions that yield findings.

`get_settings` and the checks call the same functions, so that boot and `workerctl check` agree.
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
_SAME_KEY = "Restore the exact key: no other key can decrypt the existing data."
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
    Return the environment whose rules apply: `override` if given, else the value of `ENV`.

    An invalid `ENV` is judged by the rules of production, the strictest ones.
    """
    if override is not None:
        return override
    env = values.text("ENV", DEFAULT_ENVIRONMENT)
    return env if env in ENVIRONMENTS else "production"


def boot_findings(values: Values) -> Iterator[Finding]:
    """
    Yield everything that stops a worker from booting, or that it warns about, except bad types.
    """
    env = judged_as(values)
    yield from environment_name(values)
    yield from required_values(values, env)
    yield from key_presence(values, env)
    yield from key_form(values, env)


def environment_name(values: Values, override: str | None = None) -> Iterator[Finding]:
    """
    Yield ENV001 unless `ENV` is development, staging or production, and matches `override`.
    """
    env = values.text("ENV", DEFAULT_ENVIRONMENT)
    where = values.location("ENV")
    if env not in ENVIRONMENTS:
        suggestion = _suggestion(env)
        yield Finding(
            code="ENV001",
            severity=Severity.ERROR,
            message="ENV is not development, staging or production, so production's rules apply.",
            hint=(
                f"Did you mean ENV={suggestion}?" if suggestion else "Set ENV to one of the three."
            ),
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
            message=f"The worker will boot as {env}, but this run applies the rules of {override}.",
            hint=f"Set ENV={override} where the worker gets its configuration.",
            fields=("ENV",),
            location=where,
        )


def required_values(values: Values, env: str) -> Iterator[Finding]:
    """
    Yield ENV002 for every setting that this environment requires and that is not set.
    """
    if env == DEFAULT_ENVIRONMENT:
        return
    for name, required_by, reason in _required(values, env):
        if not values.is_set(name):
            yield Finding(
                code="ENV002",
                severity=Severity.ERROR,
                message=f"{name} is not set, but {reason} requires it.",
                hint=f"Set {name} where the worker gets its configuration.",
                fields=(name,),
                location=_missing_at(values, name, required_by),
            )
    if not values.is_set("GEMINI_API_KEY"):
        yield Finding(
            code="ENV002",
            severity=Severity.WARNING,
            message="GEMINI_API_KEY is not set, so the analysis has one model fewer to compare.",
            hint="Set GEMINI_API_KEY, or suppress this warning if that is intended.",
            fields=("GEMINI_API_KEY",),
            location=_missing_at(values, "GEMINI_API_KEY", "ENV"),
        )


def required_names(values: Values, env: str) -> frozenset[str]:
    """
    Return the settings without which a worker does not boot in this environment.
    """
    if env == DEFAULT_ENVIRONMENT:
        return frozenset()
    return frozenset({"ENCRYPTION_KEY", *(name for name, _, _ in _required(values, env))})


def key_presence(values: Values, env: str) -> Iterator[Finding]:
    """
    Yield KEY001 unless `ENCRYPTION_KEY` is set.
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
    Yield KEY002 unless `ENCRYPTION_KEY` consists of 64 hexadecimal characters.
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

        placeholder = is_placeholder(value.text, "ENCRYPTION_KEY", secret=True)
        yield Finding(
            code="KEY002",
            severity=severity,
            message=f"ENCRYPTION_KEY {problem}.",
            hint=_NEW_KEY if placeholder else _SAME_KEY,
            fields=("ENCRYPTION_KEY",),
            location=value.location,
        )


def _required(values: Values, env: str) -> Iterator[tuple[str, str, str]]:
    """
    Yield each required setting, the setting that requires it, and what to call that in a message.
    """
    for name in _ALWAYS_REQUIRED:
        yield name, "ENV", env
    if values.text("ANALYSIS_MODE") == "phase_2":
        yield "ANTHROPIC_API_KEY", "ANALYSIS_MODE", "ANALYSIS_MODE=phase_2"
    if values.is_set("WEBHOOK_URL"):
        yield "WEBHOOK_SECRET", "WEBHOOK_URL", "WEBHOOK_URL"


def _missing_at(values: Values, name: str, required_by: str) -> Location:
    """
    Return the location of an empty assignment, else that of the setting that requires a value.
    """
    return values.empty.get(name) or values.location(required_by)


def _suggestion(env: str) -> str | None:
    word = env.strip().strip("\"'").lower()
    if word in ENVIRONMENTS:
        return word
    from workerctl.report.suggest import closest

    return _NICKNAMES.get(word) or closest(word, ENVIRONMENTS, 0.6)
