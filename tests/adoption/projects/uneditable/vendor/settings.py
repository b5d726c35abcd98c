"""The settings class of a vendor, which nobody here may edit."""

from pydantic import BaseModel, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Cache(BaseModel):
    url: str = "redis://localhost"
    ttl: int = 60


class VendorSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="V_", env_nested_delimiter="__")

    mode: str = "dev"
    verbose: bool = False
    openai_api_key: SecretStr = SecretStr("")
    gemini_api_key: SecretStr = SecretStr("")
    connect_timeout: float = 5
    read_timeout: float = 60
    cache: Cache = Cache()
