"""A time-stamping authority with moods: certomancer's, behind a front that can be told to misbehave."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
from asn1crypto import tsp
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from exchange.demo.pki import Pki, Quiet

Answer = Callable[[Request], Response]
OTHER_DIGEST = bytes(32)


class Front:
    """Counts what it is asked, and answers as ``mood`` says; at first as the authority itself."""

    def __init__(self, pki: Pki, tls: tuple[Path, Path] | None = None) -> None:
        """``tls``: the files of a certificate and its key; without, it speaks plain HTTP."""
        self.pki = pki
        files = None if tls is None else (str(tls[0]), str(tls[1]))
        self._server = make_server(
            "127.0.0.1", 0, self._serve, threaded=True, request_handler=Quiet, ssl_context=files
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="front", daemon=True
        )
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}/tsa"
        self.asked: list[bytes] = []
        self.mood: Answer = self.real
        self.leave = threading.Event()

    def __enter__(self) -> "Front":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _serve(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        self.asked.append(request.get_data())
        return self.mood(request)(environ, start_response)

    # --- moods ---

    def real(self, request: Request) -> Response:
        return self._stamped(request.get_data())

    def _stamped(self, query: bytes) -> Response:
        return self._from("tsa", query)

    def _from(self, service: str, query: bytes) -> Response:
        answer = urllib3.request("POST", self.pki.tsa_url(service), body=query)
        return Response(answer.data, status=answer.status, mimetype="application/timestamp-reply")

    def of(self, service: str) -> Answer:
        """As another service of the PKI, whose word is worth nothing."""

        return lambda request: self._from(service, request.get_data())

    def slow(self, seconds: float) -> Answer:
        def answer(request: Request) -> Response:
            self.leave.wait(seconds)
            return self.real(request)

        return answer

    def dripping(self, request: Request) -> Response:
        """A byte now and then, for as long as anybody listens: no time limit between two bytes is met."""

        def drip() -> Iterator[bytes]:
            while not self.leave.is_set():
                time.sleep(0.05)
                yield b"0"

        return Response(drip(), mimetype="application/timestamp-reply")

    @staticmethod
    def status(code: int) -> Answer:
        return lambda _request: Response(b"no", status=code)

    @staticmethod
    def garbage(_request: Request) -> Response:
        return Response(b"<html>Welcome</html>")

    @staticmethod
    def endless(_request: Request) -> Response:
        return Response(bytes(100_000))

    def other_digest(self, request: Request) -> Response:
        """A good time-stamp, of something else."""
        query = tsp.TimeStampReq.load(request.get_data())
        query["message_imprint"]["hashed_message"] = OTHER_DIGEST
        return self._stamped(query.dump(force=True))

    def replay(self, request: Request) -> Response:
        """The right digest, and the number of an earlier request."""
        query = tsp.TimeStampReq.load(request.get_data())
        query["nonce"] = 4711
        return self._stamped(query.dump(force=True))

    def rejection(self, _request: Request) -> Response:
        status = tsp.PKIStatusInfo({"status": "rejection", "status_string": ["out of service"]}).dump()
        return Response(b"\x30" + bytes([len(status)]) + status)


@pytest.fixture
def front(pki: Pki) -> Iterator[Front]:
    """The authority of the fixture ``pki``, with moods."""
    with Front(pki) as started:
        yield started
