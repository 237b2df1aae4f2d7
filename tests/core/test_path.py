"""Certificates at a moment: good, revoked, unknown; and answers that are not to be believed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from itertools import islice
from time import monotonic

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from exchange.core.path import Answers, Finding, Paths, Status, validate
from tests.core.authorities import (
    CA_USAGE,
    DAY,
    DIGITAL_SIGNATURE,
    NOW,
    Ca,
    Key,
    certify,
    ec_key,
    named,
)

HOUR = timedelta(hours=1)
JUNE, MAY = NOW - 176 * DAY, NOW - 207 * DAY


@dataclass
class World:
    """A root, a CA under it, an agency under that, and another CA that nobody trusts."""

    root: Ca
    ca: Ca
    agency: x509.Certificate
    other: Ca

    def find(
        self,
        at: datetime = NOW,
        crls: Iterable[bytes] = (),
        ocsps: Iterable[bytes] = (),
        certificate: x509.Certificate | None = None,
    ) -> Finding:
        """What is found of the agency; the CA itself is the anchor."""
        return validate(
            certificate or self.agency, anchors=[self.ca.certificate], crls=crls, ocsps=ocsps, at=at
        )


@pytest.fixture
def world() -> World:
    root = Ca.root()
    ca = root.authority()
    return World(root, ca, ca.issue(), Ca.root("Other"))


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


# --- when ---


@pytest.mark.parametrize("kind", ["crl", "ocsp"])
def test_revoked_in_june_is_valid_in_may_and_both_are_found_years_later(world: World, kind: str) -> None:
    before = {"crls": [world.ca.crl(MAY)], "ocsps": [world.ca.ocsp(world.agency, MAY)]}
    world.ca.revoke(world.agency, JUNE, x509.ReasonFlags.superseded)
    after = {"crls": [world.ca.crl(NOW)], "ocsps": [world.ca.ocsp(world.agency, NOW)]}
    kept = {f"{kind}s": before[f"{kind}s"] + after[f"{kind}s"]}
    may, june = world.find(MAY + HOUR, **kept), world.find(JUNE, **kept)
    assert (may.status, may.revoked_at, may.cause) == (Status.GOOD, JUNE, "superseded")
    assert (june.status, june.revoked_at) == (Status.REVOKED, JUNE)
    assert world.find(JUNE - timedelta(seconds=1), **kept).status is Status.GOOD
    assert "2026-06-01" in may.reason_en
    assert "đã được thay thế" in june.reason_vi


@pytest.mark.parametrize("kind", ["crl", "ocsp"])
def test_what_was_known_then_is_enough_to_check_it_years_later(world: World, kind: str) -> None:
    kept = {"crls": [world.ca.crl(MAY)]} if kind == "crl" else {"ocsps": [world.ca.ocsp(world.agency, MAY)]}
    finding = world.find(MAY + HOUR, **kept)
    assert finding.status is Status.GOOD
    [source] = finding.sources
    assert (source.kind, source.this_update, source.next_update) == (kind, MAY, MAY + DAY)
    assert finding.path == (world.agency, world.ca.certificate)


@pytest.mark.parametrize("kind", ["crl", "ocsp"])
def test_an_answer_that_ran_out_says_nothing_of_later(world: World, kind: str) -> None:
    old = NOW - 2 * DAY
    kept = {"crls": [world.ca.crl(old)]} if kind == "crl" else {"ocsps": [world.ca.ocsp(world.agency, old)]}
    finding = world.find(NOW, **kept)
    assert finding.status is Status.UNKNOWN
    assert "2026-11-23 03:00:00 UTC" in finding.reason_en
    assert world.find(old + DAY, **kept).status is Status.GOOD


def test_a_revocation_counts_though_the_list_that_says_it_ran_out(world: World) -> None:
    world.ca.revoke(world.agency, JUNE)
    assert world.find(NOW, crls=[world.ca.crl(JUNE)]).status is Status.REVOKED
    assert world.find(NOW, crls=[world.ca.crl(JUNE), world.ca.crl(JUNE - DAY)]).status is Status.REVOKED


def test_one_answer_that_says_revoked_outweighs_another_that_says_good(world: World) -> None:
    good = world.ca.ocsp(world.agency, NOW)
    world.ca.revoke(world.agency, JUNE)
    assert world.find(NOW, crls=[world.ca.crl(NOW - HOUR)], ocsps=[good]).status is Status.REVOKED


def test_a_hold_that_ended_does_not_count_after_its_end_and_counts_while_it_lasts(world: World) -> None:
    world.ca.revoke(world.agency, JUNE, x509.ReasonFlags.certificate_hold)
    held = world.ca.crl(JUNE, JUNE + 30 * DAY)
    world.ca.revoked.clear()
    released = world.ca.crl(JUNE + 5 * DAY)
    assert world.find(JUNE + DAY, crls=[held, released]).status is Status.REVOKED
    assert world.find(JUNE + 5 * DAY + HOUR, crls=[held, released]).status is Status.GOOD


def test_a_list_from_after_the_certificates_end_need_not_name_it_any_longer(world: World) -> None:
    agency = world.ca.issue(ends=JUNE)
    finding = world.find(MAY, crls=[world.ca.crl(NOW)], certificate=agency)
    assert finding.status is Status.UNKNOWN
    assert "after its end" in finding.reason_en
    world.ca.revoke(agency, JUNE - DAY)
    assert world.find(MAY, crls=[world.ca.crl(NOW)], certificate=agency).status is Status.GOOD


# --- nobody says it ---


def test_what_nobody_speaks_of_was_not_checked(world: World) -> None:
    finding = world.find()
    assert finding.status is Status.NOT_CHECKED
    assert "Agency" in finding.reason_en
    assert finding.sources == ()


def test_a_list_of_another_ca_says_nothing(world: World) -> None:
    assert world.find(crls=[world.other.crl()]).status is Status.NOT_CHECKED
    assert world.find(ocsps=[world.other.ocsp(world.agency)]).status is not Status.GOOD


def test_an_answer_about_another_certificate_says_nothing(world: World) -> None:
    assert world.find(ocsps=[world.ca.ocsp(world.ca.issue("Neighbour"))]).status is Status.NOT_CHECKED


def test_a_responder_that_does_not_know_the_certificate_leaves_it_unknown(world: World) -> None:
    finding = world.find(ocsps=[world.ca.ocsp(world.agency, unknown=True)])
    assert finding.status is Status.UNKNOWN
    assert "does not know it" in finding.reason_en


# --- who says it ---


def test_a_list_by_a_ca_of_the_same_name_is_not_believed(world: World) -> None:
    impostor = Ca.root("Authority")
    finding = world.find(crls=[impostor.crl()])
    assert finding.status is Status.UNKNOWN
    assert "not signed by its CA" in finding.reason_en
    assert "không do CA ký" in finding.reason_vi


def test_an_answer_by_an_appointed_responder_is_believed(world: World) -> None:
    assert world.find(ocsps=[world.ca.ocsp(world.agency, by=world.ca.responder())]).status is Status.GOOD
    world.ca.revoke(world.agency, JUNE)
    assert world.find(ocsps=[world.ca.ocsp(world.agency, by=world.ca.responder())]).status is Status.REVOKED


def namesake(issuer: Ca, certificate: x509.Certificate) -> tuple[Key, x509.Certificate]:
    """Another key under the name of a certificate."""
    key = ec_key()
    return key, certify("", key, issuer.certificate.subject, issuer.key, subject=certificate.subject)


def test_an_answer_by_anybody_else_is_not_believed(world: World) -> None:
    responder = world.ca.responder()
    agency_key = ec_key()
    agency = world.ca.issue("Itself", agency_key)
    wrong = {
        "wrong key": world.ca.ocsp(
            world.agency, by=namesake(world.other, responder[1]), carries=[responder[1]]
        ),
        "the CA's name": world.ca.ocsp(
            world.agency, by=namesake(world.other, world.ca.certificate), carries=[]
        ),
        "another CA": world.ca.ocsp(world.agency, by=world.other.responder()),
        "no purpose": world.ca.ocsp(world.agency, by=world.ca.responder(purpose=False)),
        "another agency": world.ca.ocsp(world.agency, by=(agency_key, agency)),
        "no certificate": world.ca.ocsp(world.agency, by=responder, carries=[]),
    }
    for who, answer in wrong.items():
        finding = world.find(ocsps=[answer])
        assert finding.status is Status.UNKNOWN, who
        assert "OCSP is not taken" in finding.reason_en, who


def test_a_responder_that_can_be_revoked_is_believed_only_if_it_was_not(world: World) -> None:
    responder = world.ca.responder(check=True)
    answer = world.ca.ocsp(world.agency, by=responder)
    assert world.find(ocsps=[answer]).status is Status.UNKNOWN
    # These lists ran out: they no longer speak of the agency at NOW, only the answer does.
    early = world.ca.ocsp(world.agency, NOW - 2 * DAY, NOW + DAY, by=responder)
    assert world.find(ocsps=[early], crls=[world.ca.crl(NOW - 2 * DAY)]).status is Status.GOOD
    world.ca.revoke(responder[1], JUNE)
    finding = world.find(ocsps=[early], crls=[world.ca.crl(NOW - 2 * DAY)])
    assert finding.status is Status.UNKNOWN
    assert "responder's certificate is revoked" in finding.reason_en


def imitation(
    original: x509.Certificate, key: Key, issuer: x509.Name, serial: int | None = None
) -> x509.Certificate:
    """A certificate of another key that carries the original's signature, which nobody may take for valid."""
    extensions = [
        (x509.BasicConstraints(True, None), True),
        (CA_USAGE, True),
        (x509.OCSPNoCheck(), False),
    ]
    name = original.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    made = certify(str(name), key, issuer, ec_key(), extensions=extensions, serial=serial)
    forged = asn1_x509.Certificate.load(made.public_bytes(Encoding.DER))
    forged["signature_value"] = asn1_x509.Certificate.load(original.public_bytes(Encoding.DER))[
        "signature_value"
    ].copy()
    return x509.load_der_x509_certificate(forged.dump(force=True))


