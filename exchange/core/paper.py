"""Paper: what an agency says it sent on paper, and what is wrong with it. Without it the share has no
denominator (QĐ 28/2018/QĐ-TTg art. 5.3, 7.2: paper is the exception, so each sheet has its reason).
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date

from exchange.core.codes import normalise
from exchange.core.directory import Agency, Directory
from exchange.core.leaf import canonical
from exchange.core.refusal import Refusal, Refused
from exchange.core.routing import unknown_receiver
from exchange.core.share import Reason, second_key

BUSINESS_TYPE = -1  # of its row of table document: apart from every kind of electronic document
DECLARED = "none:"  # the marks of declarations begin so
RECEIVERS_MAX = 500
FIRST_DAY = date(1990, 1, 1)  # earlier is a slip of the pen
# The longest texts, as NĐ 30/2020/NĐ-CP App. VI has them for electronic documents.
LENGTHS: Mapping[str, int] = {
    "id": 100,
    "number": 11,
    "notation": 30,
    "type_name": 100,
    "subject": 500,
    "remark": 500,
    "replaces": 100,
    "by": 200,
}
_NEEDED = ("id", "number", "subject", "by")
# QĐ 28/2018/QĐ-TTg art. 1.2: nothing of a state secret passes through here, so no subject either.
_SECRET = (
    "Leave it empty: the subject of a secret document does not belong here.",
    "Để trống: không ghi trích yếu của văn bản mật.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """One document that went on paper to one or several receivers on one day."""

    agency: str
    """The sender's key."""
    id: str
    """The agency's own mark of this registration; the same again is the same registration."""
    number: str
    notation: str
    """The symbol: ``12`` and ``UBND-VX`` of 12/UBND-VX."""
    promulgated_on: date
    sent_on: date
    receivers: tuple[str, ...]
    """Codes in any form."""
    reason: Reason
    subject: str = ""
    """Empty for a secret document, and only then."""
    type_name: str = ""
    priority: int = 0
    """0 to 4, as in edXML."""
    remark: str = ""
    replaces: str = ""
    """The ``id`` of an earlier registration that is withdrawn by this one."""
    by: str
    """Who registers it: a person's id, or the program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What was registered was wrong."""

    agency: str
    id: str
    """Of the registration or declaration."""
    why: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """An agency sent nothing on paper in a month."""

    agency: str
    year: int
    month: int
    by: str


def tidy(registration: Registration) -> Registration:
    """The same, with texts composed (NFC) and without white space around and doubled within."""
    values: dict[str, object] = {}
    for each in fields(registration):
        value = getattr(registration, each.name)
        if each.name in LENGTHS:
            value = one_line(value)
        values[each.name] = value
    return Registration(**values)  # type: ignore[arg-type]


def one_line(text: str) -> str:
    """Composed (NFC), one space between words."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def check(registration: Registration, directory: Directory, today: date) -> tuple[str, ...]:
    """The receivers' keys, in the order given; raises ``Refused`` with everything that is wrong."""
    refusals = [*_texts(registration), *_days(registration, today)]
    receivers = _receivers(registration, directory, refusals)
    if refusals:
        raise Refused(*refusals)
    return receivers


def _texts(registration: Registration) -> list[Refusal]:
    found = []
    for name, most in LENGTHS.items():
        text = getattr(registration, name)
        if name == "subject" and registration.reason is Reason.SECRET:
            if text:
                found.append(invalid(name, *_SECRET))
        elif name in _NEEDED and not text:
            found.append(invalid(name, "It is missing.", "Bị bỏ trống."))
        elif len(text) > most:
            found.append(
                invalid(
                    name,
                    f"It has {len(text)} characters; at most {most} are taken.",
                    f"Dài {len(text)} ký tự, tối đa {most}.",
                )
            )
        elif name == "id" and text.startswith(DECLARED):
            found.append(
                invalid(name, f"“{DECLARED}” is for declarations.", f"“{DECLARED}” dành cho khai báo.")
            )
        elif "\x00" in text or ("|" in text and name in ("number", "notation")):
            found.append(invalid(name, "It has a forbidden character.", "Có ký tự không được phép."))
    if not 0 <= registration.priority <= 4:
        found.append(invalid("priority", "It is 0 to 4.", "Giá trị từ 0 đến 4."))
    return found


