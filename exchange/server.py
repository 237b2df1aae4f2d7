"""The process: listens on a socket, answers until SIGTERM or SIGINT, and stops without loss."""

import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import NoReturn

import structlog
import uvicorn

from exchange.api.application import Application

log = structlog.get_logger(__name__)

BACKLOG = 2048
START_SECONDS = 60.0
LOOK_SECONDS = 0.5
SIBLING_SECONDS = 2.0  # beyond the time to stop, until one is killed


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
    """Begins nothing new as soon as it is asked to stop, before it finishes what is under way."""

    def __init__(self, config: uvicorn.Config, asked: threading.Event, stopping: Callable[[], None]) -> None:
        super().__init__(config)
        self._asked = asked
        self._stopping = stopping

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # Asked before uvicorn listened to signals: it would never hear of it.
        if self._asked.is_set():
            self.should_exit = True

    def handle_exit(self, sig: int, frame: object) -> None:
        self._stopping()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]


def on_signal() -> threading.Event:
    """Set when the process is asked to stop."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    return asked


def end(code: int) -> NoReturn:
    """End the process now that everything is closed: an attempt that hangs does not hold it."""
    log.info("stopped")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def run(
    application: Application,
    listening: socket.socket,
    stop_seconds: float,
    asked: threading.Event,
    stopping: Callable[[], None],
) -> None:
    """Answer requests until a signal asks to stop; requests under way are finished.

    ``asked`` is set by signals that come before uvicorn listens to them; ``stopping`` is called at
    the signal itself.
    """
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
    # uvicorn raises the signal again when it is done: ``on_signal`` takes it.
    _Server(config, asked, stopping).run(sockets=[listening])


def start_siblings(
    count: int, listening: socket.socket, asked: threading.Event
) -> list[subprocess.Popen[bytes]]:
    """API processes on one socket; returns when each of them answers requests."""
    descriptor = listening.fileno()
    heard, said = os.pipe()
    command = [sys.executable, "-m", "exchange", "api", "--descriptor", str(descriptor), "--ready", str(said)]
    siblings = _popen(count, command, (descriptor, said))
    os.close(said)
    _wait_for(heard, count, asked)
    os.close(heard)
    return siblings


def _popen(count: int, command: Sequence[str], descriptors: Sequence[int]) -> list[subprocess.Popen[bytes]]:
    return [
        subprocess.Popen(command, pass_fds=descriptors, stdin=subprocess.PIPE)  # noqa: S603
        for _ in range(count)
    ]


def _wait_for(heard: int, count: int, asked: threading.Event) -> None:
    """Until ``count`` processes said that they are ready, or are gone, or it is time to stop."""
    said, until = 0, time.monotonic() + START_SECONDS
    while said < count and not asked.is_set() and time.monotonic() < until:
        if not select.select([heard], [], [], LOOK_SECONDS)[0]:
            continue
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
    """Ask them to stop, wait so long in all, and end those that do not."""
    until = time.monotonic() + stop_seconds + SIBLING_SECONDS
    for sibling in siblings:
        sibling.terminate()
    for sibling in siblings:
        try:
            sibling.wait(max(0.0, until - time.monotonic()))
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
