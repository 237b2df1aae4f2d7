"""``GET /v1/documents/{document}/evidence``: all that there is of a document, to be checked offline."""

import orjson
from fastapi import APIRouter, Request, Response

from exchange.api.dependencies import InContext, Reader, Text, visible
from exchange.core.asic import MEDIA_TYPE
from exchange.core.bundle import Role
from exchange.evidence import as_json, gather, pack
from exchange.ledger import reading

router = APIRouter(prefix="/v1", tags=["documents"])


@router.get("/documents/{document}/evidence", response_class=Response)
def evidence(context: InContext, token: Reader, document: Text, request: Request) -> Response:
    """An ASiC-E bundle; JSON where that is asked for. A receiver gets its own part alone."""
    own = visible(context, token, document)
    sent = reading.sent_by(context.database, document) == own
    gathered = gather(context, document, Role.SENDER if sent else Role.RECEIVER, own)
    if "application/json" in request.headers.get("accept", ""):
        return Response(orjson.dumps(as_json(gathered)), media_type="application/json")
    bundle = pack(gathered, context.issuer.seal.key, context.now())
    name = f'attachment; filename="{document}.asice"'
    return Response(bundle, media_type=MEDIA_TYPE, headers={"Content-Disposition": name})
