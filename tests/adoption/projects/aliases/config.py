"""Settings that are known by aliases only."""

from pydantic import AliasChoices, AliasPath, Field, SecretStr
from pydantic_settings import BaseSettings


class Config(BaseSettings):
    stage: str = Field("dev", validation_alias="DEPLOY_STAGE")
    token: SecretStr = Field(validation_alias=AliasChoices("SERVICE_TOKEN", "API_TOKEN"))
    first_host: str = Field("", validation_alias=AliasPath("HOSTS", 0))
    retries: int = Field(3, alias="MAX_RETRIES", ge=0)
