"""Following a ledger: what is new is fetched and hashed, and a history that was rewritten is noticed."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from exchange.audit import Anchors, Exit, Report, Status, fetching, verify
from exchange.audit.fetching import Ledger
from exchange.audit.mirror import mirror
from exchange.cli.audit import group
from exchange.core.leaf import Leaf, encode
from exchange.core.merkle import Growing, leaf_hash
from exchange.core.note import Checkpoint, NoteKey
from exchange.core.tiles import TILE_WIDTH, encode_bundle, parse_path
from exchange.sequencing import Sequencing
from tests.audit.test_bundle import codes, flipped
from tests.client_broker import Running, running
from tests.house import START
from tests.province import FINANCE, OFFICE
from tests.thorough import examples

ORIGIN = "exchange.example/ledger"
KEY = NoteKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"l" * 32))
ANCHORS = Anchors(logs=(KEY.vkey,))


class Served:
    """A ledger that serves what the test says: as many entries, with another history from ``fork_at`` on."""

    def __init__(self, size: int, fork_at: int = 10**9, key: NoteKey = KEY) -> None:
        self.size, self.key = size, key
        self.asked: list[str] = []
        self.leaves = [entry(number, branch="b" if number >= fork_at else "a") for number in range(size)]
        tree = Growing()
        self.rows: dict[int, list[bytes]] = {}
        for leaf in self.leaves:
            for level, hash_ in tree.append(leaf_hash(leaf)):
                self.rows.setdefault(level, []).append(hash_)
        self.text = Checkpoint(key.vkey.name, size, tree.root).text

    def fetch(self, path: str) -> bytes:
        self.asked.append(path)
        if path == "checkpoint":
            return f"{self.text}\n{self.key.sign(self.text)}".encode()
        if path == "key":
            return f"{self.key.vkey.text}\n".encode()
        place = parse_path(path)
        begin = place.number * TILE_WIDTH
        row = self.leaves if place.level is None else self.rows.get(8 * place.level, [])
        held = row[begin : begin + place.width]
        if len(held) != place.width:
            raise OSError(f"{path}: HTTP 404")
        return encode_bundle(held) if place.level is None else b"".join(held)


def entry(number: int, branch: str = "a") -> bytes:
    accepted = number % 2 == 0
    return encode(
        Leaf(
            at=START + timedelta(seconds=number),
            event="accepted" if accepted else "delivered",
            exchange=f"{number // 2:032x}",
            exchange_class="electronic" if accepted else "",
            document=f"{number:064x}",
            details=(branch * 64),
        )
    )


def follow(folder: Path, served: Served, anchors: Anchors = ANCHORS) -> Report:
    return mirror(served.fetch, folder, anchors)


# Around the widths of tiles, and one with a second level that is begun.
SIZES = (0, 1, 255, 256, 257, 300, 600, 1024, 66_000)


@pytest.mark.parametrize("size", SIZES)
def test_a_mirror_is_the_ledger_whatever_its_size(tmp_path: Path, size: int) -> None:
    assert follow(tmp_path, Served(size)).exit is Exit.PROVEN
    report = verify(tmp_path, ANCHORS)
    assert report.exit is Exit.PROVEN
    assert report.facts["size"] == size
    assert report.facts["classes"] == ({"electronic": (size + 1) // 2} if size else {})


@settings(max_examples=15, deadline=None)
@given(sizes=st.lists(st.integers(0, 1200), min_size=2, max_size=4).map(sorted))
def test_a_mirror_that_grew_in_visits_is_the_one_made_at_once(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("mirror")
    for size in sizes:
        assert follow(folder, Served(size)).exit is Exit.PROVEN
    report = verify(folder, ANCHORS)
    assert (report.exit, report.facts["size"]) == (Exit.PROVEN, sizes[-1])
    served = Served(sizes[-1])
    for path in folder.rglob("*"):  # and can be served to others as it is
        name = str(path.relative_to(folder))
        if path.is_file() and name.startswith("tile/") and parse_path(name).width < TILE_WIDTH:
            continue
        if path.is_file() and name.startswith("tile/"):
            assert path.read_bytes() == served.fetch(name)


def test_only_what_is_new_is_fetched(tmp_path: Path) -> None:
    follow(tmp_path, Served(1100))
    served = Served(1200)
    follow(tmp_path, served)
    assert [path for path in served.asked if "entries" in path] == ["tile/entries/004.p/176"]


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (Served(700, fork_at=10), "history was rewritten"),
        (Served(700, fork_at=599), "history was rewritten"),
        (Served(600, fork_at=300), "two trees of one size"),
        (Served(599), "it had 600 entries and has 599"),
        (Served(0), "it had 600 entries and has 0"),
    ],
    ids=["early", "the last entry", "same size", "shorter", "empty"],
)
def test_a_rewritten_history_is_noticed_and_the_evidence_kept(
    tmp_path: Path, later: Served, why: str
) -> None:
    follow(tmp_path, Served(600))
    before = (tmp_path / "checkpoint").read_bytes()
    report = follow(tmp_path, later)
    assert codes(report, Status.REFUSED) == {"history_rewritten"}
    assert why in report.findings[-1].text
    assert (tmp_path / "checkpoint").read_bytes() == before
    [kept] = (tmp_path / "conflicts").iterdir()
    assert kept.read_bytes() == later.fetch("checkpoint")
    assert verify(tmp_path, ANCHORS).exit is Exit.PROVEN, "the mirror itself is as it was"
    assert follow(tmp_path, Served(700)).exit is Exit.PROVEN, (
        "and goes on when the ledger tells the truth again"
    )


def test_entries_that_do_not_fit_the_checkpoint_are_refused(tmp_path: Path) -> None:
    served = Served(300)
    served.leaves[20] = entry(20, branch="c")
    assert codes(follow(tmp_path, served), Status.REFUSED) == {"entries_wrong"}
    assert not (tmp_path / "checkpoint").exists()


def test_an_entry_that_is_no_leaf_is_refused(tmp_path: Path) -> None:
    class Odd(Served):
        pass

    odd = Odd(3)
    odd.leaves[1] = b'{"secret":"told"}'
    assert codes(follow(tmp_path, odd), Status.REFUSED) == {"entries_wrong"}


def test_an_exchange_that_is_counted_twice_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(globals(), "entry", lambda number, branch="a": TWICE)
    follow(tmp_path, Served(2))
    assert codes(verify(tmp_path, ANCHORS), Status.REFUSED) == {"counted_twice"}


TWICE = entry(0)


def test_a_checkpoint_of_another_key_is_refused(tmp_path: Path) -> None:
    other = NoteKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"o" * 32))
    report = follow(tmp_path, Served(10, key=other))
    assert codes(report, Status.REFUSED) == {"log_signature_wrong"}
    assert not (tmp_path / "checkpoint").exists()


def test_without_an_anchor_the_key_of_the_first_visit_is_pinned_and_said_to_be_no_anchor(
    tmp_path: Path,
) -> None:
    report = follow(tmp_path, Served(10), Anchors())
    assert (report.exit, codes(report, Status.UNCHECKED)) == (Exit.INCOMPLETE, {"log_key_pinned"})
    other = NoteKey(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"o" * 32))
    assert codes(follow(tmp_path, Served(20, key=other), Anchors()), Status.REFUSED) == {
        "log_signature_wrong"
    }
    assert verify(tmp_path, Anchors()).exit is Exit.INCOMPLETE
    assert follow(tmp_path, Served(20)).exit is Exit.PROVEN


@settings(max_examples=examples(30, 60), deadline=None)
@given(part=st.integers(0, 10**6), place=st.integers(0, 10**9))
def test_a_flipped_bit_in_a_mirror_is_refused(
    tmp_path_factory: pytest.TempPathFactory, part: int, place: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "flipped"
    if not folder.exists():
        follow(folder, Served(600))
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    path = files[part % len(files)]
    content = path.read_bytes()
    path.write_bytes(flipped(content, place % (len(content) * 8)))
    try:
        report = verify(folder, ANCHORS)
    finally:
        path.write_bytes(content)
    assert report.exit in (Exit.REFUSED, Exit.UNREADABLE) or codes(report, Status.UNCHECKED) == {
        "log_unknown"
    }


@pytest.mark.parametrize("damage", ["tile/1/000.p/2", "tile/entries/002.p/88", "checkpoint"])
def test_a_damaged_mirror_is_not_taken_for_a_ledger_that_lies(tmp_path: Path, damage: str) -> None:
    follow(tmp_path, Served(600))
    path = tmp_path / damage
    path.write_bytes(flipped(path.read_bytes(), 300))
    with pytest.raises(OSError, match=str(tmp_path)):
        follow(tmp_path, Served(700))


def test_a_folder_without_a_checkpoint_is_no_mirror(tmp_path: Path) -> None:
    assert verify(tmp_path, ANCHORS).exit is Exit.UNREADABLE


# --- a real broker ---


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("broker")) as started:
        yield started


Run = Callable[..., str]


@pytest.fixture
def run() -> Run:
    def run(*arguments: object, code: int = 0) -> str:
        done = CliRunner().invoke(group, [str(each) for each in arguments])
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_a_broker_s_ledger_is_followed_over_http(broker: Running, tmp_path: Path, run: Run) -> None:
    key = tmp_path / "ledger.vkey"
    key.write_text(f"{broker.broker.context.log_key.vkey.text}\n")
    url, folder = f"{broker.url}/ledger", tmp_path / "mirror"
    for _ in range(2):
        with broker.client() as client:
            client.submit(broker.province.document(OFFICE, FINANCE, at=broker.broker.context.now()))
        Sequencing(broker.broker.context).round()
        said = json.loads(run("mirror", url, folder, "--trust", key, "--json"))
        assert said["verdict"] == "proven"
    assert "Every exchange was counted once: electronic 2" in run("verify", folder, "--trust", key)
    assert "NOT ENOUGH TO SAY" in run("verify", folder, code=2)
    run("mirror", f"{broker.url}/nowhere", folder, "--trust", key, code=3)
    run("mirror", "ftp://127.0.0.1/", folder, code=3)


class Trickle(BaseHTTPRequestHandler):
    """Sends a byte now and then, and never an end."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(OSError):
            while not self.server.left.wait(0.02):  # type: ignore[attr-defined]
                self.wfile.write(b"x")
                self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "SECONDS_MAX", 0.3)
    with ThreadingHTTPServer(("127.0.0.1", 0), Trickle) as server:
        server.left = threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        with pytest.raises(OSError, match="not all there after"):
            Ledger(f"http://127.0.0.1:{server.server_port}/ledger").fetch("checkpoint")
        server.left.set()  # type: ignore[attr-defined]
        server.shutdown()


