"""Asking for time-stamps, at a real authority that can be told to misbehave."""

import hashlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from structlog.testing import capture_logs

from exchange.context import clock
from exchange.core import stamp
from exchange.demo.pki import Pki
from exchange.ledger import revocations, stamps
from exchange.sequencing import Sequencing
from exchange.stamping import AGAIN_FIRST_SECONDS, Stamping
from exchange.sweep import Sweep
from tests.house import START, House
from tests.province import FINANCE, OFFICE
from tests.tsa import Front

MakeHouse = Callable[..., House]


@pytest.fixture
def make_house(tmp_path: Path, pki: Pki, front: Front) -> Iterator[MakeHouse]:
    """Brokers on one SQLite database, which ask the authority behind ``front``; its clock is theirs."""
    (tmp_path / "roots.pem").write_bytes(pki.root.public_bytes(Encoding.PEM))
    houses: list[House] = []

    def make(**changes: object) -> House:
        values: dict[str, object] = {
            "tsa_url": front.url,
            "tsa_certificates": tmp_path / "roots.pem",
            "stamp_timeout_seconds": 20,
            **changes,
        }
        house = House.build(tmp_path / "data", f"sqlite:///{tmp_path / 'exchange.sqlite'}", **values)
        if houses:  # a restart: the province is there already
            house.clock, house.province = houses[0].clock, houses[0].province
        pki.now = house.clock
        houses.append(house)
        return house

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    return make_house()


def add(house: House) -> None:
    """An entry, in a checkpoint of its own."""
    house.send(OFFICE, FINANCE)
    Sequencing(house.context).round()


def failed(stamping: Stamping) -> str:
    """Why nothing was had."""
    with capture_logs() as logs:
        assert not stamping.step()
    [line] = [each for each in logs if each["event"] == "not_stamped"]
    return str(line["reason"])


def kept(house: House) -> stamps.Stamp | None:
    return stamps.over(house.context.database, 0)


def test_a_checkpoint_gets_a_stamp_that_openssl_verifies_over_the_text_of_its_note(
    house: House, front: Front, tmp_path: Path
) -> None:
    add(house)
    waiting = stamps.waiting(house.context.database)
    assert Stamping(house.context).step()
    found = kept(house)
    assert found is not None
    assert waiting is not None
    assert (found.size, found.stamped_at, found.asked_at) == (waiting.size, START, START)
    assert found.authority == "CN=Make-believe time-stamping authority,C=VN"
    (tmp_path / "stamp.tsr").write_bytes(found.token)
    (tmp_path / "note.txt").write_text(waiting.text, encoding="utf-8")
    files = ["-in", "stamp.tsr", "-data", "note.txt", "-CAfile", "roots.pem"]
    done = subprocess.run(
        ["openssl", "ts", "-verify", *files, "-attime", str(int(START.timestamp()))],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: OK" in done.stdout, done.stderr


def test_an_authority_is_asked_only_when_there_is_something_new_and_not_too_often(
    house: House, front: Front
) -> None:
    stamping = Stamping(house.context)
    assert not stamping.step()
    add(house)
    assert stamping.step()
    house.clock.pass_(hours=2)
    assert not stamping.step()
    add(house)
    assert stamping.step()
    add(house)
    assert not stamping.step()
    house.clock.pass_(seconds=house.context.settings.stamp_every_seconds - 1)
    assert not stamping.step()
    assert len(front.asked) == 2
    house.clock.pass_(seconds=1)
    assert stamping.step()
    assert len(front.asked) == 3


def test_only_the_newest_checkpoint_is_stamped_and_proves_the_older_ones(house: House, front: Front) -> None:
    for _ in range(3):
        add(house)
    assert Stamping(house.context).step()
    assert len(front.asked) == 1
    found = kept(house)
    assert found is not None
    assert stamps.waiting(house.context.database) is None


@pytest.mark.parametrize(
    ("mood", "reason"),
    [
        (lambda front: front.status(500), "the authority answers 500"),
        (lambda front: front.status(403), "the authority answers 403"),
        (lambda front: front.status(400), "the authority answers 400"),
        (lambda front: front.status(302), "the authority answers 302"),
        (lambda front: front.garbage, "it is no time-stamp of RFC 3161"),
        (lambda front: front.endless, "more than 65536 bytes"),
        (lambda front: front.rejection, "out of service"),
        (lambda front: front.other_digest, "it is the time-stamp of something else"),
        (lambda front: front.replay, "it answers another request"),
        (lambda front: front.of("tsa-without-purpose"), "not meant for time-stamping"),
        (lambda front: front.of("tsa-expired"), "certificate has expired"),
        (lambda front: front.of("other-tsa"), "did not lead to a trusted root"),
    ],
)
def test_what_proves_nothing_is_not_kept_and_is_asked_for_again(
    house: House, front: Front, mood: Callable[[Front], object], reason: str
) -> None:
    add(house)
    stamping = Stamping(house.context)
    front.mood = mood(front)  # type: ignore[assignment]
    assert reason in failed(stamping)
    assert kept(house) is None
    front.mood = front.real
    assert not stamping.step()  # not at once
    house.clock.pass_(seconds=AGAIN_FIRST_SECONDS)
    assert stamping.step()
    assert kept(house) is not None


def test_the_waits_between_failures_grow_and_have_an_end(house: House, front: Front) -> None:
    add(house)
    stamping = Stamping(house.context)
    front.mood = front.status(503)
    waits = []
    for _ in range(9):
        with capture_logs() as logs:
            stamping.step()
        [line] = [each for each in logs if each["event"] == "not_stamped"]
        waits.append(line["again_in_seconds"])
        house.clock.pass_(seconds=waits[-1])
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600, 600]


