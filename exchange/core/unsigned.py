"""Packages without a signature that proves anything, as hubs of the axis pass them on (domain: QCVN 102).

A hub rewrites packages, and what it leaves of a signature covers nothing any more. Such a package comes in
only where an agency is allowed it, and never counts as signed; of its signature nothing is verified.
"""

from enum import StrEnum

from lxml import etree

from exchange.core.enveloped import DSIG

RSA_SHA1 = DSIG + "rsa-sha1"
NOT_SIGNED = "not_signed"  # the code of the notice in the acceptance


class Lack(StrEnum):
    """Why nothing is proven by what stands in place of a signature."""

    MISSING = "missing"
    FOREIGN = "foreign"  # not XML Signature: written in another namespace, as the axis' library does
    SHA1 = "sha1"


_TEXTS = {
    Lack.MISSING: (
        "Gói tin không có chữ ký số; tiếp nhận theo thời hạn cho phép, không tính là đã ký.",
        "The package carries no signature; it was taken by an allowance and does not count as signed.",
    ),
    Lack.FOREIGN: (
        "Chữ ký không thuộc không gian tên XML-DSig nên không kiểm tra được; tiếp nhận theo thời hạn cho "
        "phép, không tính là đã ký.",
        "What stands as Signature is no XML-DSig and was not verified; it was taken by an allowance and does "
        "not count as signed.",
    ),
    Lack.SHA1: (
        "Chữ ký RSA-SHA1 không chứng minh được gì và không được kiểm tra; tiếp nhận theo thời hạn cho phép, "
        "không tính là đã ký.",
        "An RSA-SHA1 signature proves nothing and was not verified; it was taken by an allowance and does "
        "not count as signed.",
    ),
}


def lack_of(root: etree._Element) -> Lack | None:
    """What the package lacks; None if there is any signature in it that is to be verified.

    A signature of another method than RSA-SHA1, or of none, is never overlooked, wherever it stands.
    """
    found = list(root.iter("{*}Signature"))
    proper = [each for each in found if each.tag == f"{{{DSIG}}}Signature"]
    if any(_method(each) != RSA_SHA1 for each in proper):
        return None
    if proper:
        return Lack.SHA1
    return Lack.FOREIGN if found else Lack.MISSING


def _method(signature: etree._Element) -> str:
    method = signature.find(f"{{{DSIG}}}SignedInfo/{{{DSIG}}}SignatureMethod")
    return "" if method is None else method.get("Algorithm", "")


def words(lack: Lack) -> tuple[str, str]:
    """What senders and readers are told: Vietnamese, English."""
    return _TEXTS[lack]
