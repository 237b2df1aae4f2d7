"""The body of a request: up to a limit, within a time, and within what all bodies may take together.

The server that runs us reads bodies without any deadline.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

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
    try:
        async with asyncio.timeout(receiving.body_seconds):
            return await _read(receive, limit, receiving)
    except TimeoutError:
        raise refuse(
            "body_too_slow",
            f"The body was not complete after {receiving.body_seconds:g} s.",
            f"Nội dung chưa đến đủ sau {receiving.body_seconds:g} giây.",
            limit=receiving.body_seconds,
        ) from None


async def _read(receive: Receive, limit: int, receiving: Receiving) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    try:
        while more:
            message = await receive()
            part = _part(message, size, limit)
            receiving.hold(len(part))
            size += len(part)
            parts.append(part)
            more = message.get("more_body", False)
    finally:
        receiving.release(size)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _part(message: Message, before: int, limit: int) -> bytes:
    if message["type"] == "http.disconnect":
        raise Disconnected
    part: bytes = message.get("body", b"")
    if before + len(part) > limit:
        raise _too_large(limit)
    return part


def _too_large(limit: int) -> Refused:
    return refuse(
        "document_too_large",
        f"The body is larger than {limit} bytes.",
        f"Nội dung lớn hơn {limit} byte.",
        limit=limit,
    )
