"""The command ``exchange``."""

from exchange.cli.root import main

__all__ = ["main"]
