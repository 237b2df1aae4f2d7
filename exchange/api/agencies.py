"""The directory, as agencies' software asks it, and the broker's own certificate."""

from datetime import date
from typing import Annotated

from cryptography.hazmat.primitives.serialization import Encoding
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from exchange.api.dependencies import InContext, Reader, Text, not_found
from exchange.context import Context, today
from exchange.core.codes import one_line
from exchange.core.directory import Agency, holdings

router = APIRouter(prefix="/v1", tags=["directory"])


class AliasView(BaseModel):
    """Another code of the agency."""

    code: str
    form: str
    valid_from: date
    valid_to: date | None


class AgencyView(BaseModel):
    """One agency as of the date that was asked for."""

    code: str
    aliases: list[AliasView]
    name: str
    level: str
    parent: str
    valid_from: date
    valid_to: date | None
    open: bool
    successors: list[str]
    connected: bool
    document_bytes_max: int | None
    attachment_types: list[str]
    unsigned_until: date | None  # the last day on which its packages may come without a valid signature


class Agencies(BaseModel):
    """Agencies, by code."""

    agencies: list[AgencyView]


@router.get("/agencies")
def search(
    context: InContext,
    _token: Reader,
    q: Text = "",
    on: date | None = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Agencies:
    """Agencies open on the date ``on`` (today if not given) whose name or any code of then contains ``q``."""
    day = on or today(context.now())
    needle = one_line(q).casefold()
    directory = context.registry.current.directory
    found = (
        agency
        for agency in directory
        if directory.is_open(agency, day)
        and any(needle in text.casefold() for text in (agency.as_of(day).name, *_codes(agency, day)))
    )
    return Agencies(
        agencies=[_view(context, agency, day) for agency, _ in zip(found, range(limit), strict=False)]
    )


@router.get("/agencies/{code}")
def show(context: InContext, _token: Reader, code: Text, on: date | None = None) -> AgencyView:
    """The agency that ``code``, in any form, names on the date ``on``."""
    day = on or today(context.now())
    agency = context.registry.current.directory.find(code, day)
    if agency is None:
        raise not_found(f"agency {code}")
    return _view(context, agency, day)


@router.get("/certificate")
def certificate(context: InContext) -> Response:
    """The certificate with which the broker signs receipts. Get it once, by a way that you trust."""
    pem = context.issuer.seal.certificate.public_bytes(Encoding.PEM)
    return Response(pem, media_type="application/x-pem-file")


def _codes(agency: Agency, day: date) -> list[str]:
    return [each.code for each in holdings(agency) if each.since <= day <= each.until]


def _view(context: Context, agency: Agency, day: date) -> AgencyView:
    standing = agency.as_of(day)
    return AgencyView(
        code=agency.code,
        aliases=[
            AliasView(code=each.code, form=each.form, valid_from=each.valid_from, valid_to=each.valid_to)
            for each in agency.aliases
        ],
        name=standing.name,
        level=standing.level,
        parent=standing.parent,
        valid_from=agency.valid_from,
        valid_to=agency.valid_to,
        open=context.registry.current.directory.is_open(agency, day),
        successors=list(agency.successors),
        connected=bool(agency.adapter),
        document_bytes_max=agency.limits.document_bytes_max,
        attachment_types=sorted(agency.limits.attachment_types),
        unsigned_until=agency.unsigned_until,
    )
