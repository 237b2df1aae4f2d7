"""Receiving: what the bodies on their way into this process may take, all together and each."""

from exchange.core.refusal import refuse


class Receiving:
    """Counts the bytes of bodies that are not complete yet. For one event loop: nothing is locked."""

    def __init__(self, bytes_max: int, body_seconds: float) -> None:
        self._bytes_max = bytes_max
        self._bytes = 0
        self.body_seconds = body_seconds

    def hold(self, size: int) -> None:
        """Count ``size`` more bytes; raises ``Refused`` where they are too many, and counts nothing."""
        if self._bytes + size > self._bytes_max:
            raise refuse(
                "broker_busy",
                "Too many documents are on their way in.",
                "Đang có quá nhiều văn bản được gửi đến.",
            )
        self._bytes += size

    def release(self, size: int) -> None:
        """They are no longer on their way: complete, or given up."""
        self._bytes -= size
