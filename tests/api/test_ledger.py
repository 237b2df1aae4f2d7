"""The log over HTTP: a client that knows C2SP's texts and nothing of ours can follow it."""

import base64
import gzip
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from exchange.core.refusal_texts import CATALOGUE
from exchange.ledger import bulk
from exchange.sequencing import Sequencing
from exchange.tables import EntryRow
from tests.client_broker import Running, running
from tests.log import entry
from tests.province import COMMUNE, FINANCE, OFFICE

ENTRY = EntryRow.__table__  # type: ignore[attr-defined]
BY_HAND = {"sequence_seconds": 3600}  # the tests say when


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path, **BY_HAND) as started:
        yield started


def sequence(broker: Running) -> None:
    Sequencing(broker.broker.context).round()


def submit(broker: Running, *receivers: str) -> str:
    with broker.client() as client:
        return client.submit(broker.province.document(OFFICE, *receivers, at=datetime.now(UTC))).id


def fill(broker: Running, count: int) -> None:
    """Many further entries of a document that is there."""
    document = submit(broker, FINANCE)
    with broker.broker.database.write() as connection:
        bulk.insert(connection, ENTRY, [entry(document=document).row() for _ in range(count)])
    sequence(broker)


# --- a client, from c2sp.org/tlog-tiles, /tlog-checkpoint and /signed-note, and RFC 9162 ---


