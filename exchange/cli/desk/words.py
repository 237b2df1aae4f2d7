"""The words of the clerk's commands."""

from collections.abc import Mapping

from exchange.audit.words import RECEIPTS
from exchange.audit.words import STATUSES as REPORTED
from exchange.core.codes import PRIORITIES

__all__ = ["KINDS", "RECEIPTS", "STATUSES", "both", "urgency"]

# QCVN 102 status codes, and none so far.
STATUSES: Mapping[str, tuple[str, str]] = {"none": ("chưa báo", "nothing reported"), **REPORTED}

KINDS: Mapping[str, tuple[str, str]] = {
    "document": ("văn bản", "document"),
    "status": ("trạng thái", "status"),
    "receipt": ("biên nhận", "receipt"),
}


def both(words: Mapping[str, tuple[str, str]], key: str) -> str:
    """Vietnamese / English; a word that a newer exchange uses is shown as it is."""
    vietnamese, english = words.get(key, (key, key))
    return vietnamese if vietnamese == english else f"{vietnamese} / {english}"


def urgency(priority: int) -> str:
    """The mark of urgency as documents bear it, "" for a normal one."""
    return PRIORITIES.get(priority, ("", ""))[1].upper() if priority else ""
