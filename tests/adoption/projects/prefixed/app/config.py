"""Settings with a prefix and nested models, and an instance that is made on import."""

from pydantic import AmqpDsn, BaseModel, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Database(BaseModel):
    host: str
    port: int = Field(5432, gt=0, lt=65536)
    password: SecretStr


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="APP_", env_nested_delimiter="__", env_file=".env", extra="ignore"
    )

    stage: str = "dev"
    debug: bool = False
    broker: AmqpDsn = AmqpDsn("amqp://localhost")
    db: Database
    read_timeout: float = 60


settings = Settings()
