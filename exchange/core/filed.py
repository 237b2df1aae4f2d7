"""How a document's fields and key are written into other software, and read back from it.

Software that files documents has fields of its own; which of ours goes into which of theirs stands in the
options of its adapter.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, Literal, TypeVar

from exchange.core.edxml import VIETNAM
from exchange.core.filing import Filing
from exchange.core.letter import File, Letter

# Our names: of what is filed, and of what a document to be sent is made of. ``code`` is number and symbol in
# one ("12/UBND-VX"); of a letter it is looked at where ``number`` or ``notation`` is not given.
FiledName = Literal[
    "document_id",
    "number",
    "notation",
    "code",
    "promulgated_on",
    "type_name",
    "subject",
    "sender_code",
    "sender_name",
    "receivers",
    "priority",
    "signer",
    "status_code",
    "words",
]
LetterName = Literal[
    "number",
    "notation",
    "code",
    "promulgated_on",
    "type_name",
    "subject",
    "receivers",
    "priority",
    "place",
    "signer_position",
    "signer_name",
]
StatusCode = Literal["02", "03", "04", "05", "06", "15", "16"]  # what a receiver reports; QCVN 102

_Name = TypeVar("_Name", bound=str)
NAME_CHARACTERS_MAX: Final = 120
_MISSING: Final = {
    "number": ("số văn bản", "the number"),
    "notation": ("ký hiệu", "the symbol"),
    "promulgated_on": ("ngày ban hành", "the date of promulgation"),
    "subject": ("trích yếu", "the subject"),
    "receivers": ("mã nơi nhận", "the receivers' codes"),
}


class Unfit(ValueError):
    """Fields do not make a document that can be sent; ``reasons`` are sentences for the clerk."""

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


def values(filing: Filing) -> dict[str, str]:
    """What is known, as text by our names; dates as in ISO 8601, receivers' codes with "; " between them."""
    texts = {
        "document_id": filing.document_id,
        "number": filing.number,
        "notation": filing.notation,
        "code": filing.code,
        "promulgated_on": filing.promulgated_on.isoformat() if filing.promulgated_on else "",
        "type_name": filing.type_name,
        "subject": filing.subject,
        "sender_code": filing.sender_code,
        "sender_name": filing.sender_name,
        "receivers": "; ".join(filing.receivers),
        "priority": str(filing.priority) if filing.kind == "document" else "",
        "signer": filing.signer,
        "status_code": filing.status_code,
        "words": filing.words,
    }
    return {name: text for name, text in texts.items() if text}


def mapped(filing: Filing, fields: Mapping[FiledName, str]) -> dict[str, str]:
    """The same by their names, of those that ``fields`` gives a name to."""
    known = values(filing)
    return {theirs: known[ours] for ours, theirs in fields.items() if theirs and ours in known}


def with_defaults(given: Mapping[_Name, str], defaults: Mapping[_Name, str]) -> dict[_Name, str]:
    """A mapping of fields in which an option changes single ones; an empty name takes a field away."""
    return {ours: theirs for ours, theirs in {**defaults, **given}.items() if theirs}


def mark(key: str) -> str:
    """A key as part of a name: lower-case letters, digits and ``-`` only; read back by ``key_of``."""
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", key) and not key.startswith("x-"):
        return key
    return f"x-{key.encode().hex()}"


def key_of(written: str) -> str:
    """The key that ``mark`` wrote; "" where it is none."""
    if not written.startswith("x-"):
        return written
    try:
        return bytes.fromhex(written[2:]).decode()
    except ValueError:
        return ""


def safe_name(name: str) -> str:
    """A file's name without folders and what file systems and headers cannot hold; never empty."""
    kept = "".join(c if c.isprintable() and c not in '\\/:*?"<>|' else "-" for c in name).strip(" .-")
    stem, dot, ending = kept.rpartition(".")
    if not dot or len(ending) > 10:
        stem, ending = kept, ""
    return f"{stem[:NAME_CHARACTERS_MAX]}{'.' if ending else ''}{ending}" or "tep"


