"""Plain HTTP for mirrors: what lies at an address, bounded in size and time."""

from http.client import HTTPException
from urllib.error import HTTPError
from urllib.request import urlopen

BYTES_MAX = 32_000_000  # a bundle of 256 entries of 65,535 bytes, and more
TIMEOUT_SECONDS = 60.0


class Ledger:
    """A ledger at an address, such as https://…/ledger."""

    def __init__(self, url: str) -> None:
        """Raise ``ValueError`` for what is no address of the web."""
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url} does not begin with http:// or https://")
        self._url = url.rstrip("/")

    def fetch(self, path: str) -> bytes:
        """What lies at ``path``; raises ``OSError``."""
        address = f"{self._url}/{path}"
        try:
            with urlopen(address, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310 checked above
                content: bytes = answer.read(BYTES_MAX + 1)
        except HTTPError as error:
            with error:
                raise OSError(f"{address}: HTTP {error.code}") from None
        except HTTPException as error:
            raise OSError(f"{address}: {type(error).__name__}") from None
        if len(content) > BYTES_MAX:
            raise OSError(f"{address}: more than {BYTES_MAX} bytes")
        return content
