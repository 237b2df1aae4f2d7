"""Names in a drop folder: harmless on every file system, and the same on every attempt."""

import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import count

SUBFOLDER = {"document": "", "status": "status", "receipt": "receipts"}  # by kind of message
READABLE_MAX = 80  # characters of the document id that a name shows
MESSAGE = ".edxml"

_KEY = re.compile(r"[a-z0-9-]{1,64}")  # no capitals: "A" and "a" are one file on some shares
_LEFT_OVER = re.compile(r"\..*\.tmp", re.DOTALL)


def file_name(document_id: str, key: str, kind: str) -> str:
    """Readable, unique to the delivery ``key``; ASCII letters, digits and ``.-_`` only."""
    folded = unicodedata.normalize("NFKD", document_id.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(c for c in folded if not unicodedata.combining(c))
    readable = re.sub(r"[^A-Za-z0-9._]+", "-", plain)[:READABLE_MAX].strip(".-_") or "document"
    return f"{readable}{_end(key)}{'.xml' if kind == 'receipt' else MESSAGE}"


def is_of(name: str, key: str) -> bool:
    """Whether a file of this name was written for the delivery ``key``."""
    return name.rpartition(".")[0].endswith(_end(key))


def temporary_name(name: str, mark: str) -> str:
    """What a file is called while it is written; ``mark`` tells attempts at the same moment apart."""
    return f".{name}.{mark}.tmp"


def is_left_over(name: str) -> bool:
    """Whether it is a name that a file has while it is written; what a crash leaves has it for ever."""
    return _LEFT_OVER.fullmatch(name) is not None


def is_message(name: str) -> bool:
    """Whether a file of this name is to be sent. It lies directly in the folder: no name leads out of it."""
    return name.endswith(MESSAGE) and not name.startswith(".") and not set(name) & set("/\\\0")


def free_names(name: str) -> Iterator[str]:
    """The name of a message, then the same with a number, 2 and on: for where earlier ones are kept."""
    yield name
    yield from (f"{name.removesuffix(MESSAGE)}.{number}{MESSAGE}" for number in count(2))


def reasons_text(reasons: Sequence[str]) -> bytes:
    """What stands beside a refused file, one reason a line."""
    return "".join(f"{reason}\n" for reason in reasons).encode()


def _end(key: str) -> str:
    if not _KEY.fullmatch(key):
        key = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    return f"-{key}"
