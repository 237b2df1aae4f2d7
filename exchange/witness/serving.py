"""The witness's process: listens until it is asked to stop."""

import signal
import socket

import uvicorn

from exchange.witness.application import Application

REQUESTS_MAX = 64  # and open connections; beyond: 503
IDLE_SECONDS = 30
STOP_SECONDS = 10


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises ``OSError`` when the address is taken."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen()
    return listening


def serve(application: Application, listening: socket.socket) -> None:
    """Answer until SIGTERM or SIGINT; what is under way then is finished."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # uvicorn raises the signal again when it is done
    config = uvicorn.Config(
        application,
        http="httptools",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=REQUESTS_MAX,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[listening])
