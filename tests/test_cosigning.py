"""The broker asks witnesses: real ones, and servers that answer everything else."""

import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from structlog.testing import capture_logs

from exchange.core import note
from exchange.core.note import Checkpoint, NoteKey, Vkey
from exchange.core.witnessing import Addition, Cosigner
from exchange.cosigning import AGAIN_FIRST_SECONDS, AGAIN_MOST_SECONDS, Witness, witnesses
from exchange.ledger import cosignatures, tree
from exchange.posting import NoAnswer, Post
from exchange.sequencing import Sequencing
from exchange.sweep import Sweep
from tests.adapters.peers import Peer, Request, answer
from tests.house import House
from tests.processes import free_port, until
from tests.province import FINANCE, OFFICE
from tests.witness.running import RunningWitness

MakeHouse = Callable[..., House]
NAME = "thanh-tra.vn/witness"
KEY = NoteKey(NAME, Ed25519PrivateKey.from_private_bytes(b"\2" * 32))
OTHER = NoteKey("other.vn/witness", Ed25519PrivateKey.from_private_bytes(b"\3" * 32))


@pytest.fixture
def peer() -> Iterator[Peer]:
    started = Peer()
    yield started
    started.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningWitness]:
    """A witness that is not started yet, and knows no log."""
    witness = RunningWitness(tmp_path / "witness")
    yield witness
    witness.close()


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    house = make_house(witness_timeout_seconds=5)
    house.clock.now = datetime.now(UTC)
    return house


def grow(house: House) -> int:
    """Some more entries in a checkpoint of their own; how many there are then."""
    house.send(OFFICE, FINANCE)
    Sequencing(house.context).round()
    size = cosignatures.newest_size(house.context.database)
    assert size
    return size


def at(house: House, url: str, vkey: Vkey = KEY.cosigner_vkey) -> Witness:
    """The broker's view of the witness at ``url``."""
    return Witness(house.context, Cosigner(vkey, url))


def started(house: House, running: RunningWitness) -> Witness:
    running.logs = (house.context.log_key.vkey,)
    running.start()
    return at(house, running.url, running.vkey)


def step(witness: Witness) -> list[str]:
    """One step; what was logged of it, and that it was told truly whether there is a cosignature."""
    with capture_logs() as logs:
        done = witness.step()
    events = [str(each["event"]) for each in logs]
    assert done == (not events), logs
    return events


def cosigned(house: House, vkey: Vkey) -> datetime:
    """When the newest checkpoint, as it is served, was cosigned; raises ``BadSignature``."""
    published = tree.published(house.context.database)
    assert published is not None
    return datetime.fromtimestamp(note.cosigned_at(note.read(published), vkey), UTC)


# --- a witness that does as it should ---


def test_every_checkpoint_is_cosigned_once_and_served_with_it(house: House, running: RunningWitness) -> None:
    grow(house)
    witness = started(house, running)
    for _ in range(3):
        assert step(witness) == []
        assert abs(cosigned(house, running.vkey) - house.clock.now) < timedelta(minutes=1)
        assert not witness.step()
        grow(house)
    # Another process goes on from what is kept.
    another = at(house, running.url, running.vkey)
    assert step(another) == []
    assert running.shown(house.context.log_key.vkey.name) == tree.published(house.context.database)


def test_before_the_first_entry_nobody_is_asked(house: House, peer: Peer) -> None:
    Sequencing(house.context).round()
    assert not at(house, peer.url).step()
    assert peer.requests == []


def test_what_a_witness_signed_before_the_broker_died_is_had_again(
    house: House, running: RunningWitness, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = grow(house)
    witness = started(house, running)
    with monkeypatch.context() as dying:
        dying.setattr(house.context.database, "_commit", crash)
        with pytest.raises(KeyboardInterrupt):
            witness.step()
    assert cosignatures.last_size(house.context.database, running.vkey.name) is None
    grow(house)
    assert step(at(house, running.url, running.vkey)) == []
    assert running.shown(house.context.log_key.vkey.name).split("\n")[1] != str(size)


def crash(_connection: object) -> None:
    raise KeyboardInterrupt


def test_of_brokers_that_ask_at_once_each_keeps_the_one_cosignature(
    house: House, running: RunningWitness
) -> None:
    grow(house)
    asking = [started(house, running), *(at(house, running.url, running.vkey) for _ in range(3))]
    for _ in range(4):
        size = grow(house)
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda each: each.step(), asking))
        assert cosignatures.last_size(house.context.database, running.vkey.name) == size
        house.clock.pass_(seconds=AGAIN_MOST_SECONDS)


