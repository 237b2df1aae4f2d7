"""The process: listens on a socket, answers until SIGTERM or SIGINT, and stops without loss."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence

import structlog
import uvicorn

from exchange.api.application import Application

log = structlog.get_logger(__name__)

BACKLOG = 2048
START_SECONDS = 60.0
LOOK_SECONDS = 0.5


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises ``OSError`` when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG)
    listening.set_inheritable(True)
    return listening


def inherited(descriptor: int) -> socket.socket:
    """The socket that the parent process handed over."""
    return socket.socket(fileno=descriptor)


class _Server(uvicorn.Server):
    """Says "not ready" as soon as it is asked to stop, before it finishes what is under way."""

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self._application = application

    def handle_exit(self, sig: int, frame: object) -> None:
        self._application.stopping()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]


def run(application: Application, listening: socket.socket, stop_seconds: float) -> None:
    """Answer requests until a signal asks to stop; requests under way are finished."""
    config = uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,  # nothing here depends on the caller's address
        timeout_keep_alive=75,
        timeout_graceful_shutdown=int(stop_seconds),
    )
    # uvicorn raises the signal again when it is done; what remains to be closed must not die of it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    _Server(config, application).run(sockets=[listening])


def start_siblings(count: int, listening: socket.socket) -> list[subprocess.Popen[bytes]]:
    """API processes on one socket; returns when each of them answers requests."""
    descriptor = listening.fileno()
    heard, said = os.pipe()
    command = [sys.executable, "-m", "exchange", "api", "--descriptor", str(descriptor), "--ready", str(said)]
    siblings = _popen(count, command, (descriptor, said))
    os.close(said)
    _wait_for(heard, count)
    os.close(heard)
    return siblings


def _popen(count: int, command: Sequence[str], descriptors: Sequence[int]) -> list[subprocess.Popen[bytes]]:
    return [
        subprocess.Popen(command, pass_fds=descriptors, stdin=subprocess.PIPE)  # noqa: S603
        for _ in range(count)
    ]


def _wait_for(heard: int, count: int) -> None:
    """Until ``count`` processes said that they are ready, or are gone, or the time is over."""
    said = 0
    while said < count and select.select([heard], [], [], START_SECONDS)[0]:
        ready = len(os.read(heard, count))
        if not ready:
            break
        said += ready
    if said < count:
        log.warning("siblings_not_ready", started=count, ready=said)


def say_ready(descriptor: int) -> None:
    """Tell the parent process that this one answers requests."""
    os.write(descriptor, b"1")
    os.close(descriptor)


def keep(siblings: Sequence[subprocess.Popen[bytes]], stop: threading.Event) -> bool:
    """Wait until asked to stop; False when one of them is gone: whoever runs us starts us again."""
    while not stop.wait(LOOK_SECONDS):
        gone = [sibling.pid for sibling in siblings if sibling.poll() is not None]
        if gone:
            log.error("sibling_gone", pids=gone)
            return False
    return True


def stop_siblings(siblings: Sequence[subprocess.Popen[bytes]], stop_seconds: float) -> None:
    """Ask them to stop, wait, and end those that do not."""
    for sibling in siblings:
        sibling.terminate()
    for sibling in siblings:
        try:
            sibling.wait(stop_seconds)
        except subprocess.TimeoutExpired:
            log.warning("sibling_killed", pid=sibling.pid)
            sibling.kill()
            sibling.wait()


def stop_with_parent() -> None:
    """End this process when the one that started it is gone, however it went."""

    def watch() -> None:
        while sys.stdin.buffer.read(1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
