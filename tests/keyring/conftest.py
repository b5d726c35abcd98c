"""
Key rings, made of an env file as a worker makes its own.
"""

import pytest

from tests.keyring.rings import FIRST, SECOND, MakeRing
from workerctl.keyring import KeyRing
from workerctl.schema.loading import load
from workerctl.settings import Settings
from workerctl.sources.options import Options


@pytest.fixture(scope="module", name="make")
def _make(tmp_path_factory: pytest.TempPathFactory) -> MakeRing:
    """Return a function that makes the ring of an env file with the given lines."""

    def make(*lines: str) -> KeyRing:
        file = tmp_path_factory.mktemp("ring") / "worker.env"
        file.write_text("\n".join(lines))
        settings = load(Settings, Options(env_files=(str(file),), isolated=True)).settings
        return KeyRing.from_settings(settings)

    return make


@pytest.fixture(scope="module", name="ring")
def _ring(make: MakeRing) -> KeyRing:
    """Return a ring after one rotation."""
    return make(
        f"ENCRYPTION_KEY={SECOND}", "ENCRYPTION_KEY_VERSION=1", f"ENCRYPTION_KEY_V0={FIRST}"
    )


@pytest.fixture(scope="module", name="before")
def _before(make: MakeRing) -> KeyRing:
    """Return the ring before the rotation."""
    return make(f"ENCRYPTION_KEY={FIRST}")