def test_two_witnesses_stand_side_by_side_under_one_checkpoint(house: House, peer: Peer) -> None:
    grow(house)
    for key in (KEY, OTHER):
        peer.reply = signs(key, house)
        assert step(at(house, peer.url, key.cosigner_vkey)) == []
    for key in (KEY, OTHER):
        cosigned(house, key.cosigner_vkey)


def signs(key: NoteKey, house: House) -> Callable[[Request], bytes]:
    """A witness that signs everything."""

    def reply(request: Request) -> bytes:
        text = note.read(Addition.parse(request.body.decode()).note).text
        return answer(200, key.cosign(text, int(house.clock.now.timestamp())).encode())

    return reply


# --- a history that was rewritten ---


@pytest.mark.parametrize("more", [1, 2, 3])
def test_a_ledger_whose_end_was_taken_away_and_rewritten_is_contradicted(
    tmp_path: Path, running: RunningWitness, more: int
) -> None:
    """The first house's data is copied before it goes on; the second goes on from the copy."""
    first = House.build(tmp_path / "data", f"sqlite:///{tmp_path / 'first.sqlite'}")
    first.clock.now = datetime.now(UTC)
    grow(first)
    witness = started(first, running)
    assert step(witness) == []
    with closing(sqlite3.connect(tmp_path / "first.sqlite")) as connection:
        connection.execute("VACUUM INTO ?", (str(tmp_path / "second.sqlite"),))
    grow(first)
    grow(first)
    assert step(witness) == []
    second = House.build(tmp_path / "data", f"sqlite:///{tmp_path / 'second.sqlite'}")
    second.clock.now, second.province = first.clock.now, first.province
    try:
        for _ in range(more):
            size = grow(second)
        with capture_logs() as logs:
            assert not at(second, running.url, running.vkey).step()
        [line] = logs
        assert (line["event"], line["log_level"]) == ("ledger_contradicted", "critical")
        reason = "some were taken away" if more == 1 else f"{size} entries do not continue its"
        assert reason in line["reason"]
        assert '"event":"fork"' in running.logged() or more != 2
        with pytest.raises(note.BadSignature):
            cosigned(second, running.vkey)
    finally:
        first.close()
        second.close()


def test_a_contradiction_is_said_again_and_again(house: House, peer: Peer) -> None:
    grow(house)
    peer.reply = lambda _: answer(422, b"no\n")
    witness = at(house, peer.url)
    for _ in range(3):
        assert step(witness) == ["ledger_contradicted"]
        house.clock.pass_(seconds=AGAIN_MOST_SECONDS)


def test_a_witness_that_forgot_what_it_signed_is_named(house: House, peer: Peer) -> None:
    first = grow(house)
    peer.reply = signs(KEY, house)
    witness = at(house, peer.url)
    assert step(witness) == []
    grow(house)
    sizes: list[int] = []

    def forgetful(request: Request) -> bytes:
        old = Addition.parse(request.body.decode()).old_size
        sizes.append(old)
        if old:
            return answer(409, b"0\n", content_type="text/x.tlog.size")
        return signs(KEY, house)(request)

    peer.reply = forgetful
    with capture_logs() as logs:
        assert witness.step()
    assert [(each["event"], each["remembers"]) for each in logs] == [("witness_forgot", 0)]
    assert sizes == [first, 0]


# --- a witness that does not ---


def cosignature_of(text: str, key: NoteKey = KEY) -> bytes:
    return key.cosign(text, 1_800_000_000).encode()


