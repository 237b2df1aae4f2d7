"""The body of a request: up to a limit, within a time, and within what all bodies may take together.

The server that runs us reads bodies without any deadline.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, Mapping, MutableMapping
from typing import Any, cast

from exchange.core.refusal import Refused, refuse
from exchange.receiving import Receiving

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]


class Disconnected(Exception):
    """The client went away before its body was complete: nothing was taken over."""


async def read_body(
    receive: Receive, headers: Mapping[bytes, bytes], limit: int, receiving: Receiving
) -> bytes:
    """The exact bytes of the whole body.

    Raises ``Refused`` when it is larger than ``limit``, when it takes too long, and when too many
    bytes are on their way in; ``Disconnected`` when it never was complete.
    """
    declared = headers.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limit:
        raise _too_large(limit)
    first = _Begun(receive)
    if first.message is not None and not first.message.get("more_body", False):
        return _part(first.message, 0, limit)  # a small body is here at once, and costs nothing more
    try:
        async with asyncio.timeout(receiving.body_seconds):
            return await _read(first, receive, limit, receiving)
    except TimeoutError:
        raise refuse(
            "body_too_slow",
            f"The body was not complete after {receiving.body_seconds:g} s.",
            f"Nội dung chưa đến đủ sau {receiving.body_seconds:g} giây.",
            limit=receiving.body_seconds,
        ) from None


async def _read(first: "_Begun", receive: Receive, limit: int, receiving: Receiving) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        message = await first
        while True:
            part = _part(message, size, limit)
            receiving.hold(len(part))
            size += len(part)
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)
            message = await receive()
    finally:
        receiving.release(size)


def _part(message: Message, before: int, limit: int) -> bytes:
    if message["type"] == "http.disconnect":
        raise Disconnected
    part: bytes = message.get("body", b"")
    if before + len(part) > limit:
        raise _too_large(limit)
    return part


class _Begun:
    """A call of ``receive``, run as far as it goes without waiting; awaiting it does the rest.

    ``message`` is its result if it did not have to wait.
    """

    def __init__(self, receive: Receive) -> None:
        self._call = cast(Coroutine[Any, None, Message], receive())
        self._waits_for: object = None
        self.message: Message | None = None
        try:
            self._waits_for = self._call.send(None)
        except StopIteration as done:
            self.message = done.value

    def __await__(self) -> Generator[Any, None, Message]:
        if self.message is not None:
            return self.message
        try:
            yield self._waits_for
            return (yield from self._call.__await__())
        finally:
            self._call.close()


def _too_large(limit: int) -> Refused:
    return refuse(
        "document_too_large",
        f"The body is larger than {limit} bytes.",
        f"Nội dung lớn hơn {limit} byte.",
        limit=limit,
    )
