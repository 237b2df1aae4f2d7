"""The national axis' HTTP interface (VXP), as its official Java library 2.0 speaks it on the wire.

Its headers are named ``XroadVnpt-…``. A text of JSON with those that are signed stands in ``sign-header``,
their names in ``sign-header-key``, hex HMAC-SHA256 of exactly that text in ``hash-header``. A body is covered
by ``hash-file`` alone.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from exchange.core.edxml_values import VIETNAM
from exchange.core.refusal import Refusal
from exchange.core.refusal_texts import CATALOGUE

PREFIX = "XroadVnpt-"
SIGN_TEXT, SIGN_NAMES, SIGN_VALUE = (
    f"{PREFIX}{name}".lower() for name in ("sign-header", "sign-header-key", "hash-header")
)
TEXT_CHARS_MAX = 8_192

OK, BAD_FILE, WRONG_KEY, RECEIVER_UNKNOWN, SENDER_UNKNOWN, BROKEN, FILE, NOT_EDXML, RECEIVER_LOCKED = (
    *("0", "10", "15", "18", "19", "20", "21", "22", "23"),
)
_CODES: Mapping[str, str] = {
    **dict.fromkeys(("xml_malformed", "xml_forbidden", "document_too_large"), BAD_FILE),
    **dict.fromkeys(("token_missing", "token_invalid", "scope_missing"), WRONG_KEY),
    **dict.fromkeys(("receiver_unknown", "receiver_missing", "receiver_split"), RECEIVER_UNKNOWN),
    **dict.fromkeys(("sender_unknown", "sender_closed", "signer_not_sender"), SENDER_UNKNOWN),
    **dict.fromkeys(("attachment_invalid", "too_many_attachments"), FILE),
    **dict.fromkeys(("pdf_signature_missing", "pdf_signature_invalid"), FILE),
    **dict.fromkeys(("receiver_closed", "receiver_not_connected"), RECEIVER_LOCKED),
    **dict.fromkeys(("receiver_refuses_size", "receiver_refuses_type"), RECEIVER_LOCKED),
}


class Fault(Exception):
    """A call that is not answered as asked; ``code`` as the axis numbers them, words in two languages."""

    def __init__(self, code: str, vi: str, en: str) -> None:
        super().__init__(en)
        self.code, self.words = code, f"{vi} / {en}"


def wrong_key() -> Fault:
    """One answer for whatever is wrong with who calls: it tells a stranger nothing."""
    return Fault(
        WRONG_KEY,
        "Sai systemid hoặc khóa, chữ ký header không đúng, hoặc thời điểm lệch quá giới hạn.",
        "Wrong systemid or key, the header signature does not hold, or the timestamp is too far off.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The headers that were signed, by their names as they were written, without the prefix."""

    values: Mapping[str, str]
    text: bytes
    signature: str

    @property
    def system(self) -> str:
        """Who says to call; not proven before ``signed_by``."""
        return self.values.get("systemid", "")

    def signed_by(self, secret: str) -> bool:
        """Whether the holder of ``secret`` wrote the headers; takes the same time whatever is wrong."""
        own = hmac.new(secret.encode(), self.text, hashlib.sha256).hexdigest()
        return hmac.compare_digest(own.encode(), self.signature.lower().encode())

    def is_recent(self, now: datetime, window_seconds: float) -> bool:
        """Whether its clock and ours are not further apart."""
        try:
            said = read_timestamp(self.values.get("timestamp", ""))
        except ValueError:
            return False
        return abs(now - said) <= timedelta(seconds=window_seconds)

    def covers(self, content: bytes) -> bool:
        """Whether ``hash-file`` is that of this body, with or without the zeros that the library drops."""
        said, digest = self.values.get("hash-file", "").lower(), hashlib.sha256(content).digest()
        forms = (digest.hex(), hash_file(digest))
        return any(hmac.compare_digest(said.encode(), form.encode()) for form in forms)


