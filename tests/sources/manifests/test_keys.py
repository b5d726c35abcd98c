"""
Keys that a platform refuses, because they are almost those that it knows.
"""

import pytest

from workerctl.sources.manifests.compose import services
from workerctl.sources.manifests.keys import misspelled
from workerctl.sources.manifests.kubernetes import building

COMPOSE = services._KEYS
POD = building._POD
CONTAINER = building._CONTAINER


@pytest.mark.parametrize(
    ("key", "known", "meant"),
    [
        ("enviroment", COMPOSE, "environment"),
        ("Environment", COMPOSE, "environment"),
        ("env-file", COMPOSE, None),  # a hyphen: such a key is not shown
        ("envfile", COMPOSE, "env_file"),
        ("env_files", COMPOSE, "env_file"),
        ("stop_graceperiod", COMPOSE, "stop_grace_period"),
        ("stopGracePeriod", COMPOSE, "stop_grace_period"),
        ("volume", COMPOSE, "volumes"),
        ("depend_on", COMPOSE, "depends_on"),
        ("restart_policy", COMPOSE, None),
        ("telemetry", COMPOSE, None),
        ("x-environment", COMPOSE, None),
        ("x_environment", COMPOSE, "environment"),
        ("envfrom", CONTAINER, "envFrom"),
        ("Env", CONTAINER, "env"),
        ("volumemount", CONTAINER, "volumeMounts"),
        ("sidecarPolicy", CONTAINER, None),
        ("terminationGraceperiodSeconds", POD, "terminationGracePeriodSeconds"),
        ("restartpolicy", POD, "restartPolicy"),
        ("environment", COMPOSE, None),
        ("", COMPOSE, None),
    ],
)
def test_a_key_that_is_almost_known(key: str, known: frozenset[str], meant: str | None) -> None:
    """
    What is like no known key may be of a later version, and is not reported.
    """
    assert misspelled([key], known) == ({} if meant is None else {key: meant})


def test_what_is_not_in_the_key_that_is_meant_is_short() -> None:
    """
    A secret that was pasted after a key is not shown.
    """
    assert misspelled(["stop_grace_periodQwErTy"], COMPOSE) == {}
    assert misspelled(["image_kHgTzU"], COMPOSE) == {}
