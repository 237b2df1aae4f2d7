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
LATE_SECONDS = 4.0  # beyond the time to stop, until the process ends whatever hangs


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
        self._asked.set()
        self._stopping()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]


def on_signal(stop_seconds: float) -> threading.Event:
    """Set when the process is asked to stop; it does not outlive that by much more than ``stop_seconds``."""
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    threading.Thread(target=_end_late, args=(asked, stop_seconds), name="late", daemon=True).start()
    return asked


def _end_late(asked: threading.Event, stop_seconds: float) -> None:
    """Everything that is closed keeps to the time; this is for what nobody foresaw, on the event loop too."""
    asked.wait()
    time.sleep(stop_seconds + LATE_SECONDS)
    log.error("ended_late", limit_seconds=stop_seconds + LATE_SECONDS)
    end(1)


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


def keep(
    siblings: Sequence[subprocess.Popen[bytes]], asked: threading.Event, dead: Callable[[], Sequence[str]]
) -> bool:
    """Wait until asked to stop; False when a sibling is gone, or a part of this process is dead.

    Whoever runs us starts us again.
    """
    while not asked.wait(LOOK_SECONDS):
        gone = [sibling.pid for sibling in siblings if sibling.poll() is not None]
        if gone or dead():
            log.error("sibling_gone" if gone else "part_dead", pids=gone, parts=dead())
            asked.set()
            return False
    return True


def ask_siblings(siblings: Sequence[subprocess.Popen[bytes]]) -> None:
    """Ask them to stop."""
    for sibling in siblings:
        sibling.terminate()


def await_siblings(siblings: Sequence[subprocess.Popen[bytes]], seconds: float) -> None:
    """Wait so long in all until they are gone, and end those that are not."""
    until = time.monotonic() + seconds
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
