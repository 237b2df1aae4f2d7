"""One bundle for all tests of a process: it takes a second to make."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.audit.making import Made, make


@pytest.fixture(scope="session")
def made(pki_keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Made:
    # In a thread of its own: signing starts an event loop, and a test's browser keeps one in this thread.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(make, pki_keys, tmp_path_factory.mktemp("evidence")).result()
