"""The calendar that a site works by: its own file of holidays, or the one that ships with the exchange."""

from exchange import dated_files
from exchange.core.working_days import Calendar, read_calendar
from exchange.settings import Settings


def load_calendar(settings: Settings) -> Calendar:
    """Read it; raises ``UnusableFile``."""
    return dated_files.load("holidays", settings.holidays, read_calendar)
