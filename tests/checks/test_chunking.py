"""
Tests of the checks of chunking: overlaps, limits of the model, sizes of sections.
"""

import pytest

from tests.support.configurations import MakeContext
from workerctl.checks import chunking
from workerctl.checks.base import SkipCheck
from workerctl.report.findings import Finding, Location, Severity


@pytest.mark.parametrize("kind", ["RAW_SECTION", "KOREAN"])
def test_chu001_needs_an_overlap_below_the_size(context: MakeContext, kind: str) -> None:
    """An overlap that equals the size is an error, because chunks would never advance."""
    text = f"CHUNK_{kind}_SIZE=300\nCHUNK_{kind}_OVERLAP=%d\n"

    assert list(chunking.CHU001.run(context(text % 300))) == [
        Finding(
            "CHU001",
            Severity.ERROR,
            f"CHUNK_{kind}_OVERLAP (300) is not smaller than CHUNK_{kind}_SIZE (300).",
            f"Set CHUNK_{kind}_OVERLAP to 60.",
            (f"CHUNK_{kind}_OVERLAP", f"CHUNK_{kind}_SIZE"),
            Location("env-file", "worker.env", 2),
        )
    ]
    assert list(chunking.CHU001.run(context(text % 299))) == []


@pytest.mark.parametrize(
    ("size", "severity"),
    [(8191, None), (8192, Severity.WARNING), (32764, Severity.WARNING), (32765, Severity.ERROR)],
)
def test_chu002_estimates_tokens(
    context: MakeContext, size: int, severity: Severity | None
) -> None:
    """
    At a quarter of a token per character, exceeding the limit is an error; at one token, a warning.
    """
    found = list(chunking.CHU002.run(context(f"CHUNK_MAX_RAW_FULL_CHARS={size}\n")))

    assert [finding.severity for finding in found] == ([] if severity is None else [severity])
    assert all("estimate" in finding.message for finding in found)


@pytest.mark.parametrize(
    ("model", "most"), [("text-embedding-3-small", 1536), ("text-embedding-3-large", 3072)]
)
def test_chu002_knows_the_dimensions_of_models(context: MakeContext, model: str, most: int) -> None:
    """More dimensions than the model returns is an error."""
    text = f"EMBEDDING_MODEL={model}\nEMBEDDING_DIMENSIONS=%d\n"

    found = list(chunking.CHU002.run(context(text % (most + 1))))
    assert [(finding.severity, finding.hint) for finding in found] == [
        (Severity.ERROR, f"Set EMBEDDING_DIMENSIONS to {most}.")
    ]
    assert list(chunking.CHU002.run(context(text % most))) == []


def test_chu002_skips_an_unknown_model(context: MakeContext) -> None:
    """The check is skipped for a model whose limits are unknown."""
    with pytest.raises(SkipCheck, match="does not know"):
        list(chunking.CHU002.run(context("EMBEDDING_MODEL=own-model\n")))


@pytest.mark.parametrize("name", ["CHUNK_RAW_SECTION_SIZE", "CHUNK_KOREAN_SIZE"])
def test_chu003_warns_of_sections_larger_than_the_whole(context: MakeContext, name: str) -> None:
    """A section may be as large as the whole text, but not larger."""
    found = list(chunking.CHU003.run(context(f"{name}=8001\n")))

    assert [(finding.severity, finding.fields[0]) for finding in found] == [
        (Severity.WARNING, name)
    ]
    assert list(chunking.CHU003.run(context(f"{name}=8000\n"))) == []