@pytest.mark.parametrize("same_serial", [True, False])
def test_an_answer_by_a_certificate_that_copies_the_cas_signature_is_not_believed(
    world: World, same_serial: bool
) -> None:
    key = ec_key()
    serial = world.ca.certificate.serial_number if same_serial else None
    fake = imitation(world.ca.certificate, key, world.ca.certificate.issuer, serial)
    finding = world.find(ocsps=[world.ca.ocsp(world.agency, by=(key, fake))])
    assert finding.status is Status.UNKNOWN
    assert "imitates another" in finding.reason_en


def test_a_list_that_a_certificate_issued_for_itself_is_not_believed() -> None:
    # Self-issued: the subject has the CA's name, as after a change of keys.
    ca, key = Ca.root("Same"), ec_key()
    agency = ca.issue("Same", key, extensions=[])
    forged = ca.crl(key=key)
    finding = validate(agency, anchors=[ca.certificate], crls=[forged], at=NOW)
    assert finding.status is Status.UNKNOWN
    assert validate(agency, anchors=[ca.certificate], crls=[ca.crl()], at=NOW).status is Status.GOOD


def test_a_delta_or_an_indirect_list_does_not_stand_for_a_complete_one(world: World) -> None:
    indirect = x509.IssuingDistributionPoint(None, None, False, False, None, True, False)
    for extension in (x509.DeltaCRLIndicator(1), indirect):
        finding = world.find(crls=[world.ca.crl(extensions=[(extension, True)])])
        assert finding.status is Status.UNKNOWN
        assert "delta or an indirect" in finding.reason_en


