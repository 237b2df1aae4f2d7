"""The ledger: what proves it, and a file verified by whoever drops it here."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, File, Response, UploadFile

from exchange.api.dependencies import InContext
from exchange.context import Context
from exchange.core.refusal import Refused, refuse
from exchange.core.refusal_texts import CATALOGUE
from exchange.core.witnessing import Cosigner
from exchange.intake import digest_of
from exchange.ledger import acts, overseeing
from exchange.ledger.overseeing import Proofs
from exchange.stamp_age import Standing
from exchange.verification import Verification, verify
from exchange.web import deeds
from exchange.web.listing import Cell, Column
from exchange.web.rendering import number, page
from exchange.web.texts import said
from exchange.web.visitor import Overseer, Visitor
from exchange.web.whole import whole

router = APIRouter(prefix="/web/ledger")

STAMPS_SHOWN, DEEDS_SHOWN = 10, 20
WITNESSES = (
    Column("witness", "ledger.witness"),
    Column("size", "ledger.witness.size", "number"),
    Column("lag", "ledger.witness.lag", "number"),
)
STAMPS = (
    Column("at", "ledger.stamp.at", "moment"),
    Column("size", "ledger.stamp.size", "number"),
    Column("authority", "ledger.stamp.authority"),
)
TONES = {"proven": "delivered", "refused": "failed", "unchecked": "quiet", "open": "late"}


@router.get("")
def ledger(visit: Overseer, context: InContext) -> Response:
    """How it stands."""
    return _shown(visit, context)


@router.get("/stamps/{size}")
def stamp(visit: Overseer, context: InContext, size: int) -> Response:  # noqa: ARG001
    """A time-stamp, as it came (RFC 3161)."""
    token = overseeing.stamp_of(context.database, size) if size < 2**63 else None
    if token is None:
        raise refuse("not_found", "There is no such time-stamp.", "Không có dấu thời gian này.")
    return Response(
        token,
        media_type="application/timestamp-reply",
        headers={"Content-Disposition": f'attachment; filename="{size}.tsr"'},
    )


@router.post("/verify")
def examine(
    visit: Overseer, context: InContext, file: Annotated[UploadFile | None, File()] = None
) -> Response:
    """What the signatures in the file prove, in words. Nothing of it is kept."""
    content = b"" if file is None else file.file.read(context.settings.document_bytes_max + 1)
    if file is None or not content:
        return _shown(visit, context, fault=said("verify.none", visit.language))
    name = (file.filename or "")[:200]
    try:
        found = verify(context, content, context.now())
    except Refused as refused:
        code, digest = refused.refusals[0].code, digest_of(content)
        deeds.do(visit, context, "file_verified", digest=digest, holds=False, refused=code)
        return _shown(visit, context, fault=f"{name}: {_why(refused, visit.language)}")
    deeds.do(visit, context, "file_verified", digest=found.digest, holds=found.holds)
    return _shown(visit, context, result=_result(visit, context, found, name))


def _why(refused: Refused, language: str) -> str:
    first = refused.refusals[0]
    text, vietnamese = CATALOGUE[first.code], language == "vi"
    title, detail = (text.title_vi, first.detail_vi) if vietnamese else (text.title, first.detail)
    remedy = text.remedy_vi if vietnamese else text.remedy
    return " ".join(each for each in (f"{title}.", detail, remedy) if each)


def _result(visit: Visitor, context: Context, found: Verification, name: str) -> Mapping[str, Any]:
    english = visit.language == "en"
    checks = [(TONES.get(each.status, "quiet"), each.status, each.text) for each in found.checks]
    return {
        "name": name,
        "kind": said(f"verify.kind.{found.kind}", visit.language),
        "digest": found.digest,
        "holds": found.holds,
        "document": overseeing.document_with(context.database, found.digest),
        "checks": [
            (tone, said(f"verify.status.{status}", visit.language), text.en if english else text.vi)
            for tone, status, text in checks
        ],
        "sentences": [] if checks else [each.en if english else each.vi for each in found.text],
    }


def _shown(visit: Visitor, context: Context, fault: str = "", result: object = None) -> Response:
    proofs = overseeing.proofs(context.database, STAMPS_SHOWN)
    newest = acts.newest(context.database, most=DEEDS_SHOWN)
    return page(
        visit,
        "ledger.html",
        422 if fault else 200,
        proofs=proofs,
        origin=context.log_key.vkey.name,
        key=context.log_key.vkey.text,
        witnesses=whole(visit, WITNESSES, list(_witnesses(context, proofs))),
        time=_time(visit, context),
        stamps=whole(visit, STAMPS, [_stamp(each) for each in proofs.stamps]),
        deeds=whole(visit, deeds.COLUMNS, deeds.rows(visit, context, newest)),
        fault=fault,
        result=result,
    )


def _witnesses(context: Context, proofs: Proofs) -> list[Mapping[str, Any]]:
    size = 0 if proofs.newest is None else proofs.newest.size
    names = [Cosigner.parse(each).vkey.name for each in context.settings.witnesses]
    return [
        {"witness": name, "size": proofs.cosigned.get(name), "lag": size - proofs.cosigned.get(name, 0)}
        for name in dict.fromkeys([*names, *proofs.cosigned])
    ]


def _time(visit: Visitor, context: Context) -> str:
    age, now = context.stamp_age, context.now()
    if not age.asked:
        return said("ledger.time.not_asked", visit.language)
    if age.standing(now) is Standing.PROVEN:
        return said("ledger.time.proven", visit.language)
    minutes = number(age.age(now).total_seconds() // 60, visit.language)
    return said("ledger.time.late", visit.language, minutes=minutes)


def _stamp(each: Any) -> Mapping[str, Any]:
    return {
        "at": Cell(each.stamped_at, f"/web/ledger/stamps/{each.size}"),
        "size": each.size,
        "authority": each.authority,
    }