def read_call(headers: Sequence[tuple[bytes, bytes]]) -> Call:
    """The signed headers of a request; raises ``Fault`` unless text, names and headers say the same.

    ``headers`` are as received. The library keeps headers of earlier calls, and writes both ``docId`` and
    ``docid``: whoever reads a value takes it from the signed text, by its very name.
    """
    received: dict[str, list[str]] = {}
    for name, value in headers:
        received.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    text, names, signature = (_one(received, name) for name in (SIGN_TEXT, SIGN_NAMES, SIGN_VALUE))
    pairs = _pairs(text)
    if [name for name, _ in pairs] != [f"{PREFIX}{name}" for name in names.split(";")]:
        raise wrong_key()
    if any(value not in received.get(name.lower(), []) for name, value in pairs):
        raise wrong_key()
    values = {name.removeprefix(PREFIX): value for name, value in pairs}
    if len(values) != len(pairs) or not signature.isascii():
        raise wrong_key()
    return Call(values=values, text=text.encode("latin-1"), signature=signature)


def _one(received: Mapping[str, list[str]], name: str) -> str:
    found = received.get(name, [])
    if len(found) != 1 or len(found[0]) > TEXT_CHARS_MAX:
        raise wrong_key()
    return found[0]


def _pairs(text: str) -> list[tuple[str, str]]:
    try:
        pairs = json.loads(text, object_pairs_hook=list)
    except (ValueError, RecursionError):
        raise wrong_key() from None
    if not isinstance(pairs, list) or not all(
        isinstance(each, tuple) and isinstance(each[1], str) for each in pairs
    ):
        raise wrong_key()
    return pairs


def read_timestamp(text: str) -> datetime:
    """``ddMMyyyy'T'HHmmss+SSSS`` in Vietnam's time: what follows the sign are milliseconds and no zone.

    Raises ``ValueError`` for anything else.
    """
    moment, sign, milliseconds = text.partition("+")
    if not sign or not milliseconds.isascii() or not milliseconds.isdigit() or len(milliseconds) > 4:
        raise ValueError(f"not a timestamp: {text[:40]!r}")
    whole = datetime.strptime(moment, "%d%m%YT%H%M%S").replace(tzinfo=VIETNAM)
    return whole + timedelta(milliseconds=int(milliseconds))


def hash_file(digest: bytes) -> str:
    """A digest in hex as the library writes it: without the leading zero of each byte."""
    return "".join(f"{byte:x}" for byte in digest)


def shown(moment: datetime) -> str:
    """A moment as the axis writes it."""
    return moment.astimezone(VIETNAM).strftime("%Y/%m/%d %H:%M:%S")


def answer(**values: object) -> dict[str, object]:
    """The reply to a call that was done."""
    return {"status": "OK", "ErrorCode": OK, "ErrorDesc": "", **values}


def failure(code: str, words: str) -> dict[str, object]:
    """The reply to one that was not."""
    return {"status": "FAIL", "ErrorCode": code, "ErrorDesc": words}


def refusal(refusals: Iterable[Refusal]) -> dict[str, object]:
    """The reply that tells our refusals: the first one's number, and the words of all."""
    listed = list(refusals)
    return failure(code_of(listed[0].code), " | ".join(map(_told, listed)))


def code_of(refusal_code: str) -> str:
    """The axis' number for a refusal of ours: every one has one."""
    if CATALOGUE[refusal_code].status >= 500 or refusal_code in ("rate_exceeded", "body_too_slow"):
        return BROKEN
    return _CODES.get(refusal_code, NOT_EDXML)


def _told(each: Refusal) -> str:
    text = CATALOGUE[each.code]
    where = f" [{each.where}]" if each.where else ""
    vietnamese = f"{text.title_vi}{where}. {each.detail_vi} {text.remedy_vi}"
    return f"{each.code}: {vietnamese} / {text.title}. {each.detail} {text.remedy}".replace("  ", " ")
