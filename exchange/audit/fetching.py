"""Plain HTTP for mirrors: what lies at an address, bounded in size and time."""

import threading
from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import urlopen

BYTES_MAX = 32_000_000  # a bundle of 256 entries of 65,535 bytes, and more
TIMEOUT_SECONDS = 60.0  # without a byte
SECONDS_MAX = 300.0  # for all of it: who sends a byte a minute holds nobody up


class Ledger:
    """A ledger at an address, such as https://…/ledger."""

    def __init__(self, url: str) -> None:
        """Raise ``ValueError`` for what is no address of the web."""
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url} does not begin with http:// or https://")
        self._url = url.rstrip("/")

    def fetch(self, path: str) -> bytes:
        """What lies at ``path``; raises ``OSError``."""
        answer = _Answer(f"{self._url}/{path}")
        # No timeout of a socket ends an answer that trickles; the thread is left to the end of the process.
        thread = threading.Thread(target=answer.read, daemon=True)
        thread.start()
        thread.join(SECONDS_MAX)
        return answer.content()


class _Answer:
    """What is being read from one address."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._content: bytes | None = None
        self._error: OSError | None = None

    def content(self) -> bytes:
        """All of it; raises ``OSError``, also where it is not all there yet."""
        if self._error is not None:
            raise self._error
        if self._content is None:
            raise OSError(f"{self._address}: not all there after {SECONDS_MAX:g} s")
        return self._content

    def read(self) -> None:
        """Read it, or the reason why not."""
        try:
            self._content = self._read()
        except OSError as error:
            self._error = error
        # Whatever else the library makes of somebody else's bytes.
        except Exception as error:
            self._error = OSError(f"{self._address}: {type(error).__name__}")

    def _read(self) -> bytes:
        try:
            with urlopen(self._address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 checked above
                content: bytes = answer.read(BYTES_MAX + 1)
        except HTTPError as error:
            with error:
                raise OSError(f"{self._address}: HTTP {error.code}") from None
        except HTTPException as error:
            raise OSError(f"{self._address}: {type(error).__name__}") from None
        if len(content) > BYTES_MAX:
            raise OSError(f"{self._address}: more than {BYTES_MAX} bytes")
        return content