def misbehaving(house: House) -> dict[str, bytes]:
    text = note.read(tree.published(house.context.database) or "").text
    other = Checkpoint("other", 3, b"\1" * 32).text
    size = {"content_type": "text/x.tlog.size"}
    good = cosignature_of(text)
    wrong = good[:-10] + (b"AAAA" if good[-10:-6] != b"AAAA" else b"BBBB") + good[-6:]
    return {
        "nothing": answer(200),
        "garbage": answer(200, b"<html>Welcome</html>"),
        "not text": answer(200, b"\xff\xfe"),
        "a cosignature of something else": answer(200, cosignature_of(other)),
        "somebody else's cosignature": answer(200, cosignature_of(text, OTHER)),
        "a signature, not a cosignature": answer(200, KEY.sign(text).encode()),
        "a wrong signature": answer(200, wrong),
        "a cosignature among garbage": answer(200, b"hello\n" + cosignature_of(text)),
        "a cosignature that is not ended": answer(200, cosignature_of(text)[:-9]),
        "a cosignature under another status": answer(202, cosignature_of(text)),
        "too much": answer(200, cosignature_of(text) + b"x" * 70_000),
        "that it does not know the log": answer(404),
        "that it does not know the key": answer(403),
        "an address elsewhere": answer(302, location=f"http://127.0.0.1:{free_port()}/"),
        "an error": answer(500),
        "that it stands at a size, which is none": answer(409, b"many\n", **size),
        "that it stands somewhere, as prose": answer(409, b"3\n"),
        "that it stands at the size it was asked from": answer(409, b"0\n", **size),
        "no HTTP": b"hello\r\n\r\n",
        "half of HTTP": b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n",
    }


def test_any_answer_that_is_no_cosignature_is_not_kept(house: House, peer: Peer) -> None:
    size = grow(house)
    for what, content in misbehaving(house).items():
        peer.reply = lambda _, content=content: content if b"999" not in content else None  # type: ignore[misc]
        assert step(at(house, peer.url)) == ["not_cosigned"], what
        assert cosignatures.last_size(house.context.database, NAME) is None, what
    peer.reply = signs(KEY, house)
    assert step(at(house, peer.url)) == []
    assert cosignatures.last_size(house.context.database, NAME) == size


@pytest.mark.parametrize("claimed", [b"99999\n", b"9223372036854775807\n"])
def test_a_witness_that_claims_to_have_signed_more_than_there_is_is_an_alarm(
    house: House, peer: Peer, claimed: bytes
) -> None:
    grow(house)
    peer.reply = lambda _: answer(409, claimed, content_type="text/x.tlog.size")
    assert step(at(house, peer.url)) == ["ledger_contradicted"]


def test_signatures_of_kinds_and_keys_that_nobody_knows_are_left_out(house: House, peer: Peer) -> None:
    grow(house)
    others = note.Signature("pq.vn", b"hash", b"x" * 2428).line.encode()
    peer.reply = lambda request: answer(200, others + body_of(signs(KEY, house)(request)))
    assert step(at(house, peer.url)) == []
    published = note.read(tree.published(house.context.database) or "")
    assert [each.name for each in published.signatures] == [house.context.log_key.vkey.name, NAME]


def body_of(reply: bytes) -> bytes:
    return reply.partition(b"\r\n\r\n")[2]


def test_a_clock_that_differs_is_said_and_the_cosignature_kept(house: House, peer: Peer) -> None:
    grow(house)
    now = house.clock.now
    house.clock.pass_(days=1)
    reply = signs(KEY, house)
    peer.reply = lambda request: answer(200, body_of(reply(request)))
    signed_at = house.clock.now
    witness = at(house, peer.url)

    def later(request: Request) -> bytes:
        signed = reply(request)
        house.clock.now = now
        return signed

    peer.reply = later
    with capture_logs() as logs:
        assert witness.step()
    assert [each["event"] for each in logs] == ["witness_clock_differs"]
    assert cosigned(house, KEY.cosigner_vkey) == signed_at.replace(microsecond=0)


