"""The broker's receipts: built, signed, and made ready to travel to the sender like a document."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from exchange.core import receipt as receipts
from exchange.core.delivery import State, rank
from exchange.core.receipt import Consignment, Notice, Receipt, ReceiptKind, Subject
from exchange.core.sealing import Seal
from exchange.core.standing import Assurance
from exchange.ids import new_id
from exchange.ledger.settle import Ended
from exchange.ledger.values import NewDelivery, NewDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Signs receipts in the broker's name. ``first_state`` says where a delivery to an agency begins."""

    seal: Seal
    broker: str
    expiry: timedelta
    first_state: Callable[[str, datetime], State]

    def acceptance(
        self,
        document: NewDocument,
        deliveries: tuple[NewDelivery, ...],
        notices: tuple[Notice, ...],
        assurance: Assurance,
    ) -> NewDocument:
        """The signed acceptance of ``document``."""
        receipt = Receipt(
            id=new_id(),
            kind=ReceiptKind.ACCEPTANCE,
            broker=self.broker,
            subject=Subject(
                id=document.id,
                kind=document.kind,
                sender=document.sender,
                document_id=document.document_id,
                digest=document.digest,
                size=document.size,
            ),
            at=document.accepted_at,
            deliveries=tuple(
                Consignment(
                    id=delivery.id,
                    receiver=delivery.receiver,
                    addressed_as=delivery.addressed_as,
                    forwarded_from=delivery.forwarded_from,
                    expires_at=delivery.expires_at,
                )
                for delivery in deliveries
            ),
            certificate=document.certificate,
            revocation=assurance.revocation,
            revocation_as_of=assurance.as_of,
            warnings=(*assurance.notices, *notices),
        )
        return self._document(receipt, receipt_of=document.id, priority=0)

    def end(self, ended: Ended) -> tuple[NewDocument, NewDelivery]:
        """The signed receipt of an ended delivery, and its own delivery to the sender."""
        receipt = Receipt(
            id=new_id(),
            kind=ReceiptKind(ended.state.value),
            broker=self.broker,
            subject=Subject(
                id=ended.document,
                kind=ended.kind,
                sender=ended.sender,
                document_id=ended.document_id,
                digest=ended.digest,
                size=ended.size,
            ),
            at=ended.at,
            deliveries=(
                Consignment(
                    id=ended.delivery,
                    receiver=ended.receiver,
                    addressed_as=ended.addressed_as,
                    forwarded_from=ended.forwarded_from,
                    expires_at=ended.expires_at,
                ),
            ),
            reason_code=ended.cause,
            reason=ended.reason,
            reference=ended.reference,
            attempts=ended.attempts,
        )
        document = self._document(receipt, receipt_of=ended.delivery, priority=ended.priority)
        return document, self._delivery(document, ended)

    def _document(self, receipt: Receipt, *, receipt_of: str, priority: int) -> NewDocument:
        body = self.seal.sign(receipts.build(receipt), receipt.at)
        return NewDocument(
            id=receipt.id,
            kind="receipt",
            sender=self.broker,
            document_id=receipt.id,
            digest=hashlib.sha256(body).hexdigest(),
            size=len(body),
            body=body,
            accepted_at=receipt.at,
            subject=f"{receipt.kind}: {receipt.subject.document_id}",
            priority=priority,
            about=receipt.subject.id,
            receipt_kind=receipt.kind.value,
            receipt_of=receipt_of,
        )

    def _delivery(self, document: NewDocument, ended: Ended) -> NewDelivery:
        return NewDelivery(
            id=new_id(),
            document=document.id,
            kind="receipt",
            receiver=ended.sender,
            addressed_as=ended.sender,
            state=self.first_state(ended.sender, ended.at),
            priority=ended.priority,
            rank_at=rank(ended.at, 0, 0.0),
            next_attempt_at=ended.at,
            expires_at=ended.at + self.expiry,
            created_at=ended.at,
        )
