"""
Fixtures for the sample documents and for the extraction of text.
"""

import pytest

from examples.resume_worker.documents import Limits, extract_text
from examples.resume_worker.samples.making import make_samples
from tests.examples.documents.files import SMALL, Extract


@pytest.fixture(scope="module", name="samples")
def _samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the contents of the sample files by kind."""
    paths = make_samples(tmp_path_factory.mktemp("samples"))
    return {kind: path.read_bytes() for kind, path in paths.items()}


@pytest.fixture(scope="module", name="extract")
def _extract(tmp_path_factory: pytest.TempPathFactory) -> Extract:
    """Return a function that extracts the text of a document from its bytes."""
    path = tmp_path_factory.mktemp("document") / "upload"

    def extract(data: bytes, limits: Limits = SMALL) -> str:
        path.write_bytes(data)
        return extract_text(path, limits)

    return extract