def letter(
    found: Mapping[LetterName, object], files: tuple[File, ...], fields: Mapping[LetterName, str]
) -> Letter:
    """The letter that another software's fields make; raises ``Unfit`` with all that is wrong.

    ``found`` has values by our names as that software gives them; ``fields`` names them for the clerk.
    """
    texts: dict[str, str] = {name: _text(value) for name, value in found.items()}
    number, _, notation = texts.get("code", "").partition("/")
    texts["number"] = texts.get("number") or number.strip()
    texts["notation"] = texts.get("notation") or notation.strip()
    promulgated_on = _day(found.get("promulgated_on"))
    receivers = _codes(found.get("receivers"))
    there: dict[str, object] = {**texts, "promulgated_on": promulgated_on, "receivers": receivers}
    reasons = [_missing(name, fields) for name in _MISSING if not there.get(name)]
    if not files:
        reasons.append("Chưa có tệp nào để gửi. There is no file to send.")
    if reasons:
        raise Unfit(tuple(reasons))
    assert promulgated_on is not None
    return Letter(
        number=texts["number"],
        notation=texts["notation"],
        promulgated_on=promulgated_on,
        type_name=texts.get("type_name") or "Công văn",
        subject=texts["subject"],
        receivers=receivers,
        files=files,
        priority=_priority(texts.get("priority", "")),
        place=texts.get("place", ""),
        signer_position=texts.get("signer_position", ""),
        signer_name=texts.get("signer_name", ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A document came into a state of the software's workflow."""

    state: str
    at: datetime  # aware
    actor: str = ""
    words: str = ""


def first_steps(steps: Iterable[Step], states: Mapping[str, StatusCode]) -> dict[StatusCode, Step]:
    """The first step into each business status, in the order in which they were taken."""
    first: dict[StatusCode, Step] = {}
    for step in sorted(steps, key=lambda each: each.at):
        if step.state in states:
            first.setdefault(states[step.state], step)
    return first


def too_large(name: str, bytes_max: int) -> Unfit:
    """A file has more bytes than the options allow."""
    return Unfit(
        (f"Tệp «{name}» lớn hơn {bytes_max} byte. The file '{name}' has more than {bytes_max} bytes.",)
    )


def _missing(name: str, fields: Mapping[LetterName, str]) -> str:
    vietnamese, english = _MISSING[name]
    named: dict[str, str] = {str(ours): theirs for ours, theirs in fields.items()}
    where = named.get(name) or named.get("code", "")
    return (
        f"Thiếu hoặc sai {vietnamese} (trường «{where}»). {english.capitalize()} is missing or wrong "
        f"(field '{where}')."
    )


def _text(value: object) -> str:
    if isinstance(value, list | tuple):
        return "; ".join(_text(each) for each in value if each)
    if isinstance(value, Mapping):  # a term of a vocabulary
        return _text(value.get("title") or value.get("token"))
    return "" if value is None else str(value).strip()


def _codes(value: object) -> tuple[str, ...]:
    return tuple(dict.fromkeys(re.findall(r"[^\s,;]+", _text(value))))


def _day(value: object) -> date | None:
    """ISO 8601, "24/11/2026", or milliseconds since 1970 (CMIS 1.1, 5.2.11); a moment's day is Vietnam's."""
    if isinstance(value, list | tuple):
        value = value[0] if value else None
    if isinstance(value, int):
        return datetime.fromtimestamp(value / 1000, UTC).astimezone(VIETNAM).date()
    text = _text(value)
    if written := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text):
        text = f"{written[3]}-{int(written[2]):02}-{int(written[1]):02}"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment.astimezone(VIETNAM) if moment.tzinfo else moment).date()


def _priority(text: str) -> int:
    return int(text) if re.fullmatch("[0-4]", text) else 0
