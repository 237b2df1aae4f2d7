"""How messages reach the agencies of the cast: they fetch, they are called, they look into a folder."""

import threading
from abc import abstractmethod
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from exchange.client import Item, Problem, Unreachable
from exchange.core.push import PushInvalid, verify_headers
from exchange.demo.desk import Desk

LOOK_SECONDS = 0.25
LEASE_SECONDS = 12  # what a lost answer leased comes back after that
REQUEST_BYTES_MAX = 50_000_000


class Program(threading.Thread):
    """A program of an agency that looks for messages again and again, until it is closed."""

    def __init__(self, desk: Desk, name: str) -> None:
        super().__init__(name=name, daemon=True)
        self.desk = desk
        self._closed = threading.Event()

    def run(self) -> None:
        """Look; rest when there was nothing, and while the exchange does not answer."""
        while not self._closed.is_set():
            try:
                found = self.look()
            except Unreachable:
                found = False
            except Problem as problem:
                self.desk.mailbox.fault(f"a program was refused: {problem}")
                found = False
            if not found:
                self._closed.wait(LOOK_SECONDS)

    @abstractmethod
    def look(self) -> bool:
        """One look; whether there was something."""

    def close(self) -> None:
        """Stop looking."""
        self._closed.set()


class PullProgram(Program):
    """Fetches: lease, fetch, keep, and only then acknowledge."""

    def look(self) -> bool:
        """Take what lies ready."""
        items = self.desk.client.lease(seconds=LEASE_SECONDS)
        for item in items:
            self._take(item)
        return bool(items)

    def _take(self, item: Item) -> None:
        desk = self.desk
        try:
            content = desk.patiently(lambda: desk.client.fetch(item))
        except Problem as problem:
            if problem.code not in ("lease_lost", "delivery_ended"):
                raise
            return  # it comes again, or has ended: nothing was taken
        desk.receive(item.delivery, item.kind, content, priority=item.priority, program=self.name)
        try:
            desk.patiently(lambda: desk.client.acknowledge(item))
        except Problem as problem:
            if problem.code != "lease_lost":
                raise
            desk.mailbox.lost_leases.add(item.delivery)  # it comes again, and is known by its key


class FolderProgram(Program):
    """Looks into the agency's folder; the name of a file is its key."""

    def __init__(self, desk: Desk, folder: Path) -> None:
        super().__init__(desk, f"{desk.member.code} folder")
        self._places = ((folder, "document"), (folder / "status", "status"), (folder / "receipts", "receipt"))
        self._seen: set[Path] = set()

    def look(self) -> bool:
        """Take the files that are new."""
        new = [(path, kind) for folder, kind in self._places for path in sorted(folder.glob("[!.]*.*xml"))]
        new = [(path, kind) for path, kind in new if path not in self._seen]
        for path, kind in new:
            self._seen.add(path)
            self.desk.receive(path.name, kind, path.read_bytes())
        return bool(new)


class CallReceiver:
    """A small HTTP server such as agencies' software brings along: takes what the exchange posts."""

    def __init__(self) -> None:
        self.desks: dict[str, Desk] = {}  # by path
        self.secrets: dict[str, str] = {}
        receiver = self

        class Handler(_Call):
            owner = receiver

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, name="receiver", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    def start(self) -> None:
        """Listen."""
        self._thread.start()

    def close(self) -> None:
        """Stop."""
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        """Check who calls, then keep the message; status and digest for the answer."""
        desk = self.desks.get(path)
        if desk is None:
            return 404, ""
        try:
            push = verify_headers(headers, body, secrets=[self.secrets[path]], now=datetime.now(UTC))
        except PushInvalid as error:
            desk.mailbox.fault(f"a call was not made by the exchange: {error}")
            return 401, ""
        desk.receive(push.key, push.kind, body)
        return 200, push.digest


class _Call(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    owner: CallReceiver

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length", "0"))
        if size > REQUEST_BYTES_MAX:
            self.close_connection = True
            return
        status, digest = self.owner.take(self.path, dict(self.headers.items()), self.rfile.read(size))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        if digest:
            self.send_header("Exchange-Digest", digest)
            self.send_header("Exchange-Reference", f"den-{digest[:8]}")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the screen belongs to the demo."""