def test_a_ledger_of_a_size_that_nobody_has_room_for_is_not_fetched(tmp_path: Path) -> None:
    served = Served(300)
    served.text = Checkpoint(KEY.vkey.name, 2**60, b"r" * 32).text
    with pytest.raises(OSError, match="not enough room"):
        follow(tmp_path, served)
    assert served.asked == ["checkpoint"]


def test_entries_that_are_longer_than_leaves_are_not_kept(tmp_path: Path) -> None:
    served = Served(256)
    served.leaves = [leaf[:-1] + b" " * 2_000 + b"}" for leaf in served.leaves]
    assert follow(tmp_path, served).exit is Exit.REFUSED
    assert not list(tmp_path.glob("tile/entries/*"))


def test_a_ledger_that_goes_back_is_noticed_and_the_mirror_stays(tmp_path: Path) -> None:
    follow(tmp_path, Served(600))
    report = follow(tmp_path, Served(300))
    assert codes(report, Status.REFUSED) == {"history_rewritten"}
    assert verify(tmp_path, ANCHORS).facts["size"] == 600


def test_a_ledger_of_another_name_with_the_same_key_is_noticed(tmp_path: Path) -> None:
    """One whose key is trusted, too."""
    other = NoteKey("other.example/ledger", Ed25519PrivateKey.from_private_bytes(b"l" * 32))
    anchors = Anchors(logs=(KEY.vkey, other.vkey))
    follow(tmp_path, Served(10), anchors)
    report = follow(tmp_path, Served(20, key=other), anchors)
    assert codes(report, Status.REFUSED) == {"history_rewritten"}


def test_what_does_not_answer_or_is_too_large_is_a_sentence(broker: Running) -> None:
    with pytest.raises(OSError, match="HTTP 404"):
        Ledger(f"{broker.url}/ledger").fetch("tile/0/999")
    with pytest.raises(OSError, match="refused"):
        Ledger("http://127.0.0.1:9").fetch("checkpoint")
    with pytest.raises(ValueError, match="http"):
        Ledger("file:///etc/passwd")
