"""The targets that a site has: its own file, or the one that ships with the exchange."""

from exchange import dated_files
from exchange.core.targets import Targets, read_targets
from exchange.settings import Settings


def load_targets(settings: Settings) -> Targets:
    """Read them; raises ``UnusableFile``."""
    return dated_files.load("targets", settings.targets, read_targets)
