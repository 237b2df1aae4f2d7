"""A TCP proxy between a client and a real server, which falls silent when it is told to."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Proxy:
    """Passes bytes both ways. Once ``silent`` is set, nothing of the server reaches the client any more.

    ``mute`` is asked of what each client sends: true makes that connection silent, and it alone.
    """

    def __init__(self, host: str, port: int, mute: Callable[[bytes], bool] = lambda _: False) -> None:
        self.silent = threading.Event()
        self.connections = 0
        self._mute = mute
        self._server = (host, port)
        self._sockets: list[socket.socket] = []
        self._listening = socket.socket()
        self._listening.bind(("127.0.0.1", 0))
        self._listening.listen(64)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        for each in (self._listening, *self._sockets):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._server)
            except OSError:
                return
            self.connections += 1
            self._sockets += [client, server]
            muted = threading.Event()
            for source, target, of_client in ((client, server, True), (server, client, False)):
                threading.Thread(
                    target=self._pass, args=(source, target, of_client, muted), daemon=True
                ).start()

    def _pass(
        self, source: socket.socket, target: socket.socket, of_client: bool, muted: threading.Event
    ) -> None:  # fmt: skip
        try:
            while part := source.recv(65_536):
                if of_client and self._mute(part):
                    muted.set()
                if of_client or not (muted.is_set() or self.silent.is_set()):
                    target.sendall(part)
            target.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


@contextmanager
def proxy(host: str, port: int, mute: Callable[[bytes], bool] = lambda _: False) -> Iterator[Proxy]:
    """The proxy until the end of the block."""
    between = Proxy(host, port, mute)
    try:
        yield between
    finally:
        between.close()
