"""The clerk of the sample's commune without software: what came is accepted at the desk, the newest waits."""

from datetime import datetime, timedelta
from random import Random

from exchange.context import Context
from exchange.core.delivery import State
from exchange.demo.sample.places import COMMUNE
from exchange.desk import incoming, notices
from exchange.desk.incoming import Wish
from exchange.ledger import incoming_reading
from exchange.ledger.incoming import Actor

LEFT = timedelta(days=4)  # so much of the end is left for whoever looks
SHOWN_NOTICES = 3  # are left too
AT_ONCE = 50
PERSONS = ("Trần Văn Hậu, Địa chính", "Nguyễn Thị Lụa, Văn phòng", "Phạm Quốc Bảo, Tư pháp")
MISDIRECTED = "Gửi nhầm nơi nhận, không thuộc thẩm quyền"


def work(context: Context, random: Random, end: datetime) -> None:
    """Accept what waits, hand most of it on, and read the notices."""
    now = context.now()
    actor = Actor(person="sample", role="clerk", at=now)
    if now > end - LEFT:
        return
    for row in incoming_reading.waiting(context.database, COMMUNE, 0, AT_ONCE):
        if State(row["state"]) is State.AVAILABLE:
            _deal_with(context, random, row["delivery"], actor)
    seen = [each["delivery"] for each in notices.waiting(context, COMMUNE, AT_ONCE)]
    notices.seen(context, COMMUNE, seen[SHOWN_NOTICES:], actor)


def _deal_with(context: Context, random: Random, delivery: str, actor: Actor) -> None:
    if random.random() < 0.04:
        incoming.give_back(context, COMMUNE, delivery, MISDIRECTED, actor)
        return
    incoming.accept(context, COMMUNE, delivery, actor)
    if random.random() < 0.9:
        wish = Wish(code="04", seen="03", assigned_to=random.choice(PERSONS))
        incoming.advance(context, COMMUNE, delivery, wish, actor)
        if random.random() < 0.8:
            incoming.advance(context, COMMUNE, delivery, Wish(code="06", seen="04"), actor)
