"""Builds the sample in a folder of its own."""

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from exchange.app import Broker
from exchange.core.edxml import VIETNAM
from exchange.counting import Counting
from exchange.demo.sample.history import Clock, History
from exchange.demo.sample.persons import Person, persons
from exchange.demo.sample.places import settle_in
from exchange.demo.sample.plan import Scale, letters
from exchange.keys import broker_key
from exchange.settings import Settings

MARK = "SAMPLE"  # the file that says: what lies here is made up, and made anew each time


def changes(data: Path) -> dict[str, object]:
    """The settings that a broker with the sample has, whatever the site's are."""
    return {
        "data": data,
        "database_url": "",
        "queue_url": "memory://",
        "api_processes": 1,
        "authorities": None,
        "broker_name": "truc-lien-thong.example",
        "revocation": "off",
        "tsa_url": "",
        "witnesses": (),
        "second_factor_roles": (),
        "oidc_issuer": "",
    }


def clear(folder: Path) -> None:
    """An empty folder for the sample; raises ``FileExistsError`` where something else lies in it."""
    if folder.exists() and any(folder.iterdir()) and not (folder / MARK).exists():
        raise FileExistsError(f"{folder} holds something else than a sample: move it away")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).write_text("made up, and made anew each time\n")


def build(settings: Settings, now: datetime, scale: Scale | None = None) -> Sequence[Person]:
    """Write the sample into the broker's empty database, up to ``now``; who can sign in."""
    scale = scale or Scale()
    first = (now - timedelta(days=scale.days)).astimezone(VIETNAM).replace(day=1)
    begin = first.replace(hour=7, minute=30, second=0, microsecond=0).astimezone(UTC)
    broker_key(settings.data, settings.broker_name, begin)  # or its receipts would be older than it
    clock = Clock(begin)
    broker = Broker(settings, clock)
    try:
        places = settle_in(broker.database, begin, now)
        broker.context.registry.renew()
        history = History(broker, places, clock, now)
        for planned in letters(places, scale, begin, now):
            history.expect(planned.at, partial(history.send, planned))
        history.play()
        history.close()
        clock.now = now
        Counting(broker.context).round()
        return persons(broker.context)
    finally:
        broker.close()
