"""How long a session lives, and for how long a person who was asked again is believed."""

from datetime import datetime, timedelta

from exchange.ledger.sessions import Life, Session
from exchange.settings import Settings


def life(settings: Settings) -> Life:
    """As the settings say."""
    return Life(
        idle=timedelta(minutes=settings.session_idle_minutes),
        absolute=timedelta(hours=settings.session_hours),
    )


CONFIRMED_FOR = timedelta(minutes=10)


def confirmed(session: Session, now: datetime) -> bool:
    """Whether its person showed who it is a moment ago: an open browser may be somebody else's by now."""
    return session.confirmed_at is not None and now - session.confirmed_at < CONFIRMED_FOR
