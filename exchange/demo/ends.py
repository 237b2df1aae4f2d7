"""Which end each delivery must find, and which ends have been heard of."""

from collections import Counter

from exchange.core.receipt import ReceiptKind
from exchange.demo.cast import Software
from exchange.demo.journal import Home, Sent
from exchange.demo.screen import Figures
from exchange.demo.stage import Stage

Key = tuple[str, str]  # the exchange's id of a document, and the receiver's code

ENDS = {
    Software.REFUSING: ReceiptKind.REFUSED,
    Software.UNREACHABLE: ReceiptKind.EXPIRED,
}


def ends(stage: Stage) -> dict[Key, ReceiptKind]:
    """The end that each delivery must find; those that are meant to wait when the demo ends are not in it."""
    taken_back = {(each.document_id, each.receiver) for each in stage.journal.reported if not each.heard}
    return {
        (sent.acceptance.id, receiver.code): (
            ReceiptKind.REFUSED
            if (sent.letter.id, receiver.code) in taken_back
            else ENDS.get(receiver.role.software, ReceiptKind.DELIVERED)
        )
        for sent in stage.journal.sent
        for receiver in sent.letter.receivers
        if (sent.acceptance.id, receiver.code) in due(sent)
    }


def due(sent: Sent) -> set[Key]:
    """The deliveries of which the sender must hear before the demo ends."""
    return {
        (sent.acceptance.id, receiver.code)
        for receiver in sent.letter.receivers
        if not (sent.open_end and receiver.role.software is Software.UNREACHABLE)
    }


def home_of(stage: Stage) -> dict[Key, list[Home]]:
    """The receipts that are home, by the delivery of which they speak."""
    found: dict[Key, list[Home]] = {}
    for home in stage.journal.home:
        [delivery] = home.receipt.deliveries
        found.setdefault((home.receipt.subject.id, delivery.receiver), []).append(home)
    return found


def heard_by(stage: Stage) -> dict[str, Counter[str]]:
    """By agency: the digests of the status messages that it has received."""
    return {
        code: Counter(piece.digest for piece in desk.mailbox.of("status"))
        for code, desk in stage.desks.items()
    }


def figures(stage: Stage) -> Figures:
    """How far things are, for the screen and for the end."""
    sent = stage.journal.sent
    owed = {key for each in sent for key in due(each)}
    reported = [each for each in stage.journal.reported if each.heard]
    there = heard_by(stage)
    return Figures(
        accepted=len(sent),
        planned=max(stage.planned, len(sent)),
        home=len(owed & home_of(stage).keys()),
        due=len(owed),
        heard=sum(each.digest in there[each.to] for each in reported),
        reported=len(reported),
    )


def settled(stage: Stage) -> bool:
    """Whether everything that is owed has come, and nobody is about to answer."""
    if not stage.clerks.idle(0.0):
        return False
    now = figures(stage)
    return now.home == now.due and now.heard == now.reported
