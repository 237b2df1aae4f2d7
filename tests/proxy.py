"""A TCP proxy between a client and a real server, which falls silent when it is told to."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Address = tuple[str, int] | str  # a host and port, or the path of a socket


def connected(server: Address) -> socket.socket:
    if isinstance(server, tuple):
        return socket.create_connection(server)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(server)
    return connection


class Proxy:
    """Passes bytes both ways. Once ``silent`` is set, nothing of the server reaches the client any more.

    ``mute`` is asked of what each client sends: true makes that connection silent, and it alone.
    ``bytes_per_second`` is how fast it passes on what clients send; 0: at once.
    """

    bytes_per_second = 0
    answers_left: int | None = None  # what of the server is still passed on; then every line is cut

    def __init__(self, server: Address, mute: Callable[[bytes], bool] = lambda _: False) -> None:
        self.silent = threading.Event()
        self.connections = 0
        self._mute = mute
        self._server = server
        self._sockets: list[socket.socket] = []
        self._listening = socket.socket()
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen(64)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self.cut()  # closing alone leaves a socket open that a thread reads from
        for each in (self._listening, *self._sockets):
            each.close()

    def cut(self) -> None:
        """End every connection; new ones are taken."""
        for each in list(self._sockets):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            try:
                server = connected(self._server)
            except OSError:
                client.close()
                continue
            self.connections += 1
            for each in (client, server):
                if each.family != socket.AF_UNIX:
                    each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._sockets += [client, server]
            muted = threading.Event()
            for ends in ((client, server, True), (server, client, False)):
                threading.Thread(target=self._pass, args=(*ends, muted), daemon=True).start()

    def _pass(
        self, source: socket.socket, target: socket.socket, of_client: bool, muted: threading.Event
    ) -> None:  # fmt: skip
        try:
            while part := source.recv(65_536):
                if of_client and self._mute(part):
                    muted.set()
                if of_client and self.bytes_per_second:
                    time.sleep(len(part) / self.bytes_per_second)
                if not of_client and self.answers_left is not None:
                    self.answers_left -= 1
                    if self.answers_left < 0:
                        self.cut()
                        return
                if of_client or not (muted.is_set() or self.silent.is_set()):
                    target.sendall(part)
        except OSError:
            pass
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()  # or whoever still sends would wait for it to be read


@contextmanager
def proxy(server: Address, mute: Callable[[bytes], bool] = lambda _: False) -> Iterator[Proxy]:
    """The proxy until the end of the block."""
    between = Proxy(server, mute)
    try:
        yield between
    finally:
        between.close()