@pytest.mark.parametrize(
    "limit",
    [
        x509.IssuingDistributionPoint(None, None, False, True, None, False, False),  # of CAs alone
        x509.IssuingDistributionPoint(
            None, None, False, False, frozenset({x509.ReasonFlags.key_compromise}), False, False
        ),
        x509.IssuingDistributionPoint(
            [x509.UniformResourceIdentifier("http://127.0.0.1/part-2.crl")],
            None,
            False,
            False,
            None,
            False,
            False,
        ),
    ],
    ids=["of CAs", "for one reason", "of another part"],
)
def test_a_list_that_does_not_cover_the_certificate_does_not_say_good(
    world: World, limit: x509.IssuingDistributionPoint
) -> None:
    assert world.find(crls=[world.ca.crl(extensions=[(limit, True)])]).status is not Status.GOOD


def test_an_answer_with_a_critical_extension_is_not_believed(world: World) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    assert world.find(crls=[world.ca.crl(extensions=[(unknown, True)])]).status is Status.UNKNOWN
    nonce = x509.OCSPNonce(b"12345678")
    assert (
        world.find(ocsps=[world.ca.ocsp(world.agency, extensions=[(nonce, True)])]).status is Status.UNKNOWN
    )
    assert world.find(ocsps=[world.ca.ocsp(world.agency, extensions=[(nonce, False)])]).status is Status.GOOD


# --- what cannot be read ---


@pytest.mark.parametrize("garbage", [b"", b"\x00", b"<html>Not found</html>", b"\x30\x80" + bytes(9000)])
def test_garbage_is_not_believed_and_named(world: World, garbage: bytes) -> None:
    for kept in ({"crls": [garbage]}, {"ocsps": [garbage]}):
        finding = world.find(**kept)
        assert finding.status is Status.UNKNOWN
        assert "cannot be read" in finding.reason_en
        assert "Không đọc được" in finding.reason_vi


