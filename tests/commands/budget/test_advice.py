"""
Tests of what the command says of a settings class without a pipeline.
"""

import tomllib

import pytest
from pydantic import BaseModel
from pydantic_settings import BaseSettings

from tests.support.any_class import schema_of
from tests.support.configurations import MakeLoaded
from workerctl.budget import declaration
from workerctl.commands.budget.advice import no_pipeline
from workerctl.commands.budget.command import analyze
from workerctl.preflight import Request
from workerctl.report.errors import ProjectError


class Payment(BaseModel):
    """The part of the settings that concerns one service."""

    connect_timeout: int = 3
    read_timeout: float = 30


class Shop(BaseSettings):
    """A settings class with timeouts."""

    payment: Payment = Payment()
    smtp_timeout_seconds: int = 5
    job_timeout: int | None = 100
    shutdown_timeout: int = 30
    name: str = "timeout"


class Plain(BaseSettings):
    """A settings class without timeouts."""

    name: str = "shop"


OF_SHOP = (
    'pipeline = { job_timeout = "job_timeout", stages = '
    '[{ name = "payment", timeout = "payment.read_timeout" }, '
    '{ name = "smtp", timeout = "smtp_timeout_seconds" }] }'
)


@pytest.mark.parametrize(
    ("settings_class", "example"),
    [
        (Shop, OF_SHOP),
        (Plain, 'pipeline = { job_timeout = 600, stages = [{ name = "fetch", timeout = 60 }] }'),
    ],
)
def test_the_example_is_a_valid_pipeline_of_the_class(
    settings_class: type[BaseSettings], example: str
) -> None:
    """
    It names fields that look like timeouts of stages and of the job.
    """
    schema = schema_of(settings_class)
    error = no_pipeline(schema)

    assert error.message == (
        f"No pipeline is declared for {__name__}:{settings_class.__name__}, so the stages of a job "
        "are not known."
    )
    hint = f"Declare it in pyproject.toml below [tool.workerctl], like {example}"
    assert (error.hint, error.exit_code) == (hint, 2)
    table = tomllib.loads(example)["pipeline"]
    assert declaration.resolved(declaration.parsed(table), schema, declaration.TABLE).stages


def test_a_class_without_a_pipeline_has_no_budget(loaded: MakeLoaded) -> None:
    made = loaded().replace(schema=schema_of(Shop), settings=Shop())

    with pytest.raises(ProjectError, match=r"^No pipeline is declared for"):
        analyze(made, Request(), thorough=False)
