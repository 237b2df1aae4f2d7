"""The signed headers of a push: who calls, about what, and when.

The broker posts a document's exact bytes with these headers; text in them is percent-encoded UTF-8
(RFC 3986), as ids hold Vietnamese::

    Content-Type            application/edxml+xml (documents, status messages), application/xml (receipts),
                            application/json (alarms)
    Idempotency-Key         the delivery: the same on every attempt
    Exchange-Kind           document, status or receipt; alarm to the administrators' own webhook
    Exchange-Digest         SHA-256 of the body, lower-case hex
    Exchange-Sender         code of the sending agency
    Exchange-Receiver       code of the receiving agency, as the sender wrote it
    Exchange-Document-Id    DocumentId of the sender, or the receipt's id
    Exchange-Timestamp      seconds since 1970-01-01 UTC, decimal: when this attempt was made
    Exchange-Signature      v1=<lower-case hex of HMAC-SHA256(secret, text)>

where *text* is nine lines, LF between them and none at the end: ``v1``, then the values of
Exchange-Timestamp, Idempotency-Key, Exchange-Digest, Exchange-Kind, Exchange-Sender,
Exchange-Receiver, Exchange-Document-Id and Content-Type, exactly as sent. The secret is taken as
its UTF-8 bytes.

The receiver checks, in this order (``verify_headers`` does all but the last):

1. the signature, in constant time, under each secret that it holds (two while one is replaced);
2. that the timestamp is at most five minutes away from its own clock;
3. that SHA-256 of the body equals Exchange-Digest;
4. whether it has the key already: then it answers as before, and does not take the document twice.

This proves that the broker made the request. Who issued the document, and that it is unchanged,
only the signature inside the document proves.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote

AGE_SECONDS_MAX = 300.0
EDXML, XML, JSON = "application/edxml+xml", "application/xml", "application/json"
_TYPES = {"receipt": XML, "alarm": JSON}
SIGNED = (
    "Exchange-Timestamp",
    "Idempotency-Key",
    "Exchange-Digest",
    "Exchange-Kind",
    "Exchange-Sender",
    "Exchange-Receiver",
    "Exchange-Document-Id",
    "Content-Type",
)


class PushInvalid(Exception):
    """The request was not made by the broker, or not just now, or its body is not the one it speaks of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """What one request says of itself; ``digest`` is the lower-case hex SHA-256 of its body."""

    key: str
    kind: str
    digest: str
    sender: str
    receiver: str
    document_id: str
    sent_at: datetime


def sign_headers(push: Push, secret: str) -> dict[str, str]:
    """The headers of one attempt."""
    headers = {
        "Exchange-Timestamp": str(int(push.sent_at.timestamp())),
        "Idempotency-Key": _encoded(push.key),
        "Exchange-Digest": push.digest,
        "Exchange-Kind": push.kind,
        "Exchange-Sender": _encoded(push.sender),
        "Exchange-Receiver": _encoded(push.receiver),
        "Exchange-Document-Id": _encoded(push.document_id),
        "Content-Type": _TYPES.get(push.kind, EDXML),
    }
    headers["Exchange-Signature"] = _signature(tuple(headers.values()), secret)
    return headers


def verify_headers(
    headers: Mapping[str, str],
    body: bytes,
    *,
    secrets: Iterable[str],
    now: datetime,
    age_seconds_max: float = AGE_SECONDS_MAX,
) -> Push:
    """For receivers: what the request says, once it is proved; raises ``PushInvalid``.

    ``headers`` may be written in any case. Nothing is read from them before the signature holds.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    values = [lower.get(name.lower(), "") for name in SIGNED]
    given = lower.get("exchange-signature", "").encode("utf-8", "backslashreplace")
    if not any(hmac.compare_digest(given, _signature(values, secret).encode()) for secret in secrets):
        raise PushInvalid(
            "Exchange-Signature is missing, or was made over other headers or with another secret"
        )
    timestamp, key, digest, kind, sender, receiver, document_id, _ = values
    sent_at = datetime.fromtimestamp(int(timestamp), UTC)
    if abs((now - sent_at).total_seconds()) > age_seconds_max:
        raise PushInvalid(f"Exchange-Timestamp is more than {age_seconds_max:g} s away from this clock")
    if hashlib.sha256(body).hexdigest() != digest:
        raise PushInvalid("Exchange-Digest is not that of the body")
    return Push(
        key=unquote(key),
        kind=kind,
        digest=digest,
        sender=unquote(sender),
        receiver=unquote(receiver),
        document_id=unquote(document_id),
        sent_at=sent_at,
    )


def _encoded(text: str) -> str:
    return quote(text, safe="/,:")


def _signature(values: Sequence[str], secret: str) -> str:
    text = "\n".join(("v1", *values)).encode("utf-8", "backslashreplace")
    return "v1=" + hmac.digest(secret.encode(), text, "sha256").hex()