def test_bytes_after_an_answer_make_it_unreadable(world: World) -> None:
    assert world.find(crls=[world.ca.crl() + b"\x00"]).status is Status.UNKNOWN
    assert world.find(ocsps=[world.ca.ocsp(world.agency) + b"\x00"]).status is Status.UNKNOWN


def test_a_responder_that_answers_with_an_error_leaves_it_unknown(world: World) -> None:
    finding = world.find(ocsps=[b"\x30\x03\x0a\x01\x03"])
    assert finding.status is Status.UNKNOWN
    assert "try_later" in finding.reason_en


def flips(content: bytes) -> Iterable[bytes]:
    for position in range(len(content)):
        for bit in range(8):
            yield content[:position] + bytes([content[position] ^ (1 << bit)]) + content[position + 1 :]


def test_no_bit_of_a_list_can_be_changed_unnoticed(world: World) -> None:
    world.ca.revoke(world.agency, JUNE)
    revoked = world.ca.crl()
    assert world.find(crls=[revoked]).status is Status.REVOKED
    findings = {each: world.find(crls=[each]) for each in flips(revoked)}
    believed = [each for each in findings if findings[each].status in (Status.GOOD, Status.REVOKED)]
    assert all(findings[each].revoked_at == JUNE for each in believed)
    # DER that counts unused bits in the signature: the same signature over the same bytes.
    signed = x509.load_der_x509_crl(revoked).tbs_certlist_bytes
    assert {x509.load_der_x509_crl(each).tbs_certlist_bytes for each in believed} <= {signed}
    assert len(believed) < 8


def test_no_bit_of_an_answer_can_be_changed_to_another_meaning(world: World) -> None:
    world.ca.revoke(world.agency, JUNE)
    revoked = world.ca.ocsp(world.agency, by=world.ca.responder())
    assert world.find(ocsps=[revoked]).status is Status.REVOKED
    findings = [world.find(ocsps=[each]) for each in islice(flips(revoked), 0, None, 7)]
    assert Status.GOOD not in {each.status for each in findings}
    assert {each.revoked_at for each in findings} <= {None, JUNE}


# --- the path itself ---


def test_a_certificate_of_an_unknown_ca_has_no_path(world: World) -> None:
    finding = world.find(certificate=world.other.issue(), crls=[world.other.crl()])
    assert finding.status is Status.INVALID
    assert "No trusted CA leads to it; its issuer is Other." in finding.reason_en
    assert "Không có CA tin cậy nào" in finding.reason_vi


def test_a_path_holds_only_while_all_its_certificates_last(world: World) -> None:
    agency = world.ca.issue(begins=MAY, ends=JUNE)
    crls = [world.ca.crl(MAY - DAY), world.ca.crl(MAY), world.ca.crl(JUNE - DAY), world.ca.crl(JUNE)]

    def status(at: datetime) -> Status:
        return world.find(at, crls=crls, certificate=agency).status

    assert status(MAY - timedelta(seconds=1)) is Status.INVALID
    assert status(MAY) is Status.GOOD
    assert status(JUNE) is Status.GOOD
    assert status(JUNE + timedelta(seconds=1)) is Status.INVALID
    ended = Ca.root("Ended", ends=JUNE)
    finding = validate(ended.issue(), anchors=[ended.certificate], crls=[ended.crl(JUNE)], at=NOW)
    assert finding.status is Status.INVALID


def test_a_ca_that_was_revoked_takes_its_certificates_with_it(world: World) -> None:
    def at(moment: datetime, *crls: bytes) -> Finding:
        return validate(
            world.agency,
            anchors=[world.root.certificate],
            intermediates=[world.ca.certificate],
            crls=[world.ca.crl(moment), *crls],
            at=moment,
        )

    assert at(NOW).status is Status.NOT_CHECKED
    assert "Authority" in at(NOW).reason_en
    assert at(NOW, world.root.crl()).status is Status.GOOD
    assert [each.issuer for each in at(NOW, world.root.crl()).sources] == ["CN=Authority", "CN=Root"]
    world.root.revoke(world.ca.certificate, JUNE, x509.ReasonFlags.ca_compromise)
    found = at(NOW, world.root.crl())
    assert (found.status, found.revoked_at, found.cause) == (Status.REVOKED, JUNE, "ca_compromise")
    assert at(MAY, world.root.crl(NOW)).status is Status.GOOD


