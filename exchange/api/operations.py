"""``/health/live``, ``/health/ready``, ``/metrics``: for those who keep the broker running."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from exchange.api.dependencies import InContext
from exchange.metrics import exposition

router = APIRouter(tags=["operations"])


@router.get("/health/live")
def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get("/health/ready")
def ready(request: Request, context: InContext) -> JSONResponse:
    """The process can take documents: the database answers, and it is not stopping."""
    if getattr(request.app.state, "stopping", False):
        return JSONResponse({"status": "stopping"}, status_code=503)
    try:
        with context.database.read() as connection:
            connection.execute(text("SELECT 1"))
    except SQLAlchemyError as error:
        return JSONResponse({"status": "not ready", "database": type(error).__name__}, status_code=503)
    return JSONResponse({"status": "ready", "directory_version": context.registry.current.version})


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Figures in Prometheus' text format."""
    return Response(exposition(request.app.state.gauge), media_type="text/plain; version=0.0.4")
