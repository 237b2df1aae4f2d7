"""``/health/live``, ``/health/ready``, ``/metrics``: for those who keep the broker running."""

import asyncio

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from exchange.context import Context
from exchange.metrics import exposition

router = APIRouter(tags=["operations"])

DATABASE_SECONDS = 2.0  # within which it answers, or the process is not ready


# Both on the event loop: requests that wait for a database take the threads, and must not take the answer.


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request) -> JSONResponse:
    """The process can take documents: its threads live, the database answers, and it is not stopping."""
    if getattr(request.app.state, "stopping", False):
        return JSONResponse({"status": "stopping"}, status_code=503)
    context: Context = request.app.state.context
    faults = dict.fromkeys(context.liveness.dead(), "ended")
    if fault := await _database_fault(context):
        faults["database"] = fault
    if faults:
        return JSONResponse({"status": "not ready", "parts": faults}, status_code=503)
    answer = {"status": "ready", "directory_version": context.registry.current.version}
    return JSONResponse(answer | _time_proof(context))


def _time_proof(context: Context) -> dict[str, object]:
    """How it stands with time-stamps. While they lack, all but new documents is still taken and given out."""
    age, now = context.stamp_age, context.now()
    if not age.asked:
        return {}
    return {"time": age.standing(now).value, "stamp_age_seconds": round(age.age(now).total_seconds())}


async def _database_fault(context: Context) -> str:
    question = asyncio.wrap_future(context.liveness.ask_database())
    answered, _ = await asyncio.wait([question], timeout=DATABASE_SECONDS)
    return question.result() if answered else f"no answer within {DATABASE_SECONDS:g} s"


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Figures in Prometheus' text format."""
    return Response(exposition(request.app.state.gauge), media_type="text/plain; version=0.0.4")
