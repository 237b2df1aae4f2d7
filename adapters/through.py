"""Through a hub: the agency is reached by another exchange, whose connection serves all of its agencies.

Options: ``hub``, the key of the agency in the directory that stands for the other exchange; its adapter
delivers, and what it collects may be this agency's. There is no connection of the agency's own: an attempt
that ends here says that the directory names no such hub, and is ``Retry``.
"""

from collections.abc import Mapping

from exchange.adapter import AgencyAdapter, Options, Outcome, Outgoing, Retry


class ThroughOptions(Options):
    """Which hub."""

    hub: str


class Adapter(AgencyAdapter):
    """Stands for an agency whose hub is not there."""

    def __init__(self, options: Mapping[str, object], timeout_seconds: float) -> None:
        super().__init__(options, timeout_seconds)
        self._hub = ThroughOptions.read(options).hub

    def deliver(self, outgoing: Outgoing) -> Outcome:  # noqa: ARG002  the port's signature
        """Nothing to deliver by."""
        return Retry(f"the hub {self._hub} is no agency with a connection of its own")
