"""What a package lacks whose signature proves nothing; and that no other signature is ever overlooked."""

import pytest
from lxml import etree

from exchange.core.enveloped import DSIG, RSA_SHA256
from exchange.core.unsigned import RSA_SHA1, Lack, lack_of, words


def signature(method: str, namespace: str = DSIG) -> str:
    return (
        f'<s:Signature xmlns:s="{namespace}"><s:SignedInfo><s:SignatureMethod Algorithm="{method}"/>'
        "</s:SignedInfo></s:Signature>"
    )


@pytest.mark.parametrize(
    ("inside", "lack"),
    [
        ("", Lack.MISSING),
        ("<DigitalSignature/>", Lack.MISSING),
        (signature(RSA_SHA1, "http://www.mic.gov.vn/TBT/QCVN_102_2016"), Lack.FOREIGN),
        (signature(RSA_SHA1), Lack.SHA1),
        (signature(RSA_SHA1) + signature(RSA_SHA1), Lack.SHA1),
        (signature(RSA_SHA256), None),
        (signature(RSA_SHA1) + signature(RSA_SHA256), None),
        (signature(RSA_SHA1, "urn:x") + signature(RSA_SHA256), None),
        (f'<s:Signature xmlns:s="{DSIG}"/>', None),
    ],
    ids=["none", "empty", "foreign", "sha1", "twice", "sha256", "both", "hidden", "no method"],
)
def test_only_what_proves_nothing_is_called_unsigned(inside: str, lack: Lack | None) -> None:
    assert lack_of(etree.fromstring(f"<edXML>{inside}</edXML>")) is lack


def test_each_lack_is_told_in_both_languages() -> None:
    for lack in Lack:
        vietnamese, english = words(lack)
        assert "không tính là đã ký" in vietnamese
        assert "not count as signed" in english