def test_a_ca_stands_as_its_issuer_says_where_that_is_trusted_too(world: World) -> None:
    both = Paths.under([world.ca.certificate, world.root.certificate])
    assert both.anchors == (world.root.certificate,)
    assert both.intermediates == (world.ca.certificate,)
    alone = Paths.under([world.ca.certificate])
    assert alone.anchors == (world.ca.certificate,)


def crossed(ca: Ca, by: Ca) -> x509.Certificate:
    """The other one's word for the key of a CA, under its name."""
    name = ca.certificate.subject
    extensions = [(x509.BasicConstraints(True, None), True), (CA_USAGE, True)]
    return certify("", ca.key, by.certificate.subject, by.key, extensions=extensions, subject=name)


def test_cas_that_signed_each_other_are_still_trusted_themselves(world: World) -> None:
    a, b = Ca.root("A"), Ca.root("B")
    a_by_b, b_by_a = crossed(a, b), crossed(b, a)
    trusted = [a.certificate, b.certificate, a_by_b, b_by_a]
    assert set(Paths.under(trusted).anchors) == {a.certificate, b.certificate}
    for ca in (a, b):
        finding = validate(ca.issue(), anchors=trusted, crls=[a.crl(), b.crl()], at=NOW)
        assert finding.status is Status.GOOD
    # Without what they say of themselves.
    assert set(Paths.under([a_by_b, b_by_a]).anchors) == {a_by_b, b_by_a}
    assert Paths.under([b.certificate, a_by_b]).anchors == (b.certificate,)


def test_a_root_that_was_issued_anew_with_its_key_is_trusted_as_before(world: World) -> None:
    old = Ca.root("Root", ends=NOW - DAY)
    new = Ca.root("Root", old.key)
    trusted = Paths.under([old.certificate, new.certificate])
    assert set(trusted.anchors) == {old.certificate, new.certificate}
    assert trusted.find(old.issue(), NOW)[-1] == new.certificate


def test_a_ca_that_is_trusted_beside_its_root_can_be_revoked(world: World) -> None:
    world.root.revoke(world.ca.certificate, JUNE)
    kept = [world.root.crl(), world.ca.crl()]
    trusted = [world.ca.certificate, world.root.certificate]
    finding = validate(world.agency, anchors=trusted, crls=kept, at=NOW)
    assert finding.status is Status.REVOKED
    assert validate(world.agency, anchors=trusted[:1], crls=kept, at=NOW).status is Status.GOOD


def test_a_ca_may_not_go_beyond_what_it_was_given(world: World) -> None:
    names = x509.NameConstraints(
        permitted_subtrees=[x509.DirectoryName(named("Others"))], excluded_subtrees=None
    )
    extensions = [(x509.BasicConstraints(True, 0), True), (CA_USAGE, True), (names, True)]
    key = ec_key()
    narrow = Ca(key, world.root.issue("Narrow", key, extensions=extensions))
    below = world.ca.authority("Below")
    for ca in (narrow, below):
        finding = validate(
            ca.issue(),
            anchors=[world.root.certificate],
            intermediates=[world.ca.certificate, ca.certificate],
            crls=[each.crl() for each in (world.root, world.ca, ca)],
            at=NOW,
        )
        assert finding.status is Status.INVALID
        assert "does not hold" in finding.reason_en


def test_a_heap_of_made_up_cas_does_not_hold_anybody_up(world: World) -> None:
    # All of one name, so that each may have issued every other: there are 12! ways through them.
    name, keys = named("Heap"), [ec_key() for _ in range(12)]
    heap = [certify("Heap", key, name, ec_key(), extensions=[(CA_USAGE, True)]) for key in keys]
    leaf = certify("Leaf", ec_key(), name, keys[0])
    # And so that an agency vouches for them, which is no CA.
    agency_key = ec_key()
    agency = world.root.issue("Heap", agency_key)
    vouched = [
        certify("Heap", key, name, agency_key, extensions=[(x509.BasicConstraints(True, None), True)])
        for key in keys
    ]
    for made_up in (heap, [agency, *vouched]):
        begun = monotonic()
        finding = validate(leaf, anchors=[world.root.certificate], intermediates=made_up, at=NOW)
        assert finding.status is Status.INVALID
        assert monotonic() - begun < 2


