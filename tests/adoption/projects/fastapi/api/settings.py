"""Settings behind a cached function, with lists in JSON."""

from functools import lru_cache
from typing import Literal

from pydantic import PostgresDsn, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class AppSettings(BaseSettings):
    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore")

    environment: Literal["local", "staging", "production"] = "local"
    database_url: PostgresDsn
    secret_key: SecretStr
    cors_origins: list[str] = []
    page_size: int = 50

    @field_validator("page_size")
    @classmethod
    def is_round(cls, value: int) -> int:
        if value % 10:
            raise ValueError(f"{value} is not a multiple of ten")
        return value


@lru_cache
def get_settings() -> AppSettings:
    return AppSettings()