class Follower:
    """Fetches what a checkpoint requires, computes the root, and compares it with what it saw before."""

    def __init__(self, url: str, vkey: str) -> None:
        self.prefix = f"{url}/ledger"
        self.name, key_hash, material = vkey.split("+", 2)
        decoded = base64.b64decode(material)
        assert decoded[0] == 1  # Ed25519
        self.key_id = hashlib.sha256(f"{self.name}\n".encode() + decoded).digest()[:4]
        assert self.key_id.hex() == key_hash
        self.key = Ed25519PublicKey.from_public_bytes(decoded[1:])
        self.leaves: list[bytes] = []
        self.entries: list[bytes] = []
        self.http = urllib3.PoolManager(retries=False)

    def visit(self) -> int:
        """The size of the tree, which continues what was seen before."""
        size, root = self.checkpoint()
        before = list(self.leaves)
        self.leaves = [
            hash_
            for number in range(-(-size // 256))
            for hash_ in self.tile(0, number, min(256, size - number * 256))
        ]
        self.entries = [
            each
            for number in range(-(-size // 256))
            for each in self.bundle(number, min(256, size - number * 256))
        ]
        assert self.leaves[: len(before)] == before, "history was rewritten"
        assert [hashlib.sha256(b"\0" + each).digest() for each in self.entries] == self.leaves
        assert tree_hash(self.leaves) == root
        self.check_levels(size)
        return size

    def checkpoint(self) -> tuple[int, bytes]:
        answer = self.get("checkpoint")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        text, _, signatures = answer.data.decode().rpartition("\n\n")
        signed = text + "\n"
        lines = [line for line in signatures.split("\n") if line.startswith(f"— {self.name} ")]
        signature = base64.b64decode(lines[0].split(" ")[2])
        assert signature[:4] == self.key_id
        self.key.verify(signature[4:], signed.encode())
        origin, size, root = signed.rstrip("\n").split("\n")
        assert origin == self.name
        return int(size), base64.b64decode(root)

    def check_levels(self, size: int) -> None:
        """Each hash above level 0 is the tree hash of a full tile below it."""
        level, below = 1, self.leaves
        while (count := size // 256**level) > 0:
            whole = [tree_hash(below[begin : begin + 256]) for begin in range(0, count * 256, 256)]
            served = [
                hash_
                for number in range(-(-count // 256))
                for hash_ in self.tile(level, number, min(256, count - number * 256))
            ]
            assert served == whole
            level, below = level + 1, whole

    def tile(self, level: int, number: int, width: int) -> list[bytes]:
        data = self.immutable(f"tile/{level}/{path(number, width)}")
        assert len(data) == 32 * width
        return [data[begin : begin + 32] for begin in range(0, len(data), 32)]

    def bundle(self, number: int, width: int) -> list[bytes]:
        data = self.immutable(f"tile/entries/{path(number, width)}")
        entries = []
        while data:
            length = int.from_bytes(data[:2], "big")
            entries.append(data[2 : 2 + length])
            data = data[2 + length :]
        assert len(entries) == width
        return entries

    def immutable(self, path_: str) -> bytes:
        answer = self.get(path_)
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert "immutable" in answer.headers["Cache-Control"]
        return answer.data

    def get(self, path_: str) -> urllib3.BaseHTTPResponse:
        answer = self.http.request(
            "GET", f"{self.prefix}/{path_}", headers={"Accept-Encoding": "gzip, identity"}
        )
        assert answer.status == 200, answer.data
        return answer


def path(number: int, width: int) -> str:
    groups = [f"{number % 1000:03}"]
    while number >= 1000:
        number //= 1000
        groups.insert(0, f"x{number % 1000:03}")
    return "/".join(groups) + (f".p/{width}" if width < 256 else "")


def tree_hash(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\1" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


# --- what it finds ---


def follower(broker: Running) -> Follower:
    answer = urllib3.request("GET", f"{broker.url}/ledger/key")
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    return Follower(broker.url, answer.data.decode().rstrip("\n"))


def test_a_client_that_knows_the_standards_alone_follows_the_log_from_visit_to_visit(broker: Running) -> None:
    sequence(broker)
    client = follower(broker)
    assert client.visit() == 0
    submit(broker, FINANCE, COMMUNE)
    sequence(broker)
    assert client.visit() == 2
    fill(broker, 253)
    assert client.visit() == 256
    fill(broker, 300)
    assert client.visit() == 557
    leaves = [json.loads(each) for each in client.entries]
    assert {leaf["event"] for leaf in leaves} == {"accepted"}
    assert all(len(each) < 400 for each in client.entries)


def test_leaves_tell_neither_who_nor_what(broker: Running) -> None:
    submit(broker, FINANCE, COMMUNE)
    sequence(broker)
    client = follower(broker)
    client.visit()
    told = b"".join(client.entries)
    for secret in (OFFICE, FINANCE, COMMUNE, "UBND"):
        assert secret.encode() not in told
    assert len({json.loads(each)["details"] for each in client.entries}) == 2


NOWHERE = (
    "0/001",  # beyond the tree
    "0/000",  # not full yet
    "0/000.p/3",  # wider than the tree
    "entries/000",
    "entries/000.p/3",
    "1/000.p/1",
    "2/000",
    "63/000.p/1",
    "64/000.p/1",  # no such level
    "00/000.p/2",
    "0/000.p/0",
    "0/000.p/02",
    "0/000.p/256",
    "0/000.p/2/",
    "0/0.p/2",
    "0/x000/000.p/2",
    "0/" + "x999/" * 6 + "999",
    "-1/000",
    "entries",
    "a",
    "",
    "%00",
    "a" * 5000,
)


@pytest.mark.parametrize("place", NOWHERE, ids=lambda place: place[:30])
def test_what_the_ledger_does_not_hold_is_a_problem_and_not_kept_by_caches(place: str, two: Running) -> None:
    answer = urllib3.request("GET", f"{two.url}/ledger/tile/{place}")
    assert answer.status == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "immutable" not in answer.headers.get("Cache-Control", "")
    said = answer.json()
    assert said["code"] == "not_in_ledger"
    assert said["title_vi"] == CATALOGUE["not_in_ledger"].title_vi
    assert len(answer.data) < 3000


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A log of two entries."""
    with running(tmp_path_factory.mktemp("broker"), **BY_HAND) as started:
        assert urllib3.request("GET", f"{started.url}/ledger/checkpoint").json()["code"] == "not_in_ledger"
        submit(started, FINANCE, COMMUNE)
        sequence(started)
        yield started


def test_a_part_of_a_tile_stays_what_it_was_when_the_tile_has_grown(broker: Running) -> None:
    submit(broker, FINANCE)
    sequence(broker)
    client = follower(broker)
    [first] = client.tile(0, 0, 1)
    [content] = client.bundle(0, 1)
    fill(broker, 300)
    assert client.tile(0, 0, 1) == [first]
    assert client.bundle(0, 1) == [content]
    assert client.tile(0, 0, 256)[0] == first


@pytest.mark.parametrize(
    ("accepted", "packed"), [("gzip", True), ("br, gzip", True), ("identity", False), ("gzip;q=0", False)]
)
def test_entries_are_compressed_for_those_who_say_so(two: Running, accepted: str, packed: bool) -> None:
    headers = {"Accept-Encoding": accepted}
    url = f"{two.url}/ledger/tile/entries/000.p/2"
    answer = urllib3.request("GET", url, headers=headers, decode_content=False)
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert (answer.headers.get("Content-Encoding") == "gzip") == packed
    plain = gzip.decompress(answer.data) if packed else answer.data
    assert plain == urllib3.request("GET", url, headers={"Accept-Encoding": "identity"}).data
    assert b'"event":"accepted"' in plain
