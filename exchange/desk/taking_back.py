"""What a clerk's agency sent, asked back (status 13): receiver by receiver, once each, with the reason.

What has not left is stopped at once, and its receiver hears nothing. Who has the document is asked, and
agrees (15) or declines (16): it may lawfully keep it. That is no revocation, which is a document of its own
and has to be obeyed (QĐ 28/2018/QĐ-TTg art. 9.2, NĐ 30/2020/NĐ-CP art. 18.4).
"""

from collections.abc import Collection, Sequence

from exchange.context import Context, ready_ids
from exchange.core.closing import FORWARDED
from exchange.core.delivery import State
from exchange.core.refusal import refuse
from exchange.desk import status
from exchange.desk.incoming import acceptance_of, agency_of, plain
from exchange.ledger import asking_back, outgoing_reading
from exchange.ledger.acts import Act
from exchange.ledger.asking_back import MAY_ASK, Wanted
from exchange.ledger.incoming import Actor
from exchange.ledger.reading import Dossier, Record


def askable(dossier: Dossier) -> list[Record]:
    """The deliveries about which the sender may ask now: of each receiver the newest, unless it has ended
    without getting there, or was withdrawn already.
    """
    return [row for row in outgoing_reading.newest(dossier.deliveries) if _may(row)]


def _may(row: Record) -> bool:
    ended = State(row["state"]) in (State.REFUSED, State.EXPIRED) or row["cause"] == FORWARDED
    return row["take_back"] in MAY_ASK and not ended and not row["withdrawn"]


def ask(
    context: Context, agency: str, dossier: Dossier, receivers: Collection[str], reason: str, actor: Actor
) -> Sequence[str]:
    """Ask these receivers; those that were asked. Refused: ``desk_step_not_possible`` if nobody can be."""
    own, words, document = agency_of(context, agency), plain(reason), dossier.document
    chosen = [row for row in askable(dossier) if row["receiver"] in receivers]
    if not chosen or not words:
        raise refuse(
            "desk_step_not_possible",
            "None of the chosen receivers can be asked to give it back.",
            "Không có nơi nhận nào đang ở trạng thái có thể đề nghị lấy lại.",
        )
    wanted = [
        Wanted(
            delivery=row["id"],
            status=status.request(context, own, {**document, **row}, words, actor.at),
        )
        for row in chosen
    ]
    asked = [row["receiver"] for row in chosen]
    act = Act(
        event="asked_back",
        at=actor.at,
        person=actor.person,
        role=actor.role,
        document=document["id"],
        agency=agency,
        what={"receivers": asked, "reason": words},
    )
    ready = asking_back.ask_back(context.database, wanted, act, acceptance_of(context), context.issuer.end)
    carried = [each for one in wanted for each in ready_ids(one.status.deliveries)]
    context.bell.announce([*ready, *carried])
    return asked
