"""Which registered certificates end soon, and whether their agencies have others that go on."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from exchange.core.trust import RegisteredCertificate


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A certificate that its agency signs with, and that ends soon; ``followed``: it has another one."""

    registered: RegisteredCertificate
    at: datetime
    followed: bool


def end_of(registered: RegisteredCertificate) -> datetime:
    """When the agency signs with it no longer."""
    end = registered.certificate.not_valid_after_utc
    return end if registered.valid_to is None else min(end, registered.valid_to)


def ending(certificates: Iterable[RegisteredCertificate], now: datetime, days: float) -> list[Ending]:
    """Those in use at ``now`` that end within so many days, the first to end first."""
    known, horizon = list(certificates), now + timedelta(days=days)
    lasting = {each.agency for each in known if end_of(each) > horizon}
    found = [
        Ending(registered=each, at=end_of(each), followed=each.agency in lasting)
        for each in known
        # One that was ended on purpose is no news; an end that is set for later is one.
        if each.valid_from <= now < end_of(each) <= horizon
    ]
    return sorted(found, key=lambda each: (each.at, each.registered.agency))
