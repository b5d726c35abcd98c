"""Settings whose defaults stand in a TOML file of the project."""

from pydantic import BaseModel, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Limits(BaseModel):
    rate: int = 10
    burst: int = 20


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="JOBS_", env_nested_delimiter="__", toml_file="jobs.toml"
    )

    name: str
    env: str = "development"
    limits: Limits = Limits()
    api_key: SecretStr

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)
