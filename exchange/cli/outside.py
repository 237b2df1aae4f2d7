"""``exchange directory outside``: the agencies that a hub lists, as a file to be looked at and imported."""

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from exchange import settings
from exchange.app import open_database
from exchange.cli.say import fail, say
from exchange.connections import load_adapter
from exchange.context import clock, today
from exchange.core import directory_csv
from exchange.core.directory import Directory
from exchange.core.outside import Listed, proposed
from exchange.ledger import directory_store
from exchange.software.json_calls import Stopped


def outside(
    hub: Annotated[str, typer.Argument(help="The agency that stands for the axis (adapter vxp).")],
    file: Annotated[Path, typer.Argument(dir_okay=False, help="CSV file to write.")],
    unsigned_until: Annotated[
        datetime | None,
        typer.Option(help="Until when their packages may come unsigned.", formats=["%Y-%m-%d"]),
    ] = None,
) -> None:
    """Write the agencies of the axis' directory that are not in ours yet. Nothing is imported."""
    chosen, day = settings.load(), today(clock())
    with closing(open_database(chosen)) as database:
        known = Directory(directory_store.load(database)[1])
    agency = known.find(hub, day)
    if agency is None or agency.adapter != "vxp":
        fail(f"{hub} không phải trục liên thông (adapter vxp) / is no hub with the adapter vxp")
        raise typer.Exit(1)
    listed = _listed(load_adapter(agency.adapter, dict(agency.options), chosen.adapter_timeout_seconds))
    until = unsigned_until.date() if unsigned_until is not None else None
    found = proposed(listed, agency.code, known, day, until)
    file.write_text(directory_csv.render(Directory(found)), encoding="utf-8-sig")
    say(f"đã ghi / wrote {len(found)} / {len(listed)} cơ quan / agencies: {file}")
    say(f"xem lại, rồi / look at it, then: exchange directory import {file} --dry-run")


def _listed(adapter: Any) -> list[Listed]:
    try:
        return [
            Listed(code=each.code102 or each.code, name=each.name, code_qd20=each.code)
            for each in adapter.units()
        ]
    except Stopped as stopped:
        fail(str(stopped))
        raise typer.Exit(1) from None
    finally:
        adapter.close()
