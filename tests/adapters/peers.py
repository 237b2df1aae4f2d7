"""Agencies' software on 127.0.0.1, real sockets: servers that keep what arrives, or behave badly."""

import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came over the line; names of headers in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


Reply = Callable[[Request], bytes | None]  # None: the line is closed without an answer
Talk = Callable[["Peer", socket.socket], None]


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A well-formed HTTP answer; ``retry_after="5"`` becomes the header ``retry-after``."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Peer:
    """A threaded HTTP server. ``reply`` says what it answers, ``talk`` what it does with a whole line.

    Its software is idempotent: ``held`` has the first body that came under each Idempotency-Key.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.held: dict[str, bytes] = {}
        self.lines = 0
        self.reply: Reply = lambda request: answer(200)
        self.talk: Talk = Peer.serve
        self.closing = threading.Event()
        self._tls = tls
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}/nhan?kenh=1"

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def serve(self, line: socket.socket) -> None:
        """Read requests and answer them, as many as come."""
        with line.makefile("rb") as reader:
            while (request := read_request(reader)) is not None:
                with self._lock:
                    self.requests.append(request)
                    self.held.setdefault(request.headers.get("idempotency-key", ""), request.body)
                reply = self.respond(request)
                if reply is None:
                    return
                line.sendall(reply)

    def respond(self, request: Request) -> bytes | None:
        """What it answers; peers that speak more than one method have a word of their own here."""
        return self.reply(request)

    def hang_up(self) -> None:
        """Give up all lines."""
        with self._lock:
            for line in self._open:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.closing.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self.lines += 1
                self._open.add(line)
                thread = threading.Thread(target=self._converse, args=(line,), daemon=True)
                self._threads.append(thread)
            thread.start()

    def _converse(self, line: socket.socket) -> None:
        try:
            with suppress(OSError, ValueError):
                secure = self._secure(line)
                with secure:
                    self.talk(self, secure)
        finally:
            with self._lock:
                self._open.discard(line)
            line.close()

    def _secure(self, line: socket.socket) -> socket.socket:
        # On a copy: wrapping takes the socket away from whoever would shut it down.
        return self._tls.wrap_socket(line.dup(), server_side=True) if self._tls else line


def read_request(reader: BinaryIO) -> Request | None:
    head = reader.readline().decode("latin-1").split()
    if not head:
        return None
    headers = {}
    while line := reader.readline().decode("latin-1").strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    body = reader.read(int(headers.get("content-length", "0")))
    return Request(head[0], head[1], headers, body)


# --- bad behaviour: each is a Talk ---


def silent(peer: Peer, line: socket.socket) -> None:
    """Takes the connection and says nothing, reads nothing."""
    peer.closing.wait()


def closes(peer: Peer, line: socket.socket) -> None:
    """Hangs up at once."""


def resets(peer: Peer, line: socket.socket) -> None:
    """Reads the request, then tears the line down."""
    with line.makefile("rb") as reader:
        read_request(reader)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def says(*parts: bytes) -> Talk:
    """Reads one request, sends these bytes whatever they mean, and hangs up."""

    def talk(peer: Peer, line: socket.socket) -> None:
        with line.makefile("rb") as reader:
            read_request(reader)
        line.sendall(b"".join(parts))

    return talk


def and_closes(reply: Reply) -> Reply:
    """The same answers, each the last on its line."""

    def closing(request: Request) -> bytes | None:
        head, _, rest = (reply(request) or b"").partition(b"\r\n")
        return head + b"\r\nConnection: close\r\n" + rest

    return closing


def drips(start: bytes, drop: bytes = b"a", *, every_seconds: float = 0.02) -> Talk:
    """Reads one request, sends ``start``, then one small piece after the other without end."""

    def talk(peer: Peer, line: socket.socket) -> None:
        with line.makefile("rb") as reader:
            read_request(reader)
        line.sendall(start)
        _drip(peer, line, drop, every_seconds)

    return talk


def handshakes_for_ever(peer: Peer, line: socket.socket) -> None:
    """Begins a TLS record of 16 KB and sends it byte by byte."""
    line.sendall(b"\x16\x03\x03\x40\x00")
    _drip(peer, line, b"\x00", 0.02)


def sips(peer: Peer, line: socket.socket) -> None:
    """Reads the request slowly, but so steadily that no single packet waits long."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    while not peer.closing.wait(0.01) and line.recv(65536):
        pass


def babbles(*parts: bytes) -> Talk:
    """Sends these bytes at once, asked or not, and hangs up."""

    def talk(peer: Peer, line: socket.socket) -> None:
        line.sendall(b"".join(parts))

    return talk


def babbles_on(drop: bytes, *, every_seconds: float = 0.02) -> Talk:
    """Sends one small piece after the other without end, asked or not."""
    return lambda peer, line: _drip(peer, line, drop, every_seconds)


def hangs_up(peer: Peer, line: socket.socket) -> None:
    """Tears the line down, whatever is sent."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def refuses_early(reply: bytes) -> Talk:
    """Answers after the head of the request, and hangs up without reading the body."""

    def talk(peer: Peer, line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(reply)
        line.shutdown(socket.SHUT_WR)
        while line.recv(65536):  # as servers do, so that the answer is not lost with the line
            pass

    return talk


def _drip(peer: Peer, line: socket.socket, drop: bytes, every_seconds: float) -> None:
    while not peer.closing.wait(every_seconds):
        line.sendall(drop)


@contextmanager
def deaf() -> Iterator[str]:
    """A port where connections are not even taken: the URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:  # fill the queue of those waiting to be taken
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            for each in waiting:
                each.close()


def port_of(url: str) -> int:
    """The port of one of these URLs."""
    return int(url.rstrip("/").rpartition(":")[2])


@contextmanager
def nobody() -> Iterator[str]:
    """A port at which nobody listens: the URL."""
    with socket.socket() as owner:
        owner.bind(("127.0.0.1", 0))  # bound, so that no other test gets it
        yield f"http://127.0.0.1:{owner.getsockname()[1]}/"


# --- TLS ---


@dataclass(frozen=True, slots=True)
class Identity:
    """A self-signed certificate for 127.0.0.1: what the server shows, and the file that trusts it."""

    context: ssl.SSLContext
    ca_file: Path


def identity(folder: Path) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "phần mềm của cơ quan")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    ca_file, key_file = folder / "peer.pem", folder / "peer.key"
    ca_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(ca_file, key_file)
    return Identity(context, ca_file)
