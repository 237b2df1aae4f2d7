"""Pull: the agency's software fetches its documents from the broker; nothing is called.

For software behind a firewall or NAT. The broker's database is the inbox: ``POST /v1/inbox/lease``,
``GET /v1/inbox/{delivery}``, ``POST /v1/inbox/{delivery}/acknowledge``. Options: none.
"""

from collections.abc import Mapping

from exchange.adapter import AgencyAdapter, Available, Options, Outcome, Outgoing


class InboxOptions(Options):
    """There are none; a name given by mistake is refused."""


class Adapter(AgencyAdapter):
    """Says that the document lies ready; delivered is what the receiver acknowledges."""

    pull = True

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        super().__init__(options, timeout_seconds)
        InboxOptions.read(options)

    def deliver(self, outgoing: Outgoing) -> Outcome:  # noqa: ARG002  the port's signature
        """Make no call: the broker itself holds the document out."""
        return Available()
