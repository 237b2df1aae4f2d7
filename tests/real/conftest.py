"""The software that the tests here speak to, each started once."""

from collections.abc import Iterator

import pytest

from tests.real.mayan import Installation, mayan
from tests.real.plone import Site, plone


@pytest.fixture(scope="session")
def plone_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with plone(tmp_path_factory.mktemp("plone")) as site:
        yield site


@pytest.fixture(scope="session")
def mayan_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with mayan(tmp_path_factory.mktemp("mayan")) as installation:
        yield installation