@pytest.mark.parametrize("hours", [-25, -1, 1, 25])
def test_a_stamp_far_from_our_own_clock_is_not_kept(house: House, front: Front, pki: Pki, hours: int) -> None:
    add(house)
    pki.now = lambda: START + timedelta(hours=hours)
    reason = failed(Stamping(house.context))
    assert "the authority says" in reason
    assert "our clock says 2026-11-24T03:00:00" in reason
    assert kept(house) is None


def test_a_little_difference_of_the_clocks_is_taken(house: House, pki: Pki) -> None:
    add(house)
    pki.now = lambda: START - timedelta(seconds=house.context.settings.clock_skew_seconds)
    assert Stamping(house.context).step()


def test_a_slow_authority_is_waited_for_and_entries_come_meanwhile(house: House, front: Front) -> None:
    add(house)
    front.mood = front.slow(1.5)
    stamping = Stamping(house.context)
    done: list[bool] = []
    asking = threading.Thread(target=lambda: done.append(stamping.step()))
    asking.start()
    deadline = time.monotonic() + 20
    while not front.asked and time.monotonic() < deadline:
        time.sleep(0.01)
    add(house)  # no transaction is open meanwhile
    assert asking.is_alive()
    asking.join(20)
    assert done == [True]
    assert stamps.waiting(house.context.database) is not None


