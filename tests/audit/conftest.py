"""One bundle for all tests of a process: it takes a second to make."""

from pathlib import Path

import pytest

from tests.audit.making import Made, make


@pytest.fixture(scope="session")
def made(pki_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(pki_keys, tmp_path_factory.mktemp("evidence"))
