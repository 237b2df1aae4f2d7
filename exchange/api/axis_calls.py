"""What each call of the axis' interface does, for the agencies that its caller acts for."""

import base64
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exchange.context import Context, today
from exchange.core import vxp
from exchange.core.codes import CodeForm, number_and_symbol
from exchange.core.delivery import State
from exchange.core.directory import Agency, Directory
from exchange.core.vxp import Call, Fault
from exchange.ledger import axis_queue, inbox
from exchange.ledger.axis_keys import AxisKey
from exchange.pickup import Pickup

ITEMS_MAX = 1_000  # in one list; what is left over comes when these are done
KINDS = {"edoc": "document", "status": "status"}
INITIAL, PROCESSING, DONE, FAIL = "initial", "processing", "done", "fail"
WORDS = {
    INITIAL: "Chờ nhận / waiting",
    PROCESSING: "Đang nhận / being fetched",
    DONE: "Đã nhận / received",
    FAIL: "Không chuyển được / not delivered",
}
_STATES = {
    State.AVAILABLE: INITIAL,
    State.DELIVERED: DONE,
    State.REFUSED: FAIL,
    State.EXPIRED: FAIL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One call whose signature holds."""

    context: Context
    pickup: Pickup
    key: AxisKey
    call: Call

    @property
    def lease(self) -> str:
        """Under which the system holds what it is fetching: all its calls show the same."""
        return "axis-" + hashlib.sha256(self.key.system.encode()).hexdigest()[:32]

    @property
    def kind(self) -> str:
        """Of messages; the documents where the call does not say."""
        said = self.call.values.get("messagetype", "edoc")
        if said not in KINDS:
            raise Fault(vxp.NOT_EDXML, f"messagetype {said}: edoc, status.", "messagetype is edoc or status.")
        return KINDS[said]

    @property
    def directory(self) -> Directory:
        """As it is now."""
        return self.context.registry.current.directory


Answered = dict[str, object]


def received(asked: Asked) -> Answered:
    """What waits in the queues of all agencies of the system."""
    rows = axis_queue.queue(asked.context.database, asked.key.agencies, asked.kind, asked.lease, ITEMS_MAX)
    return vxp.answer(data=[_received(asked, row) for row in rows])


def count_documents(asked: Asked) -> Answered:
    """How many documents wait."""
    return _count(asked, "document")


def count_statuses(asked: Asked) -> Answered:
    """How many status messages wait."""
    return _count(asked, "status")


def _count(asked: Asked, kind: str) -> Answered:
    rows = axis_queue.queue(asked.context.database, asked.key.agencies, kind, asked.lease, ITEMS_MAX)
    return vxp.answer(count=len(rows))


def _received(asked: Asked, row: Mapping[str, Any]) -> dict[str, object]:
    status = INITIAL if row["state"] == State.AVAILABLE.value else PROCESSING
    return {
        "id": row["id"],
        "docId": row["id"],
        "serviceType": "eDoc",
        "messageType": asked.call.values.get("messagetype", "edoc"),
        "created_time": vxp.shown(row["created_at"]),
        "updated_time": vxp.shown(row["created_at"]),
        "from": row["sender"],
        "to": row["addressed_as"],
        "status": status,
        "status_desc": WORDS[status],
        "sha256": row["digest"],
        "length": row["size"],
    }


def sent(asked: Asked) -> Answered:
    """What the agencies of the system sent, by receiver; of one document where ``docId`` names it."""
    document = asked.call.values.get("docId", "")
    rows = axis_queue.sent(asked.context.database, asked.key.agencies, asked.kind, document, ITEMS_MAX)
    return vxp.answer(data=[_sent(asked, row) for row in rows])


def _sent(asked: Asked, row: Mapping[str, Any]) -> dict[str, object]:
    status = _STATES.get(State(row["state"]), PROCESSING)
    return {
        "senderDocId": row["document"],
        "receiverDocId": row["id"],
        "fromCode": row["sender"],
        "toCode": row["addressed_as"],
        "title": row["subject"],
        "notation": number_and_symbol(row["number"], row["notation"]),
        "sentTime": vxp.shown(row["created_at"]),
        "sendStatus": DONE,
        "sendStatusDesc": "Trục đã tiếp nhận / accepted by the exchange",
        "receivedTime": vxp.shown(row["final_at"]) if row["final_at"] else "",
        "receiveStatus": status,
        "receiveStatusDesc": row["reason"] or row["cause"] or WORDS[status],
        "messageType": asked.call.values.get("messagetype", "edoc"),
        "serviceType": "eDoc",
    }


def fetch(asked: Asked) -> Answered:
    """The exact bytes in base64."""
    return vxp.answer(data=base64.b64encode(content(asked)).decode())


def content(asked: Asked) -> bytes:
    """The exact bytes. From now on the system is fetching it: nobody else gets it until the lease ends."""
    delivery = asked.call.values.get("docId", "")
    receiver = _receiver(asked, delivery)
    _hold(asked, receiver, delivery)
    return asked.pickup.fetch(receiver, delivery, asked.lease)[1]


def _receiver(asked: Asked, delivery: str) -> str:
    receiver = axis_queue.receiver_of(asked.context.database, delivery)
    if receiver is None or receiver not in asked.key.agencies:
        raise Fault(vxp.FILE, f"Không có docId {delivery}.", f"There is no docId {delivery} for you.")
    return receiver


def _hold(asked: Asked, receiver: str, delivery: str) -> None:
    context, now = asked.context, asked.context.now()
    inbox.lease_one(
        context.database,
        receiver,
        delivery,
        token=asked.lease,
        now=now,
        until=now + context.lease_time(),
    )


def update(asked: Asked) -> Answered:
    """Where the transport of a message stands: only ``done`` takes it out of the queue."""
    delivery, status = asked.call.values.get("docid", ""), asked.call.values.get("status", "")
    receiver = _receiver(asked, delivery)
    if status == DONE:
        _hold(asked, receiver, delivery)
        asked.pickup.acknowledge(receiver, delivery, asked.lease)
    elif status == PROCESSING:
        _hold(asked, receiver, delivery)
    elif status in (INITIAL, FAIL):
        held = inbox.held(asked.context.database, receiver, delivery)
        if held is not None and held.state is State.LEASED:
            asked.pickup.release(receiver, delivery, asked.lease)
    else:
        raise Fault(
            vxp.NOT_EDXML,
            f"status “{status[:40]}”: initial, processing, done, fail.",
            "status is one of initial, processing, done, fail.",
        )
    return vxp.answer()


def agencies(asked: Asked) -> Answered:
    """All that are open today, under the codes of QCVN 102."""
    return vxp.answer(data=[_agency(asked, each, CodeForm.QCVN102) for each in _open(asked)])


def agencies_qd20(asked: Asked) -> Answered:
    """The same under the codes of QĐ 20/2020, each with that of QCVN 102 beside it."""
    return vxp.answer(
        data=[
            {**_agency(asked, each, CodeForm.QD20), "code102": _code(asked, each, CodeForm.QCVN102)}
            for each in _open(asked)
        ]
    )


def units(asked: Asked) -> Answered:
    """The agency that is named and all under it, closed ones too; all where none is named."""
    directory, day = asked.directory, today(asked.context.now())
    code = asked.call.values.get("AgencyCode", "")
    top = directory.find(code, day)
    if code and top is None:
        return vxp.answer(data=[])
    found = [
        each
        for each in directory
        if top is None or each is top or top in directory.ancestors(each, min(day, each.valid_to or day))
    ]
    version = str(asked.context.registry.current.version)
    return vxp.answer(
        data=[
            {
                **_agency(asked, each, CodeForm.QCVN102),
                "version": version,
                "centerCode": "",
                "deleted": not directory.is_open(each, day),
                "modifyDate": (each.valid_to or each.valid_from).strftime("%Y/%m/%d"),
                "isAgency": True,
            }
            for each in found
        ]
    )


def _open(asked: Asked) -> Sequence[Agency]:
    day = today(asked.context.now())
    return [each for each in asked.directory if asked.directory.is_open(each, day)]


def _agency(asked: Asked, agency: Agency, form: CodeForm) -> dict[str, object]:
    standing = agency.as_of(today(asked.context.now()))
    other = CodeForm.QD20 if form is CodeForm.QCVN102 else CodeForm.QCVN102
    return {
        "id": agency.code,
        "pid": standing.parent,
        "code": _code(asked, agency, form),
        "name": standing.name,
        "mail": "",
        "oldCode": _code(asked, agency, other),
    }


def _code(asked: Asked, agency: Agency, form: CodeForm) -> str:
    return asked.directory.code_for(agency, form, today(asked.context.now()))


def not_by_calls(asked: Asked) -> Answered:  # noqa: ARG001
    """Nobody enters or removes an agency by a call: the administrator keeps the directory."""
    raise Fault(
        vxp.SENDER_UNKNOWN,
        "Danh bạ do quản trị trục cập nhật, không đổi qua lệnh này: hãy gửi đề nghị cho quản trị.",
        "The administrator keeps the directory, and no call changes it: ask the administrator.",
    )


Work = Callable[[Asked], Answered]
CALLS: Mapping[str, tuple[str, Work]] = {
    "getReceivedEdocList": ("inbox", received),
    "countReceiveEdoc": ("inbox", count_documents),
    "countReceiveStatus": ("inbox", count_statuses),
    "getEdoc": ("inbox", fetch),
    "updateStatus": ("inbox", update),
    "getSentEdocList": ("read", sent),
    "getAgenciesList": ("read", agencies),
    "getAgenciesListQD20": ("read", agencies_qd20),
    "getSynchronizeUnit": ("read", units),
    "registerAgency": ("read", not_by_calls),
    "deleteAgency": ("read", not_by_calls),
}
