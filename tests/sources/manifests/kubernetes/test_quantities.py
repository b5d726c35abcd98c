"""
Quantities are read as Kubernetes reads them.
"""

import pytest

from workerctl.sources.manifests.kubernetes.quantities import in_units


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("128974848", 128974848),
        ("129e6", 129000000),
        ("129E+6", 129000000),
        ("129M", 129000000),
        ("128974848000m", 128974848),
        ("123Mi", 128974848),
        ("1.5Gi", 1610612736),
        ("1G", 10**9),
        ("1k", 1000),
        ("1Ki", 1024),
        (".5Ki", 512),
        ("5.", 5),
        ("+1", 1),
        ("0", 0),
        ("1n", 1),  # rounded up
        ("100m", 1),
        ("1E", 10**18),
        ("7Ei", 7 * 2**60),
        ("100Ei", 2**63 - 1),
        ("1e99", 2**63 - 1),
        ("1e-99", 1),
    ],
)
def test_a_quantity(text: str, amount: int) -> None:
    """
    Suffixes are decimal or binary, and fractions are rounded up.
    """
    assert in_units(text) == amount


@pytest.mark.parametrize(
    "text",
    ["", "1K", "1GB", "1 Gi", "512mb", "-", ".", "Gi", "1e", "1e3Mi", "0x10", "1_000", "9" * 99],
)
def test_what_is_not_a_quantity(text: str) -> None:
    """
    An unknown suffix is not a quantity.
    """
    assert in_units(text) is None
