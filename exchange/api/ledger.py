"""``/ledger``: the ledger's tree, for whoever wants to follow it (C2SP tlog-tiles). Leaves tell nothing."""

import gzip
from typing import Annotated

from fastapi import APIRouter, Header, Response

from exchange.api.dependencies import InContext
from exchange.core.refusal import Refused, refuse
from exchange.core.tiles import NotATile, parse_path
from exchange.ledger import tree

router = APIRouter(prefix="/ledger", tags=["ledger"])

TEXT = "text/plain; charset=utf-8"
BYTES = "application/octet-stream"
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
NEVER = {"Cache-Control": "no-store"}
SHOWN_CHARACTERS_MAX = 200  # of a path, in an answer


@router.get("/checkpoint")
def checkpoint(context: InContext) -> Response:
    """The newest checkpoint: how many entries, under which root, signed by the log and its witnesses."""
    note = tree.published(context.database)
    if note is None:
        raise _missing("a checkpoint")
    return Response(note, media_type=TEXT, headers=NEVER)


@router.get("/tile/{path:path}")
def tile(context: InContext, path: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
    """A tile of the tree's hashes, or a bundle of its entries; one of some width never changes."""
    try:
        place = parse_path(f"tile/{path}")
    except NotATile:
        raise _missing(f"tile/{path[:SHOWN_CHARACTERS_MAX]}") from None
    content = tree.served(context.database, place)
    if content is None:
        raise _missing(place.path)
    if place.level is not None:
        return Response(content, media_type=BYTES, headers=FOR_EVER)
    headers = {**FOR_EVER, "Vary": "Accept-Encoding"}
    if _takes_gzip(accept_encoding):
        content, headers["Content-Encoding"] = gzip.compress(content, mtime=0), "gzip"
    return Response(content, media_type=BYTES, headers=headers)


@router.get("/key")
def key(context: InContext) -> Response:
    """The key that signs checkpoints, in one line (C2SP vkey). Get it once, by a way that you trust."""
    return Response(f"{context.log_key.vkey.text}\n", media_type=TEXT, headers=NEVER)


def _takes_gzip(accepted: str) -> bool:
    """Whether the client says so plainly; any other way to say it costs it the compression alone."""
    return any(each.strip() == "gzip" for each in accepted.split(","))


def _missing(what: str) -> Refused:
    return refuse(
        "not_in_ledger",
        f"The ledger has no {what}, or not yet.",
        f"Sổ cái không có {what}, hoặc chưa có.",
        where="path",
    )
