"""
The settings of the worker: an ordinary class of pydantic-settings, with a few rules at its fields.

Other modules use the instance, as in `from shop.settings import settings`.
"""

from typing import Annotated

from pydantic import BaseModel, Field, RedisDsn, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from workerctl.rules import Environment, LogLevel, Off, Queues, RedisUrl, Required, ShorterThan
from workerctl.runtime import boot


class Payment(BaseModel):
    """
    The service that charges cards.
    """

    url: str = "https://sandbox.payments.example-works.net"
    api_key: Annotated[SecretStr, Required("production", "staging")] = SecretStr("")
    connect_timeout: Annotated[int, ShorterThan("read_timeout")] = Field(3, gt=0)
    read_timeout: int = Field(30, gt=0)
    retries: int = Field(2, ge=0)


class Database(BaseModel):
    """
    The database of the orders.
    """

    host: str
    port: int = 5432
    user: str = "shop"
    password: SecretStr


class Settings(BaseSettings):
    """
    Every setting of the worker; APP_PAYMENT__RETRIES sets `payment.retries`.
    """

    model_config = SettingsConfigDict(env_prefix="APP_", env_nested_delimiter="__")

    stage: Annotated[str, Environment(production=("live",), development=("laptop",))] = "laptop"
    debug: Annotated[bool, Off("production")] = False
    log_level: Annotated[str, LogLevel()] = "INFO"

    broker_url: Annotated[RedisDsn, RedisUrl(), Required()] = RedisDsn("redis://localhost:6379/0")
    queues: Annotated[list[str], Queues()] = ["orders", "mail"]
    job_timeout: int = Field(300, gt=0)
    job_retries: int = Field(1, ge=0)

    database: Database
    payment: Payment = Payment()
    currencies: dict[str, int] = {"EUR": 2, "JPY": 0}


settings = boot(Settings)
