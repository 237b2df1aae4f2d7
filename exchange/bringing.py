"""Bringing: a hub hands over messages of the agencies that are reached through it, and of nobody else."""

from dataclasses import replace
from datetime import datetime

from exchange.context import Context, today
from exchange.core import edxml, parsing
from exchange.core.refusal import Refused
from exchange.ledger.directory_store import Token


def spoken_for(context: Context, content: bytes, token: Token, now: datetime) -> Token:
    """The token as the message's sender would show it, if the holder is the sender's hub.

    For everybody else, and for a message whose sender is not to be found, the token as it is. What the
    signature proves is for intake to see: it asks for one of the sender itself, as of everybody.
    """
    directory = context.registry.current.directory
    if token.agency not in directory.hubs:
        return token
    try:
        message = edxml.read(parsing.parse(content, context.limits))
    except Refused:
        return token
    sender = directory.find(message.sender.organ_id, today(now))
    if sender is None or sender.hub != token.agency:
        return token
    return replace(token, agency=sender.code, brought_by=token.agency)