def test_an_agency_cannot_issue_certificates(world: World) -> None:
    key = ec_key()
    agency = Ca(key, world.ca.issue("Agency", key))
    finding = validate(
        agency.issue("Nobody"),
        anchors=[world.ca.certificate],
        intermediates=[agency.certificate],
        crls=[world.ca.crl(), agency.crl()],
        at=NOW,
    )
    assert finding.status is Status.INVALID


def test_a_critical_extension_that_nobody_knows_breaks_the_path(world: World) -> None:
    unknown = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    agency = world.ca.issue(extensions=[(DIGITAL_SIGNATURE, True), (unknown, True)])
    assert world.find(certificate=agency, crls=[world.ca.crl()]).status is Status.INVALID


def test_a_trust_anchor_itself_cannot_be_checked(world: World) -> None:
    finding = world.find(certificate=world.ca.certificate, crls=[world.ca.crl()])
    assert finding.status is Status.NOT_CHECKED
    assert "trust anchor" in finding.reason_en


# --- what is weak ---


@pytest.mark.parametrize(
    "key",
    [lambda: rsa_key(1024), lambda: ec.generate_private_key(ec.SECP224R1())],
    ids=["RSA 1024", "P-224"],
)
def test_weak_keys_of_agencies_cas_and_responders_are_refused(world: World, key: object) -> None:
    weak: Key = key()  # type: ignore[operator]
    finding = world.find(certificate=world.ca.issue(key=weak), crls=[world.ca.crl()])
    assert finding.status is Status.INVALID
    assert "not allowed" in finding.reason_en
    ca = world.root.authority("Weak", weak)
    finding = validate(ca.issue(), anchors=[ca.certificate], crls=[ca.crl()], at=NOW)
    assert finding.status is Status.INVALID
    assert "không được phép" in finding.reason_vi
    responder = weak, world.ca.issue("Responder", weak, RESPONDER)
    finding = world.find(ocsps=[world.ca.ocsp(world.agency, by=responder)])
    assert finding.status is Status.UNKNOWN
    assert "not allowed" in finding.reason_en


RESPONDER = [
    (DIGITAL_SIGNATURE, True),
    (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING]), False),
    (x509.OCSPNoCheck(), False),
]


@pytest.mark.parametrize(
    ("oid", "name"), [(b"\x05", "sha1_rsa"), (b"\x0e", "sha224_rsa"), (b"\x04", "md5_rsa")]
)
def test_weak_digests_are_refused_by_name_wherever_they_stand(oid: bytes, name: str) -> None:
    ca = Ca.root("RSA", rsa_key(2048))
    agency = ca.issue()
    # Of the same length: sha256WithRSAEncryption.
    old = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"

    def weaken(der: bytes) -> bytes:
        return der.replace(old, old[:-1] + oid)

    weak = x509.load_der_x509_certificate(weaken(agency.public_bytes(Encoding.DER)))
    finding = validate(weak, anchors=[ca.certificate], crls=[ca.crl()], at=NOW)
    assert (finding.status, name in finding.reason_en) == (Status.INVALID, True)
    for kept in ({"crls": [weaken(ca.crl())]}, {"ocsps": [weaken(ca.ocsp(agency, carries=[]))]}):
        finding = validate(agency, anchors=[ca.certificate], at=NOW, **kept)  # type: ignore[arg-type]
        assert (finding.status, name in finding.reason_en) == (Status.UNKNOWN, True)


@pytest.mark.parametrize("key", [lambda: rsa_key(2048), lambda: ec.generate_private_key(ec.SECP384R1())])
def test_strong_keys_are_taken(key: object) -> None:
    ca = Ca.root("Strong", key())  # type: ignore[operator]
    agency = ca.issue(key=key())  # type: ignore[operator]
    finding = validate(
        agency, anchors=[ca.certificate], crls=[ca.crl()], ocsps=[ca.ocsp(agency, by=ca.responder())], at=NOW
    )
    assert finding.status is Status.GOOD


def test_a_long_list_is_read_once_for_all_certificates(world: World) -> None:
    for _ in range(3000):
        world.ca.revoked[x509.random_serial_number()] = (JUNE, x509.ReasonFlags.superseded)
    agencies: Sequence[x509.Certificate] = [world.ca.issue(f"Agency {number}") for number in range(20)]
    world.ca.revoke(agencies[7], JUNE)
    crl = world.ca.crl()
    paths, answers = Paths([world.ca.certificate]), Answers.read([crl], [])
    found = [paths.check(each, answers, NOW).status for each in agencies]
    assert found == [Status.REVOKED if number == 7 else Status.GOOD for number in range(20)]
