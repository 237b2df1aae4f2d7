"""docs/certificates.md is true: its commands do what it says, its settings, codes and figures are there."""

import os
import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.cli.certificate_answers import show_one
from exchange.core.ocsp import request
from exchange.core.refusal_texts import CATALOGUE
from exchange.core.signature import RegisteredCertificate
from exchange.core.trust import fingerprint
from exchange.demo.pki import Pki
from exchange.ledger import directory_store
from exchange.metrics import REGISTRY
from exchange.revocation import Revocation
from exchange.settings import Settings
from tests.house import House
from tests.pki import MakePki
from tests.province import OFFICE

PAGE = (Path(__file__).parents[1] / "docs" / "certificates.md").read_text(encoding="utf-8")
VERIFY, READ = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)


def run(commands: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-uc", commands],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


class Moving:
    """A time that the test moves, near the real one: OpenSSL knows that alone."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=8)

    def __call__(self) -> datetime:
        return self.now


def written(pki: Pki, folder: Path) -> list[datetime]:
    """What an operator writes down of a certificate that was revoked half-way; when its CAs were asked."""
    authorities = folder / "all.pem"
    both = (pki.authority, pki.root)
    authorities.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in both))
    house = House.build(
        folder / "data",
        "",
        revocation="soft",
        authorities=authorities,
        revocation_hosts=(pki.url.removeprefix("http://"),),
    )
    moving = pki.now
    assert isinstance(moving, Moving)
    certificate = pki.certificate("agency-ec")
    registered = RegisteredCertificate(
        fingerprint=fingerprint(certificate),
        agency=OFFICE,
        certificate=certificate,
        valid_from=certificate.not_valid_before_utc,
    )
    directory_store.register_certificate(house.context.database, registered)
    house.context.registry.renew()
    asked = []
    for _ in range(2):
        house.clock.now = moving.now
        revocation = Revocation(house.context)
        revocation.step()
        asked.append(moving.now)
        moving.now += timedelta(hours=2)
        pki.revoke("agency-ec", moving.now - timedelta(minutes=30), "superseded")
    show_one(house.context.database, registered, both, folder / "show")
    house.close()
    question = request(certificate, pki.authority)
    headers = {"Content-Type": "application/ocsp-request"}
    answer = urllib3.request("POST", pki.ocsp_url, body=question, headers=headers).data
    (folder / "show" / "answer.ocsp").write_bytes(answer)
    return asked


def test_openssl_finds_with_the_commands_of_the_document_what_held_before_and_after(
    tmp_path: Path, make_pki: MakePki
) -> None:
    before, after = written(make_pki(now=Moving()), tmp_path)
    good = run(VERIFY, tmp_path / "show", AT=f"{before:%Y-%m-%d %H:%M:%SZ}")
    assert "certificate.pem: OK" in good.stdout, good.stderr
    revoked = run(VERIFY, tmp_path / "show", AT=f"{after:%Y-%m-%d %H:%M:%SZ}")
    assert "certificate revoked" in revoked.stderr
    read = run(READ, tmp_path / "show")
    assert "Revocation Date" in read.stdout
    assert "Superseded" in read.stdout
    assert "certificate.pem: revoked" in read.stdout
    assert "Response verify OK" in read.stderr


@pytest.mark.parametrize("name", re.findall(r"^\| `([a-z_]+)`", PAGE, re.MULTILINE))
def test_every_setting_that_is_named_is_one(name: str) -> None:
    assert name in Settings.model_fields


def test_every_code_and_figure_that_is_named_is_there() -> None:
    for code in re.findall(r"(?:422|503) `([a-z_]+)`", PAGE):
        assert code in CATALOGUE
    figures = {each.name for each in REGISTRY.collect()}
    for name in re.findall(r"`(exchange_[a-z_]+)", PAGE):
        assert name.removesuffix("_total") in figures
