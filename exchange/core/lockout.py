"""How long nobody may try again after sign-ins were refused: longer with each further one."""

from dataclasses import dataclass
from datetime import datetime, timedelta

DOUBLINGS_MAX = 30  # beyond this the longest time holds anyway


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How many refused sign-ins are free, and how long the wait is after them: first, and at most."""

    free: int
    first: timedelta
    most: timedelta

    def wait(self, refused: int) -> timedelta:
        """After so many refused sign-ins; doubled with each that is not free."""
        beyond = refused - self.free
        if beyond < 0:
            return timedelta()
        doubled: timedelta = self.first * 2 ** min(beyond, DOUBLINGS_MAX)
        return min(self.most, doubled)

    def until(self, refused: int, newest: datetime | None) -> datetime | None:
        """The moment from which the next sign-in is looked at; None: at once."""
        wait = self.wait(refused)
        return newest + wait if newest is not None and wait else None
