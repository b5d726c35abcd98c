"""
The vocabulary of rules: what a settings class can say about its fields beyond their types.

    from typing import Annotated
    from pydantic import SecretStr
    from pydantic_settings import BaseSettings
    from workerctl.rules import Environment, Off, Required, ShorterThan

    class Settings(BaseSettings):
        stage: Annotated[str, Environment(production=("prod", "live"))] = "dev"
        debug: Annotated[bool, Off("production")] = False
        api_key: Annotated[SecretStr, Required("production")] = SecretStr("")
        connect_timeout: Annotated[float, ShorterThan("read_timeout")] = 5
        read_timeout: float = 60

`workerctl check` judges what is declared. A rule names another field by its name in the same class,
or by its path from the outermost class, such as "db.pool_size". A class that cannot be edited gets
the same rules from `[tool.workerctl.rules]` in pyproject.toml:

    [tool.workerctl.rules]
    api_key = { required = ["production"] }
    connect_timeout = { shorter_than = "read_timeout" }

Importing this module imports nothing else.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

ENVIRONMENTS = ("development", "staging", "production")

_LONGEST_WORD = 20


class UnknownEnvironmentError(ValueError):
    """
    A rule names an environment that does not exist.
    """

    def __init__(self, name: object) -> None:
        is_word = isinstance(name, str) and name.isalpha() and len(name) <= _LONGEST_WORD
        shown = repr(name) if is_word else "an argument"
        super().__init__(f"{shown} is not development, staging or production.")


class Rule:
    """
    Base class of the rules. Rules compare by value.
    """

    def fields(self) -> "Iterator[tuple[str, str]]":
        """
        Yield the other fields that the rule names, each after the role that it has in the rule.
        """
        return iter(())

    # Static, because pydantic also calls it on the class, if a rule has no parentheses.
    @staticmethod
    def __get_pydantic_core_schema__(source: "Any", handler: "Callable[[Any], Any]") -> "Any":
        """
        Return the schema of the type: pydantic need not look for a constraint in the rule.
        """
        return handler(source)

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({arguments})"


class _Than(Rule):
    """
    A rule that compares the field with one other field.
    """

    def __init__(self, than: str) -> None:
        self.than = than

    def fields(self) -> "Iterator[tuple[str, str]]":
        yield "than", self.than


class _OfModel(Rule):
    """
    A rule that depends on the model that another field names.
    """

    def __init__(self, model: str) -> None:
        self.model = model

    def fields(self) -> "Iterator[tuple[str, str]]":
        yield "model", self.model


class Environment(Rule):
    """
    The field names the environment whose rules apply: development, staging or production.

        stage: Annotated[str, Environment(production=("prod", "live"), staging=("stage",))] = "dev"

    The arguments are further words for the three. Common ones such as prod, stg, dev, local and
    test are known, and the case of letters does not matter. With `strict`, exactly the three words
    and the given ones are known, and any other is an error. A word that is not known is judged by
    the rules of production, and a finding says so (ENV001).
    """

    def __init__(
        self,
        *,
        production: tuple[str, ...] | list[str] = (),
        staging: tuple[str, ...] | list[str] = (),
        development: tuple[str, ...] | list[str] = (),
        strict: bool = False,
    ) -> None:
        self.production = tuple(production)
        self.staging = tuple(staging)
        self.development = tuple(development)
        self.strict = strict

    def words(self) -> "Mapping[str, str]":
        """
        Return the environment that each word means, those of the three environments included.
        """
        return {word: name for name in ENVIRONMENTS for word in (name, *getattr(self, name))}


class Required(Rule):
    """
    The field must be set to a value that is not empty, in these environments (ENV002).

        api_key: Annotated[SecretStr, Required("production")] = SecretStr("")
        webhook_secret: Annotated[SecretStr, Required(when="webhook_url")] = SecretStr("")
        second_key: Annotated[SecretStr, Required(when="mode=thorough")] = SecretStr("")

    The default environments are staging and production. `when` limits the rule to configurations
    in which another field is set, or has a certain value. A default does not count: the rule is for
    values whose default is right on a developer's machine only.
    """

    def __init__(self, *environments: str, when: str | None = None) -> None:
        self.environments = _environments(environments)
        self.when = when

    def fields(self) -> "Iterator[tuple[str, str]]":  # noqa: D102 -- as in the base class
        if self.when is not None:
            yield "when", self.when.partition("=")[0]


class OneOf(Rule):
    """
    At least one of the fields with the same group must be set, in these environments (ENV002).

        openai_api_key: Annotated[SecretStr, OneOf("llm")] = SecretStr("")
        gemini_api_key: Annotated[SecretStr, OneOf("llm")] = SecretStr("")

    The default environments are staging and production.
    """

    def __init__(self, group: str, *environments: str) -> None:
        self.group = group
        self.environments = _environments(environments)


class Recommended(Rule):
    """
    The field should be set in staging and production (a warning, ENV002).

        gemini_api_key: Annotated[SecretStr, Recommended("there is no second model")]

    The argument completes "NAME is not set, so …".
    """

    def __init__(self, otherwise: str) -> None:
        self.otherwise = otherwise


class Off(Rule):
    """
    The field must be false in these environments (ENV003).

        debug: Annotated[bool, Off("production")] = False

    The default environments are staging and production. In any other environment but development,
    a value of true is a warning.
    """

    def __init__(self, *environments: str) -> None:
        self.environments = _environments(environments)


class Endpoint(Rule):
    """
    The field is the URL of a service, which should be reached over TLS (ENV005).

        broker: Annotated[str, Endpoint()] = "amqp://localhost"

    Fields of pydantic's URL types, and values that are URLs, are endpoints without this rule.
    """


class Origins(Rule):
    """
    The field lists the origins that may call an API: in production no `*`, no localhost (ENV006).

        cors_origins: Annotated[list[str], Origins()] = []
    """


class EncryptionKey(Rule):
    """
    The field is an AES-256-GCM key of 64 hexadecimal characters (KEY001 to KEY007).

        pii_key: Annotated[SecretStr, EncryptionKey()] = SecretStr("")

    `version` names the field that holds the version of the key; `canary` and `context` name those
    of its canary. Older keys are in variables with the name of the key, `_V` and their version,
    such as APP_PII_KEY_V1.
    """

    def __init__(
        self, *, version: str | None = None, canary: str | None = None, context: str | None = None
    ) -> None:
        self.version = version
        self.canary = canary
        self.context = context

    def fields(self) -> "Iterator[tuple[str, str]]":  # noqa: D102 -- as in the base class
        for role in ("version", "canary", "context"):
            name = getattr(self, role)
            if name is not None:
                yield role, name


class ShorterThan(_Than):
    """
    The field, in seconds, must be smaller than another one (TMO001).

        connect_timeout: Annotated[float, ShorterThan("read_timeout")] = 5
    """


class AtMost(_Than):
    """
    The field, in seconds, must not exceed another one (TMO002).

        backoff_base: Annotated[float, AtMost("backoff_cap")] = 1
    """


class SmallerThan(_Than):
    """
    The field, such as the overlap of chunks, must be smaller than another, their size (CHU001).

        overlap: Annotated[int, SmallerThan("chunk_size")] = 200
    """


class Within(_Than):
    """
    The field, such as the size of a section, should not exceed another, that of the whole (CHU003).

        section_size: Annotated[int, Within("text_size")] = 1500
    """


class InputOf(_OfModel):
    """
    The field is a number of characters that an embedding model must accept as input (CHU002).

        chunk_size: Annotated[int, InputOf("embedding_model")] = 2000
    """


class DimensionsOf(_OfModel):
    """
    The field is the number of dimensions that an embedding model is asked for (CHU002).

        dimensions: Annotated[int, DimensionsOf("embedding_model")] = 1536
    """


class LogLevel(Rule):
    """
    The field is the logging level: in production not DEBUG or lower (LOG001).

        log_level: Annotated[str, LogLevel()] = "INFO"
    """


class RedisUrl(Rule):
    """
    The field is the URL of the Redis to which the RQ entry points connect.
    """


class Queues(Rule):
    """
    The field lists the queues from which the RQ entry points take jobs.
    """


class Public(Rule):
    """
    The field is not a secret, although its name or its value looks like one. The reason is shown.

        token_uri: Annotated[str, Public("an address, not a credential")] = ""
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Shared(Rule):
    """
    The field is a secret that all environments have in common (SEC001). The reason is for readers.

        sentry_dsn: Annotated[SecretStr, Shared("one project for all environments")] = SecretStr("")
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Hidden(Rule):
    """
    The field is a secret, although neither its type nor its name says so.

        employee_number: Annotated[str, Hidden()] = ""
    """


def _environments(names: tuple[str, ...]) -> tuple[str, ...]:
    """
    Return the names, or staging and production without any. Raise ValueError for an unknown one.
    """
    for name in names:
        if name not in ENVIRONMENTS:
            raise UnknownEnvironmentError(name)
    return names or ENVIRONMENTS[1:]