def test_a_witness_that_is_away_is_asked_less_and_less_and_catches_up(
    house: House, running: RunningWitness
) -> None:
    grow(house)
    running.logs = (house.context.log_key.vkey,)
    witness = at(house, running.url, running.vkey)
    waits = []
    for _ in range(9):
        assert step(witness) == ["not_cosigned"]
        begun = house.clock.now
        while not witness._due():
            house.clock.pass_(seconds=1)
        waits.append((house.clock.now - begun).total_seconds())
        grow(house)
    assert waits == [min(AGAIN_FIRST_SECONDS * 2**number, AGAIN_MOST_SECONDS) for number in range(9)]
    running.start()
    house.clock.now = datetime.now(UTC)
    assert step(witness) == []


def test_a_clock_that_was_set_back_keeps_no_witness_from_being_asked(house: House, peer: Peer) -> None:
    grow(house)
    witness = at(house, peer.url)
    peer.reply = lambda _: answer(500)
    assert step(witness) == ["not_cosigned"]
    house.clock.pass_(days=-30)
    peer.reply = signs(KEY, house)
    assert step(witness) == []


# --- one that takes its time ---


def dripping(peer: Peer, line: socket.socket) -> None:
    """A byte now and then: no time limit between two bytes is met."""
    for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000:
        if peer.closing.wait(0.05):
            return
        line.sendall(bytes([byte]))


def dripping_body(peer: Peer, line: socket.socket) -> None:
    """An answer without a length, that would look whole wherever it is cut off."""
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    dripping(peer, line)


def silent(peer: Peer, _line: socket.socket) -> None:
    peer.closing.wait(30)


@pytest.mark.parametrize("talk", [dripping, dripping_body, silent])
def test_an_answer_is_given_up_after_its_time(peer: Peer, talk: Any) -> None:
    peer.talk = talk
    post = Post(peer.url, seconds=0.5, answer_bytes_max=10_000)
    begun = time.monotonic()
    with pytest.raises(NoAnswer, match=r"within 0\.5 s"):
        post.send(b"x", "text/plain")
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("talk", [dripping, silent])
def test_what_is_under_way_ends_when_the_broker_stops(peer: Peer, talk: Any) -> None:
    peer.talk = talk
    post = Post(peer.url, seconds=60, answer_bytes_max=10_000)
    threading.Timer(0.3, post.stop).start()
    begun = time.monotonic()
    with pytest.raises(NoAnswer, match="stopping"):
        post.send(b"x", "text/plain")
    with pytest.raises(NoAnswer, match="stopping"):
        post.send(b"x", "text/plain")
    assert time.monotonic() - begun < 3


def test_a_witness_that_hangs_holds_neither_the_others_nor_sequencing_nor_the_stop(
    make_house: MakeHouse, peer: Peer
) -> None:
    hanging = Peer()
    hanging.talk = silent
    keys = [
        f"{OTHER.cosigner_vkey.text} {hanging.url.split('?')[0]}",
        f"{KEY.cosigner_vkey.text} {url(peer)}",
    ]
    house = make_house(
        witnesses=keys, cosign_every_seconds=0.1, sequence_seconds=0.1, witness_timeout_seconds=60
    )
    peer.reply = signs(KEY, house)
    sweep = Sweep(house.context, house.connections, lambda: None)
    try:
        sweep.start()
        for _ in range(3):
            house.send(OFFICE, FINANCE)
            entries = count(house)
            until(lambda entries=entries: served_by(house, KEY) == entries, 20, "cosigned")  # type: ignore[misc]
        assert hanging.lines == 1
        assert sweep.alive()
        begun = time.monotonic()
        sweep.close(10)
        assert time.monotonic() - begun < 5
    finally:
        hanging.close()


def url(peer: Peer) -> str:
    return peer.url.split("?")[0]


def count(house: House) -> int:
    with house.context.database.read() as connection:
        found: int = connection.exec_driver_sql("SELECT count(*) FROM entry").scalar_one()
        return found


def served_by(house: House, key: NoteKey) -> int | None:
    return cosignatures.last_size(house.context.database, key.vkey.name)


def test_the_witnesses_of_the_settings_are_those_that_are_asked(make_house: MakeHouse) -> None:
    texts: Sequence[str] = [f"{KEY.cosigner_vkey.text} http://127.0.0.1:1"]
    assert len(witnesses(make_house(witnesses=texts).context)) == 1
