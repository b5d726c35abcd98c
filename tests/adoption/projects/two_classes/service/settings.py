"""Two settings classes of one project."""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Web(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="WEB_")

    host: str = "0.0.0.0"
    port: int = 8000
    session_secret: SecretStr = SecretStr("")


class Worker(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="WORKER_")

    concurrency: int = 2
    api_token: SecretStr


worker = Worker()
