"""The PKI of the tests: real services on 127.0.0.1, keys made at run time, time as the test wants it.

def test_something(pki: Pki) -> None:
    pki.signing_key("agency-rsa"), pki.certificate("expired"), pki.root, pki.authority
    pki.tsa_url(), pki.ocsp_url, pki.crl_url()
    pki.revoke("agency-ec", at)     # OCSP at once; the CRL has it from its next full hour on
    pki.now = house.clock           # the time of its services; it begins at tests.house.START
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from certomancer.registry import keys as certomancer_keys

from exchange.demo.pki import Pki
from exchange.demo.pki_plan import Holder
from tests.house import Clock
from tests.province import DISTRICT, FINANCE, OFFICE, PROVINCE

MakePki = Callable[..., Pki]

# Each key is read once and not anew by every PKI: with its checks an RSA key takes a tenth of a second.
certomancer_keys.load_private_key = cache(certomancer_keys.load_private_key)

HOLDERS: Mapping[str, Holder] = {
    "agency-rsa": Holder(name="UBND tỉnh Phú Yên", agency=PROVINCE, algorithm="rsa"),
    "agency-ec": Holder(name="Văn phòng UBND tỉnh Phú Yên", agency=OFFICE),
    "revoked": Holder(name="Sở Tài chính", agency=FINANCE, revoked=timedelta(days=-30)),
    "expiring": Holder(name="UBND huyện Tuy An", agency=DISTRICT, ends=timedelta(days=30)),
    "expired": Holder(name="UBND huyện Tuy An", agency=DISTRICT, ends=timedelta(days=-10)),
    "person": Holder(name="Nguyễn Văn Thử", organization="UBND tỉnh Phú Yên", algorithm="rsa"),
    "organisation": Holder(name="UBND tỉnh Phú Yên", agency=PROVINCE),
}


@pytest.fixture(scope="session")
def pki_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the keys lie: made once for all tests of a process."""
    return tmp_path_factory.mktemp("pki")


@pytest.fixture
def make_pki(pki_keys: Path) -> Iterator[MakePki]:
    """Starts PKIs, each with certificates of its own: ``make_pki(now=…, holders=…)``."""
    started: list[Pki] = []

    def make(now: Callable[[], datetime] | None = None, holders: Mapping[str, Holder] = HOLDERS) -> Pki:
        pki = Pki(pki_keys, holders, now or Clock()).start()
        started.append(pki)
        return pki

    yield make
    for pki in started:
        pki.close()


@pytest.fixture
def pki(make_pki: MakePki) -> Pki:
    """A PKI whose time stands still at ``tests.house.START`` until the test sets ``pki.now``."""
    return make_pki()