@pytest.mark.parametrize("mood", ["slow", "dripping"])
def test_an_authority_that_takes_too_long_is_given_up(make_house: MakeHouse, front: Front, mood: str) -> None:
    house = make_house(stamp_timeout_seconds=0.6)
    add(house)
    front.mood = front.slow(30) if mood == "slow" else front.dripping
    begun = time.monotonic()
    assert failed(Stamping(house.context)) == "the authority cannot be reached: no answer within 0.6 s"
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_an_authority_that_takes_the_call_and_says_nothing_is_given_up(
    make_house: MakeHouse, scheme: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        house = make_house(
            tsa_url=f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/tsa", stamp_timeout_seconds=1
        )
        add(house)
        begun = time.monotonic()
        assert failed(Stamping(house.context)).endswith("no answer within 1 s")
        assert time.monotonic() - begun < 5


@pytest.mark.parametrize("trusted", [True, False])
def test_over_https_the_authority_must_be_the_one_that_is_named(
    make_house: MakeHouse, pki: Pki, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    tls = server_certificate(tmp_path)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(tls[0]))
    with Front(pki, tls) as front:
        house = make_house(tsa_url=front.url)
        add(house)
        stamping = Stamping(house.context)
        if trusted:
            assert stamping.step()
        else:
            assert failed(stamping) == "the authority cannot be reached: SSLCertVerificationError"
            assert front.asked == []


def server_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), clock()
    name = x509.Name.from_rfc4514_string("CN=127.0.0.1")
    addresses = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(addresses, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pair = folder / "server.pem", folder / "server-key.pem"
    pair[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    pair[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return pair


def test_an_authority_that_is_not_there_is_said_so(make_house: MakeHouse) -> None:
    house = make_house(tsa_url="http://127.0.0.1:9/tsa")
    add(house)
    assert failed(Stamping(house.context)).startswith("the authority cannot be reached: ")


def test_a_broker_that_stops_does_not_wait_for_a_slow_authority(house: House, front: Front) -> None:
    add(house)
    front.mood = front.slow(30)
    sweep = Sweep(house.context, house.connections, lambda: None)
    sweep.start()
    until = time.monotonic() + 10
    while not front.asked and time.monotonic() < until:
        time.sleep(0.02)
    assert front.asked
    begun = time.monotonic()
    sweep.close(10)
    assert time.monotonic() - begun < 5


def test_what_was_not_stamped_before_a_restart_is_stamped_after_it(
    make_house: MakeHouse, front: Front
) -> None:
    first = make_house()
    add(first)
    front.mood = front.garbage
    stamping = Stamping(first.context)
    failed(stamping)
    first.broker.close()
    front.mood = front.real
    second = make_house()
    assert Stamping(second.context).step()  # and at once: waiting is forgotten
    assert kept(second) is not None


def test_a_crash_between_the_answer_and_its_commit_costs_one_more_request(
    house: House, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(house)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(stamps, "keep", crash)
        patch.setattr(revocations, "settle", crash)
        with pytest.raises(KeyboardInterrupt):
            Stamping(house.context).step()
    assert kept(house) is None
    assert not Stamping(house.context).step(), "another may be asking still"
    house.clock.pass_(seconds=house.context.settings.stamp_timeout_seconds + 10)
    assert Stamping(house.context).step()
    assert len(front.asked) == 2


def test_a_claim_of_a_clock_that_was_wrong_keeps_nobody_from_asking(house: House, front: Front) -> None:
    add(house)
    place = revocations.Place(house.context.settings.tsa_url)
    later = house.clock.now + timedelta(days=30)
    assert revocations.claim(house.context.database, place, later, later)
    assert Stamping(house.context).step()


def test_of_several_one_asks(house: House, front: Front) -> None:
    add(house)
    front.mood = front.slow(0.5)
    all_ = [threading.Thread(target=Stamping(house.context).step) for _ in range(4)]
    for each in all_:
        each.start()
    for each in all_:
        each.join(20)
    assert len(front.asked) == 1
    assert kept(house) is not None
    assert stamps.waiting(house.context.database) is None


def test_a_file_of_roots_that_is_mended_is_read_again(house: House, tmp_path: Path) -> None:
    add(house)
    stamping = Stamping(house.context)
    good = (tmp_path / "roots.pem").read_bytes()
    (tmp_path / "roots.pem").write_bytes(b"nothing")
    assert failed(stamping) == "tsa_certificates cannot be read (ValueError)"
    (tmp_path / "roots.pem").write_bytes(good)
    house.clock.pass_(seconds=AGAIN_FIRST_SECONDS)
    assert stamping.step()


def test_without_an_authority_nothing_is_asked(make_house: MakeHouse, front: Front) -> None:
    house = make_house(tsa_url="")
    add(house)
    assert not Stamping(house.context).step()
    assert front.asked == []


def test_each_request_has_a_number_of_its_own_and_says_only_a_digest(house: House, front: Front) -> None:
    add(house)
    waiting = stamps.waiting(house.context.database)
    assert waiting is not None
    stamping = Stamping(house.context)
    front.mood = front.status(500)
    failed(stamping)
    house.clock.pass_(minutes=20)
    failed(stamping)
    queries = [tsp.TimeStampReq.load(each) for each in front.asked]
    assert queries[0]["nonce"].native != queries[1]["nonce"].native
    digest = hashlib.sha256(waiting.text.encode()).digest()
    for query in queries:
        assert query["message_imprint"]["hashed_message"].native == digest
        assert query["cert_req"].native
        assert len(query.dump()) < stamp.TOKEN_BYTES_MAX / 500
