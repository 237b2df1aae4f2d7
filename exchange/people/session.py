"""How long a session lives."""

from datetime import timedelta

from exchange.ledger.sessions import Life
from exchange.settings import Settings


def life(settings: Settings) -> Life:
    """As the settings say."""
    return Life(
        idle=timedelta(minutes=settings.session_idle_minutes),
        absolute=timedelta(hours=settings.session_hours),
    )
