"""A person's own account."""

from fastapi import APIRouter, Response

from exchange.web.rendering import page
from exchange.web.visitor import Person

router = APIRouter(prefix="/web/account")


@router.get("")
def show(visit: Person) -> Response:
    """Who one is here."""
    return page(visit, "account.html")
