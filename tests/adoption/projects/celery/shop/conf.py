"""Settings of a Celery application: brokers, queues and routes."""

from pydantic import AmqpDsn, Field, RedisDsn
from pydantic_settings import BaseSettings, SettingsConfigDict


class CelerySettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="celery_", env_file=".env", extra="forbid")

    broker_url: AmqpDsn
    result_backend: RedisDsn
    task_queues: list[str] = Field(["default"], min_length=1)
    task_routes: dict[str, str] = {}
    worker_concurrency: int = 4
