"""The calendar that a site works by: its own file of holidays, or the one that ships with the exchange."""

from exchange import resources
from exchange.core.working_days import Calendar, read_calendar
from exchange.settings import Settings


def load_calendar(settings: Settings) -> Calendar:
    """Read it; raises ``BadLine`` or ``OSError`` for a file that cannot be used."""
    if settings.holidays is None:
        return read_calendar(resources.read("config", "holidays.csv"))
    return read_calendar(settings.holidays.read_bytes())
