"""What is going to be sent: chosen by chance, and by the same chance in every run."""

from dataclasses import dataclass, replace
from random import Random

from exchange.core.codes import CodeForm
from exchange.core.edxml import Business, BusinessType, ReceiverChange, Replacement
from exchange.demo.cast import FAILING, NO_LINE, REFUSING, Cast, Member
from exchange.demo.papers import Draft, Letter

SUBJECTS = (
    ("Công văn", "V/v kết nối, liên thông phần mềm quản lý văn bản"),
    ("Thông báo", "Kết luận của Chủ tịch UBND tỉnh tại cuộc họp giao ban tháng"),
    ("Báo cáo", "Tình hình kinh tế - xã hội quý IV"),
    ("Kế hoạch", "Cải cách hành chính nhà nước năm tới"),
    ("Giấy mời", "Họp triển khai nhiệm vụ phòng, chống thiên tai"),
    ("Quyết định", "Ban hành Quy chế gửi, nhận văn bản điện tử"),
    ("Tờ trình", "Phê duyệt dự toán kinh phí duy tu đường giao thông"),
    ("Công văn", "V/v rà soát thủ tục hành chính tại bộ phận một cửa"),
    ("Hướng dẫn", "Lập hồ sơ điện tử và nộp lưu vào lưu trữ cơ quan"),
    ("Chỉ thị", "Tăng cường ký số văn bản điện tử"),
)
BYTES_LEAST, BYTES_MOST = 2_000, 200_000
RECEIVERS_MOST = 4
BACK = 10  # how far back a document lies that is updated or replaced
SELDOM = 0.35  # of the times that a simulator is drawn it is really addressed


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A document to send; an update or a replacement is one of the document ``BACK`` places before."""

    draft: Draft
    kind: BusinessType = BusinessType.NEW


def stream(cast: Cast, count: int, random: Random) -> list[Planned]:
    """New documents, and now and then one that updates or replaces an earlier one."""
    planned: list[Planned] = []
    for number in range(count):
        kind = {7: BusinessType.UPDATE, 12: BusinessType.REPLACE}.get(number % 15, BusinessType.NEW)
        earlier = planned[number - BACK] if number >= BACK else None
        if kind is BusinessType.NEW or earlier is None or earlier.kind is not BusinessType.NEW:
            planned.append(Planned(draft=_draft(cast, random)))
        else:
            planned.append(Planned(draft=earlier.draft, kind=kind))
    return planned


def _draft(cast: Cast, random: Random) -> Draft:
    type_name, subject = random.choice(SUBJECTS)
    sender = random.choice(cast.played)
    return Draft(
        sender=sender,
        receivers=_receivers(cast, sender, random),
        subject=subject,
        type_name=type_name,
        priority=random.choices((0, 1, 2, 3), (88, 6, 3, 3))[0],
        sizes=tuple(_size(random) for _ in range(random.choices((1, 2, 3), (7, 2, 1))[0])),
        business=Business(paper=random.random() < 0.06),
        form=random.choices((CodeForm.QCVN102, CodeForm.QD20), (4, 1))[0],
    )


def _receivers(cast: Cast, sender: Member, random: Random) -> tuple[Member, ...]:
    possible = [
        member
        for member in cast.members
        if member is not sender
        and member.code != NO_LINE
        and (member.code not in (REFUSING, FAILING) or random.random() < SELDOM)
    ]
    return tuple(random.sample(possible, random.randint(1, RECEIVERS_MOST)))


def _size(random: Random) -> int:
    """Small ones are common, large ones rare."""
    factor: float = (BYTES_MOST / BYTES_LEAST) ** (random.random() ** 2)
    return round(BYTES_LEAST * factor)


def changing(draft: Draft, kind: BusinessType, earlier: Letter) -> Draft:
    """The same to the same receivers, as an update, a replacement or a revocation of ``earlier``."""
    business = Business(doc_type=kind, paper=False, reason=REASONS[kind])
    document_id = earlier.message.document_id
    match kind:
        case BusinessType.UPDATE:
            changes = tuple(
                ReceiverChange(organ_id=each.organ_id, receiver_type=0) for each in earlier.message.receivers
            )
            business = replace(
                business,
                document_id=document_id,
                document_changed=True,
                receivers_changed=False,
                receivers=changes,
            )
        case BusinessType.REPLACE:
            ids = tuple(each.organ_id for each in earlier.message.receivers)
            replaced = Replacement(document_id=document_id, organ_ids=ids)
            business = replace(business, replacements=(replaced,))
        case _:
            business = replace(business, document_id=document_id)
    return replace(draft, business=business, sizes=(BYTES_LEAST,))


REASONS = {
    BusinessType.UPDATE: "Cập nhật văn bản điện tử",
    BusinessType.REPLACE: "Văn bản thay thế",
    BusinessType.REVOKE: "Thu hồi văn bản điện tử",
}
