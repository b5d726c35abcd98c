"""
The schema: every setting of a worker, with its default, unit, bounds and meaning.

    from workerctl.settings import get_settings
    settings = get_settings()

The attribute is the environment variable, so that one search finds both ends. Importing this
module reads nothing, and imports neither typer nor rich nor cryptography.
"""

import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, NoReturn, TypeGuard

from pydantic import AliasChoices, Field, PrivateAttr, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from workerctl import keys
from workerctl.errors import ConfigurationError, shielded
from workerctl.report.findings import ENVIRONMENTS, Severity
from workerctl.schema import introspection, loading, rules
from workerctl.schema.vocabulary import (
    Canary,
    HttpUrl,
    LogLevel,
    Origins,
    QueueNames,
    SecretHttpUrl,
    SecretRedisUrl,
    group,
)
from workerctl.secrecy.masking import MASK, show_url
from workerctl.sources.project import Project
from workerctl.sources.values import Values

general = group("general")
queue = group("queue")
storage = group("storage")
llm = group("llm")
embedding = group("embedding")
chunking = group("chunking")
files = group("files")
visual = group("visual")
webhook = group("webhook")
http = group("http")
security = group("security")
monitoring = group("monitoring")
flags = group("flags")

_UNSET = SecretStr("")


class Settings(BaseSettings):
    """
    Every setting of the worker; frozen, and never printed with a secret in it.

    Calling it reads the same sources as `get_settings`; arguments win over them. Raises
    ConfigurationError, which holds all problems and no value, instead of pydantic's error.
    """

    SECRET_FAMILIES: ClassVar[tuple[str, ...]] = ("ENCRYPTION_KEY_V",)
    """What further secret names begin with, before a number: older keys, which only decrypt."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_by_name=True,
        loc_by_alias=False,
        allow_inf_nan=False,
    )

    ENV: Literal["development", "staging", "production"] = general(
        "development", "The environment whose rules apply."
    )
    DEBUG: bool = general(False, "Whether debugging aids are on.")
    LOG_LEVEL: LogLevel = general("INFO", "The least severe log record that is written.")
    LOG_FORMAT: Literal["text", "json"] = general("text", "Log lines for people or for machines.")

    REDIS_URL: SecretRedisUrl = queue(
        SecretStr("redis://localhost:6379/0"), "The Redis that holds queues and jobs."
    )
    QUEUES: QueueNames = queue(
        ["fast", "slow", "process", "parse"], "The queues that the worker serves, first one first."
    )
    JOB_TIMEOUT_SECONDS: int = queue(1800, "How long one run of a job may take.", gt=0)
    JOB_MAX_RETRIES: int = queue(2, "How often a failed job is run again.", ge=0)
    JOB_RETRY_INTERVALS_SECONDS: list[Annotated[int, Field(gt=0)]] = queue(
        [30, 60], "The waits before the runs of a failed job; the last one repeats."
    )
    SHUTDOWN_GRACE_SECONDS: int = queue(
        30, "How long the orchestrator waits between SIGTERM and SIGKILL.", ge=0
    )

    SUPABASE_URL: HttpUrl = storage("", "The database and storage API.")
    SUPABASE_SERVICE_ROLE_KEY: SecretStr = storage(_UNSET, "The key of the database API.")
    STORAGE_MAX_RETRIES: int = storage(3, "Retries of a download; 3 means 4 attempts.", ge=0, le=10)
    STORAGE_TIMEOUT_SECONDS: int = storage(30, "How long one download may take.", gt=0)
    STORAGE_RETRY_DELAY_SECONDS: float = storage(
        1.0, "The wait before the first retry of a download; it doubles.", ge=0
    )

    OPENAI_API_KEY: SecretStr = llm(_UNSET, "The key of the OpenAI API.")
    GEMINI_API_KEY: SecretStr = llm(_UNSET, "The key of the Gemini API.")
    ANTHROPIC_API_KEY: SecretStr = llm(_UNSET, "The key of the Anthropic API; phase_2 needs it.")
    OPENAI_BASE_URL: HttpUrl = llm("https://api.openai.com/v1", "Where the OpenAI API is.")
    OPENAI_MODEL: str = llm("gpt-4o", "The model that analyses.")
    OPENAI_MINI_MODEL: str = llm("gpt-4o-mini", "The model of the small steps.")
    GEMINI_MODEL: str = llm("gemini-2.0-flash", "The second model that analyses.")
    ANTHROPIC_MODEL: str = llm("claude-sonnet-4-20250514", "The third model, in phase_2.")
    ANALYSIS_MODE: Literal["phase_1", "phase_2"] = llm(
        "phase_1", "Analysis by two models (phase_1) or three (phase_2)."
    )
    LLM_TIMEOUT_SECONDS: int = llm(120, "How long one answer may take, once connected.", gt=0)
    LLM_CONNECT_TIMEOUT_SECONDS: int = llm(
        10,
        "How long connecting may take.",
        gt=0,
        validation_alias=AliasChoices("LLM_CONNECT_TIMEOUT_SECONDS", "LLM_CONNECT_TIMEOUT"),
    )
    LLM_MAX_RETRIES: int = llm(2, "Retries of an LLM call; 2 means 3 attempts.", ge=0, le=10)
    LLM_RETRY_BASE_WAIT: float = llm(
        1.0, "Seconds before the first retry of an LLM call; it doubles.", ge=0
    )
    LLM_RETRY_MAX_WAIT: float = llm(
        8.0, "Seconds that a wait for an LLM retry never exceeds.", ge=0
    )
    LLM_SDK_MAX_RETRIES: int = llm(
        0, "Retries inside the SDK client; they multiply with all others.", ge=0
    )
    LLM_CONFIDENCE_THRESHOLD: float = llm(
        0.85, "From which confidence an analysis counts as certain.", ge=0, le=1
    )
    USE_CONDITIONAL_LLM: bool = llm(True, "Whether further models are asked only when in doubt.")
    USE_PARALLEL_LLM: bool = llm(True, "Whether the models are asked side by side.")

    EMBEDDING_MODEL: str = embedding("text-embedding-3-small", "The model that embeds.")
    EMBEDDING_DIMENSIONS: int = embedding(1536, "The length of an embedding vector.", gt=0)
    EMBEDDING_MAX_RETRIES: int = embedding(
        3, "Retries of an embedding call; 3 means 4 attempts.", ge=0, le=10
    )
    EMBEDDING_SDK_MAX_RETRIES: int = embedding(
        0, "Retries inside the SDK client; they multiply with all others.", ge=0
    )
    EMBEDDING_TIMEOUT_SECONDS: int = embedding(60, "How long one embedding call may take.", gt=0)
    EMBEDDING_RETRY_BASE_WAIT: float = embedding(
        1.0, "Seconds before the first retry of an embedding call; it doubles.", ge=0
    )
    EMBEDDING_RETRY_MAX_WAIT: float = embedding(
        10.0, "Seconds that a wait for an embedding retry never exceeds.", ge=0
    )

    CHUNK_MAX_STRUCTURED_CHARS: int = chunking(2000, "Characters of a structured chunk.", gt=0)
    CHUNK_MAX_RAW_FULL_CHARS: int = chunking(8000, "Characters of the chunk of raw text.", gt=0)
    CHUNK_RAW_SECTION_SIZE: int = chunking(1500, "Characters of a section of raw text.", gt=0)
    CHUNK_RAW_SECTION_OVERLAP: int = chunking(
        300, "Characters that neighbouring sections share.", ge=0
    )
    CHUNK_KOREAN_THRESHOLD: float = chunking(
        0.5, "From which share of Hangul a text counts as Korean.", ge=0, le=1
    )
    CHUNK_KOREAN_SIZE: int = chunking(2000, "Characters of a section of Korean text.", gt=0)
    CHUNK_KOREAN_OVERLAP: int = chunking(
        500, "Characters that neighbouring Korean sections share.", ge=0
    )

    MAX_FILE_SIZE_MB: int = files(50, "The largest file that is taken, in megabytes.", gt=0)
    MAX_PAGE_COUNT: int = files(50, "The most pages that are read.", gt=0)
    MIN_TEXT_LENGTH: int = files(100, "Characters below which a file counts as empty.", gt=0)
    HANCOM_API_KEY: SecretStr = files(_UNSET, "The key of the HWP conversion API; optional.")

    VISUAL_TIMEOUT_SECONDS: int = visual(30, "How long a portfolio thumbnail may take.", gt=0)

    WEBHOOK_URL: SecretHttpUrl = webhook(_UNSET, "Where results are announced; its path is secret.")
    WEBHOOK_SECRET: SecretStr = webhook(_UNSET, "The key that signs announcements.")
    WEBHOOK_MAX_RETRIES: int = webhook(
        3, "Retries of an announcement; 3 means 4 attempts.", ge=0, le=10
    )
    WEBHOOK_TIMEOUT_SECONDS: int = webhook(10, "How long one announcement may take.", gt=0)
    WEBHOOK_RETRY_DELAY_SECONDS: float = webhook(
        1.0, "The wait before the first retry of an announcement; it doubles.", ge=0
    )

    ALLOWED_ORIGINS: Origins = http([], "The origins that may call the worker's HTTP side.")

    ENCRYPTION_KEY: SecretStr = security(
        _UNSET, "64 hexadecimal characters: the AES-256-GCM key of personal data."
    )
    ENCRYPTION_KEY_VERSION: int = security(
        0, "The version of ENCRYPTION_KEY.", public="it is a small number", ge=0, le=255
    )
    ENCRYPTION_CANARY: Canary = security(
        "", "A token that only the right key opens: proof that the key fits the data.", file=True
    )
    ENCRYPTION_CANARY_CONTEXT: str = security(
        "", "What the canary is bound to, such as production/db-eu."
    )

    SENTRY_DSN: SecretHttpUrl = monitoring(_UNSET, "Where errors are reported; optional.")

    USE_SPLIT_QUEUES: bool = flags(True, "Whether fast and slow jobs have queues of their own.")
    USE_NEW_ASYNC_HELPER: bool = flags(
        True, "Whether run_async reuses its loop; false falls back to asyncio.run at once."
    )

    _further_secrets: Mapping[str, SecretStr] = PrivateAttr(default_factory=dict)
    _source_project: Project | None = PrivateAttr(None)

    def __init__(
        self, _values: Values | None = None, _project: Project | None = None, **given: Any
    ) -> None:
        values, project = _values, _project
        if values is None:
            values, project = shielded(loading.read, type(self))
        values = loading.without(values, given)
        findings = loading.unreadable(values)
        try:
            # Not BaseSettings.__init__: sources.reading has read the sources, keeping every
            # origin, and PYDANTIC_SETTINGS_DEBUG would log what they hold.
            super(BaseSettings, self).__init__(**loading.inputs(type(self), values), **given)
        except ValidationError as error:
            findings += loading.refused(type(self), values, error)
        except (Exception, SystemExit) as error:  # noqa: BLE001 -- a validator's, with a value in it
            findings.append(loading.refusal(type(error).__name__))
        # Raised outside the handler: pydantic's error holds the values, and would be the context.
        del given
        if findings:
            raise ConfigurationError(findings)
        self._further_secrets = loading.further_secrets(type(self), values)
        self._source_project = project

    @property
    def further_secrets(self) -> Mapping[str, SecretStr]:
        """
        What the sources hold under names of SECRET_FAMILIES, such as the older encryption keys.
        """
        return self._further_secrets

    @property
    def source_project(self) -> Project | None:
        """
        The project that the sources were read for; None if no source was read.

        It stays the same when the worker changes its working directory.
        """
        return self._source_project

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """
        Refuse what would be ignored without a word: sources of pydantic-settings.
        """
        super().__pydantic_init_subclass__(**kwargs)
        if "settings_customise_sources" in cls.__dict__:
            message = "workerctl reads the sources itself: settings_customise_sources has no effect"
            raise TypeError(message)

    def __reduce__(self) -> NoReturn:
        """
        Refuse to be pickled: as an argument of a job, every secret would be written to Redis.
        """
        message = "Settings hold secrets: call get_settings() where they are needed"
        raise TypeError(message)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """
        What `repr` shows: a secret is masked by its name, too, whatever the type of its field.
        """
        secrets = introspection.names(type(self)).secrets
        for name, value in super().__repr_args__():
            if name in secrets and not isinstance(value, SecretStr):
                yield name, MASK
            else:
                yield name, show_url(value, secret=False) if _is_url(value) else value


def validate_encryption_key(key: str | SecretStr | None, env: str) -> None:
    """
    Judge presence and form of an encryption key.

    Raises ValueError in production, staging and any unknown environment; in development warns
    once (RuntimeWarning). Neither holds a part of the key.
    """
    text = key.get_secret_value() if isinstance(key, SecretStr) else key or ""
    problem = keys.form_problem(text) if text else "is required"
    if problem is None:
        return
    if env == rules.DEFAULT_ENVIRONMENT:
        warnings.warn(
            "ENCRYPTION_KEY is not set or invalid in development: personal data cannot be "
            "encrypted. Run `workerctl keygen --write .env`.",
            RuntimeWarning,
            stacklevel=2,
        )
        return
    where = f"in {env}" if env in ENVIRONMENTS else "in every environment but development"
    message = f"ENCRYPTION_KEY is required {where}" if not text else f"ENCRYPTION_KEY {problem}"
    raise ValueError(
        f"{message}: it must be 64 hex characters, that is, hexadecimal [0-9a-fA-F] only. "
        "Run `workerctl keygen`."
    )


def _is_url(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and "://" in value


class _CachedSettings:
    """
    The one instance per process, made by the first thread that asks; a forked child inherits it.
    """

    def __init__(self) -> None:
        self._instance: Settings | None = None
        # By process: a fork while another thread loads leaves the child a lock that nobody opens.
        # Not os.register_at_fork, which keeps this module alive until the very end of the process,
        # past the garbage collection that would have freed it: 2 % of a start.
        self._locks: dict[int, threading.Lock] = {}

    def __call__(self) -> Settings:
        """
        The settings of this process. Raises ConfigurationError with every reason not to run.
        """
        if self._instance is None:
            with self._lock:
                if self._instance is None:
                    self._instance = _load()
        return self._instance

    @property
    def _lock(self) -> threading.Lock:
        return self._locks.setdefault(os.getpid(), threading.Lock())

    @property
    def made(self) -> Settings | None:
        """
        The instance, if this process has it already; nothing is read for this answer.
        """
        return self._instance

    def cache_clear(self) -> None:
        """
        Forget the instance, for tests.
        """
        self._instance = None


get_settings = _CachedSettings()


def _load() -> Settings:
    loaded = shielded(loading.load, Settings)
    findings = [*loaded.findings, *rules.boot_findings(loaded.values)]
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise ConfigurationError(findings)
    settings: Settings = loaded.settings
    if settings.ENV == rules.DEFAULT_ENVIRONMENT:
        validate_encryption_key(settings.ENCRYPTION_KEY, settings.ENV)
    return settings
