"""WsgiDAV, a WebDAV server, over a folder of this machine."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cheroot.ssl.builtin import BuiltinSSLAdapter
from cheroot.wsgi import Server
from wsgidav.wsgidav_app import WsgiDAVApp

USER, PASSWORD = "vanthu", "mật khẩu của văn thư"


def application(root: Path, **changes: object) -> WsgiDAVApp:
    return WsgiDAVApp(
        {
            "provider_mapping": {"/": {"root": str(root), "readonly": False}},
            "http_authenticator": {"accept_digest": False, "default_to_digest": False},
            "simple_dc": {"user_mapping": {"*": {USER: {"password": PASSWORD}}}},
            "verbose": 0,
            "logging": {"enable": False},
            "dir_browser": {"enable": False},
            **changes,
        }
    )


@contextmanager
def dav_server(root: Path, certificate: Path | None = None) -> Iterator[int]:
    """The port that it listens on."""
    server = Server(("127.0.0.1", 0), application(root), numthreads=4)
    if certificate:
        server.ssl_adapter = BuiltinSSLAdapter(str(certificate), str(certificate.with_suffix(".key")))
    server.prepare()
    thread = threading.Thread(target=server.serve)
    thread.start()
    try:
        yield int(server.bind_addr[1])
    finally:
        server.stop()
        thread.join()
