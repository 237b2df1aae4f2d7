"""A small client for agencies' software: compose, sign, send, fetch, and prove receipts.

    from exchange.client import Client, compose, sign_message, verify_receipt
    from exchange.core.signature import SigningKey

    key = SigningKey.load(private_key_pem, certificate_pem)
    message = compose(
        sender="000.00.01.H45", receivers=["000.00.02.H45"], number=12, symbol="UBND-VX",
        subject="V/v họp giao ban", attachments=[("cong-van.pdf", pdf)],
    )
    document = sign_message(message, key)   # keep these bytes
    with Client("https://exchange.example.gov.vn", token) as client:
        acceptance = client.submit(document)   # keep acceptance.xml

It needs nothing of the broker but its core, and no configuration: everything is handed in.
What an agency's software must and should do is in docs/integration.md.
"""

from exchange.client.answers import (
    Acceptance,
    Agency,
    Delivery,
    Document,
    Event,
    Item,
    Preflight,
    Prospect,
    SignedReceipt,
)
from exchange.client.calls import Client
from exchange.client.composing import compose, compose_status, same_but_for_time, sign_message
from exchange.client.connection import Resending
from exchange.client.problems import Damaged, NotProven, Problem, Reason, Unreachable
from exchange.client.proving import ProvenDocument, verify_message, verify_receipt
from exchange.client.storing import Unpacked, safe_name, unpack, write_file, write_folder

__all__ = [
    "Acceptance",
    "Agency",
    "Client",
    "Damaged",
    "Delivery",
    "Document",
    "Event",
    "Item",
    "NotProven",
    "Preflight",
    "Problem",
    "Prospect",
    "ProvenDocument",
    "Reason",
    "Resending",
    "SignedReceipt",
    "Unpacked",
    "Unreachable",
    "compose",
    "compose_status",
    "safe_name",
    "same_but_for_time",
    "sign_message",
    "unpack",
    "verify_message",
    "verify_receipt",
    "write_file",
    "write_folder",
]
