"""Settings: seen, not edited; secrets never."""

from fastapi import APIRouter, Response

from exchange.api.dependencies import InContext
from exchange.web.rendering import page
from exchange.web.shown_settings import sections
from exchange.web.texts.settings import SECTIONS
from exchange.web.visitor import Overseer

router = APIRouter(prefix="/web/settings")


@router.get("")
def settings(visit: Overseer, context: InContext) -> Response:
    """All of them, in the order of the file of defaults."""
    shown = [
        (SECTIONS.get(title, title) if visit.language == "vi" else title, several)
        for title, several in sections(context.settings)
    ]
    return page(visit, "settings.html", sections=shown)
