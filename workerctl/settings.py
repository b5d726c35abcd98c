"""
The built-in schema: every setting of a worker, with its default, bounds and meaning.

    from workerctl.settings import get_settings

    settings = get_settings()
    settings.LLM_TIMEOUT_SECONDS  # 120

Each attribute has the name of its environment variable, so that one search finds both. Importing
this module reads no source, and imports neither typer nor rich nor cryptography.
"""

import os
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, NoReturn, TypeVar, overload

from pydantic import (
    AliasChoices,
    PositiveInt,
    PrivateAttr,
    SecretBytes,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_core import core_schema
from pydantic_settings import BaseSettings, SettingsConfigDict

from workerctl.report.errors import ConfigurationError, shielded
from workerctl.report.findings import ENVIRONMENTS, Finding, Severity
from workerctl.rules import (
    AtMost,
    DimensionsOf,
    EncryptionKey,
    Environment,
    InputOf,
    Off,
    Queues,
    Recommended,
    RedisUrl,
    Required,
    Shared,
    ShorterThan,
    SmallerThan,
    Within,
)
from workerctl.schema import imports, inputs, loading
from workerctl.schema.boot_rules import rules
from workerctl.schema.boot_rules.view import DEFAULT_ENVIRONMENT
from workerctl.schema.vocabulary import (
    Canary,
    HttpUrl,
    LoggingLevel,
    OriginList,
    QueueNames,
    SecretHttpUrl,
    SecretRedisUrl,
    group,
)
from workerctl.sources.options import Options
from workerctl.sources.project import Project
from workerctl.sources.values import Values

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, SerializationInfo, SerializerFunctionWrapHandler

Chosen = TypeVar("Chosen", bound=BaseSettings)

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
_SAFE = (bool, type(None), SecretStr, SecretBytes)


class Settings(BaseSettings):
    """
    Every setting of a worker; immutable, and printed without secrets.

    Calling the class reads the same sources as `get_settings`, and arguments override them:

        Settings(ENV="staging", LLM_TIMEOUT_SECONDS=60)

    Raises ConfigurationError, which lists every problem but no value, in place of pydantic's error.
    """

    SECRET_FAMILIES: ClassVar[tuple[str, ...]] = ("ENCRYPTION_KEY_V",)
    """Prefixes of further secret variables, each followed by a number: keys that only decrypt."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_by_name=True,
        loc_by_alias=False,
        allow_inf_nan=False,
    )

    ENV: Annotated[Literal["development", "staging", "production"], Environment(strict=True)] = (
        general("development", "The environment whose rules apply.")
    )
    DEBUG: Annotated[bool, Off("production")] = general(
        False, "Whether debugging aids are enabled."
    )
    LOG_LEVEL: LoggingLevel = general("INFO", "The lowest level of log records that are written.")
    LOG_FORMAT: Literal["text", "json"] = general(
        "text", "The format of log lines: text for people, json for programs."
    )

    REDIS_URL: Annotated[SecretRedisUrl, RedisUrl(), Required()] = queue(
        SecretStr("redis://localhost:6379/0"),
        "The URL of the Redis that holds the queues and jobs.",
    )
    QUEUES: Annotated[QueueNames, Queues()] = queue(
        ["fast", "slow", "process", "parse"],
        "The queues that the worker serves, in order of priority.",
    )
    JOB_TIMEOUT_SECONDS: int = queue(1800, "How long one run of a job may take.", gt=0)
    JOB_MAX_RETRIES: int = queue(2, "How many times a failed job is retried.", ge=0)
    JOB_RETRY_INTERVALS_SECONDS: list[PositiveInt] = queue(
        [30, 60], "The waits before the retries of a failed job; the last one repeats."
    )
    SHUTDOWN_GRACE_SECONDS: int = queue(
        30, "How long the orchestrator waits between SIGTERM and SIGKILL.", ge=0
    )

    SUPABASE_URL: Annotated[HttpUrl, Required()] = storage(
        "", "The URL of the database and storage API."
    )
    SUPABASE_SERVICE_ROLE_KEY: Annotated[SecretStr, Required()] = storage(
        _UNSET, "The API key of the database and storage API."
    )
    STORAGE_MAX_RETRIES: int = storage(3, "Retries of a download; 3 means 4 attempts.", ge=0, le=10)
    STORAGE_TIMEOUT_SECONDS: int = storage(30, "How long one attempt of a download may take.", gt=0)
    STORAGE_RETRY_DELAY_SECONDS: float = storage(
        1.0, "The wait before the first retry of a download; it doubles with each retry.", ge=0
    )

    OPENAI_API_KEY: Annotated[SecretStr, Required()] = llm(_UNSET, "The API key of OpenAI.")
    GEMINI_API_KEY: Annotated[
        SecretStr, Recommended("the analysis has one model fewer to compare")
    ] = llm(_UNSET, "The API key of Gemini.")
    ANTHROPIC_API_KEY: Annotated[SecretStr, Required(when="ANALYSIS_MODE=phase_2")] = llm(
        _UNSET, "The API key of Anthropic; required in phase_2."
    )
    OPENAI_BASE_URL: HttpUrl = llm("https://api.openai.com/v1", "The base URL of the OpenAI API.")
    OPENAI_MODEL: str = llm("gpt-4o", "The first model of the analysis.")
    OPENAI_MINI_MODEL: str = llm("gpt-4o-mini", "The model for small steps.")
    GEMINI_MODEL: str = llm("gemini-2.0-flash", "The second model of the analysis.")
    ANTHROPIC_MODEL: str = llm(
        "claude-sonnet-4-20250514", "The third model of the analysis, used in phase_2."
    )
    ANALYSIS_MODE: Literal["phase_1", "phase_2"] = llm(
        "phase_1", "Whether two models (phase_1) or three (phase_2) analyse a document."
    )
    LLM_TIMEOUT_SECONDS: int = llm(120, "How long one answer may take, once connected.", gt=0)
    LLM_CONNECT_TIMEOUT_SECONDS: Annotated[int, ShorterThan("LLM_TIMEOUT_SECONDS")] = llm(
        10,
        "How long connecting may take.",
        gt=0,
        validation_alias=AliasChoices("LLM_CONNECT_TIMEOUT_SECONDS", "LLM_CONNECT_TIMEOUT"),
    )
    LLM_MAX_RETRIES: int = llm(2, "Retries of an LLM call; 2 means 3 attempts.", ge=0, le=10)
    LLM_RETRY_BASE_WAIT: Annotated[float, AtMost("LLM_RETRY_MAX_WAIT")] = llm(
        1.0, "Seconds before the first retry of an LLM call; doubles with each retry.", ge=0
    )
    LLM_RETRY_MAX_WAIT: float = llm(
        8.0, "The longest wait before a retry of an LLM call, in seconds.", ge=0
    )
    LLM_SDK_MAX_RETRIES: int = llm(
        0, "Retries inside the SDK client; they multiply the other retries.", ge=0
    )
    LLM_CONFIDENCE_THRESHOLD: float = llm(
        0.85, "The confidence from which an analysis counts as certain.", ge=0, le=1
    )
    USE_CONDITIONAL_LLM: bool = llm(
        True, "Whether further models are called only if the first one is uncertain."
    )
    USE_PARALLEL_LLM: bool = llm(True, "Whether the models are called in parallel.")

    EMBEDDING_MODEL: str = embedding("text-embedding-3-small", "The embedding model.")
    EMBEDDING_DIMENSIONS: Annotated[int, DimensionsOf("EMBEDDING_MODEL")] = embedding(
        1536, "The length of an embedding vector.", gt=0
    )
    EMBEDDING_MAX_RETRIES: int = embedding(
        3, "Retries of an embedding call; 3 means 4 attempts.", ge=0, le=10
    )
    EMBEDDING_SDK_MAX_RETRIES: int = embedding(
        0, "Retries inside the SDK client; they multiply the other retries.", ge=0
    )
    EMBEDDING_TIMEOUT_SECONDS: int = embedding(
        60, "How long one attempt of an embedding call may take.", gt=0
    )
    EMBEDDING_RETRY_BASE_WAIT: Annotated[float, AtMost("EMBEDDING_RETRY_MAX_WAIT")] = embedding(
        1.0, "Seconds before the first retry of an embedding call; doubles with each retry.", ge=0
    )
    EMBEDDING_RETRY_MAX_WAIT: float = embedding(
        10.0, "The longest wait before a retry of an embedding call, in seconds.", ge=0
    )

    CHUNK_MAX_STRUCTURED_CHARS: Annotated[int, InputOf("EMBEDDING_MODEL")] = chunking(
        2000, "The maximum length of a structured chunk, in characters.", gt=0
    )
    CHUNK_MAX_RAW_FULL_CHARS: Annotated[int, InputOf("EMBEDDING_MODEL")] = chunking(
        8000, "The maximum length of the chunk of raw text, in characters.", gt=0
    )
    CHUNK_RAW_SECTION_SIZE: Annotated[
        int, InputOf("EMBEDDING_MODEL"), Within("CHUNK_MAX_RAW_FULL_CHARS")
    ] = chunking(1500, "The length of a section of raw text, in characters.", gt=0)
    CHUNK_RAW_SECTION_OVERLAP: Annotated[int, SmallerThan("CHUNK_RAW_SECTION_SIZE")] = chunking(
        300, "The overlap of adjacent sections of raw text, in characters.", ge=0
    )
    CHUNK_KOREAN_THRESHOLD: float = chunking(
        0.5, "The proportion of Hangul from which a text counts as Korean.", ge=0, le=1
    )
    CHUNK_KOREAN_SIZE: Annotated[
        int, InputOf("EMBEDDING_MODEL"), Within("CHUNK_MAX_RAW_FULL_CHARS")
    ] = chunking(2000, "The length of a section of Korean text, in characters.", gt=0)
    CHUNK_KOREAN_OVERLAP: Annotated[int, SmallerThan("CHUNK_KOREAN_SIZE")] = chunking(
        500, "The overlap of adjacent sections of Korean text, in characters.", ge=0
    )

    MAX_FILE_SIZE_MB: int = files(50, "The maximum size of a file, in megabytes.", gt=0)
    MAX_PAGE_COUNT: int = files(50, "The maximum number of pages of a file.", gt=0)
    MIN_TEXT_LENGTH: int = files(
        100, "The number of characters below which a file counts as empty.", gt=0
    )
    HANCOM_API_KEY: SecretStr = files(
        _UNSET, "The API key of the HWP conversion service; optional."
    )

    VISUAL_TIMEOUT_SECONDS: int = visual(
        30, "How long rendering a portfolio thumbnail may take.", gt=0
    )

    WEBHOOK_URL: SecretHttpUrl = webhook(
        _UNSET, "The URL to which results are posted; its path is secret."
    )
    WEBHOOK_SECRET: Annotated[SecretStr, Required(when="WEBHOOK_URL")] = webhook(
        _UNSET, "The key that signs webhook calls."
    )
    WEBHOOK_MAX_RETRIES: int = webhook(
        3, "Retries of a webhook call; 3 means 4 attempts.", ge=0, le=10
    )
    WEBHOOK_TIMEOUT_SECONDS: int = webhook(
        10, "How long one attempt of a webhook call may take.", gt=0
    )
    WEBHOOK_RETRY_DELAY_SECONDS: float = webhook(
        1.0, "The wait before the first retry of a webhook call; it doubles with each retry.", ge=0
    )

    ALLOWED_ORIGINS: OriginList = http([], "The origins that may call the HTTP API of the worker.")

    ENCRYPTION_KEY: Annotated[
        SecretStr,
        EncryptionKey(
            version="ENCRYPTION_KEY_VERSION",
            canary="ENCRYPTION_CANARY",
            context="ENCRYPTION_CANARY_CONTEXT",
        ),
    ] = security(_UNSET, "The AES-256-GCM key for personal data: 64 hexadecimal characters.")
    ENCRYPTION_KEY_VERSION: int = security(
        0, "The version of ENCRYPTION_KEY.", public="it is a small number", ge=0, le=255
    )
    ENCRYPTION_CANARY: Canary = security(
        "", "A token that only the right key opens, as proof that the key fits the data.", file=True
    )
    ENCRYPTION_CANARY_CONTEXT: str = security(
        "", "The context to which the canary is bound, such as production/db-eu."
    )

    SENTRY_DSN: Annotated[SecretHttpUrl, Shared("Sentry separates environments")] = monitoring(
        _UNSET, "The Sentry DSN to which errors are reported; optional."
    )

    USE_SPLIT_QUEUES: bool = flags(True, "Whether fast and slow jobs have separate queues.")
    USE_NEW_ASYNC_HELPER: bool = flags(
        True, "Whether run_async reuses its event loop; false makes it call asyncio.run each time."
    )

    _further_secrets: Mapping[str, SecretStr] = PrivateAttr(default_factory=inputs.FurtherSecrets)
    _source_project: Project | None = PrivateAttr(None)

    def __init__(
        self, _values: Values | None = None, _project: Project | None = None, **given: Any
    ) -> None:
        values, project = _values, _project
        if values is None:
            values, project = shielded(loading.read, type(self))
        values = inputs.without_arguments(values, given)
        findings: list[Finding] = []
        if any(value.problem is not None for value in values.chosen.values()):
            from workerctl.schema import rejections  # a worker that boots needs none

            findings += rejections.unreadable_files(values)
        try:
            # BaseSettings.__init__ is skipped: the sources have been read already, with the origin
            # of every value, and PYDANTIC_SETTINGS_DEBUG would log their contents.
            super(BaseSettings, self).__init__(**inputs.decoded(type(self), values), **given)
        except ValidationError as error:
            from workerctl.schema import rejections

            schema = loading.schema_of_call(type(self), project)
            findings += rejections.rejected_values(schema, values, error)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 -- raised by a validator; it may hold a value
            from workerctl.report.type_names import type_name
            from workerctl.schema import rejections

            findings.append(rejections.rejected_as_whole(type_name(error)))
        # Raise outside the handler: pydantic's error holds values and would become the context. Nor
        # may local variables hold any, because error reporters send them.
        del given
        if findings:
            raise ConfigurationError(findings)
        self._further_secrets = inputs.further_secrets(type(self).model_fields, values)
        self._source_project = project

    @property
    def further_secrets(self) -> Mapping[str, SecretStr]:
        """
        The secrets in the sources whose names belong to SECRET_FAMILIES, by variable name.
        """
        return self._further_secrets

    @property
    def source_project(self) -> Project | None:
        """
        The project for which the sources were read; None if no source was read.

        It does not change when the worker changes its working directory.
        """
        return self._source_project

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """
        Keep the secrecy and the group of the fields that a subclass redeclares.

        Raises TypeError if the subclass customises the sources, which would have no effect.
        """
        super().__pydantic_init_subclass__(**kwargs)
        if "settings_customise_sources" in cls.__dict__:
            message = "workerctl reads the sources itself: settings_customise_sources has no effect"
            raise TypeError(message)
        inputs.inherit(cls)

    def __setattr__(self, name: str, value: Any) -> None:
        """
        Refuse assignment. Pydantic's own error would show the value that was to be assigned.
        """
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        del value  # error reporters send local variables
        from workerctl.secrecy.masking import is_conventional_name

        is_known = name in type(self).model_fields or is_conventional_name(name)
        known = f"{name} cannot be assigned" if is_known else "attributes cannot be assigned"
        message = f"Settings are immutable: {known}. Pass the value when creating the instance."
        raise AttributeError(message)

    def __reduce__(self) -> NoReturn:
        """
        Refuse pickling: as a job argument, the settings would be written to Redis with all secrets.
        """
        message = "Settings hold secrets: call get_settings() where they are needed"
        raise TypeError(message)

    def __iter__(self) -> Iterator[tuple[str, Any]]:  # type: ignore[override]
        """
        Yield the fields with their values, of which secrets are masked, as in `model_dump`.
        """
        yield from self._without_secrets(super().__iter__())

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """
        Yield what `repr` shows; secrets are masked by type, name and shape.
        """
        yield from self._without_secrets(super().__repr_args__())

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: Any, handler: "GetCoreSchemaHandler"
    ) -> core_schema.CoreSchema:
        """
        Return the schema of the class, with the serializer that masks secrets.

        It is what `model_serializer` does, whose module takes a millisecond of every boot.
        """
        schema = handler(source)
        serializer = core_schema.wrap_serializer_function_ser_schema(
            cls._dumped, is_field_serializer=False, info_arg=True
        )
        return {**schema, "serialization": serializer}

    def _dumped(self, dump: "SerializerFunctionWrapHandler", info: "SerializationInfo") -> Any:
        """
        Mask secrets in `model_dump` and `model_dump_json`, unless their context opens them.

            settings.model_dump(context={"secrets": True})

        A `SecretStr` remains one even then.
        """
        dumped = dump(self)
        if not isinstance(dumped, dict) or (info.context or {}).get("secrets") is True:
            return dumped
        return dict(self._without_secrets(dumped.items()))

    def _without_secrets(self, values: Iterable[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
        """
        Yield names and values; where a part of a value is secret, what may be shown of it.
        """
        # Most processes show no settings.
        from workerctl.schema.secrets.shown import shown as show
        from workerctl.schema.secrets.texts import secret_texts, shown_as
        from workerctl.secrecy.masking import MASK
        from workerctl.secrecy.redaction import Redactor

        schema = loading.schema_of_call(type(self), getattr(self, "source_project", None))
        redact = Redactor(secret_texts(self, schema), MASK).redact
        for name, value in values:
            if name in schema.variables:
                shown = shown_as(schema, name, value, redact)
            else:
                shown = show(str(name), FieldInfo(annotation=None), value, redact=redact)
            yield name, value if isinstance(value, _SAFE) or not shown.secret else shown.value


def validate_encryption_key(key: str | SecretStr | None, env: str) -> None:
    """
    Check that an encryption key is set and well-formed.

        validate_encryption_key(settings.ENCRYPTION_KEY, settings.ENV)

    Raises ValueError if it is not; in development, issues a RuntimeWarning instead. Neither message
    holds a part of the key.
    """
    from workerctl import keys

    text = key.get_secret_value() if isinstance(key, SecretStr) else key or ""
    problem = keys.form_problem(text) if text else "is required"
    if problem is None:
        return
    if env == DEFAULT_ENVIRONMENT:
        warnings.warn(
            "ENCRYPTION_KEY is not set or invalid in development: personal data cannot be "
            "encrypted. Run `workerctl keygen --write .env`.",
            RuntimeWarning,
            stacklevel=2,
        )
        return
    where = f"in {env}" if env in ENVIRONMENTS else "in every environment but development"
    message = f"ENCRYPTION_KEY is required {where}" if not text else f"ENCRYPTION_KEY {problem}"
    del key, text  # error reporters send local variables
    raise ValueError(
        f"{message}: it must be 64 hex characters, that is, hexadecimal [0-9a-fA-F] only. "
        "Run `workerctl keygen`."
    )


Target = type[BaseSettings] | str | None
"""What names a settings class: the class, `module:Class`, or None for that of the project."""


class _CachedSettings:
    """
    The instances of a process, one per class, created on first use; forked children inherit them.
    """

    def __init__(self) -> None:
        self._made: dict[Target, Any] = {}
        self._booted: Any = None
        # One lock per process: if a process forks while another thread holds the lock, nobody
        # releases the child's copy. os.register_at_fork would solve this, too, but keeps the module
        # alive past the last garbage collection, which costs 2 % of a start. It is reentrant,
        # because the module of a settings class may ask for its instance while it is imported.
        self._locks: dict[int, threading.RLock] = {}

    if TYPE_CHECKING:  # typing.overload would register them at every boot

        @overload
        def __call__(self) -> Settings: ...
        @overload
        def __call__(self, target: type[Chosen]) -> Chosen: ...
        @overload
        def __call__(self, target: str | None) -> Any: ...

    def __call__(self, target: Target = None) -> Any:
        """
        Return the settings of this process, of a given class or of that of the project.

            get_settings(Settings)

        `target` is any class derived from `pydantic_settings.BaseSettings`, or names one as
        `module:Class`. Without one, it is the class that WORKERCTL_SETTINGS or `[tool.workerctl]`
        names, else the one that `boot` was first called with, else the built-in one.

        Raises ConfigurationError with every reason why a worker must not run.
        """
        made = self._made.get(target)
        if made is None and imports.is_importing():
            return loading.constructed(Settings, target)
        if made is None:
            with self._lock:
                made = self._made.get(target)
                if made is None:
                    made = self._new(target)
        return made

    def _new(self, target: Target) -> Any:
        if target is None and self._booted is not None and not loading.names_settings():
            self._made[None] = self._booted
            return self._booted
        return self.keep(target, shielded(_load, target))

    def keep(self, target: Target, loaded: loading.Loaded) -> Any:
        """
        Return the instance of a loaded configuration from now on, unless its class has one already.

        Raises ConfigurationError with every reason why a worker must not run.
        """
        settings = _judged(loaded)
        with self._lock:
            settings = self._made.setdefault(loaded.schema.settings_class, settings)
            self._made[target] = settings
        if settings is loaded.settings:
            loading.remember(loaded)
        return settings

    def boot_with(self, settings: Any) -> None:
        """
        Return this instance from calls without a class, if the project names none.
        """
        if self._booted is None:
            self._booted = settings

    @property
    def _lock(self) -> threading.RLock:
        return self._locks.setdefault(os.getpid(), threading.RLock())

    @property
    def made(self) -> Any:
        """
        The instance that a call without a class would return, if it exists, else None.

        No source is read.
        """
        return self._made.get(None, self._booted)

    def made_for(self, target: Target) -> Any:
        """
        Return the instance of a class if this process has created it, else None.
        """
        return self.made if target is None else self._made.get(target)

    @property
    def instances(self) -> tuple[Any, ...]:
        """
        All instances that this process has created, each once.
        """
        return tuple({id(each): each for each in self._made.values()}.values())

    def cache_clear(self) -> None:
        """
        Discard all instances, for tests.
        """
        self._made.clear()
        self._booted = None


get_settings = _CachedSettings()


def _load(target: Target) -> loading.Loaded:
    return loading.load(Settings, Options(settings=target))


def _judged(loaded: loading.Loaded) -> Any:
    found = [*loaded.findings, *rules.boot_findings(loaded.view)]
    findings = rules.unsuppressed(found, loaded.suppressions, loaded.view)
    if findings:
        from workerctl.report.causes import without_hidden  # most boot without a finding

        findings = without_hidden(findings)
    # SET001 is a warning for what another machine may have; here, the class is needed in full.
    if any(each.severity is Severity.ERROR or each.code == "SET001" for each in findings):
        raise ConfigurationError(findings)
    settings = loaded.settings
    # A finding of the key is only a warning in development.
    is_key_bad = any(finding.code in {"KEY001", "KEY002"} for finding in findings)
    if is_key_bad and loaded.schema.is_own and settings.ENV == DEFAULT_ENVIRONMENT:
        validate_encryption_key(settings.ENCRYPTION_KEY, settings.ENV)
    return settings