def _days(registration: Registration, today: date) -> list[Refusal]:
    signed, sent = registration.promulgated_on, registration.sent_on
    found = []
    for name, day in (("promulgated_on", signed), ("sent_on", sent)):
        if not FIRST_DAY <= day <= today:
            found.append(
                invalid(
                    name,
                    f"{day} is not between {FIRST_DAY} and today.",
                    f"Ngày {day:%d/%m/%Y} không nằm giữa {FIRST_DAY:%d/%m/%Y} và hôm nay.",
                )
            )
    if sent < signed:
        found.append(
            invalid(
                "sent_on",
                f"Sent on {sent}, before it was signed on {signed}.",
                f"Gửi ngày {sent:%d/%m/%Y}, trước ngày ban hành {signed:%d/%m/%Y}.",
            )
        )
    return found


def _receivers(registration: Registration, directory: Directory, refusals: list[Refusal]) -> tuple[str, ...]:
    codes = registration.receivers
    if not 1 <= len(codes) <= RECEIVERS_MAX:
        detail = (
            f"There are {len(codes)}; 1 to {RECEIVERS_MAX} are taken.",
            f"Từ 1 đến {RECEIVERS_MAX} nơi.",
        )
        refusals.append(invalid("receivers", *detail))
        return ()
    found: dict[str, int] = {}
    for place, written in enumerate(codes, start=1):
        where = f"receivers[{place}]"
        code = normalise(written)
        agency = directory.find(code, registration.sent_on)
        if agency is None:
            refusals.append(unknown_receiver(code, where, directory, registration.sent_on))
        elif agency.code == registration.agency:
            refusals.append(_fault("receiver_is_sender", where, agency, registration.sent_on))
        elif agency.code in found:
            refusals.append(_fault("receiver_duplicate", where, agency, registration.sent_on))
        else:
            found[agency.code] = place
    return tuple(found)


def _fault(code: str, where: str, agency: Agency, on: date) -> Refusal:
    name = f"{agency.code} ({agency.as_of(on).name})"
    return Refusal(code=code, where=where, detail=f"{name}.", detail_vi=f"{name}.")


def invalid(where: str, detail: str, detail_vi: str) -> Refusal:
    """A field of a registration that cannot be taken."""
    return Refusal(code="paper_invalid", where=where, detail=detail, detail_vi=detail_vi)


def payload(registration: Registration, receivers: Sequence[str]) -> bytes:
    """What is registered, in its one form: the same registration has the same bytes, whoever sends it."""
    return canonical(
        {
            "agency": registration.agency,
            "id": registration.id,
            "notation": registration.notation,
            "number": registration.number,
            "priority": registration.priority,
            "promulgated_on": registration.promulgated_on.isoformat(),
            "reason": registration.reason.value,
            "receivers": sorted(receivers),
            "remark": registration.remark,
            "replaces": registration.replaces,
            "sent_on": registration.sent_on.isoformat(),
            "subject": registration.subject,
            "type_name": registration.type_name,
            "v": 1,
        }
    )


def declared(declaration: Declaration, time: int) -> tuple[str, bytes]:
    """The mark of a declaration, the ``time``-th of its month, and its bytes."""
    month = f"{declaration.year:04}-{declaration.month:02}"
    mark = f"{DECLARED}{month}:{time}"
    return mark, canonical({"agency": declaration.agency, "id": mark, "none_sent_in": month, "v": 1})


def facts(registration: Registration) -> dict[str, object]:
    """What the share is counted by, as it stands in the entries (see ``exchange.core.opened``)."""
    key = second_key(
        registration.agency, registration.number, registration.notation, registration.promulgated_on
    )
    return {
        "business_type": BUSINESS_TYPE,
        "priority": registration.priority,
        "promulgated_on": registration.promulgated_on.isoformat(),
        "second_key": key,
        "type_name": registration.type_name,
    }


def month_declared(declaration: Declaration, today: date) -> date:
    """The first day of the month that is declared; raises ``Refused`` for one that is not over."""
    try:
        first = date(declaration.year, declaration.month, 1)
    except ValueError:
        first = date.max
    if not FIRST_DAY <= first < today.replace(day=1):
        month = f"{declaration.month:02}/{declaration.year}"
        raise Refused(
            invalid(
                "month",
                f"{month} is not a month that is over.",
                f"Tháng {month} không phải tháng đã kết thúc.",
            )
        )
    return first
