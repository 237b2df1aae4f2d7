"""What people are told of the signatures in a file, in both languages."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from exchange.core.edxml_values import VIETNAM
from exchange.core.pdf_findings import (
    AttachmentFindings,
    Basis,
    Both,
    Changes,
    Coverage,
    Integrity,
    Role,
    Sentence,
    SignatureFinding,
)
from exchange.core.standing import Finding, Status

EMPTY = Sentence(vi="Không đọc được: tệp rỗng.", en="It could not be read: the file is empty.")
NO_PDF = Sentence(vi="Không đọc được: không phải tệp PDF.", en="It could not be read: it is no PDF.")
ENCRYPTED = Sentence(
    vi="Không đọc được: tệp PDF bị mã hóa.", en="It could not be read: the PDF is encrypted."
)
TOO_MANY = Sentence(
    vi="Không đọc được: tệp có quá nhiều chữ ký.", en="It could not be read: it has too many signatures."
)
PART = Sentence(
    vi="Dấu thời gian không bao toàn bộ tệp.", en="The time-stamp does not cover the whole of the file."
)
NOT_A_PDF = Sentence(
    vi="Không phải PDF: chữ ký bên trong không được kiểm tra.",
    en="It is no PDF: signatures inside it are not looked at.",
)
TOO_BIG = Sentence(
    vi="Không đọc được: tệp cần quá nhiều bộ nhớ.", en="It could not be read: it needs too much memory."
)
TOO_SLOW = Sentence(
    vi="Không đọc được: kiểm tra quá thời gian cho phép.",
    en="It could not be read: that took longer than it may.",
)
CRASHED = Sentence(
    vi="Không đọc được: tệp làm hỏng chương trình kiểm tra.",
    en="It could not be read: it made the examining program fail.",
)
NOT_REACHED = Sentence(
    vi="Chưa kiểm tra: một tệp đính kèm trước đó không kiểm tra được.",
    en="Not examined: another attachment before it could not be.",
)
NO_ATTACHMENT = Sentence(vi="Văn bản không có tệp đính kèm.", en="The document has no attachment.")

_LENIENT = Sentence(
    vi="Tệp PDF không đúng hẳn tiêu chuẩn; đã đọc theo cách nới lỏng.",
    en="The PDF does not quite follow the standard; it was read leniently.",
)
_UNSIGNED = Sentence(vi="Tệp không có chữ ký số.", en="It carries no digital signature.")

# NĐ 30/2020/NĐ-CP art. 5: a document signed by the competent person and by the organ is an original.
_BOTH: Mapping[Both, Sentence] = {
    Both.YES: Sentence(
        vi="Có chữ ký hợp lệ của cá nhân và của cơ quan (NĐ 30/2020/NĐ-CP Điều 5).",
        en="It bears a person's and an organ's signature, and both hold (NĐ 30/2020/NĐ-CP art. 5).",
    ),
    Both.NO: Sentence(
        vi="Không có đủ chữ ký hợp lệ của cá nhân và của cơ quan (NĐ 30/2020/NĐ-CP Điều 5).",
        en="It does not bear both a person's and an organ's signature that hold (NĐ 30/2020/NĐ-CP art. 5).",
    ),
    Both.UNCLEAR: Sentence(
        vi="Không rõ đã có đủ chữ ký của cá nhân và của cơ quan hay chưa (NĐ 30/2020/NĐ-CP Điều 5).",
        en="It cannot be told whether both a person and an organ signed (NĐ 30/2020/NĐ-CP art. 5).",
    ),
}
_ROLES: Mapping[Role, tuple[str, str]] = {
    Role.PERSON: ("cá nhân", "a person"),
    Role.ORGAN: ("cơ quan, tổ chức", "an organ"),
    Role.UNKNOWN: ("không rõ là cá nhân hay cơ quan", "a person or an organ, which is not known"),
}
_BASES: Mapping[Basis, tuple[str, str]] = {
    Basis.DIRECTORY: (" theo danh bạ", " by the directory"),
    Basis.CERTIFICATE: (" theo chứng thư số", " by the certificate"),
    Basis.DOCUMENT: (" theo văn bản", " by the document"),
    Basis.NAME: (" chỉ xét theo tên", " by the name alone"),
    Basis.NOTHING: ("", ""),
}
_INTEGRITY: Mapping[Integrity, Sentence] = {
    Integrity.ALTERED: Sentence(
        vi="Nội dung khác với nội dung đã ký.", en="The content is not the one that was signed."
    ),
    Integrity.FORGED: Sentence(
        vi="Chữ ký không được tạo bằng khóa của chứng thư số này.",
        en="The signature was not made with the key of this certificate.",
    ),
    Integrity.WEAK: Sentence(
        vi="Chữ ký dùng thuật toán hoặc khóa không còn an toàn nên không chứng minh được gì.",
        en="The signature uses an algorithm or a key that proves nothing any more.",
    ),
    Integrity.UNREADABLE: Sentence(vi="Không đọc được chữ ký.", en="The signature cannot be read."),
}
_CHANGES: Mapping[Changes, Sentence] = {
    Changes.NONE: Sentence(
        vi="Nội dung nguyên vẹn; chữ ký bao toàn bộ tệp.",
        en="The content is intact; the signature covers the whole file.",
    ),
    Changes.EVIDENCE: Sentence(
        vi="Nội dung nguyên vẹn; sau khi ký chỉ bổ sung dấu thời gian và thông tin xác thực.",
        en="The content is intact; only time-stamps and material to verify with were added after signing.",
    ),
    Changes.FORM: Sentence(
        vi="Nội dung nguyên vẹn; sau khi ký chỉ bổ sung chữ ký khác hoặc điền biểu mẫu.",
        en="The content is intact; only further signatures were added, or fields filled in, after signing.",
    ),
    Changes.CONTENT: Sentence(vi="Tệp đã bị sửa đổi sau khi ký.", en="The file was changed after signing."),
}
_LEFT_OUT = Sentence(vi="Chữ ký không bao toàn bộ tệp.", en="The signature leaves a part of the file out.")
_NOT_FOR_SIGNING = Sentence(
    vi="Chứng thư số không dùng để ký văn bản.", en="The certificate is not meant for signing documents."
)
_HOLDS = Sentence(vi="Chữ ký hợp lệ.", en="The signature holds.")
_FAILS = Sentence(vi="Chữ ký không hợp lệ.", en="The signature does not hold.")


def unreadable(error: Exception) -> Sentence:
    """Why a file could not be examined."""
    if isinstance(error, MemoryError):
        return Sentence(
            vi="Không đọc được: tệp cần quá nhiều bộ nhớ.",
            en="It could not be read: it needs too much memory.",
        )
    if isinstance(error, RecursionError):
        return Sentence(
            vi="Không đọc được: tệp PDF lồng quá sâu hoặc tham chiếu vòng.",
            en="It could not be read: the PDF is nested too deeply, or refers to itself.",
        )
    return Sentence(
        vi="Không đọc được: tệp PDF bị hỏng hoặc không đúng tiêu chuẩn.",
        en="It could not be read: the PDF is damaged, or does not follow the standard.",
    )


def unreadable_signature(field: str, kind: str, at: datetime) -> SignatureFinding:
    """A signature of a kind that is not known, or one that is broken."""
    reason = _INTEGRITY[Integrity.UNREADABLE]
    of_kind = f" ({kind})" if kind else ""
    said = Sentence(
        vi=f"Chữ ký trong trường “{field}”{of_kind}.", en=f"The signature in the field “{field}”{of_kind}."
    )
    return SignatureFinding(
        field=field,
        integrity=Integrity.UNREADABLE,
        coverage=Coverage.PART,
        changes=Changes.CONTENT,
        revocation=Status.NOT_CHECKED,
        trust=reason,
        as_of=at,
        holds=False,
        text=(said, reason, _FAILS),
    )


def trust(standing: Finding, *, fit: bool) -> Sentence:
    """Where the signer's certificate stood."""
    if not fit:
        return _NOT_FOR_SIGNING
    return Sentence(vi=standing.reason_vi, en=standing.reason_en)


