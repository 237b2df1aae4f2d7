"""A new adapter to begin with: it posts over HTTP, keeps the promises, and is to be filled in."""

from textwrap import dedent

ADAPTER = '''
    """@NAME@: in one sentence, what software this is and how it is reached.

    ==========================================  ========================================================
    answer                                      verdict
    ==========================================  ========================================================
    2xx                                         ``Delivered``: say here why that means that they have it
    409                                         ``Delivered``: it has this key already
    401, 403, 404, 405, 407, 421, 3xx           ``Retry``: address or secret are wrong, and may be mended
    408, 425, 429, 5xx, none, an unreadable one  ``Retry``
    any other 4xx                               ``Refused``, code ``http_<status>``, their words
    ==========================================  ========================================================
    """

    from collections.abc import Mapping
    from datetime import UTC, datetime
    from pathlib import Path

    from pydantic import SecretStr, field_validator

    from exchange.adapter import (
        AgencyAdapter,
        Delivered,
        Options,
        Outcome,
        Outgoing,
        Reached,
        Retry,
        Unreachable,
    )
    from exchange.http_client import HttpClient, NoAnswer, checked_url, one_line
    from exchange.secret import SecretSource, secret


    class @CLASS@Options(Options):
        """What the directory says about one agency's software."""

        url: str
        token: SecretSource
        ca_file: Path | None = None  # CAs to trust instead of the system's, PEM

        @field_validator("url")
        @classmethod
        def _is_a_url(cls, url: str) -> str:
            return checked_url(url)


    class Adapter(AgencyAdapter):
        """Posts each document to one address."""

        def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
            super().__init__(options, timeout_seconds)
            read = @CLASS@Options.read(options)
            token = secret("token", read.token)
            self._http = HttpClient(read.url, ca_file=read.ca_file, secrets=[token])
            self._token = SecretStr(token)

        def deliver(self, outgoing: Outgoing) -> Outcome:
            """One POST under the delivery's key, by which the software knows it again."""
            headers = {
                **self._authorization(),
                "Content-Type": "application/xml",
                "Idempotency-Key": outgoing.key,
            }
            try:
                answer = self._http.call(
                    "POST", headers=headers, body=outgoing.content, timeout_seconds=self.timeout_seconds
                )
            except NoAnswer as error:
                return Retry(str(error))
            if 200 <= answer.status < 300 or answer.status == 409:
                return Delivered(one_line(answer.text))
            return self._http.verdict(answer, datetime.now(UTC))

        def check(self) -> Reached | Unreachable | None:
            """Whether the software answers at all."""
            try:
                answer = self._http.call(
                    "GET", headers=self._authorization(), timeout_seconds=self.timeout_seconds
                )
            except NoAnswer as error:
                return Unreachable(str(error))
            if answer.status >= 500 or answer.status in (401, 403):
                return Unreachable(f"http_{answer.status}")
            return Reached(one_line(answer.headers.get("Server", "")))

        def close(self) -> None:
            """Close the kept connections."""
            self._http.close()

        def _authorization(self) -> dict[str, str]:
            return {"Authorization": f"Bearer {self._token.get_secret_value()}"}
'''

TESTS = '''
    """@NAME@ keeps the promises of the port; what is special about it has tests of its own below."""

    import hashlib
    from collections.abc import Mapping
    from pathlib import Path

    import pytest

    from adapters.@NAME@ import Adapter
    from tests.adapters.conformance import ABSENT, Held, NetworkConformance, Options
    from tests.adapters.peers import Peer

    TOKEN = "a token that nobody may ever read"


    class Test@CLASS@(NetworkConformance):
        adapter_class = Adapter
        secrets = (TOKEN,)
        wrong_options = (({"url": ABSENT}, "url"), ({"url": "ftp://x"}, "url"), ({"token": TOKEN}, "token"))

        @pytest.fixture
        def options(self, peer: Peer, tmp_path: Path) -> Options:
            (tmp_path / "token").write_text(TOKEN)
            return {"url": peer.url, "token": f"file:{tmp_path / 'token'}"}

        def options_for(self, options: Options, url: str) -> Options:
            return {**options, "url": url}

        @pytest.fixture
        def held(self, peer: Peer) -> Held:
            def read() -> Mapping[str, str]:
                return {key: hashlib.sha256(body).hexdigest() for key, body in peer.held.items()}

            return read
'''


def scaffold(name: str) -> dict[str, str]:
    """The files of a new adapter, by their path in the project."""
    title = "".join(part.title() for part in name.split("_"))
    return {
        f"adapters/{name}.py": _filled(ADAPTER, name, title),
        f"tests/adapters/test_{name}.py": _filled(TESTS, name, title),
    }


def _filled(text: str, name: str, title: str) -> str:
    return dedent(text).lstrip().replace("@NAME@", name).replace("@CLASS@", title)