def of_signature(finding: SignatureFinding) -> tuple[Sentence, ...]:
    """Who signed, whether it holds, and why (not)."""
    told = (_who(finding), *_content(finding), finding.trust, _when(finding), *_stamp(finding))
    return (*told, _HOLDS if finding.holds else _FAILS)


def of_file(signatures: Sequence[SignatureFinding], both: Both, *, lenient: bool) -> tuple[Sentence, ...]:
    """What is to be said of a whole file."""
    said = (_BOTH[both],) if signatures else (_UNSIGNED,)
    return (_LENIENT, *said) if lenient else said


def of_document(attachments: Sequence[AttachmentFindings], both: Both) -> tuple[Sentence, ...]:
    """What is to be said of a whole document."""
    if not attachments:
        return (NO_ATTACHMENT,)
    wrong = [each.name for each in attachments if each.pdf is not None and each.pdf.wrong]
    names = ", ".join(wrong)
    return (
        *((_sentence_of_wrong(names),) if wrong else ()),
        _BOTH[both],
    )


def notice(attachment: AttachmentFindings) -> str:
    """All about one attachment in one line, as acceptances carry it."""
    told = list(sentences(attachment))
    vietnamese, english = " ".join(each.vi for each in told), " ".join(each.en for each in told)
    return f"{attachment.name}: {vietnamese} / {english}"


def sentences(attachment: AttachmentFindings) -> Iterator[Sentence]:
    """All that is to be said of one attachment."""
    yield from attachment.text
    if attachment.pdf is not None:
        yield from attachment.pdf.text
        for each in attachment.pdf.signatures:
            yield from each.text


def _sentence_of_wrong(names: str) -> Sentence:
    return Sentence(
        vi=f"Không đọc được tệp hoặc có chữ ký không hợp lệ: {names}.",
        en=f"Not readable, or with a signature that does not hold: {names}.",
    )


def _who(finding: SignatureFinding) -> Sentence:
    signer = finding.signer
    assert signer is not None
    vi, en = (role + basis for role, basis in zip(_ROLES[signer.role], _BASES[signer.basis], strict=True))
    of = f" ({signer.organisation})" if signer.organisation and signer.organisation != signer.name else ""
    return Sentence(vi=f"Người ký: {signer.name}{of}; {vi}.", en=f"Signed by {signer.name}{of}; {en}.")


def _content(finding: SignatureFinding) -> tuple[Sentence, ...]:
    if finding.integrity is not Integrity.INTACT:
        return (_INTEGRITY[finding.integrity],)
    return (_LEFT_OUT,) if finding.coverage is Coverage.PART else (_CHANGES[finding.changes],)


def _when(finding: SignatureFinding) -> Sentence:
    if finding.signed_at is None:
        return Sentence(vi="Không ghi thời điểm ký.", en="It does not say when it was made.")
    told = finding.signed_at.astimezone(VIETNAM).isoformat(timespec="seconds")
    return Sentence(
        vi=f"Thời điểm ký do người ký ghi: {told}.", en=f"Made, by the signer's own word, at {told}."
    )


def _stamp(finding: SignatureFinding) -> tuple[Sentence, ...]:
    return () if finding.stamp is None else (finding.stamp.reason,)
